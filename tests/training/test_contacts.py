"""Is a lead contacted once, when it first reaches the line, and do the intervals hold?"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom

from leadml.errors import DataError
from leadml.intervals import Z90
from leadml.model import Bend, Calibration
from tests.training.looked import START, look_at, some_looks
from training.contacts import (
    CELLS,
    expect_wins,
    first_contacts,
    read_looks,
    shared_spread,
)

# Days are counted from START; the order of rows is not that of time.
BY_HAND = look_at(
    [
        ("b", 14, 0.30, True),
        ("a", 0, 0.10, False),
        ("a", 7, 0.40, True),
        ("a", 14, 0.60, True),
        ("b", 0, 0.30, False),
        ("c", 7, 0.05, False),
    ]
)


def test_a_lead_is_contacted_at_its_first_look_at_or_above_the_line() -> None:
    looks = read_looks(BY_HAND)

    def contacts(line: float) -> list[tuple[int, float, bool]]:
        rows = first_contacts(looks, line)
        return [(int(looks.lead[r]), looks.probability[r], looks.converted[r]) for r in rows]

    assert contacts(0.3) == [(0, 0.4, True), (1, 0.3, False)]
    assert contacts(0.31) == [(0, 0.4, True)]
    assert contacts(0.5) == [(0, 0.6, True)]
    assert contacts(0.05) == [(0, 0.1, False), (1, 0.3, False), (2, 0.05, False)]
    assert contacts(0.61) == []


def test_the_last_look_and_the_highest_probability_are_a_leads_own() -> None:
    looks = read_looks(BY_HAND)
    assert looks.probability[looks.last].tolist() == [0.6, 0.3, 0.05]
    assert looks.converted[looks.last].tolist() == [True, True, False]
    assert looks.highest.tolist() == [0.6, 0.3, 0.05]


@settings(max_examples=80, deadline=None)
@given(some_looks(), st.floats(0, 1))
def test_contacts_equal_the_plain_loop(judged: pd.DataFrame, line: float) -> None:
    expected: dict[str, tuple[int, float]] = {}
    for row in judged.sort_values("as_of").to_dict("records"):
        if row["probability"] >= line and row["lead_id"] not in expected:
            expected[row["lead_id"]] = (row["as_of"].value, row["probability"])
    looks = read_looks(judged)
    rows = first_contacts(looks, line)
    ids = sorted(judged["lead_id"].unique())
    found = {ids[looks.lead[r]]: (int(looks.times[r]), looks.probability[r]) for r in rows}
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(some_looks(), st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(judged: pd.DataFrame, seed: int) -> None:
    one, other = read_looks(judged), read_looks(judged.sample(frac=1, random_state=seed))
    for name in ("lead", "times", "converted", "probability", "spread", "segment"):
        assert (getattr(one, name) == getattr(other, name)).all(), name
    assert one.weeks == other.weeks


def test_a_segment_has_its_own_looks_and_the_weeks_of_all() -> None:
    names = ["north", "north", "south", "south", "south", pd.NA]
    judged = BY_HAND.assign(segment=pd.Series(names, dtype="str"))
    looks = read_looks(judged)
    south = looks.of("south")
    # a at .40 and .60, b at .30 (its look at day 0): a look tells where a lead then was.
    assert south.probability.tolist() == [0.4, 0.6, 0.3]
    assert south.lead.tolist() == [0, 0, 1]
    assert (south.weeks, south.start) == (looks.weeks, looks.start)
    assert looks.of("").probability.tolist() == [0.05]
    assert read_looks(BY_HAND).of("").probability.tolist() == looks.probability.tolist()


@pytest.mark.parametrize(
    ("days", "weeks"),
    [
        ((0, 7, 14), 3.0),
        ((0, 31, 59), (59 + 29.5) / 7),
        ((0, 0.5, 1, 1.5, 28), (28 + 0.5) / 7),
    ],
)
def test_a_look_stands_for_the_time_until_the_next(days: tuple[float, ...], weeks: float) -> None:
    judged = look_at([("a", day, 0.1, False) for day in days])
    assert read_looks(judged).weeks == pytest.approx(weeks)


# --- what may be expected -------------------------------------------------------------------------


def test_without_a_shared_error_wins_are_binomial() -> None:
    found = expect_wins(np.full(150, 0.2), np.zeros(150), seed=0)
    assert found.value == pytest.approx(30)
    lower, upper = (float(binom.ppf(q, 150, 0.2)) for q in (0.05, 0.95))
    assert [found.lower, found.upper] == pytest.approx([lower, upper], abs=1)


def test_of_very_many_leads_only_the_shared_error_is_left() -> None:
    # Chance: sqrt(1e6 * .2 * .8) = 400 wins, against 100,000 that the level may be off.
    found = expect_wins(np.full(10**6, 0.2), np.full(10**6, 0.3), seed=0)
    ends = 1e6 * expit(logit(0.2) + np.array([-1, 1]) * Z90 * 0.3)
    assert (found.lower, found.upper) == pytest.approx(tuple(ends), rel=0.02)


def test_groups_of_like_leads_give_the_interval_of_single_ones() -> None:
    rng = np.random.default_rng(1)
    probability, spread = rng.beta(1, 6, 40 * CELLS), np.full(40 * CELLS, 0.25)
    found = expect_wins(probability, spread, seed=0)
    level = logit(probability) + 0.25 * rng.normal(size=(1_000, 1))
    won = (rng.random(level.shape) < expit(level)).sum(axis=1)
    assert found.value == pytest.approx(probability.sum())
    width = np.ptp(np.quantile(won, (0.05, 0.95)))
    assert np.quantile(won, (0.05, 0.95)) == pytest.approx(
        (found.lower, found.upper), abs=0.06 * width
    )


def test_leads_that_are_certain_win_or_do_not() -> None:
    found = expect_wins(np.array([1.0, 1.0, 0.0]), np.ones(3), seed=0)
    assert (found.lower, found.value, found.upper) == (2.0, 2.0, 2.0)
    none = expect_wins(np.empty(0), np.empty(0), seed=0)
    assert (none.lower, none.value, none.upper) == (0.0, 0.0, 0.0)


def test_the_interval_of_wins_holds_nine_times_in_ten_and_not_without_the_shared_error() -> None:
    rng = np.random.default_rng(7)
    held: list[bool] = []
    narrow: list[bool] = []
    for run in range(200):
        probability = rng.beta(2, 5, 400)
        off = 0.3 * rng.normal()
        won = int((rng.random(400) < expit(logit(probability) + off)).sum())
        for spread, hits in ((0.3, held), (0.0, narrow)):
            found = expect_wins(probability, np.full(400, spread), seed=run)
            hits.append(found.lower <= won <= found.upper)
    assert 0.84 <= np.mean(held) <= 0.96  # 90 % of 200, two and a half errors; both ends count
    assert np.mean(narrow) < 0.75


def test_the_shared_spread_is_that_of_the_maps_own_interval() -> None:
    margin = np.linspace(-4, 3, 15)
    bend = Bend(np.array([-2.0, 0.0, 1.0]), np.array([-3.0, 0.0, 2.0]))
    for bent in (None, bend):
        calibration = Calibration(0.8, -0.3, (0.02, -0.01, 0.05), spread=0.2, bend=bent)
        probability = calibration.probability(margin)
        half = Z90 * shared_spread(calibration, probability)
        lower, upper = calibration.interval(margin)
        assert expit(logit(probability) - half) == pytest.approx(lower)
        assert expit(logit(probability) + half) == pytest.approx(upper)


def test_a_map_that_knows_the_level_alone_spreads_all_alike() -> None:
    level = Calibration(0.0, -1.0, (0.5, 0.1, 0.09), spread=0.4)
    assert shared_spread(level, np.array([0.1, 0.9])) == pytest.approx([0.5, 0.5])


# --- what is refused ------------------------------------------------------------------------------


def test_examples_that_do_not_hold_what_they_must_are_refused() -> None:
    with pytest.raises(DataError, match=r"got 6 rows without spread\..*shared_spread"):
        read_looks(BY_HAND.drop(columns="spread"))
    with pytest.raises(DataError, match="got 0 rows without fault"):
        read_looks(BY_HAND.iloc[:0])
    for column, value in (
        ("probability", 1.2),
        ("probability", np.nan),
        ("spread", -0.1),
        ("spread", np.inf),
        ("as_of", pd.NaT),
        ("lead_id", None),
    ):
        bad = BY_HAND.copy()
        bad.loc[1, column] = value
        with pytest.raises(DataError, match=r"got 1 others \(lead_id"):
            read_looks(bad)


def test_less_than_a_week_cannot_be_counted_by_the_week() -> None:
    with pytest.raises(DataError, match=r"must span a week.*got 6\.0 days"):
        read_looks(look_at([("a", 0, 0.1, False), ("b", 3, 0.1, True)]))
    with pytest.raises(DataError, match=r"got 0\.0 days"):
        read_looks(look_at([("a", 0, 0.1, False)]))
    assert read_looks(BY_HAND).start == START.value
