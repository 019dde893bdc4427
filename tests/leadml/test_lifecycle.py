"""Does each lead get exactly the stage its evidence earns, and what follows from it?"""

import dataclasses
import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.levels import FIT_GRADES, Cuts, Levels
from leadml.lifecycle import Decisions, Evidence, Previous, decide
from leadml.policy import STAGES, Block, Need, Policy, Rule, needs_of
from leadml.rulebook import Rulebook
from tests.leadml.decided import (
    EVENTS,
    KINDS,
    NEVER,
    ages,
    decided,
    evidence_of,
    leads,
    levels_of,
    rank_of,
    scores,
    stage_of,
    strengths,
)
from tests.leadml.decided import levels as any_levels

B2B = levels_of(Policy())
"""sql from 0.5, mql from 0.2; fit and engagement part at -1, 0 and 1: fit C from -1, engagement 2
from 0. Below them, a lead keeps what it had within 0.1: from 0.475, 0.184, -1.1 and -0.1."""

B2C = levels_of(Policy(kind="b2c"))
MANY = settings(max_examples=150, deadline=None)


# --- every rule, by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "lead"),
    [
        ("lead", {}),
        ("lead", {"score": 0.99, "fit": 2.0}),
        ("iql", {"page_view": 4000.0}),
        ("iql", {"support_ticket": 30.1}),
        ("iql", {"demo_request": 31.0, "fit": -2.0}),
        ("service_qualified", {"support_ticket": 30.0}),
        ("service_qualified", {"support_ticket": 0.0, "fit": 2.0, "acts": 2.0, "score": 0.19}),
        # mql: fit C, engagement 2, probability 0.2, each at its edge and just short of it
        ("mql", {"fit": -1.0, "acts": 0.0, "score": 0.2, "page_view": 1.0}),
        ("iql", {"fit": -1.01, "acts": 0.0, "score": 0.2, "page_view": 1.0}),
        ("iql", {"fit": -1.0, "acts": -0.01, "score": 0.2, "page_view": 1.0}),
        ("iql", {"fit": -1.0, "acts": 0.0, "score": 0.199, "page_view": 1.0}),
        ("iql", {"fit": -2.0, "acts": 9.0, "score": 0.99, "page_view": 0.0}),
        # pql: fit and product use, whatever the probability
        ("pql", {"fit": -1.0, "trial_login": 30.0}),
        ("iql", {"fit": -1.0, "trial_login": 30.01}),
        ("iql", {"fit": -1.01, "trial_login": 0.0, "score": 0.99}),
        ("pql", {"fit": 2.0, "trial_login": 1.0, "acts": 2.0, "score": 0.99}),
        # sql: fit, explicit intent and probability, each at its edge and just short of it
        ("sql", {"fit": -1.0, "demo_request": 30.0, "score": 0.5}),
        ("sql", {"fit": -1.0, "price_request": 30.0, "score": 0.5}),
        ("iql", {"fit": -1.0, "demo_request": 30.0, "score": 0.499}),
        ("iql", {"fit": -1.0, "demo_request": 30.01, "score": 0.5}),
        ("iql", {"fit": -1.01, "demo_request": 30.0, "score": 0.5}),
        ("sql", {"fit": 2.0, "demo_request": 1.0, "trial_login": 1.0, "acts": 2.0, "score": 0.9}),
        ("mql", {"fit": 2.0, "demo_request": 1.0, "acts": 2.0, "score": 0.3}),
        ("lead", {"score": NEVER, "fit": 2.0, "acts": 2.0}),
        # outcomes, consent and blocks
        ("customer", {"reached": "closed_won", "unsubscribed": 0.0, "consent": 0.0}),
        ("disqualified", {"reached": "closed_lost"}),
        ("disqualified", {"consent": 0.0, "reached": "opportunity"}),
        ("lead", {"consent": 1.0}),
        ("disqualified", {"reached": "opportunity", "unsubscribed": 365.0}),
        ("opportunity", {"reached": "opportunity", "unsubscribed": 365.01}),
        ("opportunity", {"reached": "opportunity", "fit": 2.0, "demo_request": 1.0, "score": 0.9}),
        ("disqualified", {"hard_bounce": 0.0, "fit": 2.0, "demo_request": 1.0, "score": 0.99}),
        ("disqualified", {"job_change": 365.0}),
        ("lead", {"job_change": 366.0}),
        ("disqualified", {"who": ("student",), "fit": 2.0, "demo_request": 1.0, "score": 0.99}),
    ],
)
def test_the_first_case_that_holds_gives_the_stage(expected: str, lead: dict[str, Any]) -> None:
    assert stage_of(B2B, lead) == expected


