"""Where lines lie and grades part for one model; and who keeps what it had."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.levels import Levels, engagement_numbers, fit_letters, fit_levels, grade
from leadml.policy import BLOCKS, Policy, Rule
from tests.leadml.decided import CUTS, EVENTS, levels_of
from tests.leadml.decided import levels as any_levels

LOG2 = math.log(2)


def fitted(probability: np.ndarray, **changes: Any) -> Levels:
    return fit_levels(Policy(**changes), EVENTS, probability, fit=True, engagement=True)


# --- lines ----------------------------------------------------------------------------------------


def test_lines_let_the_shares_pass_that_people_can_work_on() -> None:
    probability = np.random.default_rng(0).random(1_000)
    levels = fitted(probability, sql_share=0.1, mql_share=0.3)
    assert levels.reaches(probability, "sql").sum() == 100
    assert levels.reaches(probability, "mql").sum() == 300


@pytest.mark.parametrize(
    ("chosen", "lines"),
    [
        ({}, (0.9, 0.7)),
        ({"sql_probability": 0.8}, (0.8, 0.7)),
        ({"mql_probability": 0.6}, (0.9, 0.6)),
        ({"sql_probability": 0.95, "mql_probability": 0.2}, (0.95, 0.2)),
        # a chosen line never lies on the wrong side of the other one
        ({"sql_probability": 0.5}, (0.5, 0.5)),
        ({"mql_probability": 0.97}, (0.97, 0.97)),
    ],
)
def test_a_line_that_a_person_chose_holds(
    chosen: dict[str, float], lines: tuple[float, float]
) -> None:
    levels = fitted(np.linspace(0, 1, 11), sql_share=0.1, mql_share=0.3, **chosen)
    assert (levels.sql_line, levels.mql_line) == pytest.approx(lines)


def test_a_score_on_the_line_reaches_it_and_a_missing_one_never_does() -> None:
    score = np.array([0.499, 0.5, 1.0, np.nan])
    assert levels_of(Policy()).reaches(score, "sql").tolist() == [False, True, True, False]
    assert levels_of(Policy()).reaches(np.array([0.199, 0.2]), "mql").tolist() == [False, True]


def test_nearly_is_within_the_margin_in_log_odds() -> None:
    """A margin of log 2 halves the odds of a line: 1 to 1 becomes 1 to 2, 1 to 4 becomes 1 to 8."""
    levels = levels_of(Policy(hysteresis=LOG2))
    assert levels.reaches(np.array([0.3333, 0.3334]), "sql", nearly=True).tolist() == [False, True]
    assert levels.reaches(np.array([0.1111, 0.1112]), "mql", nearly=True).tolist() == [False, True]
    assert not levels.reaches(np.array([np.nan]), "mql", nearly=True).any()


def test_nearly_is_within_the_margin_in_points() -> None:
    levels = levels_of(Policy(hysteresis=5.0), sql=80.0, mql=60.0, unit="points")
    score = np.array([54.9, 55.0, 74.9, 75.0, 80.0])
    assert levels.reaches(score, "sql", nearly=True).tolist() == [False, False, False, True, True]
    assert levels.reaches(score, "mql", nearly=True).tolist() == [False, True, True, True, True]
    assert levels.reaches(score, "sql").tolist() == [False, False, False, False, True]


# --- grades ---------------------------------------------------------------------------------------


def test_grades_part_at_the_cuts_and_a_cut_belongs_to_the_better_grade() -> None:
    added = np.array([-9, -1.001, -1, -0.001, 0, 0.999, 1, 9], dtype=np.float64)
    assert "".join(fit_letters(grade(CUTS, added, 0.1))) == "DDCCBBAA"
    assert engagement_numbers(grade(CUTS, added, 0.1)).tolist() == [4, 4, 3, 3, 2, 2, 1, 1]


def test_without_evidence_there_is_no_grade() -> None:
    none = grade(None, np.zeros(3), 0.1, np.array([3, 0, -1]))
    assert fit_letters(none).tolist() == ["", "", ""]
    assert engagement_numbers(none).tolist() == [0, 0, 0]


def test_grades_part_at_what_evidence_does_to_the_odds() -> None:
    """From half the odds of the average lead on C, from the same B, from twice A."""
    levels = fitted(np.linspace(0, 1, 11))
    assert levels.fit_cuts == pytest.approx((-LOG2, 0.0, LOG2))
    levels = fitted(np.linspace(0, 1, 11), fit_odds=(0.25, 0.5, 4.0), engagement_odds=(1, 2, 4))
    assert levels.fit_cuts == pytest.approx((-2 * LOG2, -LOG2, 2 * LOG2))
    assert levels.engagement_cuts == pytest.approx((0.0, LOG2, 2 * LOG2))


def test_a_grade_means_the_same_whatever_the_population() -> None:
    rng = np.random.default_rng(0)
    weak, strong = fitted(rng.beta(1, 30, 500)), fitted(rng.beta(5, 3, 500))
    assert weak.sql_line < strong.mql_line, "the lines move with the population"
    assert weak.fit_cuts == strong.fit_cuts
    assert weak.engagement_cuts == strong.engagement_cuts


def test_what_the_model_has_no_evidence_of_is_not_graded() -> None:
    levels = fit_levels(Policy(), EVENTS, np.linspace(0, 1, 11), fit=False, engagement=False)
    assert (levels.fit_cuts, levels.engagement_cuts) == (None, None)


@pytest.mark.parametrize(
    ("added", "before", "now"),
    [
        (-0.05, "B", "B"),  # just below the cut at 0, and had it
        (-0.05, "C", "C"),  # had it not
        (-0.05, "", "C"),  # not known
        (-0.1, "B", "B"),  # the margin belongs to it
        (-0.11, "B", "C"),  # beyond the margin
        (-0.05, "A", "B"),  # keeps the nearest grade, not the old one
        (-1.05, "A", "C"),
        (-1.2, "A", "D"),
        (0.5, "D", "B"),  # rises at once
        (1.0, "D", "A"),
    ],
)
def test_a_lead_just_below_a_cut_keeps_the_grade_it_had(
    added: float, before: str, now: str
) -> None:
    had = np.array(["DCBA".index(before) if before else -1])
    assert fit_letters(grade(CUTS, np.array([added]), 0.1, had)).tolist() == [now]


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=20),
    st.integers(-1, 3),
    st.sampled_from([0.0, 0.1, 0.5, 3.0]),
)
def test_what_a_lead_had_never_lowers_its_grade_nor_lifts_it_above_that(
    added: list[float], before: int, margin: float
) -> None:
    plain = grade(CUTS, np.array(added), margin)
    kept = grade(CUTS, np.array(added), margin, np.full(len(added), before))
    assert (kept >= plain).all()
    assert (kept <= np.maximum(plain, before)).all()
    assert (grade(CUTS, np.array(added), margin, kept) == kept).all(), "and then it stays"
    for value, one in zip(added, kept, strict=True):
        alone = grade(CUTS, np.array([value]), margin, np.array([before]))
        assert alone.tolist() == [one]


# --- as data --------------------------------------------------------------------------------------


@given(any_levels)
def test_levels_survive_the_way_through_json(levels: Levels) -> None:
    assert Levels.from_json(json.loads(json.dumps(levels.to_json()))) == levels


def test_levels_hold_the_rules_written_out() -> None:
    own = Rule("mql", fit="A", line="mql", consent=True)
    levels = fitted(np.linspace(0, 1, 11), rules=(own,), without=("pql",), hysteresis=0.3)
    assert [rule.stage for rule in levels.policy.rules] == [
        *("sql", "mql", "service_qualified", "iql")
    ]
    assert levels.policy.rules[1] == own
    assert levels.margin == 0.3
    assert levels.unit == "probability"
    assert [block.name for block in levels.policy.blocks] == [
        block.name for block in BLOCKS if block.name != "competitor"
    ]
