"""What does the log say of a request? One line of JSON: the route, the outcome, nobody's data.

The line tells the route, not the path, and nothing that a client wrote but the id of the request,
which has a strict form; a lead is told by a pseudonym. Lines are written in lots, which costs a
tenth of one call of `logging` each: what kill -9 can lose is `WAIT_SECONDS` of them.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

log = logging.getLogger(__name__)

LOT = 64
WAIT_SECONDS = 0.2
"""Lines are written once so many wait, or one has waited so long."""


@dataclass(frozen=True, slots=True)
class Handled:
    """A request that has been answered.

    Attributes:
        request_id: the client's where it is well-formed, else ours.
        method: as in HTTP, or "-" where it is none that is known.
        route: the template of the path, as ``/v1/leads/{lead_id}/score``; "-" where there is none.
        status: 0 where the connection ended without an answer.
        seconds: from the request's headers to the end of the answer.
        leads: how many were scored.
        caller: the name of the key; None without one.
        version: of the model that answered; None where none did.
        lead: the pseudonym of the lead, where the request was about one; None else.
    """

    request_id: str
    method: str
    route: str
    status: int
    seconds: float
    leads: int
    caller: str | None
    version: str | None
    lead: str | None


class RequestLog:
    """Keeps the lines of answered requests until there is a lot of them, and writes it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, Handled]] = []

    def add(self, handled: Handled) -> None:
        """Takes a request; to be called on the event loop."""
        self._waiting.append((self._clock(), handled))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(WAIT_SECONDS, self.flush)
        elif len(self._waiting) >= LOT:
            self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            log.info("%s", "\n".join(line_of(*one) for one in waiting))


def line_of(moment: datetime, handled: Handled) -> str:
    """The line of a request."""
    return json.dumps(
        {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": "error" if handled.status >= 500 else "info",
            "logger": __name__,
            "message": "request",
            "request_id": handled.request_id,
            "method": handled.method,
            "route": handled.route,
            "status": handled.status,
            "ms": round(handled.seconds * 1000, 2),
            "leads": handled.leads,
            "caller": handled.caller,
            "version": handled.version,
            "lead": handled.lead,
        }
    )


def pseudonym(lead_id: str, salt: bytes) -> str:
    """What stands for a lead in the log: the same for the same lead and salt, of no other use.

    >>> pseudonym("L-1042", b"secret"), pseudonym("L-1042", b"other")
    ('61820caa8e6b0223', 'fb60fc2af7b9ae21')
    """
    return hmac.new(salt, lead_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
