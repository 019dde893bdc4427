"""What does every request pass on its way in and out? A number, a key, a place, and a log line.

`Boundary` lies around the routes and is the one place that catches what nobody foresaw. It is one
plain ASGI layer of small steps, not a stack of them: each layer would cost as much as its work.
Only CORS, where it is wanted, lies outside, so that a web page can read refusals too.
"""

import logging
import secrets
import time
from collections.abc import Callable, Sequence

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from leadml.service import Serving
from serving.web.exchange import Exchange, Numbers
from serving.web.guard import admit, check_host
from serving.web.limits import Limits
from serving.web.log_lines import told
from serving.web.request_log import Handled, pseudonym
from serving.wire.problems import respond

log = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are told by name; another may be anything a client wrote."""

Beginning = Callable[[], object]
Ending = Callable[[Handled], object]


def add_boundary(
    app: FastAPI,
    settings: Serving,
    *,
    on_begin: Sequence[Beginning] = (),
    on_end: Sequence[Ending] = (),
) -> None:
    """Puts the boundary around an app.

    Args:
        app: is changed.
        settings: keys, limits, origins, salt.
        on_begin: each is called when a request came in.
        on_end: each is called after every answer.
    """
    app.add_middleware(Boundary, settings=settings, on_begin=on_begin, on_end=on_end)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )


class Boundary:
    """Lets requests in, sees to it that each is answered, and tells of it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Serving,
        on_begin: Sequence[Beginning] = (),
        on_end: Sequence[Ending] = (),
    ) -> None:
        self.app = app
        self.keys = settings.keys
        self.only_here = settings.only_here
        self.numbers = Numbers()
        self.limits = Limits(
            max_at_once=settings.max_at_once, request_seconds=settings.request_seconds
        )
        self.salt = settings.log_salt.encode() or secrets.token_bytes(16)
        self.on_begin = on_begin
        self.on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = self.numbers.of(scope["headers"])
        exchange = Exchange(scope, receive, send, request_id=request_id)
        for began in self.on_begin:
            began()
        try:
            if self.only_here:
                check_host(scope["headers"])
            admit(scope, self.keys)
            await self.limits.run(self.app, exchange)
        except HTTPException as refusal:
            await respond(refusal)(scope, exchange.receive, exchange.send)
        except Exception as error:
            facts = {"request_id": exchange.request_id, **told(error)}
            log.error("unforeseen %(error)s\n%(frames)s", facts)  # noqa: TRY400 - without its text
            if exchange.status:
                raise
            await respond(error)(scope, exchange.receive, exchange.send)
        finally:
            handled = self._handled(exchange)
            for ended in self.on_end:
                ended(handled)

    def _handled(self, exchange: Exchange) -> Handled:
        scope, state = exchange.scope, exchange.scope["state"]
        lead_id = state.get("lead_id")
        return Handled(
            request_id=exchange.request_id,
            method=scope["method"] if scope["method"] in METHODS else "-",
            route=getattr(scope.get("route"), "path_format", "-"),
            status=exchange.status,
            seconds=time.perf_counter() - exchange.started,
            leads=state.get("n_leads", 0),
            caller=state.get("caller"),
            version=state.get("version"),
            lead=None if lead_id is None else pseudonym(lead_id, self.salt),
        )