@pytest.mark.parametrize(
    ("expected", "lead"),
    [
        ("sql", {"fit": -2.0, "demo_request": 30.0, "score": 0.5}),
        ("iql", {"fit": 2.0, "demo_request": 30.0, "score": 0.49}),
        ("pql", {"fit": -2.0, "trial_login": 14.0, "score": 0.2}),
        ("iql", {"fit": 2.0, "trial_login": 14.1, "score": 0.2}),
        ("iql", {"fit": 2.0, "trial_login": 14.0, "score": 0.19}),
        ("mql", {"fit": -2.0, "acts": 0.0, "score": 0.2, "page_view": 1.0}),
        ("iql", {"fit": 2.0, "acts": -0.1, "score": 0.9, "page_view": 1.0}),
        ("service_qualified", {"support_ticket": 30.0}),
        ("lead", {"fit": 2.0, "score": 0.9}),
    ],
)
def test_selling_to_persons_asks_for_no_fit(expected: str, lead: dict[str, Any]) -> None:
    assert stage_of(B2C, lead) == expected


# --- what follows ---------------------------------------------------------------------------------

SQL = {"fit": -1.0, "demo_request": 10.0, "score": 0.5}


@pytest.mark.parametrize(
    ("lead", "action", "track", "minutes", "again"),
    [
        # sql: 24 hours, and in a week; 5 minutes after a demo request of the last day
        (SQL, "call", "sales material", 1440.0, 7.0),
        ({**SQL, "demo_request": 1.0}, "call", "sales material", 5.0, 7.0),
        ({**SQL, "demo_request": 1.01}, "call", "sales material", 1440.0, 7.0),
        (
            {**SQL, "demo_request": NEVER, "price_request": 0.0},
            *("call", "sales material", 1440, 7),
        ),
        # … or when the request runs out: of 30 days, 27.5 are over; at the last, tomorrow
        ({**SQL, "demo_request": 27.5}, "call", "sales material", 1440.0, 3.0),
        ({**SQL, "demo_request": 30.0}, "call", "sales material", 1440.0, 1.0),
        ({"fit": 0.0, "trial_login": 1.0}, "call", "case studies and product", 2880.0, 14.0),
        ({"fit": 0.0, "trial_login": 25.0}, "call", "case studies and product", 2880.0, 5.0),
        (
            {"fit": 0.0, "acts": 0.0, "score": 0.2, "demo_request": 0.0},
            *("nurture", "case studies and product", NEVER, 30.0),
        ),
        ({"support_ticket": 0.5}, "call", "case studies and product", 2880.0, 30.0),
        (
            {"support_ticket": 0.5, "demo_request": 0.5},
            *("call", "case studies and product", 5, 30),
        ),
        ({"page_view": 3.0}, "nurture", "education", NEVER, 30.0),
        ({}, "wait", "education", NEVER, 90.0),
        ({"reached": "opportunity"}, "none", "", NEVER, NEVER),
        ({"reached": "closed_won"}, "none", "", NEVER, NEVER),
        ({"reached": "closed_lost"}, "recycle", "", NEVER, 180.0),
        ({"consent": 0.0}, "remove", "", NEVER, NEVER),
        ({"unsubscribed": 300.0}, "remove", "", NEVER, 65.0),
        ({"unsubscribed": 0.0, "demo_request": 0.0}, "remove", "", NEVER, 90.0),
        ({"job_change": 0.0}, "wait", "", NEVER, 90.0),
        ({"who": ("student",)}, "wait", "", NEVER, 90.0),
    ],
)
def test_the_stage_says_what_is_done_how_soon_and_when_to_look_again(
    lead: dict[str, Any], action: str, track: str, minutes: float, again: float
) -> None:
    found = decided(B2B, [lead])
    assert (found.action[0], found.track[0]) == (action, track)
    np.testing.assert_array_equal(found.follow_up_minutes, [minutes])
    np.testing.assert_array_equal(found.look_again_days, [again])


