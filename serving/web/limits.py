"""How much is taken on at once, and how long may it take?

More requests than `max_at_once` are not queued but asked to come back (429): a queue only moves the
wait to where nobody sees it. A request that takes longer than `request_seconds` is ended: 408 where
its body had not come, for then the client is slow; 503 where it had, for then we are. Its place is
free at once.

What runs in a thread cannot be stopped: an ended request's work there goes on to its end, and is
thrown away. Headers that trickle in, answers that nobody reads and connections that say nothing are
the proxy's to cut.
"""

import asyncio
from typing import cast

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from serving.web.exchange import Exchange

EXEMPT = frozenset({"/healthz", "/readyz", "/metrics"})
"""What must answer also when nothing else does."""

RETRY_SECONDS = 1
"""When to come back; most requests take far less."""


class Limits:
    """Lets at most so many requests in at a time, and none for longer than allowed.

    Attributes:
        under_way: how many are in; never more than ``max_at_once``.
    """

    def __init__(self, *, max_at_once: int, request_seconds: float) -> None:
        self.max_at_once = max_at_once
        self.request_seconds = request_seconds
        self.under_way = 0

    async def run(self, app: ASGIApp, exchange: Exchange) -> None:
        """Has ``app`` answer.

        Raises:
            HTTPException: 429, too many are in; 408 and 503, it took too long.
            TimeoutError: it took too long, and an answer had begun.
        """
        scope = exchange.scope
        if scope["path"] in EXEMPT:
            await app(scope, exchange.receive, exchange.send)
            return
        if self.under_way >= self.max_at_once:
            raise self._too_many()
        self.under_way += 1
        deadline = _Deadline(self.request_seconds)
        try:
            await app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if not deadline.passed:
                raise
            deadline.task.uncancel()
            raise self._too_long(exchange) from None
        finally:
            deadline.timer.cancel()
            self.under_way -= 1

    def _too_many(self) -> HTTPException:
        detail = f"At most {self.max_at_once:,} requests may be under way at once; come back soon."
        return HTTPException(429, detail, {"Retry-After": str(RETRY_SECONDS)})

    def _too_long(self, exchange: Exchange) -> Exception:
        within = f"within {self.request_seconds:g} seconds"
        if exchange.status:
            return TimeoutError(f"The answer must be taken {within}.")
        if exchange.waiting:
            return HTTPException(408, f"The body must arrive {within}.", {"Connection": "close"})
        detail = f"The request must be answered {within}, and was not; send fewer leads at once."
        return HTTPException(503, detail, {"Retry-After": str(RETRY_SECONDS)})


class _Deadline:
    """Cancels the task that made it after so many seconds.

    `asyncio.timeout` does the same in sixteen microseconds instead of five.
    """

    __slots__ = ("passed", "task", "timer")

    def __init__(self, seconds: float) -> None:
        self.task = cast("asyncio.Task[None]", asyncio.current_task())
        self.passed = False
        self.timer = asyncio.get_running_loop().call_later(seconds, self._pass)

    def _pass(self) -> None:
        self.passed = True
        self.task.cancel()
