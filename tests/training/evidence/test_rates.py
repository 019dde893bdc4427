"""Rates of leads that stand repeatedly: counts are exact, intervals know how few the leads are."""

import numpy as np
import pytest

from training.evidence.rates import count_rate
from training.metrics import wilson

ALL = np.ones(12, dtype=bool)


def test_one_example_a_lead_has_wilsons_interval() -> None:
    converted = np.arange(12) < 3
    found = count_rate(ALL, converted, np.arange(12))
    assert (found["n"], found["leads"], found["won"], found["rate"]) == (12, 12, 3, 0.25)
    # Between 12 leads: 3 * .75² + 9 * .25² = 2.25, times 12 / 11, over 12 * .25 * .75 = 2.25.
    worth = 12 / (12 / 11)
    bounds = wilson(0.25 * worth, worth)
    assert (found["lower"], found["upper"]) == pytest.approx((bounds.lower, bounds.upper))


def test_three_equal_looks_at_a_lead_tell_what_one_does() -> None:
    # Four leads of three looks each, one of them won: 2.25² * (1 + 3 / 9) = 6.75 between leads,
    # times 4 / 3, over 12 * .25 * .75 = 2.25, makes 4 looks for one.
    lead = np.repeat(np.arange(4), 3)
    found = count_rate(ALL, lead == 0, lead)
    bounds = wilson(0.25 * 3, 3.0)
    assert (found["lower"], found["upper"]) == pytest.approx((bounds.lower, bounds.upper))


def test_where_all_came_out_alike_leads_are_counted() -> None:
    lead = np.repeat(np.arange(4), 3)
    none = count_rate(ALL, np.zeros(12, dtype=bool), lead)
    assert (none["won"], none["rate"], none["lower"]) == (0, 0.0, 0.0)
    assert none["upper"] == pytest.approx(wilson(0, 4).upper)
    every = count_rate(ALL, ALL, lead)
    assert (every["rate"], every["upper"]) == (1.0, 1.0)


def test_only_those_inside_count_and_of_none_nothing_is_known() -> None:
    lead = np.repeat(np.arange(4), 3)
    found = count_rate(lead < 2, lead == 0, lead)
    assert (found["n"], found["leads"], found["won"]) == (6, 2, 3)
    nobody = count_rate(~ALL, ALL, lead)
    assert (nobody["n"], nobody["leads"], nobody["rate"]) == (0, 0, 0.0)
    assert (nobody["lower"], nobody["upper"]) == (0.0, 1.0)


def test_looks_that_differ_within_leads_are_worth_no_more_than_independent_ones() -> None:
    lead = np.repeat(np.arange(6), 2)
    found = count_rate(ALL, np.arange(12) % 2 == 0, lead)
    bounds = wilson(6, 12)
    assert (found["lower"], found["upper"]) == pytest.approx((bounds.lower, bounds.upper))


def test_the_interval_holds_the_truth_nine_times_in_ten() -> None:
    rng = np.random.default_rng(0)
    lead = np.repeat(np.arange(150), 4)
    held = 0
    for _ in range(300):
        level = np.repeat(rng.beta(0.6, 2.4, 150), 4)  # 20 % on average, very unlike each other
        found = count_rate(np.ones(600, dtype=bool), rng.random(600) < level, lead)
        held += found["lower"] <= 0.2 <= found["upper"]
    assert 0.86 <= held / 300 <= 0.94