@pytest.mark.parametrize(
    ("lead", "block"),
    [
        ({"unsubscribed": 1.0, "hard_bounce": 1.0}, "unsubscribed"),
        ({"unsubscribed": 400.0, "hard_bounce": 1.0}, "bounced"),
        ({"who": ("student",), "job_change": 1.0}, "student"),
        ({"job_change": 1.0}, "negative sign"),
        ({"job_change": 1.0, "consent": 0.0}, "no consent"),
        ({"job_change": 1.0, "consent": 0.0, "reached": "closed_lost"}, "closed"),
        ({"job_change": 1.0, "reached": "closed_won"}, ""),
        ({"page_view": 1.0}, ""),
    ],
)
def test_the_first_block_that_holds_is_named(lead: dict[str, Any], block: str) -> None:
    assert decided(B2B, [lead]).block.tolist() == [block]


def test_an_event_that_holds_no_longer_does_not_hurry_a_block_that_still_does() -> None:
    block = Block("bad", ("job_change",), within_days=30.0, who=Policy().blocks[3].who)
    levels = levels_of(Policy(blocks=(block,)))
    rows = [{"who": ("bad",), "job_change": age} for age in (NEVER, 100.0, 28.0)]
    assert decided(levels, rows).look_again_days.tolist() == [90.0, 90.0, 2.0]


def test_of_two_rules_of_one_stage_the_first_that_is_met_says_what_is_done() -> None:
    levels = levels_of(
        Policy(
            rules=(
                Rule("sql", intent_days=30.0, intent=("demo_request",), action="call"),
                Rule("sql", intent_days=30.0, line="sql", action="nurture"),
            )
        )
    )
    rows = [{"demo_request": 9.0}, {"price_request": 9.0, "score": 0.5}, {"price_request": 9.0}]
    found = decided(levels, rows)
    assert found.stage.tolist() == ["sql", "sql", "iql"]
    assert found.action.tolist() == ["call", "nurture", "nurture"]


def test_consent_that_a_rule_needs_must_be_given_not_only_not_refused() -> None:
    levels = levels_of(Policy(rules=(Rule("mql", line="mql", consent=True),)))
    rows = [{"score": 0.9, "consent": given} for given in (1.0, NEVER, 0.0)]
    assert decided(levels, rows).stage.tolist() == ["mql", "lead", "disqualified"]


# --- missing evidence -----------------------------------------------------------------------------

UNGRADED = levels_of(Policy(), fit=None, engagement=None)


def test_evidence_the_company_does_not_record_is_waived_for_mql() -> None:
    assert stage_of(UNGRADED, {"score": 0.2, "page_view": 1.0}) == "mql"
    assert stage_of(UNGRADED, {"score": 0.199, "page_view": 1.0}) == "iql"


def test_evidence_the_company_does_not_record_is_never_waived_for_sql() -> None:
    assert stage_of(UNGRADED, {"score": 0.9, "page_view": 1.0}) != "sql"  # no intent
    assert stage_of(UNGRADED, {"score": 0.9, "demo_request": 1.0}) != "sql"  # no fit
    engaged = levels_of(Policy(), fit=None)
    assert stage_of(engaged, {"score": 0.9, "demo_request": 1.0, "acts": 2.0}) != "sql"


# --- what it had before ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "was", "now"),
    [
        (0.48, "sql", "sql"),  # just below the line, and had it
        (0.48, "opportunity", "sql"),  # had been further
        (0.48, "mql", "mql"),  # had it not
        (0.48, "", "mql"),  # not known
        (0.48, "disqualified", "mql"),
        (0.47, "sql", "mql"),  # beyond the margin: 0.475
        (0.19, "mql", "mql"),
        (0.19, "sql", "mql"),
        (0.19, "iql", "iql"),
        (0.18, "sql", "iql"),  # beyond both: 0.184
        (0.5, "iql", "sql"),  # rises at once
    ],
)
def test_a_lead_just_below_a_line_keeps_the_stage_it_had(score: float, was: str, now: str) -> None:
    lead = {"fit": 0.0, "acts": 0.0, "demo_request": 1.0, "score": score, "was_stage": was}
    assert stage_of(B2B, lead) == now


