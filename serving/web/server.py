"""How does one process answer until it is told to stop, and cut nobody off?

Stopping has an order. Connections that wait are taken, new ones are not; every answer from then on
says ``Connection: close``, so that a client that is still talking gets its answer and goes
elsewhere with the next request; a connection on which nothing comes is closed after
`PARTING_SECONDS`, for a request may have been on its way. What is still being scored when the time
is up is given up.
"""

import asyncio
import math
import os
import signal
import socket
import time
from contextlib import suppress
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from serving.web.deps import State
from serving.web.tidying import Tidying

PARTING_SECONDS = 1.0
"""How long a silent connection is kept after the signal to stop."""

KEEP_ALIVE_SECONDS = 75
"""How long a silent connection is kept at other times: longer than proxies keep theirs (nginx: 60
seconds), so that none sends a request into a connection that is being closed."""


def run(
    app: ASGIApp,
    listening: socket.socket,
    *,
    stop_seconds: float,
    parent: int | None = None,
) -> None:
    """Answers until SIGTERM or SIGINT; a second one ends what is still being done.

    SIGHUP lets the registry be asked at once.

    Args:
        app: the scoring app.
        listening: where requests arrive; closed on return.
        stop_seconds: how long requests may take to end after the signal.
        parent: a file that ends when the parent does; then this process stops too.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(stop_seconds),
    )
    Server(config, parent=parent).run(sockets=[listening])


class Server(uvicorn.Server):
    """A uvicorn server that parts with its clients in order, and ends with status 0."""

    def __init__(self, config: uvicorn.Config, *, parent: int | None) -> None:
        super().__init__(config)
        self._parent = parent
        self._tidying = Tidying(self._scores_in_threads)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the app, then listens to SIGHUP and to the end of the parent."""
        await super().startup(sockets)
        self._tidying.begin()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._state["keeper"].look_now)
        if self._parent is not None:
            loop.add_reader(self._parent, self._read_parent, self._parent)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: collects garbage where it is time, and says whether to stop."""
        self._tidying.look()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets every client have its answer, then stops the app."""
        last = [listening.dup() for listening in sockets or []]
        for server in self.servers:
            server.close()
        self.server_state.default_headers.append((b"connection", b"close"))
        for listening in last:
            await self._let_in_the_last(listening)
        until = time.monotonic() + PARTING_SECONDS
        while self.server_state.connections and time.monotonic() < until and not self.force_exit:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)
        self._tidying.end()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Remembers to stop; at the second signal, without waiting for anyone."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @property
    def _state(self) -> State:
        return cast("State", self.lifespan.state)

    def _scores_in_threads(self) -> bool:
        """Whether a request is being scored that is too large for the event loop."""
        return self._state["threads"].busy

    async def _let_in_the_last(self, listening: socket.socket) -> None:
        """Takes the connections that wait already, and closes the door before another can come.

        A connection that nobody has taken when its socket is closed would be reset.
        """
        waiting = []
        with listening, suppress(BlockingIOError):
            while True:
                waiting.append(listening.accept()[0])
        for connection in waiting:
            connection.settimeout(0)
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        """What uvicorn makes for each connection."""
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        return protocol

    def _read_parent(self, parent: int) -> None:
        if not os.read(parent, 1):
            asyncio.get_running_loop().remove_reader(parent)
            self.should_exit = True
