"""The challenger scores along: after the answer, within its share of the time, heard by its log."""

import asyncio
import dataclasses
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pandas as pd
import pytest

from leadml.tables import Tables
from serving.models.shadow import Offer, Shadow, Work
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from serving.watching.watch import Answered

Noted = list[tuple[str, Scores, str]]
NOW = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)


def told(request_id: str) -> Answered:
    return Answered(NOW, request_id, "shadow")


@pytest.fixture
def work(tables: Tables) -> Work:
    """Scores twenty leads."""
    examples = pd.DataFrame({"lead_id": tables.leads["lead_id"].head(20), "as_of": tables.end})
    return lambda scorer: score_examples(scorer, tables, examples)


@pytest.fixture
def challenger(scorer: Scorer) -> Scorer:
    return dataclasses.replace(scorer, version="2")


def run(
    noted: Noted,
    play: Callable[[Shadow, Counter[str]], Awaitable[None]],
    **options: float,
) -> None:
    """Plays a scene with a shadow that notes, and counts what came of requests."""
    counted: Counter[str] = Counter()

    def count(result: str) -> None:
        counted[result] += 1

    def note(scorer: Scorer, scores: Scores, answered: Answered) -> None:
        noted.append((scorer.version, scores, answered.request_id))

    async def scene() -> None:
        async with Shadow(note, count, **options) as shadow:  # type: ignore[arg-type]
            await play(shadow, counted)

    asyncio.run(scene())


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("where", ["loop", "thread"])
def test_the_challenger_scores_what_was_asked_and_its_log_hears_it(
    work: Work, challenger: Scorer, where: str
) -> None:
    noted: Noted = []
    threads = []

    def watched(scorer: Scorer) -> Scores:
        threads.append(threading.current_thread() is threading.main_thread())
        return work(scorer)

    async def play(shadow: Shadow, counted: Counter[str]) -> None:
        shadow.offer(Offer(challenger, watched, told("r-1"), large=where == "thread"))
        assert noted == [], "nobody waits for it"
        await until(lambda: counted["scored"] == 1)

    run(noted, play)
    ((version, scores, request_id),) = noted
    assert (version, request_id) == ("2", "r-1")
    pd.testing.assert_frame_equal(scores.table, work(challenger).table)
    assert set(scores.table["model_version"]) == {"2"}
    assert threads == [where == "loop"]


def test_what_comes_while_too_much_waits_is_dropped_and_counted(
    work: Work, challenger: Scorer
) -> None:
    noted: Noted = []

    async def play(shadow: Shadow, counted: Counter[str]) -> None:
        for k in range(10):
            shadow.offer(Offer(challenger, work, told(f"r-{k}")))
        assert counted["dropped"] == 6
        await until(lambda: counted["scored"] == 4)

    run(noted, play, most_waiting=4, share=1.0)
    assert [request_id for _, _, request_id in noted] == ["r-0", "r-1", "r-2", "r-3"]


def test_it_takes_no_more_than_its_share_of_the_time(work: Work, challenger: Scorer) -> None:
    taken = []

    def timed(scorer: Scorer) -> Scores:
        start = time.perf_counter()
        time.sleep(0.01)
        scores = work(scorer)
        taken.append(time.perf_counter() - start)
        return scores

    async def play(shadow: Shadow, counted: Counter[str]) -> None:
        start = time.perf_counter()
        for _ in range(5):
            shadow.offer(Offer(challenger, timed, told("")))
        await until(lambda: counted["scored"] == 5)
        # four of them are followed by a rest of nine times as long
        assert time.perf_counter() - start > 0.9 * sum(taken[:4]) / 0.1

    run([], play, share=0.1)


def test_a_challenger_that_fails_fails_alone_and_says_nothing_of_a_lead(
    work: Work, challenger: Scorer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Scorer) -> Scores:
        sent = "jane@example.com"
        raise KeyError(sent)

    async def play(shadow: Shadow, counted: Counter[str]) -> None:
        shadow.offer(Offer(challenger, broken, told("r-1")))
        shadow.offer(Offer(challenger, work, told("r-2")))
        await until(lambda: counted["scored"] == 1)
        assert (counted["failed"], counted["dropped"]) == (1, 0)

    noted: Noted = []
    with caplog.at_level(logging.WARNING):
        run(noted, play)
    assert [request_id for _, _, request_id in noted] == ["r-2"]
    assert "challenger 2 could not score: KeyError" in caplog.text
    assert "jane" not in caplog.text


def test_offering_costs_microseconds_and_stopping_waits_for_nobody(
    work: Work, challenger: Scorer
) -> None:
    async def play(shadow: Shadow, counted: Counter[str]) -> None:
        start = time.perf_counter()
        for _ in range(1000):
            shadow.offer(Offer(challenger, work, told("")))
        assert time.perf_counter() - start < 0.05

    start = time.perf_counter()
    run([], play, share=0.0001)
    assert time.perf_counter() - start < 1
