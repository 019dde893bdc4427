"""Does every step of the curve say what `leadml thresholds` says of the same line?"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.capacity import Capacity
from tests.training.looked import look_at, some_looks
from training.contacts import read_looks
from training.line_curve import STEPS, line_curve
from training.lines import line_for_capacity, measure_line
from training.thresholds import draw_plan

# Four weeks. In the first a, b and c are looked at, d in the second, e in the fourth.
ROWS = [
    ("a", 0, 0.50, True),
    ("b", 0, 0.40, False),
    ("c", 1, 0.10, False),
    ("d", 7, 0.30, True),
    ("e", 21, 0.20, False),
    ("c", 21, 0.15, False),
]


def many_looks(leads: int = 2_000, *, weeks: int = 10) -> pd.DataFrame:
    """Leads that come over some weeks, each looked at once."""
    rng = np.random.default_rng(5)
    days = rng.integers(0, 7 * weeks, leads)
    odds = rng.beta(1, 8, leads)
    won = rng.random(leads) < odds
    rows = [(f"L{k:05}", float(days[k]), float(odds[k]), bool(won[k])) for k in range(leads)]
    return look_at([*rows, ("first", 0.0, 0.01, False), ("last", 7.0 * weeks, 0.01, False)])


def test_the_curve_runs_from_the_first_lead_that_fits_to_all() -> None:
    looks = read_looks(look_at(ROWS))
    curve = line_curve(looks)
    # The looks lie on days 0, 1, 7 and 21, so a step is 6 days and all is 27 days long.
    assert looks.weeks == curve.weeks == pytest.approx(27 / 7)
    assert (curve.leads, curve.won, curve.person) == (5, 2, 1.0)
    assert (f"{curve.start:%F}", f"{curve.end:%F}") == ("2026-01-05", "2026-01-26")
    assert curve.steps[0].line.contacts == 1
    assert curve.steps[-1].line.contacts == 5
    assert curve.steps[-1].capacity == 1.3  # 5 leads in 27 days are 1.296 a week
    assert {step.line.contacts for step in curve.steps} == {1, 2, 3, 4, 5}


def test_contacts_of_the_first_week_are_told_from_those_of_later_ones() -> None:
    steps = {step.line.probability: step for step in line_curve(read_looks(look_at(ROWS))).steps}
    told = {line: (step.first_week, step.busiest_later) for line, step in steps.items()}
    # c reaches .15 in the fourth week only.
    assert told == {0.5: (1, 0), 0.4: (2, 0), 0.3: (2, 1), 0.2: (2, 1), 0.15: (2, 2)}


@settings(max_examples=40, deadline=None)
@given(some_looks(), st.sampled_from([0.3, 1.0, 4.0]))
def test_every_step_is_the_line_of_its_capacity_and_what_one_more_person_adds(
    judged: pd.DataFrame, person: float
) -> None:
    looks = read_looks(judged)
    curve = line_curve(looks, person=person, also=[0.7], seed=3)
    for step in curve.steps[:: max(len(curve.steps) // 4, 1)]:
        line = line_for_capacity(looks, step.capacity)
        assert step.line == measure_line(looks, step.line.name, line, seed=3)
        assert max(step.first_week, step.busiest_later) == step.line.busiest_week
        plan = draw_plan(judged, Capacity(step.capacity / person, person), fixed=[], seed=3)
        told = plan.everybody
        assert dataclasses.replace(step.line, name="capacity") == told.line
        assert step.more.contacts_per_week == pytest.approx(told.one_more.contacts_per_week)
        assert step.more.wins_per_week.value == pytest.approx(told.one_more.wins_per_week.value)
        assert step.more.happened_per_week == told.one_more.happened_per_week


@settings(max_examples=40, deadline=None)
@given(some_looks())
def test_capacities_rise_and_lines_fall_and_each_contacts_somebody(judged: pd.DataFrame) -> None:
    steps = line_curve(read_looks(judged)).steps
    capacities = [step.capacity for step in steps]
    lines = [step.line.probability for step in steps]
    assert capacities == sorted(set(capacities))
    assert lines == sorted(lines, reverse=True)
    assert all(0 < step.line.contacts_per_week <= step.capacity + 1e-9 for step in steps)
    assert steps[-1].line.below == 0


def test_a_large_base_has_whole_capacities_about_as_far_apart_at_either_end() -> None:
    curve = line_curve(read_looks(many_looks()), also=[33, 7.5, 10**6, -1, np.nan])
    capacities = [step.capacity for step in curve.steps]
    assert len(capacities) <= STEPS + 2
    assert capacities[:5] == [1, 2, 3, 4, 5]
    assert capacities[-1] == np.ceil(2_002 / curve.weeks)
    assert {33, 7.5} <= set(capacities) <= set(range(1, 205)) | {7.5}
    from_ten = np.array([number for number in capacities if number >= 10])
    assert (from_ten[1:] / from_ten[:-1]).max() < 1.2


def test_leads_all_alike_have_one_line() -> None:
    alike = look_at([(f"L{k}", 7.0 * (k % 3), 0.2, k == 1) for k in range(9)])
    (step,) = line_curve(read_looks(alike)).steps
    assert (step.line.probability, step.line.contacts, step.more.contacts_per_week) == (0.2, 9, 0)


def test_the_same_seed_draws_the_same_intervals() -> None:
    looks = read_looks(many_looks(200))
    assert line_curve(looks, seed=1) == line_curve(looks, seed=1)
    assert line_curve(looks, seed=1) != line_curve(looks, seed=2)
