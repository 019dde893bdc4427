"""Are the replayed periods whole stretches of the calendar, with enough known on either side?"""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadml.config import By, Training
from tests.training.lessons import DAY, START, examples_of, history
from training.examples import SECOND, ExampleSet, known_at
from training.periods import (
    EARLIER,
    LEAST_OUTCOMES,
    LEAST_PERIODS,
    Period,
    plan_periods,
)

KINDS: tuple[By, ...] = ("quarter", "month", "week", "block")


def newest(examples: ExampleSet) -> pd.Timestamp:
    """Where a quarter of the mature examples is left to judge."""
    return examples.mature["as_of"].iloc[int(len(examples.mature) * 0.75)]


def plainly(examples: ExampleSet, kind: By) -> list[tuple[pd.Timestamp, list[int]]]:
    """Every calendar period that begins within the data: its start, and the examples in it."""
    as_of = list(examples.looked["as_of"])[: examples.teaching]
    found = []
    for midnight in pd.date_range(as_of[0].normalize(), as_of[-1], freq="D"):
        begins = {
            "quarter": midnight.day == 1 and midnight.month in {1, 4, 7, 10},
            "month": midnight.day == 1,
            "week": midnight.weekday() == 0,
        }
        if begins[kind]:
            found.append(midnight)
    ends = [*found[1:], pd.Timestamp("2200-01-01", tz="UTC")]
    return [
        (start, [k for k, own in enumerate(as_of) if start <= own < end])
        for start, end in zip(found, ends, strict=False)
    ]


def outcomes(examples: ExampleSet, rows: list[int], moment: pd.Timestamp) -> int:
    """How many of the rarer outcome were known at ``moment``."""
    known = known_at(examples, moment)
    labels = [bool(known.converted[row]) for row in rows if row < len(known.rows)]
    return min(sum(labels), len(labels) - sum(labels))


@st.composite
def histories(draw: st.DrawFn) -> ExampleSet:
    made, _ = history(
        draw(st.sampled_from([100, 400, 800])),
        days=draw(st.sampled_from([100, 300, 900])),
        seed=draw(st.integers(0, 10_000)),
        horizons=draw(st.sampled_from([(30, 10), (14,), (90, 30)])),
        base=draw(st.sampled_from([-2.0, -0.5])),
    )
    return made


# --- one kind -------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.sampled_from(KINDS[:3]), st.integers(1, 12))
def test_periods_are_those_of_the_calendar_that_know_enough_at_their_start_and_now(
    examples: ExampleSet, kind: By, periods: int
) -> None:
    if not len(examples.mature):
        return
    test_start = newest(examples)
    plan = plan_periods(examples, Training(by=kind, periods=periods), test_start)
    every = [
        (start, rows)
        for start, rows in plainly(examples, kind)
        if outcomes(examples, list(range(len(known_at(examples, start).rows))), start)
        >= LEAST_OUTCOMES
        and outcomes(examples, rows, examples.end) >= LEAST_OUTCOMES
    ]
    before = [
        own
        for own in every
        if own[0] < test_start and outcomes(examples, own[1], test_start) >= LEAST_OUTCOMES
    ]
    last = every[-(periods + EARLIER) :]
    expected = [
        own for own in every if own in last or own in before[-max(periods, LEAST_PERIODS) :]
    ]
    assert [(p.start, p.rows.tolist()) for p in plan] == expected


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.sampled_from(KINDS))
def test_no_example_is_in_two_periods_and_none_before_the_start_of_its_own(
    examples: ExampleSet, kind: By
) -> None:
    if not len(examples.mature):
        return
    plan = plan_periods(examples, Training(by=kind), newest(examples))
    as_of = examples.looked["as_of"]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(period.rows for period in plan)])
    assert (np.diff(rows) > 0).all(), "oldest first, each once"
    for period in plan:
        assert (np.diff(period.rows) == 1).all(), "without gaps"
        assert (as_of.iloc[period.rows] >= period.start).all()
    for period, after in pairwise(plan):
        assert (as_of.iloc[period.rows] < after.start).all()
    assert len({period.name for period in plan}) == len(plan)


@pytest.mark.parametrize(
    ("kind", "periods", "dated"),
    [(kind, 99, True) for kind in KINDS[:3]] + [("block", 8, dated) for dated in (True, False)],
)
def test_where_every_period_is_usable_they_tile_the_examples(
    kind: By, periods: int, *, dated: bool
) -> None:
    n = 8_000
    examples, _ = history(n, days=203, seed=1, horizons=(10,), base=-0.5, dated=dated)
    plan = plan_periods(examples, Training(by=kind, periods=periods), newest(examples))
    rows = np.concatenate([period.rows for period in plan])
    assert rows.tolist() == list(range(rows[0], examples.teaching))
    assert rows[0] < 0.62 * n
    if kind == "block":
        sizes = [len(period.rows) for period in plan]
        assert max(sizes) - min(sizes) <= 1