@pytest.mark.parametrize(
    ("fit", "was_fit", "grade", "stage"),
    [
        (-1.05, "C", "C", "sql"),  # just below the cut, and had the grade
        (-1.05, "D", "D", "iql"),  # had it not
        (-1.05, "", "D", "iql"),
        (-1.11, "C", "D", "iql"),  # beyond the margin
        (-1.05, "A", "C", "sql"),
    ],
)
def test_a_lead_just_below_a_cut_keeps_grade_and_stage(
    fit: float, was_fit: str, grade: str, stage: str
) -> None:
    lead = {"fit": fit, "demo_request": 1.0, "score": 0.5, "was_fit": was_fit}
    found = decided(B2B, [lead])
    assert (found.fit_grade[0], found.stage[0]) == (grade, stage)


def test_engagement_is_kept_by_its_own_numbers() -> None:
    rows = [
        {"fit": 0.0, "acts": -0.05, "score": 0.2, "page_view": 1.0, "was_engaged": was}
        for was in (1, 2, 3, 4, 0)
    ]
    found = decided(B2B, rows)
    assert found.engagement_grade.tolist() == [2, 2, 3, 3, 3]
    assert found.stage.tolist() == ["mql", "mql", "iql", "iql", "iql"]


def test_what_runs_out_is_not_kept() -> None:
    """Hysteresis is for what wavers; a request of 31 days ago does not come back."""
    old = {**SQL, "demo_request": 30.1, "was_stage": "sql", "was_fit": "C"}
    assert stage_of(B2B, old) == "iql"
    assert stage_of(B2B, {**SQL, "was_stage": "sql", "unsubscribed": 0.0}) == "disqualified"


# --- the plain definition -------------------------------------------------------------------------


def plain_stage(levels: Levels, lead: dict[str, Any]) -> str:
    """The stage of one lead, rule by rule."""
    if lead["reached"] == "closed_won":
        return "customer"
    blocked = [b for b in levels.policy.blocks if b.name in lead["who"] or ages_within(b, lead)]
    if lead["reached"] == "closed_lost" or lead["consent"] == 0 or blocked:
        return "disqualified"
    if lead["reached"] == "opportunity":
        return "opportunity"
    for rule in levels.policy.rules:
        had = lead["was_stage"] and STAGES.index(lead["was_stage"]) >= STAGES.index(rule.stage)
        if all(plain_need(levels, need, lead, had=bool(had)) for need in needs_of(rule)):
            return rule.stage
    return "lead"


def ages_within(block: Block, lead: dict[str, Any]) -> bool:
    return any(lead[event] <= block.within_days for event in block.events)


def plain_need(levels: Levels, need: Need, lead: dict[str, Any], *, had: bool) -> bool:
    if need.what == "consent":
        return bool(lead["consent"] == 1)
    if need.what == "line":
        line = levels.sql_line if need.least == "sql" else levels.mql_line
        if had and levels.unit == "points":
            line -= levels.margin
        elif had:
            line = 1 / (1 + (1 - line) / line * math.exp(levels.margin))
        return bool(lead["score"] >= line)
    if need.what in {"fit", "engagement"}:
        fit = need.what == "fit"
        grade = plain_grade(levels, lead, fit=fit)
        return need.waived if not grade else grade <= need.least
    kinds = {"engagement", "intent", "product", "service"} & {need.what}
    if need.what == "activity":
        kinds = {"engagement", "intent", "product", "service"}
    counted = need.events or [event for event in EVENTS if EVENTS[event].kind in kinds]
    return any(lead[event] <= (need.days or math.inf) for event in counted)


def plain_grade(levels: Levels, lead: dict[str, Any], *, fit: bool) -> str:
    cuts, letters = (levels.fit_cuts, "DCBA") if fit else (levels.engagement_cuts, "4321")
    if cuts is None:
        return ""
    added, was = (lead["fit"], lead["was_fit"]) if fit else (lead["acts"], lead["was_engaged"])
    had = letters.find(str(was)) if was else -1
    reached = [
        k
        for k, cut in enumerate((-math.inf, *cuts))
        if added >= cut or (k <= had and added >= cut - levels.margin)
    ]
    return letters[max(reached)]


