"""Leads as rows of plain values, and valid policies to decide them by."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from leadml.criteria import Criterion
from leadml.errors import ConfigError
from leadml.events import EventType
from leadml.levels import Cuts, Levels, Unit
from leadml.lifecycle import Decisions, Evidence, Previous, decide
from leadml.policy import BLOCKS, RULED, STAGES, Block, Policy, Rule, resolved
from leadml.policy_check import check_policy
from leadml.rulebook import Rulebook

NEVER = math.nan
KINDS = ("engagement", "intent", "product", "service", "negative")
EVENTS = {
    "page_view": EventType("page view", "page views"),
    "demo_request": EventType("demo request", "demo requests", "intent"),
    "price_request": EventType("price request", "price requests", "intent"),
    "trial_login": EventType("trial login", "trial logins", "product"),
    "support_ticket": EventType("support ticket", "support tickets", "service"),
    "unsubscribed": EventType("unsubscription", "unsubscriptions", "negative"),
    "hard_bounce": EventType("bounce", "bounces", "negative"),
    "job_change": EventType("job change", "job changes", "negative"),
}
CUTS: Cuts = (-1.0, 0.0, 1.0)
"""What fit and engagement add where grades part: D below -1, C below 0, B below 1, A above."""


def levels_of(
    policy: Policy,
    *,
    sql: float = 0.5,
    mql: float = 0.2,
    fit: Cuts | None = CUTS,
    engagement: Cuts | None = CUTS,
    unit: Unit = "probability",
) -> Levels:
    """A policy whose sql line is 0.5 and mql line 0.2."""
    made = resolved(policy, EVENTS)
    return Levels(made, sql, mql, fit, engagement, policy.hysteresis, unit)


def evidence_of(rows: Sequence[dict[str, Any]], blocks: Sequence[Block] = ()) -> Evidence:
    """Of each row: score, fit, acts, event types with days since the last, reached, consent, who.

    What a row does not say is not known; ``who`` names the blocks that look at an attribute.
    """

    def column(name: str, default: float) -> np.ndarray:
        return np.array([row.get(name, default) for row in rows], dtype=np.float64)

    days = {event: column(event, NEVER) for event in EVENTS}
    for kind in KINDS:
        own = [days[event] for event, said in EVENTS.items() if said.kind == kind]
        days[kind] = np.fmin.reduce(own)
    return Evidence(
        column("score", 0.0),
        column("fit", -2.0),
        column("acts", -2.0),
        days,
        np.array([row.get("reached", "") for row in rows], dtype="<U12"),
        column("consent", NEVER),
        {
            block.name: np.array([block.name in row.get("who", ()) for row in rows], dtype=np.bool_)
            for block in blocks
            if block.who is not None
        },
    )


def previous_of(rows: Sequence[dict[str, Any]]) -> Previous:
    """What rows say they were: was_stage, was_fit, was_engaged."""
    return Previous(
        np.array([row.get("was_stage", "") for row in rows], dtype=object),
        np.array([row.get("was_fit", "") for row in rows], dtype=object),
        np.array([row.get("was_engaged", 0) for row in rows], dtype=np.int64),
    )


def decided(levels: Levels, rows: Sequence[dict[str, Any]], *, anew: bool = False) -> Decisions:
    """What is decided of rows; ``anew`` without what they were."""
    before = None if anew else previous_of(rows)
    return decide(Rulebook(levels), evidence_of(rows, levels.policy.blocks), before)


def stage_of(levels: Levels, row: dict[str, Any], **more: Any) -> str:
    """The stage of one lead, with some things otherwise."""
    return str(decided(levels, [{**row, **more}]).stage[0])


def rank_of(levels: Levels, row: dict[str, Any], **more: Any) -> int:
    """How far one lead is: 0 disqualified to 8 customer."""
    place: dict[str, int] = {stage: k for k, stage in enumerate(STAGES)}
    return place[stage_of(levels, row, **more)]


# Ages and strengths lie at the edges of windows, lines and cuts; near 0.5 and 0.2, a margin of 0.1
# reaches down to 0.475 and 0.184, one of 0.5 to 0.378 and 0.132.

ages = st.sampled_from([NEVER, NEVER, 0.0, 1.0, 1.1, 7.0, 7.1, 30.0, 30.1, 365.0, 365.1])
scores = st.sampled_from([NEVER, 0.0, 0.13, 0.14, 0.19, 0.2, 0.37, 0.38, 0.47, 0.48, 0.5, 0.9, 1.0])
strengths = st.sampled_from([-2.0, -1.51, -1.4, -1.05, -1.0, -0.4, -0.05, 0.0, 0.95, 1.0, 3.0])
leads = st.fixed_dictionaries(
    {
        "score": scores,
        "fit": strengths,
        "acts": strengths,
        **dict.fromkeys(EVENTS, ages),
        "reached": st.sampled_from(["", "", "", "opportunity", "closed_lost", "closed_won"]),
        "consent": st.sampled_from([NEVER, NEVER, 1.0, 0.0]),
        "who": st.sampled_from([(), (), ("student",), ("tiny",)]),
        "was_stage": st.sampled_from(["", *STAGES]),
        "was_fit": st.sampled_from(["", *"ABCD"]),
        "was_engaged": st.integers(0, 4),
    }
)

_days = st.sampled_from([0.0, 0.0, 7.0, 30.0])
rules = st.builds(
    Rule,
    stage=st.sampled_from(RULED),
    fit=st.sampled_from(["", "", "A", "B", "C", "D"]),
    engagement=st.integers(0, 4),
    line=st.sampled_from(["", "mql", "sql"]),
    intent_days=_days,
    product_days=_days,
    service_days=_days,
    intent=st.sampled_from([(), (), ("demo_request",), ("demo_request", "price_request")]),
    activity=st.booleans(),
    consent=st.booleans(),
    action=st.sampled_from(["call", "nurture", "wait"]),
    follow_up_hours=st.sampled_from([0.0, 24.0]),
    look_again_days=st.sampled_from([0.0, 7.0]),
)
_blocks = st.lists(
    st.sampled_from(
        [
            *BLOCKS,
            Block("support", events=("support_ticket",), within_days=7.0),
            Block("tiny", who=Criterion("employees", at_most=3)),
            Block("left", events=("job_change",), within_days=30.0, look_again_days=0.0),
        ]
    ),
    unique_by=lambda block: block.name,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Valid policies: of the drawn rules, those that can be followed beside the ones before."""
    policy = Policy(
        kind=draw(st.sampled_from(["b2b", "b2c"])),
        hysteresis=draw(st.sampled_from([0.0, 0.1, 0.5])),
        blocks=tuple(draw(_blocks)),
        without=draw(st.sampled_from([(), (), ("pql",), ("service_qualified", "iql")])),
    )
    for rule in draw(st.lists(rules, max_size=6)):
        longer = dataclasses.replace(policy, rules=(*policy.rules, rule))
        if can_be_followed(longer):
            policy = longer
    return policy


def can_be_followed(policy: Policy) -> bool:
    """Whether nothing is refused."""
    try:
        check_policy(policy, EVENTS)
    except ConfigError:
        return False
    return True


levels = st.builds(
    levels_of,
    policies(),
    fit=st.sampled_from([CUTS, CUTS, None]),
    engagement=st.sampled_from([CUTS, CUTS, None]),
    unit=st.sampled_from(["probability", "probability", "points"]),
)