def test_periods_are_named_as_a_person_would() -> None:
    examples, _ = history(2_000, days=400, seed=1, base=-0.5)
    names = {
        kind: [p.name for p in plan_periods(examples, Training(by=kind), newest(examples))]
        for kind in KINDS
    }
    assert names["quarter"][-1] == "2025 Q1"
    assert "2024-12" in names["month"]
    assert all(pd.Timestamp(name[8:]).weekday() == 0 for name in names["week"])
    assert names["week"][0].startswith("week of 2024-")
    assert names["block"][-1] == "block 32", "eight of them in each quarter of the examples"


def test_an_example_on_the_first_moment_of_a_month_is_in_that_month() -> None:
    first = pd.Timestamp("2024-03-01", tz="UTC")
    edge = [first - SECOND, first, first + SECOND]
    as_of = sorted([*edge, *(START + k * 6 * 3600 * SECOND for k in range(500))])
    won = [own + DAY if k % 2 else pd.NaT for k, own in enumerate(as_of)]
    examples = examples_of(as_of, won, end=START + 400 * DAY, horizons=(10,))
    (march,) = [
        period
        for period in plan_periods(examples, Training(by="month"), as_of[-1])
        if period.name == "2024-03"
    ]
    assert march.start == first
    assert march.rows[0] == as_of.index(first)
    assert as_of[march.rows[0] - 1] == first - SECOND


# --- which kind -----------------------------------------------------------------------------------


def kinds_of(plan: list[Period]) -> set[str]:
    def kind(name: str) -> str:
        if " Q" in name:
            return "quarter"
        return name.partition(" ")[0] if " " in name else "month"

    return {kind(period.name) for period in plan}


@pytest.mark.parametrize(
    ("n", "days", "base", "kind"),
    [
        (3_000, 1_500, -0.5, "quarter"),
        (2_500, 500, -0.5, "month"),
        (4_000, 200, 0.0, "week"),
    ],
)
def test_periods_are_the_longest_that_leave_enough_before_the_test(
    n: int, days: int, base: float, kind: By
) -> None:
    examples, _ = history(n, days=days, seed=1, horizons=(30, 10), base=base)
    test_start = newest(examples)
    plan = plan_periods(examples, Training(), test_start)
    assert kinds_of(plan) == {kind}
    assert [p.name for p in plan] == [
        p.name for p in plan_periods(examples, Training(by=kind), test_start)
    ]

    def before(own: By) -> int:
        chosen = plan_periods(examples, Training(by=own), test_start)
        return sum(
            p.start < test_start and outcomes(examples, list(p.rows), test_start) >= LEAST_OUTCOMES
            for p in chosen
        )

    assert before(kind) >= LEAST_PERIODS
    for longer in KINDS[: KINDS.index(kind)]:
        assert before(longer) < LEAST_PERIODS


def test_where_no_kind_gives_enough_the_one_that_gives_most_is_taken() -> None:
    # Six quarters can be replayed, three of them before the test; of weeks none, of blocks two.
    examples, _ = history(1_500, days=800, seed=1, horizons=(90, 60, 30))
    plan = plan_periods(examples, Training(), newest(examples))
    assert kinds_of(plan) == {"quarter"}
    assert len(plan) == 6


def test_what_is_asked_for_is_what_is_cut() -> None:
    examples, _ = history(4_000, days=1_500, seed=1, base=-0.5)
    for kind in KINDS[:3]:
        plan = plan_periods(examples, Training(by=kind), newest(examples))
        assert kinds_of(plan) <= {kind}


def test_no_more_periods_than_asked_and_a_few_before_them() -> None:
    examples, _ = history(3_000, days=1_500, seed=1, base=-0.5)
    test_start = newest(examples)
    for periods in (1, 4, 8):
        plan = plan_periods(examples, Training(by="quarter", periods=periods), test_start)
        early = [period for period in plan if period.start < test_start]
        assert len(early) >= LEAST_PERIODS, "those that choose the judged recipe"
        assert len(plan) <= 2 * max(periods, LEAST_PERIODS) + EARLIER
        longer = plan_periods(examples, Training(by="quarter", periods=99), test_start)
        kept = [p.name for p in longer[-periods - EARLIER :]]
        assert [p.name for p in plan][-len(kept) :] == kept


def test_without_dates_only_blocks_can_be_replayed() -> None:
    examples, _ = history(3_000, days=0, seed=1, dated=False, base=-0.5)
    plan = plan_periods(examples, Training(), newest(examples))
    assert kinds_of(plan) == {"block"}
    assert {len(period.rows) for period in plan} <= {93, 94}


def test_a_short_history_has_no_periods() -> None:
    examples, _ = history(150, days=60, seed=1)
    assert plan_periods(examples, Training(), newest(examples)) == []
