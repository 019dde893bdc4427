"""What does a route need? The clock, the model that answers, and a body that was let in.

Dependencies are ``async`` where they have nothing to wait for: FastAPI would send a plain function
to its thread pool, which costs more than the function.
"""

import asyncio
import gc
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypedDict, cast

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from leadml.errors import LeadmlError
from leadml.service import Serving
from serving.scoring import Scorer

log = logging.getLogger(__name__)


class Champion:
    """The model that answers.

    Once there is a scorer there always is one: `swap` is a single assignment, so that a request
    sees the old one or the new one, and a failure afterwards changes nothing.
    """

    def __init__(self) -> None:
        self._now: Scorer | str = "The model is being loaded."

    @property
    def scorer(self) -> Scorer | None:
        """The scorer, or None as long as there is none."""
        return self._now if isinstance(self._now, Scorer) else None

    @property
    def trouble(self) -> str:
        """Why there is no scorer; empty where there is one."""
        return self._now if isinstance(self._now, str) else ""

    def swap(self, scorer: Scorer) -> None:
        """Lets ``scorer`` answer from now on."""
        self._now = scorer

    def excuse(self, trouble: str) -> None:
        """Says why there is no scorer yet."""
        if self.scorer is None:
            self._now = trouble


class State(TypedDict):
    """What lives as long as the app."""

    champion: Champion
    settings: Serving
    threads: anyio.CapacityLimiter


async def clock() -> datetime:
    """The current moment; the only clock of serving."""
    return datetime.now(UTC)


def state_of(request: Request) -> State:
    """What lives as long as the app, from one of its requests."""
    return cast("State", request.scope["state"])


async def scorer_of(request: Request) -> Scorer:
    """The model that answers; the problem 503 as long as there is none."""
    state = state_of(request)
    scorer = state["champion"].scorer
    if scorer is None:
        wait = str(max(1, math.ceil(state["settings"].poll_seconds)))
        raise HTTPException(503, state["champion"].trouble, {"Retry-After": wait})
    return scorer


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


async def keep_loading(
    champion: Champion,
    load: Callable[[], Scorer],
    warm_up: Callable[[Scorer], object],
    *,
    retry_seconds: float,
) -> None:
    """Loads the model in a thread and tries again until there is one.

    What is loaded is warmed with one prediction and then kept out of the garbage collector's
    sight: a full collection over the libraries takes a tenth of a second.
    """

    def ready() -> Scorer:
        scorer = load()
        warm_up(scorer)
        gc.collect()
        gc.freeze()
        return scorer

    while champion.scorer is None:
        try:
            scorer = await asyncio.to_thread(ready)
        except LeadmlError as error:
            champion.excuse(f"The model could not be loaded: {error}")
            log.warning("the model could not be loaded: %s", error)
            await asyncio.sleep(retry_seconds)
        else:
            champion.swap(scorer)
            log.info("scoring with %s %s", scorer.model.card["name"], scorer.version)


Now = Annotated[datetime, Depends(clock)]
CurrentScorer = Annotated[Scorer, Depends(scorer_of)]
Body = Annotated[bytes, Depends(read_body)]
