"""Does each lead get exactly the stage its evidence earns?"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.config import Policy
from leadml.events import Kind
from leadml.lifecycle import (
    Evidence,
    Levels,
    assign_stages,
    fit_levels,
    grade_engagement,
    grade_fit,
)

NEVER = math.nan
KINDS: tuple[Kind, ...] = ("engagement", "intent", "product", "service", "negative")
RANK = {
    stage: rank
    for rank, stage in enumerate(
        [
            "disqualified",
            "lead",
            "iql",
            "service_qualified",
            "mql",
            "pql",
            "sql",
            "opportunity",
            "customer",
        ]
    )
}
"""From least to most wanted: the rules of the module's table, from its last to its first."""

LEVELS = Levels(Policy(), 0.5, 0.2, (-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0))
"""sql from 0.5, mql from 0.2; fit and engagement part at -1, 0 and 1; fit C or better passes sql
and mql, engagement 2 or better passes mql; intent, product use and service count for 30 days,
negative signs for 365."""


def stage(levels: Levels = LEVELS, **said: Any) -> str:
    """The stage of one lead, about which nothing but ``said`` is known."""
    return str(assign_stages(levels, evidence_of([said]))[0])


def evidence_of(rows: list[dict[str, Any]]) -> Evidence:
    def column(name: str, default: float) -> np.ndarray:
        return np.array([row.get(name, default) for row in rows], dtype=np.float64)

    return Evidence(
        column("probability", 0.0),
        column("fit", -2.0),
        column("acts", -2.0),
        {kind: column(kind, NEVER) for kind in KINDS},
        np.array([row.get("reached", "") for row in rows], dtype="<U12"),
    )


# --- every rule, by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("lead", {}),
        ("lead", {"probability": 0.99}),
        ("iql", {"engagement": 400.0}),
        ("iql", {"service": 31.0}),
        ("iql", {"intent": 31.0, "fit": -2.0}),
        ("service_qualified", {"service": 30.0}),
        ("service_qualified", {"service": 0.0, "fit": 2.0, "probability": 0.19, "acts": 2.0}),
        # mql: fit C, engagement 2, probability 0.2, each at its edge and just short of it
        ("mql", {"fit": -1.0, "acts": 0.0, "probability": 0.2, "engagement": 1.0}),
        ("iql", {"fit": -1.01, "acts": 0.0, "probability": 0.2, "engagement": 1.0}),
        ("iql", {"fit": -1.0, "acts": -0.01, "probability": 0.2, "engagement": 1.0}),
        ("iql", {"fit": -1.0, "acts": 0.0, "probability": 0.199, "engagement": 1.0}),
        ("iql", {"fit": -2.0, "acts": 9.0, "probability": 0.99, "engagement": 0.0}),
        # pql: fit and product use, whatever the probability
        ("pql", {"fit": -1.0, "product": 30.0, "probability": 0.0}),
        ("iql", {"fit": -1.0, "product": 30.01, "probability": 0.0}),
        ("iql", {"fit": -1.01, "product": 0.0, "probability": 0.99}),
        ("pql", {"fit": 2.0, "product": 1.0, "acts": 2.0, "probability": 0.99}),
        # sql: fit, explicit intent and probability, each at its edge and just short of it
        ("sql", {"fit": -1.0, "intent": 30.0, "probability": 0.5}),
        ("iql", {"fit": -1.0, "intent": 30.0, "probability": 0.499}),
        ("iql", {"fit": -1.0, "intent": 30.01, "probability": 0.5}),
        ("iql", {"fit": -1.01, "intent": 30.0, "probability": 0.5}),
        ("sql", {"fit": 2.0, "intent": 1.0, "product": 1.0, "acts": 2.0, "probability": 0.9}),
        ("mql", {"fit": 2.0, "intent": 1.0, "acts": 2.0, "probability": 0.3}),
        # outcomes and negative signs
        ("opportunity", {"reached": "opportunity"}),
        ("opportunity", {"reached": "opportunity", "fit": 2.0, "intent": 1.0, "probability": 0.9}),
        ("disqualified", {"reached": "opportunity", "negative": 365.0}),
        ("opportunity", {"reached": "opportunity", "negative": 365.01}),
        ("disqualified", {"reached": "closed_lost"}),
        ("disqualified", {"negative": 0.0, "fit": 2.0, "intent": 1.0, "probability": 0.99}),
        ("lead", {"negative": 366.0}),
        ("customer", {"reached": "closed_won", "negative": 0.0}),
        ("customer", {"reached": "closed_won"}),
    ],
)
def test_the_first_rule_that_holds_gives(expected: str, said: dict[str, Any]) -> None:
    assert stage(**said) == expected


def test_every_stage_can_be_reached() -> None:
    rows = [{"reached": r} for r in ("closed_won", "closed_lost", "opportunity")]
    rows += [{"fit": 0.0, "intent": 1.0, "probability": 0.9}, {"fit": 0.0, "product": 1.0}]
    rows += [{"fit": 0.0, "acts": 0.0, "probability": 0.3}, {"service": 1.0}, {"engagement": 1.0}]
    rows += [{}]
    assert set(assign_stages(LEVELS, evidence_of(rows)).tolist()) == set(RANK)


# --- grades and lines -----------------------------------------------------------------------------


def test_grades_part_at_the_cuts_and_a_cut_belongs_to_the_better_grade() -> None:
    values = np.array([-9, -1.001, -1, -0.001, 0, 0.999, 1, 9], dtype=np.float64)
    assert "".join(grade_fit(LEVELS, values)) == "DDCCBBAA"
    assert grade_engagement(LEVELS, values).tolist() == [4, 4, 3, 3, 2, 2, 1, 1]


