"""Does each line lie where it should, and does it say what it yields?"""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tests.training.looked import look_at, some_looks
from training.contacts import expect_wins, first_contacts, read_looks
from training.lines import line_for_capacity, line_for_f1, line_for_value, measure_line

# Three weeks. Highest: a .6, b .3, c .05; at the last look a and b won, c did not.
BY_HAND = read_looks(
    look_at(
        [
            ("a", 0, 0.10, False),
            ("a", 7, 0.40, True),
            ("a", 14, 0.60, True),
            ("b", 0, 0.30, False),
            ("b", 14, 0.30, True),
            ("c", 7, 0.05, False),
        ]
    )
)


def test_a_line_says_what_was_expected_and_what_happened() -> None:
    line = measure_line(BY_HAND, "fixed 0.3", 0.3, seed=4)
    # a is contacted in the second week at .4 and wins; b in the first at .3, when its win was
    # still more than a horizon ahead.
    wins = expect_wins(np.array([0.4, 0.3]), np.array([0.2, 0.2]), seed=4)
    assert (line.name, line.probability) == ("fixed 0.3", 0.3)
    assert (line.contacts, line.contacts_per_week, line.busiest_week) == (2, 2 / 3, 1)
    assert line.wins_expected == pytest.approx(0.7)
    assert line.wins_happened == 1
    assert (line.wins_lower, line.wins_upper) == (wins.lower, wins.upper) == (0.0, 2.0)
    assert line.precision_expected == pytest.approx(0.35)
    assert line.precision_happened == 0.5
    # At the last looks .6 + .3 of .95 are expected above, and both that won are.
    assert line.share_of_wins_expected == pytest.approx(0.9 / 0.95)
    assert line.share_of_wins_happened == 1.0
    assert (line.below, line.wins_below_happened) == (1, 0)
    assert line.wins_below_expected == pytest.approx(0.05)
    assert line.held


def test_what_falls_below_a_line_is_counted_with_what_became_of_it() -> None:
    line = measure_line(BY_HAND, "high", 0.5, seed=0)
    assert (line.contacts, line.wins_happened) == (1, 1)
    assert line.wins_expected == pytest.approx(0.6)
    assert (line.below, line.wins_below_happened) == (2, 1)
    assert line.wins_below_expected == pytest.approx(0.35)
    assert line.share_of_wins_happened == 0.5


def test_a_line_that_nobody_reaches_says_nothing_of_its_precision() -> None:
    line = measure_line(BY_HAND, "none", 0.61, seed=0)
    assert (line.contacts, line.busiest_week, line.wins_expected, line.wins_upper) == (0, 0, 0, 0)
    assert math.isnan(line.precision_expected)
    assert math.isnan(line.precision_happened)
    assert (line.share_of_wins_expected, line.share_of_wins_happened, line.below) == (0, 0, 3)
    nobody = read_looks(look_at([("a", 0, 0.1, False), ("b", 7, 0.2, False)]))
    assert math.isnan(measure_line(nobody, "x", 0.1, seed=0).share_of_wins_happened)


def test_a_line_holds_what_lies_in_its_interval_and_not_what_lies_outside() -> None:
    rows = [(f"L{k:03}", 0.1 * k, 0.2, k < 40) for k in range(100)]
    many = measure_line(read_looks(look_at(rows, spread=0.0)), "x", 0.1, seed=0)
    assert (many.wins_lower, many.wins_upper) == pytest.approx((14, 26), abs=1)
    assert not many.held  # 40 won
    unsure = measure_line(read_looks(look_at(rows, spread=1.0)), "x", 0.1, seed=0)
    assert unsure.held


def test_shares_are_told_at_the_last_look_though_a_lead_cooled_down_since() -> None:
    looks = read_looks(look_at([("a", 0, 0.5, False), ("a", 7, 0.2, True), ("b", 7, 0.1, False)]))
    line = measure_line(looks, "x", 0.4, seed=0)
    assert line.wins_expected == 0.5
    assert line.share_of_wins_expected == pytest.approx(0.2 / 0.3)
    assert line.wins_below_expected == pytest.approx(0.1)


