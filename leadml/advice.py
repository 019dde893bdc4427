"""What is said of a lead: what it has, what it lacks, and what would move it up?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from leadml.levels import Levels
from leadml.policy import Action, Need, Policy, Stage, Track, needs_of

CLOSED, REFUSED = "closed", "no consent"

NEEDS_APART = "; "
"""What stands between needs."""

AIMED = ("mql", "pql", "sql")
"""Stages one wants a lead to reach; nobody hopes for a service request."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to come to a stage, and what is done then.

    Attributes:
        needs: all must be met.
        outcome: must have been reached; "" for none.
        block: what holds the lead back; "" for none.
        events, within_days: the events that do so, and for how long.
        refused: whether it is for leads who refused consent.
        windows: events it rests on, and how long each counts.
    """

    stage: Stage
    action: Action
    track: Track = ""
    follow_up_hours: float = 0.0
    look_again_days: float = 0.0
    needs: tuple[Need, ...] = ()
    outcome: str = ""
    block: str = ""
    events: tuple[str, ...] = ()
    within_days: float = 0.0
    refused: bool = False

    @property
    def windows(self) -> list[tuple[tuple[str, ...], float]]:
        """Which events or kinds it rests on, and for how many days each does."""
        own = [(need.events or (need.what,), need.days) for need in self.needs if need.days]
        return [*own, (self.events, self.within_days)] if self.events else own


class Advice(NamedTuple):
    """What is said of all leads of one case that meet the same needs.

    Attributes:
        met: the needs of their stage.
        missing: what they lack for the nearest further stage.
        moves_up: what would make them which stage.
    """

    met: str
    missing: str
    moves_up: str


def cases_of(policy: Policy) -> tuple[Case, ...]:
    """Every case of a resolved policy, in the order they are tried; the last holds of all."""
    blocks = [
        Case(
            "disqualified",
            block.action,
            look_again_days=block.look_again_days,
            block=block.name,
            events=block.events,
            within_days=block.within_days,
        )
        for block in policy.blocks
    ]
    rules = [
        Case(
            rule.stage,
            rule.action,
            rule.track,
            rule.follow_up_hours,
            rule.look_again_days,
            needs_of(rule),
        )
        for rule in policy.rules
    ]
    again = policy.closed_again_days
    return (
        Case("customer", "none", outcome="closed_won"),
        Case("disqualified", "recycle", look_again_days=again, outcome="closed_lost", block=CLOSED),
        Case("disqualified", "remove", block=REFUSED, refused=True),
        *blocks,
        Case("opportunity", "none", outcome="opportunity"),
        *rules,
        Case("lead", "wait", "education", look_again_days=90.0),
    )


def advise(
    levels: Levels, cases: Sequence[Case], needs: Sequence[Need], case: int, held: int
) -> Advice:
    """What is said of leads.

    Args:
        levels: the policy in the units of the model.
        cases: of `cases_of`.
        needs: every need of any case.
        case: theirs, by position.
        held: which needs they meet, as bits.
    """
    own = cases[case]
    kept = [need for k, need in enumerate(needs) if held >> k & 1]
    met = NEEDS_APART.join(
        said(need, levels) if need in kept else f"as before, nearly {said(need, levels)}"
        for need in own.needs
    )
    if own.block:
        return Advice(met, "", f"nothing while this holds: {own.block}")
    lacking = {need for k, need in enumerate(needs) if not held >> k & 1}
    further = [one for one in cases[:case] if one.stage in AIMED and one.stage != own.stage]
    if own.outcome or not further:
        return Advice(met, "", "")
    # The fewest things to bring, fit the hardest; of several such, the nearest stage.
    nearest = min(reversed(further), key=lambda other: _effort(lacking.intersection(other.needs)))
    missing = NEEDS_APART.join(said(need, levels) for need in nearest.needs if need in lacking)
    return Advice(met, missing, f"{nearest.stage} with: {missing}")


def _effort(lacking: Collection[Need]) -> tuple[bool, int]:
    return any(need.what == "fit" for need in lacking), len(lacking)


def said(need: Need, levels: Levels) -> str:
    """A need as a person says it."""
    if need.what == "line":
        line = levels.sql_line if need.least == "sql" else levels.mql_line
        if levels.unit == "points":
            return f"at least {line:g} points"
        return f"a probability of at least {100 * line:.3g} %"
    texts = {
        "fit": f"fit of grade {need.least} or better",
        "engagement": f"engagement of grade {need.least} or better",
        "activity": "any activity",
        "consent": "consent",
    }
    if need.what in texts:
        return texts[need.what]
    words = {
        "intent": "an explicit request",
        "product": "product use",
        "service": "a service request",
    }
    what = " or ".join(levels.words.get(name, name) for name in need.events) or words[need.what]
    return f"{what} within {need.days:g} days"