def test_lines_let_the_shares_pass_that_people_can_work_on() -> None:
    rng = np.random.default_rng(0)
    probability, fit, acts = rng.random(1_000), rng.normal(size=1_000), rng.normal(size=1_000)
    levels = fit_levels(Policy(sql_share=0.1, mql_share=0.3), probability, fit, acts)
    assert (probability >= levels.sql_probability).sum() == 100
    assert (probability >= levels.mql_probability).sum() == 300
    counts = np.unique(grade_fit(levels, fit), return_counts=True)[1]
    assert counts.tolist() == [250] * 4


def test_contributions_that_do_not_vary_give_no_grades() -> None:
    flat = np.zeros(10)
    levels = fit_levels(Policy(), np.linspace(0, 1, 10), flat, flat)
    assert levels.fit_cuts is None
    assert levels.engagement_cuts is None
    assert grade_fit(levels, flat).tolist() == [""] * 10
    assert grade_engagement(levels, flat).tolist() == [0] * 10


def test_levels_survive_the_way_through_json() -> None:
    for levels in (LEVELS, Levels(Policy(fit="A", engagement=1), 0.4, 0.1, None, None)):
        assert Levels.from_json(levels.to_json()) == levels


# --- missing evidence -----------------------------------------------------------------------------

UNGRADED = Levels(Policy(), 0.5, 0.2, None, None)


def test_evidence_the_company_does_not_record_is_waived_for_mql() -> None:
    assert stage(UNGRADED, probability=0.2, engagement=1.0) == "mql"
    assert stage(UNGRADED, probability=0.199, engagement=1.0) == "iql"


def test_evidence_the_company_does_not_record_is_never_waived_for_sql() -> None:
    assert stage(UNGRADED, probability=0.9, engagement=1.0) != "sql"  # no intent
    assert stage(UNGRADED, probability=0.9, intent=1.0) != "sql"  # no fit
    only_engagement = Levels(Policy(), 0.5, 0.2, None, (-1.0, 0.0, 1.0))
    assert stage(only_engagement, probability=0.9, intent=1.0, acts=2.0) != "sql"


# --- whatever the evidence ------------------------------------------------------------------------

ages = st.sampled_from([NEVER, 0.0, 29.9, 30.0, 30.1, 364.0, 365.0, 366.0])
strengths = st.sampled_from([-2.0, -1.01, -1.0, -0.1, 0.0, 0.5, 1.0, 3.0])
leads = st.fixed_dictionaries(
    {
        "probability": st.sampled_from([0.0, 0.1999, 0.2, 0.4999, 0.5, 0.75, 1.0]),
        "fit": strengths,
        "acts": strengths,
        "reached": st.sampled_from(["", "", "opportunity", "closed_lost", "closed_won"]),
        **dict.fromkeys(KINDS, ages),
    }
)
cuts = st.sampled_from([None, (-1.0, 0.0, 1.0), (-1.0, -1.0, 0.5)])
policies = st.builds(Policy, fit=st.sampled_from("ABCD"), engagement=st.integers(1, 4))
all_levels = st.builds(Levels, policies, st.just(0.5), st.just(0.2), cuts, cuts)
MANY = settings(max_examples=200, deadline=None)


@MANY
@given(all_levels, st.lists(leads, max_size=8))
def test_each_lead_has_exactly_one_stage_whoever_stands_beside_it(
    levels: Levels, rows: list[dict[str, Any]]
) -> None:
    together = assign_stages(levels, evidence_of(rows)).tolist()
    assert len(together) == len(rows)
    assert set(together) <= set(RANK)
    assert together == [stage(levels, **row) for row in rows]


@MANY
@given(all_levels, leads)
def test_no_probability_makes_an_sql_without_explicit_intent_and_fit(
    levels: Levels, lead: dict[str, Any]
) -> None:
    certain = {**lead, "probability": 1.0}
    assert stage(levels, **{**certain, "intent": NEVER}) != "sql"
    assert stage(levels, **{**certain, "intent": 30.1}) != "sql"
    if levels.fit_cuts is not None and levels.policy.fit != "D":
        assert stage(levels, **{**certain, "fit": -99.0}) not in {"sql", "pql", "mql"}


@MANY
@given(all_levels, leads, st.floats(0, 1))
def test_a_higher_probability_never_lowers_a_stage(
    levels: Levels, lead: dict[str, Any], more: float
) -> None:
    higher = {**lead, "probability": max(more, lead["probability"])}
    assert RANK[stage(levels, **higher)] >= RANK[stage(levels, **lead)]


@MANY
@given(all_levels, leads, ages)
def test_negative_evidence_never_raises_a_stage(
    levels: Levels, lead: dict[str, Any], age: float
) -> None:
    without = stage(levels, **{**lead, "negative": NEVER})
    having = stage(levels, **{**lead, "negative": age})
    assert RANK[having] <= RANK[without]
    if age <= levels.policy.negative_days and without != "customer":
        assert having == "disqualified"


@MANY
@given(all_levels, leads, strengths)
def test_better_fit_never_lowers_a_stage(levels: Levels, lead: dict[str, Any], fit: float) -> None:
    better = {**lead, "fit": max(fit, lead["fit"])}
    assert RANK[stage(levels, **better)] >= RANK[stage(levels, **lead)]


@MANY
@given(all_levels, leads, st.sampled_from(["engagement", "intent", "product", "service"]))
def test_a_newer_deed_never_lowers_a_stage(levels: Levels, lead: dict[str, Any], kind: str) -> None:
    assert RANK[stage(levels, **{**lead, kind: 0.0})] >= RANK[stage(levels, **lead)]


def test_no_leads_have_no_stages() -> None:
    assert assign_stages(LEVELS, evidence_of([])).tolist() == []
