"""Can a policy be followed? Rules that contradict each other, or ask too little, are refused."""

from collections.abc import Mapping, Sequence

from leadml.criteria import check_criterion
from leadml.errors import ConfigError, listed, nearest
from leadml.events import EventType
from leadml.policy import BLOCKS, RULED, Block, Policy, Rule, named_by, needs_of, unrecorded

_DAYS = ("intent_days", "product_days", "service_days", "follow_up_hours", "look_again_days")

LONGEST = 36_500.0
"""A hundred years, in days."""

MOST_NEEDS = 40
"""How many different things all rules together may need."""


def check_policy(policy: Policy, events: Mapping[str, EventType]) -> None:
    """Raises `ConfigError` where rules contradict each other, cannot be reached, or ask too little.

    Args:
        policy: as it is set.
        events: the event types that are declared.
    """
    _check_lines(policy)
    _check_without(policy)
    ordered = policy.ordered
    for k, rule in enumerate(ordered):
        _check_rule(rule, events)
        _check_reachable(rule, ordered[:k])
    for rule in policy.rules:
        lacking = unrecorded(rule, events)
        if lacking:
            msg = (
                f"The policy's rule for {rule.stage} can never be reached: it needs "
                f"{' and '.join(lacking)}, and no declared event is of that kind. Declare one "
                "under [events], or leave the need out."
            )
            raise ConfigError(msg)
    needs = {need for rule in ordered for need in needs_of(rule)}
    if len(needs) > MOST_NEEDS:
        msg = (
            f"The policy's rules must need at most {MOST_NEEDS} different things, got {len(needs)}."
            " Let rules share their days and events."
        )
        raise ConfigError(msg)
    for k, block in enumerate(policy.blocks):
        _check_block(block, events)
        if block.name in {other.name for other in policy.blocks[:k]}:
            msg = f"The policy's blocks must have different names, got '{block.name}' twice."
            raise ConfigError(msg)
    for event, minutes in policy.urgent_minutes.items():
        _check_event(event, events, "policy.urgent_minutes")
        if not 0 < minutes <= 60 * 24:
            msg = (
                f"policy.urgent_minutes.{event} must be above 0 and within a day, got {minutes:g}."
            )
            raise ConfigError(msg)


def _check_without(policy: Policy) -> None:
    """Raises where a stage that is left out has a rule of its own, or never had one."""
    for stage in policy.without:
        if stage not in RULED:
            msg = f"policy.without must name some of {', '.join(RULED)}, got {stage}."
            raise ConfigError(msg)
        if any(rule.stage == stage for rule in policy.rules):
            msg = (
                f"The policy's rule for {stage} contradicts policy.without, which leaves that "
                "stage out. Remove one of the two."
            )
            raise ConfigError(msg)


def _check_rule(rule: Rule, events: Mapping[str, EventType]) -> None:
    """Raises where a rule by itself cannot be followed."""
    name, needs = f"The policy's rule for {rule.stage}", needs_of(rule)
    if rule.stage not in RULED:
        msg = f"{name} must be for one of {', '.join(RULED)}. Outcomes and blocks give the others."
        raise ConfigError(msg)
    if all(need.always for need in needs):
        msg = f"{name} must need something, got nothing: every lead would have that stage."
        raise ConfigError(msg)
    if rule.stage == "sql" and not any(need.what in {"intent", "product"} for need in needs):
        msg = (
            f"{name} must need explicit intent or product use, for no threshold alone makes a "
            "sales lead. Set intent_days."
        )
        raise ConfigError(msg)
    if not 0 <= rule.engagement <= 4:
        msg = f"{name} must ask for engagement 1 to 4, or 0 for none, got {rule.engagement}."
        raise ConfigError(msg)
    for key in _DAYS:
        if not 0 <= getattr(rule, key) <= LONGEST:
            msg = f"{name}: {key} must be 0 to {LONGEST:,.0f}, got {getattr(rule, key):g}."
            raise ConfigError(msg)
    if rule.intent and not rule.intent_days:
        msg = f"{name} names events of intent, so it must set intent_days, got none."
        raise ConfigError(msg)
    for event in rule.intent:
        if event not in events or events[event].kind != "intent":
            msg = (
                f"{name}: intent must name declared events of kind 'intent', got '{event}'."
                f"{nearest(event, [key for key in events if events[key].kind == 'intent'])}"
            )
            raise ConfigError(msg)


def _check_reachable(rule: Rule, earlier: Sequence[Rule]) -> None:
    """Raises where an earlier rule takes every lead that meets this one."""
    own = needs_of(rule)
    for other in earlier:
        asked = [need for need in needs_of(other) if not need.always]
        if all(any(need.holds_with(one) for one in own) for need in asked):
            msg = (
                f"The policy's rule for {rule.stage} can never be reached: whatever meets it meets "
                f"the rule for {other.stage} before it. Ask more there, or less here."
            )
            raise ConfigError(msg)


def _check_block(block: Block, events: Mapping[str, EventType]) -> None:
    name = f"The policy's block '{block.name}'"
    if not block.name:
        msg = "Every block of the policy must have a name, as a person says it, got none."
        raise ConfigError(msg)
    if not block.events and block.who is None:
        msg = f"{name} must name events, or who is held back, got neither."
        raise ConfigError(msg)
    for key, least in (("within_days", 1e-9), ("look_again_days", 0.0)):
        days = getattr(block, key)
        if not least <= days <= LONGEST:
            said = "above 0 and at most" if least else "0 to"
            msg = f"{name}: {key} must be {said} {LONGEST:,.0f}, got {days:g}."
            raise ConfigError(msg)
    if block.who is not None:
        check_criterion(block.who, f"{name}: who")
    for event in block.events:
        _check_event(event, events, f"{name}: events")
        if event in events and events[event].kind == "intent":
            msg = (
                f"{name} contradicts the kind of '{event}': an explicit request holds nobody "
                "back. Give that event another kind, or leave it out here."
            )
            raise ConfigError(msg)
    if block not in BLOCKS and block.who is None and not named_by(block.events, events):
        msg = (
            f"{name} must name negative events that are declared, but {listed(block.events)} is "
            "like none of them. Mend the pattern, or declare the event under [events]."
        )
        raise ConfigError(msg)


def _check_lines(policy: Policy) -> None:
    """Raises where the sql line would lie below the mql line, or grades do not rise."""
    for sql, mql, wrong in (
        ("sql_share", "mql_share", policy.sql_share > policy.mql_share),
        (
            "sql_probability",
            "mql_probability",
            0 < policy.sql_probability < policy.mql_probability,
        ),
    ):
        if wrong:
            msg = (
                f"policy.{sql} and policy.{mql} contradict each other, got "
                f"{getattr(policy, sql)} and {getattr(policy, mql)}: sales would get leads that "
                "marketing does not."
            )
            raise ConfigError(msg)
    for name in ("fit_odds", "engagement_odds"):
        odds = getattr(policy, name)
        if len(odds) != 3 or not 0 < odds[0] < odds[1] < odds[2]:
            msg = f"policy.{name} must be three rising numbers above 0, got {odds}."
            raise ConfigError(msg)


def _check_event(name: str, events: Mapping[str, EventType], setting: str) -> None:
    if "*" not in name and name not in events:
        msg = f"{setting} must name declared events, got '{name}'.{nearest(name, events)}"
        raise ConfigError(msg)
