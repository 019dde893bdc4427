"""What does each stage need, and what holds a lead back? Rules and blocks, as data.

Fit (who they are), engagement (what they do), explicit intent (what they ask for) and negative
signs are kept apart: high engagement never makes up for poor fit, and no threshold alone makes a
sales lead. Rules are read from the furthest stage down, and the first whose needs are all met
gives the stage; a block holds a lead back whatever it has.

The usual rules of a company that sells to companies:

| stage | needs |
|---|---|
| sql | fit, the probability of the sql line, explicit intent within 30 days |
| pql | fit, product use within 30 days |
| mql | fit, engagement, the probability of the mql line |
| service_qualified | a service request within 30 days |
| iql | any activity at all |

Before them come customers, closed leads, blocked ones and opportunities; behind them, lead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

from leadml.criteria import Criterion
from leadml.events import EventType, Kind

Stage = Literal[
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
"""How far a lead has come."""

STAGES: tuple[Stage, ...] = get_args(Stage)
"""From the least to the furthest."""

RULED: tuple[Stage, ...] = ("sql", "pql", "mql", "service_qualified", "iql")
"""The stages that rules give; outcomes, blocks and having nothing give the others."""

Action = Literal["call", "nurture", "wait", "recycle", "remove", "none"]
"""What to do with a lead."""

Track = Literal["", "education", "case studies and product", "sales material"]
"""What to send it."""

Line = Literal["", "mql", "sql"]
"""The line a probability must reach."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a stage needs (all that is set), and what is done with a lead that has it.

    Attributes:
        stage: one of `RULED`.
        fit: the poorest grade of fit; "" asks none.
        engagement: the weakest grade of engagement (1 is strongest); 0 asks none.
        line: which line the probability must reach.
        intent_days, product_days, service_days: how recent the last explicit request, product use
            or service request must be; 0 asks none.
        intent: which event types of that kind count as explicit request; empty for all.
        activity: whether any activity is needed.
        consent: whether consent is needed, not only no refusal.
        action, track: what is done, and what is sent.
        follow_up_hours: how soon; 0 says nothing.
        look_again_days: when to look again, unless evidence runs out before.
    """

    stage: Stage
    fit: Literal["", "A", "B", "C", "D"] = ""
    engagement: int = 0
    line: Line = ""
    intent_days: float = 0.0
    product_days: float = 0.0
    service_days: float = 0.0
    intent: tuple[str, ...] = ()
    activity: bool = False
    consent: bool = False
    action: Action = "nurture"
    track: Track = ""
    follow_up_hours: float = 0.0
    look_again_days: float = 30.0


@dataclass(frozen=True, slots=True)
class Block:
    """What holds a lead back, and what is done with it.

    Attributes:
        name: as a person says it.
        events: event types, or patterns like ``*bounce*`` over the declared negative ones.
        within_days: how long such an event holds.
        who: an attribute that holds a lead back.
        action: what is done.
        look_again_days: when to look again, unless the event holds no longer before.
    """

    name: str
    events: tuple[str, ...] = ()
    within_days: float = 365.0
    who: Criterion | None = None
    action: Action = "wait"
    look_again_days: float = 90.0


_SQL = Rule(
    "sql",
    fit="C",
    line="sql",
    intent_days=30.0,
    action="call",
    track="sales material",
    follow_up_hours=24.0,
    look_again_days=7.0,
)
_PQL = Rule(
    "pql",
    fit="C",
    product_days=30.0,
    action="call",
    track="case studies and product",
    follow_up_hours=48.0,
    look_again_days=14.0,
)
_MQL = Rule("mql", fit="C", engagement=2, line="mql", track="case studies and product")
_SERVICE = Rule(
    "service_qualified",
    service_days=30.0,
    action="call",
    track="case studies and product",
    follow_up_hours=48.0,
)
_IQL = Rule("iql", activity=True, track="education")

USUAL: Mapping[str, tuple[Rule, ...]] = {
    "b2b": (_SQL, _PQL, _MQL, _SERVICE, _IQL),
    "b2c": (
        replace(_SQL, fit=""),
        replace(_PQL, fit="", line="mql", product_days=14.0),
        replace(_MQL, fit=""),
        _SERVICE,
        _IQL,
    ),
}
"""The usual rules: of selling to companies, and to persons, where fit weighs less."""

BLOCKS = (
    Block("unsubscribed", events=("*unsubscri*",), action="remove"),
    Block("bounced", events=("*bounce*",), action="remove"),
    Block("competitor", events=("*competitor*",), within_days=36_500.0, action="remove"),
    Block("student", who=Criterion("job_title", matches=r"\bstudent\b")),
    Block("negative sign", events=("*",)),
)
"""The usual blocks; the last takes the negative events that no other one names."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How scores become stages: what each stage needs, what holds a lead back.

    Attributes:
        kind: whose rules are the usual ones.
        sql_share: the share of leads that sales can talk to; sets the sql line.
        mql_share: the share that marketing works on; sets the mql line.
        sql_probability, mql_probability: lines that a person chose instead; 0 for none.
        fit_odds, engagement_odds: where grades D|C|B|A and 4|3|2|1 part: what this evidence does
            to a lead's odds, beside the average lead's.
        hysteresis: how far, in log-odds, a lead may fall below a line or grade that it had.
        urgent_minutes: how soon to call after an event (or pattern) of the last day.
        closed_again_days: when to look again at a lead that was lost.
        rules: in place of the usual ones of their stages.
        without: stages that are not given at all.
        blocks: in place of the usual ones.
        explore_share: the share of leads that nobody would call, called at random to learn of
            them; 0 for none.
    """

    kind: Literal["b2b", "b2c"] = "b2b"
    sql_share: float = 0.10
    mql_share: float = 0.30
    sql_probability: float = 0.0
    mql_probability: float = 0.0
    fit_odds: tuple[float, ...] = (0.5, 1.0, 2.0)
    engagement_odds: tuple[float, ...] = (0.5, 1.0, 2.0)
    hysteresis: float = 0.1
    urgent_minutes: Mapping[str, float] = field(default_factory=lambda: {"*demo*": 5.0})
    closed_again_days: float = 180.0
    rules: tuple[Rule, ...] = ()
    without: tuple[Stage, ...] = ()
    blocks: tuple[Block, ...] = BLOCKS
    explore_share: float = 0.0

    @property
    def ordered(self) -> tuple[Rule, ...]:
        """All rules, furthest stage first; those of one stage as they are listed."""
        own = {rule.stage for rule in self.rules}
        usual = [rule for rule in USUAL[self.kind] if rule.stage not in own]
        kept = [rule for rule in (*usual, *self.rules) if rule.stage not in self.without]
        return tuple(sorted(kept, key=lambda rule: -STAGES.index(rule.stage)))


_WINDOWED = ("intent", "product", "service")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a rule needs.

    Attributes:
        what: the evidence.
        least: the poorest grade, as text, or the line; "" where there is none.
        days: how recent; 0 where it is no event.
        events: which event types count; empty for all of the kind.
        waived: whether it is let go where the company does not record such evidence at all.
    """

    what: Literal[
        "fit", "engagement", "line", "intent", "product", "service", "activity", "consent"
    ]
    least: str = ""
    days: float = 0.0
    events: tuple[str, ...] = ()
    waived: bool = False

    @property
    def always(self) -> bool:
        """Whether every lead has it: the poorest grade, waived where there is none."""
        return self.waived and self.least in {"D", "4"}

    def holds_with(self, other: "Need") -> bool:
        """Whether it holds wherever another need does."""
        if self.what == "activity":
            return other.what in {"activity", *_WINDOWED}
        if self.what != other.what or (other.waived and not self.waived):
            return False
        if self.what == "line":
            return self.least in {"mql", other.least}
        if self.what in _WINDOWED:
            wider = not self.events or (
                bool(other.events) and set(other.events) <= set(self.events)
            )
            return wider and self.days >= other.days
        return self.least >= other.least


