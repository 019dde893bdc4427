"""What would the challenger have said? It scores along, and only its log hears what it says.

Nobody waits for it. It works on the event loop between requests, no more than a small share of the
time, so that a request waits for it seldom and never long; large requests go to a thread. What
comes while too much is waiting is dropped and counted: under load the challenger sees a sample.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import anyio.to_thread

from serving.scorer import Scorer
from serving.scores import Scores
from serving.watching.metrics import Shadowed
from serving.watching.watch import Answered

Work = Callable[[Scorer], Scores]
"""Scores what a request asked with the model given, from the request on: another model may read
other attributes."""

SHARE = 0.05
"""How much of the time it may take, at most."""

GRACE_SECONDS = 0.01
"""How long it waits at least, so that answers go out first."""

MOST_WAITING = 32
"""So many requests may wait for it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A request that was answered, for the challenger to score as well.

    Attributes:
        challenger: the model that scores along.
        work: scores what the request asked.
        told: what else is known of the request.
        large: whether scoring it takes long enough for a thread.
    """

    challenger: Scorer
    work: Work
    told: Answered
    large: bool = False


class Shadow:
    """Lets challengers score along, as long as its app runs: ``async with Shadow(…) as shadow``."""

    def __init__(
        self,
        note: Callable[[Scorer, Scores, Answered], None],
        count: Callable[[Shadowed], None],
        *,
        share: float = SHARE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Starts with nothing.

        Args:
            note: is told each challenger, its scores and what else is known of the request, as
                `serving.watching.watch.Watch.scored` is.
            count: is told what came of each request.
            share: how much of the time it may take, above 0 and up to 1.
            most_waiting: how many requests may wait.
        """
        self._note, self._count, self._share = note, count, share
        self._waiting: asyncio.Queue[Offer] = asyncio.Queue(most_waiting)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def offer(self, offer: Offer) -> None:
        """Hands over a request that was answered; on the event loop, in microseconds."""
        try:
            self._waiting.put_nowait(offer)
        except asyncio.QueueFull:
            self._count("dropped")

    async def _run(self) -> None:
        rest = GRACE_SECONDS
        while True:
            offer = await self._waiting.get()
            await asyncio.sleep(rest)
            start = time.perf_counter()
            await self._score(offer)
            taken = time.perf_counter() - start
            rest = max(GRACE_SECONDS, taken / self._share - taken)

    async def _score(self, offer: Offer) -> None:
        """Scores and notes one request; a failure is nobody's but the challenger's."""
        try:
            if offer.large:
                scores = await anyio.to_thread.run_sync(offer.work, offer.challenger)
            else:
                scores = offer.work(offer.challenger)
            self._note(offer.challenger, scores, offer.told)
        except Exception as error:  # the text of it may hold what a client sent
            self._count("failed")
            said = type(error).__name__
            log.warning("challenger %s could not score: %s", offer.challenger.version, said)
        else:
            self._count("scored")
