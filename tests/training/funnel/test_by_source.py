"""Sources: the biggest by name, the rest together, the unknown apart."""

import pandas as pd

from tests.training.small_company import texts
from training.funnel.by_source import Source, pick_sources, tally


def test_the_biggest_come_first_and_equal_ones_by_name() -> None:
    names = texts(["web", "fair", "fair", "ads", None, ""])
    found = pick_sources(names)
    assert [source.name for source in found.shown] == ["fair", "ads", "web", ""]
    assert not found.shown[-1].known
    assert tally(found.of(names), 4) == [2, 1, 1, 2]


def test_a_hundred_sources_are_ten_and_ninety_others() -> None:
    names = texts([f"s{k:03}" for k in range(100) for _ in range(100 - k)])
    found = pick_sources(names)
    assert [source.name for source in found.shown[:10]] == [f"s{k:03}" for k in range(10)]
    assert found.shown[10] == Source("", pooled=90)
    assert len(found.shown) == 11
    assert tally(found.of(names), 11)[10] == sum(range(1, 91))


def test_a_single_one_left_over_is_named() -> None:
    found = pick_sources(texts([f"s{k:02}" for k in range(11)]))
    assert len(found.shown) == 11
    assert all(source.name for source in found.shown)


def test_weight_ranks_where_it_is_given() -> None:
    names = texts(["many", "many", "dear"])
    found = pick_sources(names, pd.Series([1.0, 1.0, 500.0]))
    assert [source.name for source in found.shown] == ["dear", "many"]


def test_a_source_called_like_a_pooled_row_stays_itself() -> None:
    found = pick_sources(texts(["90 others", "Not known", None]))
    assert [source.name for source in found.shown] == ["90 others", "Not known", ""]