def test_the_busiest_week_is_the_one_with_most_contacts_counted_from_the_first_look() -> None:
    rows = [(f"L{k}", day, 0.5, False) for k, day in enumerate((0, 1, 2, 3, 6.9, 7, 11))]
    assert measure_line(read_looks(look_at(rows)), "x", 0.5, seed=0).busiest_week == 5


# --- where a line lies ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per_week", "line"), [(1 / 3, 0.6), (0.66, 0.6), (2 / 3, 0.3), (1, 0.05), (50, 0.05)]
)
def test_a_line_for_capacity_is_the_last_lead_that_fits(per_week: float, line: float) -> None:
    assert line_for_capacity(BY_HAND, per_week) == line


def test_where_no_lead_fits_the_line_lies_above_all() -> None:
    line = line_for_capacity(BY_HAND, 0.3)
    assert 0.6 < line < 0.6001
    assert not len(first_contacts(BY_HAND, line))


def test_leads_alike_fit_together_or_not_at_all() -> None:
    looks = read_looks(
        look_at([(f"L{k}", 7 * k, (0.5, 0.2, 0.2, 0.1)[k], False) for k in range(4)])
    )
    assert looks.weeks == 4
    assert line_for_capacity(looks, 0.5) == 0.5  # two would fit, but one of the two at .2 only
    assert line_for_capacity(looks, 0.75) == 0.2


@settings(max_examples=150, deadline=None)
@given(some_looks(), st.floats(0.01, 8))
def test_contacts_never_exceed_the_capacity_and_no_lower_line_would_do(
    judged: pd.DataFrame, per_week: float
) -> None:
    looks = read_looks(judged)
    line = line_for_capacity(looks, per_week)
    most = per_week * looks.weeks + 1e-6
    assert len(first_contacts(looks, line)) <= most
    lower = looks.highest[looks.highest < line]
    if len(lower):
        assert len(first_contacts(looks, float(lower.max()))) > most - 2e-6


@settings(max_examples=80, deadline=None)
@given(some_looks(), st.floats(0.01, 8), st.floats(0.01, 8))
def test_more_capacity_never_raises_the_line(
    judged: pd.DataFrame, one: float, other: float
) -> None:
    looks = read_looks(judged)
    small, great = sorted([one, other])
    assert line_for_capacity(looks, great) <= line_for_capacity(looks, small)


@settings(max_examples=60, deadline=None)
@given(some_looks(), st.floats(0, 1), st.floats(0, 1))
def test_the_share_of_wins_rises_as_the_line_falls(
    judged: pd.DataFrame, one: float, other: float
) -> None:
    looks = read_looks(judged)
    low, high = sorted([one, other])
    lower, higher = (measure_line(looks, "x", line, seed=0) for line in (low, high))
    assert lower.contacts >= higher.contacts
    assert lower.share_of_wins_expected >= higher.share_of_wins_expected - 1e-12
    assert lower.wins_below_happened <= higher.wins_below_happened
    if looks.converted.any():
        assert lower.share_of_wins_happened >= higher.share_of_wins_happened
        won = int(looks.converted[looks.last].sum())
        rest = 1 - lower.share_of_wins_happened
        assert lower.wins_below_happened == pytest.approx(won * rest)


def test_a_contact_is_worth_its_cost_from_cost_by_value_on() -> None:
    line = line_for_value(800.0, 40.0)
    assert line == 0.05
    # On the line a win in twenty pays for twenty contacts: 800 = 20 * 40.
    assert 800 * line - 40 == pytest.approx(0)


def test_the_best_f1_is_found_by_hand() -> None:
    # a alone: 2 * 1 / (1 + 2); a and b: 2 * 2 / (2 + 2) = 1; all: 2 * 2 / (3 + 2)
    assert line_for_f1(BY_HAND) == 0.3


@settings(max_examples=80, deadline=None)
@given(some_looks())
def test_no_other_line_has_a_better_f1(judged: pd.DataFrame) -> None:
    looks = read_looks(judged)
    won = looks.converted[looks.last]

    def f1(line: float) -> float:
        return float(f1_score(won, looks.highest >= line, zero_division=0.0))

    best = max(f1(line) for line in np.unique(looks.highest))
    assert f1(line_for_f1(looks)) == pytest.approx(best)