def needs_of(rule: Rule) -> tuple[Need, ...]:
    """What a rule needs, one by one; all must hold."""
    return tuple(_needs(rule))


def _needs(rule: Rule) -> Iterator[Need]:
    waived = rule.stage != "sql"
    if rule.fit:
        yield Need("fit", rule.fit, waived=waived)
    if rule.engagement:
        yield Need("engagement", str(rule.engagement), waived=waived)
    if rule.line:
        yield Need("line", rule.line)
    if rule.intent_days:
        yield Need("intent", days=rule.intent_days, events=rule.intent)
    if rule.product_days:
        yield Need("product", days=rule.product_days)
    if rule.service_days:
        yield Need("service", days=rule.service_days)
    if rule.activity:
        yield Need("activity")
    if rule.consent:
        yield Need("consent")


def resolved(policy: Policy, events: Mapping[str, EventType]) -> Policy:
    """The policy with event types in place of patterns, and its rules written out.

    A usual rule that needs a kind of event which nobody declared goes: it could never hold.

    An event type belongs to the first block that takes it; a block that nothing is left of goes.
    """
    taken: set[str] = set()
    blocks = []
    for block in policy.blocks:
        own = [key for key in named_by(block.events, events) if key not in taken]
        taken.update(own)
        if own or block.who is not None:
            blocks.append(replace(block, events=tuple(own)))
    urgent: dict[str, float] = {}
    for pattern, minutes in policy.urgent_minutes.items():
        for key in _matching((pattern,), events, "intent"):
            urgent[key] = min(minutes, urgent.get(key, minutes))
    rules = tuple(rule for rule in policy.ordered if not unrecorded(rule, events))
    return replace(policy, rules=rules, blocks=tuple(blocks), urgent_minutes=urgent)


def unrecorded(rule: Rule, events: Mapping[str, EventType]) -> list[str]:
    """The kinds of events that a rule needs and nobody declared."""
    kinds = {event.kind for event in events.values()}
    return [
        need.what for need in needs_of(rule) if need.what in _WINDOWED and need.what not in kinds
    ]


def named_by(patterns: Sequence[str], events: Mapping[str, EventType]) -> list[str]:
    """The event types that a block's names and patterns speak of."""
    return _matching(patterns, events, "negative")


def _matching(patterns: Sequence[str], events: Mapping[str, EventType], kind: Kind) -> list[str]:
    """The event types that are named, or of a kind and like a pattern."""
    return [
        key
        for key, event in events.items()
        if key in patterns
        or (event.kind == kind and any(fnmatchcase(key.lower(), p.lower()) for p in patterns))
    ]


def named_events(policy: Policy) -> list[str]:
    """Every event type that a resolved policy asks for by itself."""
    own = [key for rule in policy.rules for key in rule.intent]
    blocking = [key for block in policy.blocks for key in block.events]
    return list(dict.fromkeys([*own, *blocking, *policy.urgent_minutes]))


def named_attributes(policy: Policy) -> list[str]:
    """Every attribute column that a policy's blocks look at."""
    return list(dict.fromkeys(block.who.attribute for block in policy.blocks if block.who))
