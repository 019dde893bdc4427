"""Is garbage collected between requests, and only there?"""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from serving.web.tidying import LEAST_SECONDS, Tidying


class Knot:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.own = self


def left() -> "weakref.ref[Knot]":
    """An unreachable knot, that only a collection frees."""
    return weakref.ref(Knot())


@pytest.fixture
def busy() -> list[bool]:
    return [False]


@pytest.fixture
def tidying(busy: list[bool]) -> Iterator[Tidying]:
    own = Tidying(lambda: busy[0])
    own.begin()
    yield own
    own.end()


def test_python_collects_nothing_by_itself_until_the_end(busy: list[bool]) -> None:
    own = Tidying(lambda: busy[0])
    own.begin()
    try:
        knot = left()
        kept = [[] for _ in range(5_000)]  # far more than Python's own threshold
        assert kept
        assert knot() is not None
    finally:
        own.end()
    assert gc.isenabled()


def test_it_is_looked_for_once_a_second(tidying: Tidying) -> None:
    knot = left()
    tidying.look()
    assert knot() is not None

    time.sleep(LEAST_SECONDS + 0.05)
    tidying.look()
    assert knot() is None


def test_it_waits_while_a_batch_is_scored(tidying: Tidying, busy: list[bool]) -> None:
    knot = left()
    busy[0] = True
    time.sleep(LEAST_SECONDS + 0.05)
    tidying.look()
    assert knot() is not None

    busy[0] = False
    tidying.look()
    assert knot() is None