@MANY
@given(any_levels, st.lists(leads, max_size=10))
def test_decisions_are_those_of_the_plain_definition(
    levels: Levels, rows: list[dict[str, Any]]
) -> None:
    found = decided(levels, rows)
    assert found.stage.tolist() == [plain_stage(levels, row) for row in rows]
    assert found.fit_grade.tolist() == [plain_grade(levels, row, fit=True) for row in rows]
    engaged = [int(plain_grade(levels, row, fit=False) or 0) for row in rows]
    assert found.engagement_grade.tolist() == engaged


# --- whatever the policy and the evidence ---------------------------------------------------------


def same(one: Decisions, other: Decisions) -> None:
    for column in dataclasses.fields(Decisions):
        np.testing.assert_array_equal(getattr(one, column.name), getattr(other, column.name))


def rows_of(found: Decisions, place: np.ndarray) -> Decisions:
    columns = dataclasses.fields(Decisions)
    return Decisions(**{own.name: getattr(found, own.name)[place] for own in columns})


@MANY
@given(any_levels, st.lists(leads, max_size=8))
def test_each_lead_has_exactly_one_stage_whoever_stands_beside_it(
    levels: Levels, rows: list[dict[str, Any]]
) -> None:
    together = decided(levels, rows)
    assert len(together.stage) == len(rows)
    assert set(together.stage.tolist()) <= set(STAGES)
    for k, row in enumerate(rows):
        same(decided(levels, [row]), rows_of(together, np.array([k])))


@MANY
@given(any_levels, leads, scores)
def test_a_higher_probability_never_lowers_a_stage(
    levels: Levels, lead: dict[str, Any], more: float
) -> None:
    higher = float(np.fmax(more, lead["score"]))
    assert rank_of(levels, lead, score=higher) >= rank_of(levels, lead)


@MANY
@given(any_levels, leads, st.sampled_from(["demo_request", "price_request"]), ages)
def test_an_explicit_request_never_lowers_a_stage(
    levels: Levels, lead: dict[str, Any], event: str, age: float
) -> None:
    newest = float(np.fmin(age, lead[event]))
    assert rank_of(levels, lead, **{event: newest}) >= rank_of(levels, lead)


@MANY
@given(any_levels, leads, st.sampled_from(["unsubscribed", "hard_bounce", "job_change"]), ages)
def test_negative_evidence_never_raises_a_stage(
    levels: Levels, lead: dict[str, Any], event: str, age: float
) -> None:
    newest = float(np.fmin(age, lead[event]))
    before, after = rank_of(levels, lead), stage_of(levels, lead, **{event: newest})
    assert STAGES.index(after) <= before  # type: ignore[arg-type]
    holding = [b for b in levels.policy.blocks if event in b.events and newest <= b.within_days]
    assert after in {"disqualified", "customer"} or not holding


@MANY
@given(any_levels, leads, strengths, st.sampled_from(["fit", "acts"]))
def test_better_evidence_never_lowers_a_stage(
    levels: Levels, lead: dict[str, Any], strength: float, which: str
) -> None:
    better = max(strength, lead[which])
    assert rank_of(levels, lead, **{which: better}) >= rank_of(levels, lead)


@MANY
@given(any_levels, leads)
def test_no_probability_makes_an_sql_without_explicit_intent_or_product_use(
    levels: Levels, lead: dict[str, Any]
) -> None:
    silent = dict.fromkeys(["demo_request", "price_request", "trial_login"], NEVER)
    assert stage_of(levels, {**lead, **silent, "score": 1.0}) != "sql"


@MANY
@given(any_levels, st.lists(leads, min_size=1, max_size=8))
def test_what_leads_were_never_lowers_them_and_then_they_stay(
    levels: Levels, rows: list[dict[str, Any]]
) -> None:
    place = {stage: k for k, stage in enumerate(STAGES)}
    anew, kept = decided(levels, rows, anew=True), decided(levels, rows)
    assert all(place[a] <= place[b] for a, b in zip(anew.stage, kept.stage, strict=True))
    before = Previous(kept.stage, kept.fit_grade, kept.engagement_grade)
    again = decide(Rulebook(levels), evidence_of(rows, levels.policy.blocks), before)
    assert again.stage.tolist() == kept.stage.tolist()
    assert again.fit_grade.tolist() == kept.fit_grade.tolist()
    assert again.engagement_grade.tolist() == kept.engagement_grade.tolist()


