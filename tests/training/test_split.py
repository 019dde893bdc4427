"""Parts in time order, with a gap of one horizon: properties that hold whatever the frame."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leadml.config import parse_config
from leadml.errors import SignalError
from training.split import LEAST_OUTCOMES, ORIGINS, Split, folds_by_group, split_by_time

START = pd.Timestamp("2024-01-01", tz="UTC")


def frame(*, rows: int, days: float, seed: int, accounts: int, grid: bool = False) -> pd.DataFrame:
    """Examples over ``days`` days, oldest first; on a monthly ``grid`` many share a moment."""
    rng = np.random.default_rng(seed)
    offset = np.sort(rng.uniform(0, days, rows))
    if grid:
        offset = np.floor(offset / 30) * 30
    group = rng.integers(0, accounts, rows)
    return pd.DataFrame(
        {
            "lead_id": pd.Series([f"L{k}" for k in rng.integers(0, rows, rows)], dtype="str"),
            "as_of": START + pd.to_timedelta(offset, unit="D").as_unit("us"),
            "converted": rng.random(rows) < 0.4,
            "group": pd.Series([f"account {k}" for k in group], dtype="str"),
        }
    )


@st.composite
def splits(draw: st.DrawFn) -> tuple[pd.DataFrame, Split, timedelta]:
    examples = frame(
        rows=draw(st.integers(60, 900)),
        days=draw(st.sampled_from([40.0, 200.0, 700.0])),
        seed=draw(st.integers(0, 10_000)),
        accounts=draw(st.sampled_from([5, 40, 900])),
        grid=draw(st.booleans()),
    )
    horizon = draw(st.sampled_from([1, 14, 30, 90]))
    asked = parse_config(
        {
            "label": {"horizon_days": horizon},
            "training": {
                "min_outcomes": 10,
                "test_share": draw(st.sampled_from([0.1, 0.25, 0.5])),
                "stop_share": draw(st.sampled_from([0.1, 0.15, 0.3, 0.6])),
            },
        }
    )
    try:
        split = split_by_time(examples, asked, dated=True)
    except SignalError:
        assume(condition=False)
    return examples, split, timedelta(days=horizon)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(splits())
def test_no_label_looks_past_the_moment_from_which_the_next_part_begins(
    drawn: tuple[pd.DataFrame, Split, timedelta],
) -> None:
    examples, split, horizon = drawn
    as_of = examples["as_of"]
    assert as_of.iloc[split.train].max() + horizon <= as_of.iloc[split.test].min()
    for origin in split.origins if split.replayed else ():
        assert as_of.iloc[origin.fit].max() + horizon <= as_of.iloc[origin.stop].min()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(splits())
def test_parts_are_disjoint_and_origins_lie_in_the_training_part(
    drawn: tuple[pd.DataFrame, Split, timedelta],
) -> None:
    examples, split, _ = drawn
    train, test = set(split.train), set(split.test)
    assert len(train) == len(split.train)
    assert not train & test
    assert 1 <= len(split.origins) <= ORIGINS
    stops = [set(origin.stop) for origin in split.origins]
    for origin, stop in zip(split.origins, stops, strict=True):
        assert not set(origin.fit) & stop
        assert set(origin.fit) | stop <= train
    assert sum(map(len, stops)) == len(set().union(*stops)), "no row judges at two origins"
    newest = examples["as_of"] >= examples["as_of"].iloc[split.test].min()
    assert set(np.flatnonzero(newest)) == test, "the test part is all that is newest"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(splits())
def test_replayed_origins_know_enough_outcomes_and_the_others_share_no_group(
    drawn: tuple[pd.DataFrame, Split, timedelta],
) -> None:
    examples, split, _ = drawn
    for origin in split.origins:
        if split.replayed:
            for rows in (origin.fit, origin.stop):
                won = examples["converted"].iloc[rows].sum()
                assert min(won, len(rows) - won) >= LEAST_OUTCOMES
        else:
            groups = [set(examples["group"].iloc[rows]) for rows in (origin.fit, origin.stop)]
            assert not groups[0] & groups[1]
            assert set(origin.fit) | set(origin.stop) == set(split.train)


def test_all_that_was_known_at_the_start_of_the_test_teaches() -> None:
    examples = frame(rows=600, days=700, seed=1, accounts=300)
    split = split_by_time(examples, parse_config({"label": {"horizon_days": 30}}), dated=True)
    start = examples["as_of"].iloc[split.test].min()
    known = examples["as_of"] + timedelta(days=30) <= start
    assert set(split.train) == set(np.flatnonzero(known))
    assert split.replayed
    assert len(split.origins) == ORIGINS


def test_a_history_without_room_for_origins_is_parted_by_group() -> None:
    examples = frame(rows=400, days=125, seed=1, accounts=120)
    split = split_by_time(examples, parse_config({"label": {"horizon_days": 60}}), dated=True)
    assert not split.replayed
    (origin,) = split.origins
    groups = [set(examples["group"].iloc[rows]) for rows in (origin.fit, origin.stop)]
    assert len(groups[1]) > 0
    assert not groups[0] & groups[1]


def test_without_dates_the_order_parts_and_no_gap_is_lost() -> None:
    examples = frame(rows=400, days=400 / 86_400, seed=1, accounts=400)
    split = split_by_time(examples, parse_config({}), dated=False)
    assert len(split.train) + len(split.test) == 400
    assert split.train.max() < split.test.min()


@pytest.mark.parametrize(
    ("winners", "said"),
    [
        (slice(0, 300), r"test part must hold 5 converted examples and 5 others, got 0 and 100"),
        (slice(300, 400), r"training part must hold 40 converted .* got 0 and 300"),
    ],
    ids=["none in the test part", "none in the training part"],
)
def test_a_part_with_too_few_outcomes_is_refused_with_the_numbers(
    winners: slice, said: str
) -> None:
    examples = frame(rows=400, days=0.001, seed=1, accounts=400)
    converted = np.zeros(400, dtype=bool)
    converted[winners] = np.arange(400)[winners] % 2 == 0
    with pytest.raises(SignalError, match=said):
        split_by_time(examples.assign(converted=converted), parse_config({}), dated=False)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.sampled_from([f"g{k}" for k in range(30)]), min_size=1, max_size=200),
    count=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_folds_keep_groups_whole_and_hold_like_numbers_of_them(
    groups: list[str], count: int, seed: int
) -> None:
    column = pd.Series(groups, dtype="str")
    fold = folds_by_group(column, count, seed=seed)
    assert pd.Series(fold).groupby(column).nunique().eq(1).all()
    sizes = [column[fold == k].nunique() for k in range(count)]
    assert max(sizes) - min(sizes) <= 1
    assert fold.min() >= 0
    assert fold.max() < count


def test_the_fold_of_a_group_does_not_hang_on_the_order_of_rows() -> None:
    column = pd.Series([f"g{k % 17}" for k in range(100)], dtype="str")
    order = np.random.default_rng(3).permutation(100)
    fold = folds_by_group(column, 5, seed=1)
    shuffled = folds_by_group(column.iloc[order].reset_index(drop=True), 5, seed=1)
    assert (shuffled == fold[order]).all()
    assert (folds_by_group(column, 5, seed=2) != fold).any()


def test_parts_describe_themselves() -> None:
    examples = frame(rows=600, days=700, seed=1, accounts=300)
    split = split_by_time(examples, parse_config({"label": {"horizon_days": 30}}), dated=True)
    described = split.describe(examples)
    assert [row["part"] for row in described] == [
        "train",
        *(f"origin {k + 1}" for k in range(ORIGINS)),
        "test",
    ]
    test = examples.iloc[split.test]
    assert described[-1] == {
        "part": "test",
        "from": test["as_of"].iloc[0].isoformat(),
        "to": test["as_of"].iloc[-1].isoformat(),
        "examples": len(test),
        "leads": len(set(test["lead_id"])),
        "converted": sum(test["converted"]),
    }
    starts = [row["from"] for row in described[1:-1]]
    assert starts == sorted(starts, reverse=True), "newest origin first"
