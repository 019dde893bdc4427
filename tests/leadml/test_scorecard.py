"""Points counted by hand, their sums, their words and their lines."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.config import Points
from leadml.errors import DataError
from leadml.point_rules import BehaviourRule, FitRule
from leadml.scorecard import (
    asked_columns,
    explain_points,
    lines_of,
    points_by_rule,
    silent_rules,
    sum_points,
)

PRICING, CASE, WEBINAR, OPENS = (
    "*pricing*_count_90d",
    "*case*stud*_count_90d",
    "*webinar*_count_90d",
    "*mail*open*_count_30d",
)
UNSUBSCRIBED, BOUNCED = "*unsubscri*_count_ever", "*bounce*_count_ever"
BEHAVIOUR = (PRICING, CASE, WEBINAR, OPENS, UNSUBSCRIBED, BOUNCED)

LEADS = pd.DataFrame(
    {
        "employees": [250.0, 20.0, np.nan, 1000.0],
        "job_title": ["VP Sales", "Student", None, "CEO"],
        "industry": ["Software", "software", "mining", None],
        PRICING: [2.0, 1.0, 0.0, 0.0],
        CASE: [0.0, 1.0, 0.0, 0.0],
        WEBINAR: [1.0, 0.0, 0.0, 0.0],
        OPENS: [3.0, 2.0, 9.0, 0.0],
        UNSUBSCRIBED: [0.0, 0.0, 1.0, 0.0],
        BOUNCED: [0.0, 0.0, 4.0, 0.0],
    }
)
GIVEN = [
    20 + 15 + 10 + 20 + 15 + 5,  # size, title, industry; pricing, webinar, opens
    10 - 100 + 20 + 10,  # industry, student; pricing, case study; two opens are too few
    5 - 30 - 50,  # opens, unsubscribed, bounced once and for all
    20 + 15,  # size at the edge, title
]


def only(*rules: FitRule | BehaviourRule, **settings: float) -> Points:
    """A table of these rules alone."""
    fit = tuple(rule for rule in rules if isinstance(rule, FitRule))
    behaviour = tuple(rule for rule in rules if isinstance(rule, BehaviourRule))
    return Points(fit=fit, behaviour=behaviour, **settings)


def test_the_default_table_counted_by_hand() -> None:
    assert sum_points(Points(), LEADS).tolist() == GIVEN
    by_rule = points_by_rule(Points(), LEADS)
    assert by_rule["company size in the target range"].tolist() == [20, 0, 0, 20]
    assert by_rule["student or competitor"].tolist() == [0, -100, 0, 0]
    assert by_rule["three or more e-mail opens"].tolist() == [5, 0, 5, 0]
    assert lines_of(Points(), sum_points(Points(), LEADS)) == ["sql", "lead", "lead", "lead"]


def test_a_line_is_reached_at_its_points() -> None:
    reached = np.array([-5.0, 59.999, 60.0, 79.999, 80.0, 1e6])
    assert lines_of(Points(), reached) == ["lead", "lead", "mql", "mql", "sql", "sql"]


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        (BehaviourRule("demo", 10), [0, 10, 10, 10]),
        (BehaviourRule("demo", 10, at_least=2), [0, 0, 10, 10]),
        (BehaviourRule("demo", 10, each=True), [0, 10, 20, 70]),
        (BehaviourRule("demo", 10, each=True, most=25), [0, 10, 20, 25]),
        (BehaviourRule("demo", -10, each=True, most=25), [0, -10, -20, -25]),
        (BehaviourRule("demo", 10, each=True, at_least=2), [0, 0, 20, 70]),
        (BehaviourRule("demo", 10, most=4), [0, 4, 4, 4]),
    ],
)
def test_points_are_given_once_or_for_each_and_capped(
    rule: BehaviourRule, given: list[float]
) -> None:
    counts = pd.DataFrame({"demo_count_90d": [0.0, 1.0, 2.0, 7.0]})
    assert sum_points(only(rule), counts).tolist() == given


def test_what_fades_is_counted_by_its_age() -> None:
    # Half-life 30 days. One event of today: 1. Of 30 and 60 days: 1/2 + 1/4. Four of today: 4.
    # Three events long ago, together 3/8, of which none is in the window.
    frame = pd.DataFrame(
        {"demo_count_90d": [1.0, 2.0, 4.0, 0.0], "demo_decayed_30d": [1.0, 0.75, 4.0, 0.375]}
    )
    once, each = BehaviourRule("demo", 20), BehaviourRule("demo", 20, each=True, most=50)
    twice = BehaviourRule("demo", 20, at_least=2)
    assert sum_points(only(once, half_life_days=30), frame).tolist() == [20, 15, 20, 0]
    assert sum_points(only(each, half_life_days=30), frame).tolist() == [20, 15, 50, 0]
    # Two are needed, so each bears ten of the twenty: 10 / 2 + 10 / 4 = 7.5.
    assert sum_points(only(twice, half_life_days=30), frame).tolist() == [0, 7.5, 20, 0]


def test_columns_are_named_by_event_window_and_half_life() -> None:
    rule = BehaviourRule("Demo Request", 20, within_days=7)
    assert asked_columns(rule, Points()) == ("demo_request_count_7d",)
    ever = dataclasses.replace(rule, within_days=0)
    assert asked_columns(ever, Points(half_life_days=14)) == (
        "demo_request_count_ever",
        "demo_request_decayed_14d",
    )
    half = asked_columns(rule, Points(decay_percent_a_month=50))
    assert half == ("demo_request_count_7d", "demo_request_decayed_30_44d")


def test_a_rule_that_has_nothing_to_go_by_is_silent_and_gives_nothing() -> None:
    frame = LEADS[["employees", PRICING]].assign(job_title=pd.Series([None] * 4, dtype="str"))
    assert sum_points(Points(), frame).tolist() == [40, 20, 0, 20]
    heard = {"company size in the target range", "pricing page viewed"}
    every = {rule.words for rule in Points().rules}
    assert set(silent_rules(Points(), frame)) == every - heard
    assert silent_rules(Points(), LEADS) == ()
    assert set(silent_rules(Points(half_life_days=9), LEADS)) >= {"webinar"}


def test_a_count_that_is_no_number_is_refused() -> None:
    frame = pd.DataFrame({PRICING: ["often", "1"]})
    with pytest.raises(DataError, match=r"pricing\*_count_90d' must hold numbers .* got 'often'"):
        sum_points(Points(), frame)


def test_an_unknown_count_is_none() -> None:
    assert sum_points(Points(), pd.DataFrame({PRICING: [np.nan, 1.0]})).tolist() == [0, 20]


def test_points_are_explained_rule_by_rule_the_strongest_first() -> None:
    said = explain_points(Points(), LEADS)
    assert [(part.text, part.points) for part in said[0]] == [
        ("+20: company size in the target range (employees 250)", 20),
        ("+20: pricing page viewed (2 times in the last 90 days)", 20),
        ("+15: decision-maker title (job title VP Sales)", 15),
        ("+15: webinar (once in the last 90 days)", 15),
        ("+10: target industry (industry Software)", 10),
        ("+5: three or more e-mail opens (3 times in the last 30 days)", 5),
    ]
    assert said[1][0].text == "-100: student or competitor (job title Student)"
    assert said[2][0].text == "-50: e-mail bounced (4 times so far)"
    assert said[3][0].text == "+20: company size in the target range (employees 1,000)"
    nobody = explain_points(Points(), pd.DataFrame({"employees": [np.nan]}))
    assert nobody == [()]


def test_truth_values_and_fading_points_are_said_as_a_person_would() -> None:
    table = only(
        FitRule("partner", 10, one_of=("true",)), BehaviourRule("demo", 20), half_life_days=30
    )
    frame = pd.DataFrame(
        {"partner": [True], "demo_count_90d": [1.0], "demo_decayed_30d": [2 ** (-1 / 3)]}
    )
    assert [part.text for part in explain_points(table, frame)[0]] == [
        "+15.9: demo (once in the last 90 days)",
        "+10: partner true (partner true)",
    ]


# --- laws -----------------------------------------------------------------------------------------

COUNTS = st.integers(0, 12)
POINTS = st.floats(-200, 200, allow_nan=False)
RULES = st.builds(
    BehaviourRule,
    st.sampled_from(["a", "b", "c"]),
    POINTS,
    each=st.booleans(),
    at_least=st.integers(1, 4),
    most=st.sampled_from([0.0, 7.5, 100.0]),
)


@st.composite
def scored(draw: st.DrawFn) -> tuple[Points, pd.DataFrame]:
    """Any table, and examples with all that it asks."""
    rules = draw(st.lists(RULES, max_size=12))
    fit = tuple(FitRule("n", points, at_least=0) for points in draw(st.lists(POINTS, max_size=3)))
    table = Points(fit, tuple(rules), half_life_days=draw(st.sampled_from([0.0, 30.0])))
    n = draw(st.integers(1, 5))
    frame = pd.DataFrame({"n": draw(st.lists(st.floats(-1, 1), min_size=n, max_size=n))})
    for rule in rules:
        counts = np.array(draw(st.lists(COUNTS, min_size=n, max_size=n)), dtype=float)
        names = asked_columns(rule, table)
        frame[names[0]] = counts
        if len(names) > 1:
            share = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
            frame[names[1]] = counts * np.array(share)
    return table, frame


@given(scored())
def test_the_rules_sum_to_the_points_exactly_in_any_order(
    made: tuple[Points, pd.DataFrame],
) -> None:
    table, frame = made
    points, by_rule = sum_points(table, frame), points_by_rule(table, frame)
    assert by_rule.shape == (len(frame), len(table.rules))
    assert by_rule.sum(axis=1).tolist() == points.tolist()
    assert by_rule.iloc[:, ::-1].sum(axis=1).tolist() == points.tolist()
    explained = explain_points(table, frame)
    assert [sum(part.points for part in said) for said in explained] == points.tolist()
    for said in explained:
        strength = [abs(part.points) for part in said]
        assert strength == sorted(strength, reverse=True)


@given(scored())
def test_one_example_alone_has_the_points_it_has_among_others(
    made: tuple[Points, pd.DataFrame],
) -> None:
    table, frame = made
    alone = [sum_points(table, frame.iloc[[k]])[0] for k in range(len(frame))]
    assert alone == sum_points(table, frame).tolist()


@given(scored(), st.sampled_from(["a", "b", "c"]))
def test_more_of_what_takes_points_never_raises_them(
    made: tuple[Points, pd.DataFrame], event: str
) -> None:
    table, frame = made
    taking = tuple(
        dataclasses.replace(rule, points=-abs(rule.points)) if rule.event == event else rule
        for rule in table.behaviour
    )
    table = dataclasses.replace(table, behaviour=taking)
    more = frame.copy()
    for column in frame:
        if column.startswith(f"{event}_"):
            more[column] = frame[column] + 1
    assert (sum_points(table, more) <= sum_points(table, frame)).all()
