"""What does a route need? The clock, the model that answers, and a body that was let in.

Dependencies are ``async`` where they have nothing to wait for: FastAPI would send a plain function
to its thread pool, which costs more than the function.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypedDict, cast

from fastapi import Depends, Query, Request
from starlette.exceptions import HTTPException

from leadml.service import Serving
from serving.lookup import Lookup
from serving.models.keeper import Keeper
from serving.models.shadow import Shadow
from serving.scorer import Scorer
from serving.watching.watch import Watch
from serving.web.threads import Threads
from serving.wire.schemas import ReadyOut

NO_MODEL = "There is no model to score with."
"""All that a stranger hears of what is wrong inside."""

VERSION_WORDS = "Which model answers: the champion, or a former one that is at hand."

Version = Annotated[str | None, Query(description=VERSION_WORDS)]


class State(TypedDict):
    """What lives as long as the app."""

    keeper: Keeper
    settings: Serving
    clock: Callable[[], datetime]
    threads: Threads
    lookup: Lookup | None
    lookup_threads: Threads
    watch: Watch
    shadow: Shadow


def read_clock() -> datetime:
    """The current moment; the only clock of serving."""
    return datetime.now(UTC)


async def clock(request: Request) -> datetime:
    """When a request came in."""
    return state_of(request)["clock"]()


def state_of(request: Request) -> State:
    """What lives as long as the app, from one of its requests."""
    return cast("State", request.scope["state"])


async def scorer_of(request: Request, version: Version = None) -> Scorer:
    """The model that answers: the champion, or another version that is at hand.

    Raises:
        HTTPException: 503, there is none yet; 404, the version asked for is not at hand.
    """
    keeper = state_of(request)["keeper"]
    scorer = keeper.scorer if version is None else keeper.version(version)
    if keeper.scorer is None:
        raise _not_ready(request)
    if scorer is None:
        there = ", ".join(keeper.standing.at_hand)
        raise HTTPException(404, f"The version must be one that is at hand: {there}.")
    request.state.version = scorer.version
    return scorer


async def ready_of(request: Request) -> ReadyOut:
    """How ready the app is: also with the last good model, while the registry is away.

    Raises:
        HTTPException: 503, there is no model yet.
    """
    keeper = state_of(request)["keeper"]
    scorer, trouble = keeper.scorer, keeper.trouble
    if scorer is None:
        raise _not_ready(request)
    insider = request.state.insider
    return ReadyOut(
        status="ready",
        degraded=bool(trouble),
        version=scorer.version if insider else None,
        reason=trouble if insider and trouble else None,
    )


def _not_ready(request: Request) -> HTTPException:
    state = state_of(request)
    wait = str(max(1, math.ceil(state["settings"].poll_seconds)))
    trouble = state["keeper"].trouble if request.state.insider else NO_MODEL
    return HTTPException(503, trouble, {"Retry-After": wait})


async def read_body(request: Request) -> bytes:
    """The body of a request: JSON by its type, and no larger than allowed.

    Raises:
        HTTPException: 415, the type is another; 413, it is larger.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The Content-Type must be application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "The body must not be compressed.")
    most = state_of(request)["settings"].max_body_bytes
    said = request.headers.get("content-length", "")
    too_large = HTTPException(413, f"The body must be at most {most:,} bytes; send it in parts.")
    if said.isdecimal() and len(said) < 20 and int(said) > most:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
    return b"".join(parts)


Now = Annotated[datetime, Depends(clock)]
CurrentScorer = Annotated[Scorer, Depends(scorer_of)]
Readiness = Annotated[ReadyOut, Depends(ready_of)]
Body = Annotated[bytes, Depends(read_body)]
