"""What is known of a request while it is being answered?"""

import itertools
import re
import secrets
import time

from starlette.types import Message, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
"""What every answer says unless its route says otherwise; HSTS is the proxy's."""


class Numbers:
    """Gives requests their ids: random as often as asked for anew, then counted on."""

    def __init__(self) -> None:
        self._start = secrets.token_hex(8)
        self._count = itertools.count(1)

    def of(self, headers: list[tuple[bytes, bytes]]) -> str:
        """The id that a client gave its request where it is well-formed, else a new one."""
        for name, value in headers:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return value.decode("ascii")
        return f"{self._start}-{next(self._count)}"


class Exchange:
    """A request and its answer, on their way through the app.

    It stands between the server and the app: `receive` and `send` pass on what the two say to each
    other, and keep account of it.

    Attributes:
        scope: of ASGI; ``scope["state"]`` holds what routes leave for the log.
        request_id: the answer carries it.
        started: when, in seconds of `time.perf_counter`.
        status: of the answer; 0 as long as none has begun.
        waiting: whether the app waits for a part of the body.
    """

    __slots__ = ("_receive", "_send", "request_id", "scope", "started", "status", "waiting")

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, request_id: str) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.started = time.perf_counter()
        self.request_id = request_id
        scope.setdefault("state", {})["request_id"] = request_id
        self.status = 0
        self.waiting = False

    async def receive(self) -> Message:
        """The next part of the request."""
        self.waiting = True
        message = await self._receive()
        self.waiting = False
        return message

    async def send(self, message: Message) -> None:
        """Passes on the next part of the answer, its headers completed."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._completed(message["headers"])}
        await self._send(message)

    def _completed(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        named = dict(given)
        lacking = [header for header in _HEADERS if header[0] not in named]
        return [*given, *lacking, (b"x-request-id", self.request_id.encode("ascii"))]