def test_no_leads_have_no_stages() -> None:
    found = decided(B2B, [])
    assert {len(getattr(found, own.name)) for own in dataclasses.fields(Decisions)} == {0}


# --- a million ------------------------------------------------------------------------------------

MILLION = 1_000_000
SECONDS, SLACK = 3.0, 4.0
"""What a million may take, and how many times as long on a machine that does other things."""


def crowd(n: int) -> tuple[Evidence, Previous]:
    """Leads of every sort, in the proportions of a large base."""
    rng = np.random.default_rng(0)
    days = {
        event: np.where(rng.random(n) < 0.3, rng.uniform(0, 400, n), np.nan) for event in EVENTS
    }
    days["unsubscribed"][rng.random(n) < 0.9] = np.nan
    days["job_change"][rng.random(n) < 0.9] = np.nan
    for kind in KINDS:
        own = [days[event] for event, said in EVENTS.items() if said.kind == kind]
        days[kind] = np.fmin.reduce(own)
    evidence = Evidence(
        np.where(rng.random(n) < 0.05, np.nan, rng.beta(1, 3, n)),
        rng.normal(0, 1.2, n),
        rng.normal(0, 1.2, n),
        days,
        rng.choice(["", "opportunity", "closed_lost", "closed_won"], n, p=[0.9, 0.04, 0.04, 0.02]),
        rng.choice([1.0, 0.0, np.nan], n, p=[0.5, 0.02, 0.48]),
        {"student": rng.random(n) < 0.02},
    )
    previous = Previous(
        rng.choice(["", *STAGES], n).astype(object),
        rng.choice(["", *FIT_GRADES], n).astype(object),
        rng.integers(0, 5, n),
    )
    return evidence, previous


def taken(evidence: Evidence, previous: Previous, rows: np.ndarray) -> tuple[Evidence, Previous]:
    """Some rows of both."""
    plain = ("score", "fit", "engagement", "reached", "consent")
    maps = {
        name: {key: own[rows] for key, own in getattr(evidence, name).items()}
        for name in ("days_since", "blocked")
    }
    return (
        Evidence(**{name: getattr(evidence, name)[rows] for name in plain}, **maps),
        Previous(*(getattr(previous, own.name)[rows] for own in dataclasses.fields(Previous))),
    )


@pytest.mark.slow
def test_a_million_leads_are_decided_as_one_is_and_in_seconds() -> None:
    evidence, previous = crowd(MILLION)
    started = time.perf_counter()
    found = decide(Rulebook(B2B), evidence, previous)
    took = time.perf_counter() - started
    print(f"a million leads decided in {took:.2f} s")  # noqa: T201 - shown with -rP
    assert set(found.stage.tolist()) == set(STAGES)
    for row in np.random.default_rng(1).integers(0, MILLION, 1_000):
        place = np.array([row])
        same(decide(Rulebook(B2B), *taken(evidence, previous, place)), rows_of(found, place))
    assert took < SECONDS * SLACK


CUTS_OF_POINTS: Cuts = (10.0, 20.0, 30.0)


def test_points_are_decided_like_probabilities() -> None:
    levels = levels_of(
        Policy(hysteresis=5.0),
        sql=80.0,
        mql=60.0,
        fit=CUTS_OF_POINTS,
        engagement=CUTS_OF_POINTS,
        unit="points",
    )
    asked = {"fit": 10.0, "acts": 20.0, "demo_request": 1.0}
    rows = [
        {**asked, "score": 80.0},
        {**asked, "score": 79.0},
        {**asked, "score": 75.0, "was_stage": "sql"},
        {**asked, "score": 74.0, "was_stage": "sql"},
        {**asked, "score": 80.0, "fit": 9.0},
        {**asked, "score": 80.0, "fit": 5.0, "was_fit": "C"},
    ]
    assert decided(levels, rows).stage.tolist() == ["sql", "mql", "sql", "mql", "iql", "sql"]
