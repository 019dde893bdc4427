"""What does every word of the vocabulary mean? Slow loops over tuples, for the tests to compare.

One short function a word, found by its name in `MEANING`. Times are nanoseconds since 1970.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from features.countries import country_name, region_name
from features.domains import domain_kind
from features.feature import Feature
from features.titles import job_function, seniority

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND


class Lead(NamedTuple):
    name: str
    created: int
    account: str | None = None
    record: dict[str, Any] = {}  # noqa: RUF012


class Event(NamedTuple):
    lead: str
    kind: str
    occurred: int
    recorded: int | None = None
    value: float = math.nan

    @property
    def known(self) -> int:
        """An event counts from when it was known."""
        return self.occurred if self.recorded is None else max(self.occurred, self.recorded)


class Change(NamedTuple):
    lead: str
    valid_from: int
    told: dict[str, Any]  # None says "unchanged"


class World(NamedTuple):
    leads: list[Lead]
    events: list[Event] = []  # noqa: RUF012
    changes: list[Change] = []  # noqa: RUF012


class Seen(NamedTuple):
    known: int
    kind: str
    value: float


@dataclass(frozen=True, eq=False)
class Ask:
    """One lead, at one moment."""

    world: World
    lead: Lead
    as_of: int


# --- the past -------------------------------------------------------------------------------------


def known_at_account(ask: Ask, colleague: Lead, event: Event) -> int:
    """An account sees an event from when both the event and whoever did it were known."""
    return max(event.known, colleague.created)


def colleagues(ask: Ask) -> list[Lead]:
    """The leads of the lead's account; without an account, the lead itself."""
    if ask.lead.account is None:
        return [ask.lead]
    return [other for other in ask.world.leads if other.account == ask.lead.account]


@lru_cache(maxsize=200)
def past(ask: Ask, scope: str, kinds: tuple[str, ...]) -> list[Seen]:
    """Everything known before as_of, oldest first; at one instant by type, then value."""
    found = []
    for who in colleagues(ask) if scope == "account" else [ask.lead]:
        for event in ask.world.events:
            if event.lead == who.name and event.kind in kinds:
                known = known_at_account(ask, who, event) if scope == "account" else event.known
                if known < ask.as_of:
                    found.append(Seen(known, event.kind, event.value))
    return sorted(found, key=lambda e: (e.known, e.kind))


def ever(f: Feature, ask: Ask) -> list[Seen]:
    return past(ask, f.noun.scope, f.noun.keys)


def since(events: list[Seen], ask: Ask, days: int | None) -> list[Seen]:
    return events if days is None else [e for e in events if e.known >= ask.as_of - days * DAY]


def window(f: Feature, ask: Ask) -> list[Seen]:
    """Known in [as_of - window, as_of)."""
    return since(ever(f, ask), ask, f.window.days)


def values(events: list[Seen]) -> list[float]:
    return [e.value for e in events if not math.isnan(e.value)]


def part(some: int, whole: int) -> float:
    return some / whole if whole else math.nan


def days_between(earlier: int, later: int) -> float:
    return (later - earlier) / DAY


def on_the_wall(known: int, zone: str) -> datetime:
    return datetime.fromtimestamp(known // SECOND, ZoneInfo(zone))


# --- words of events ------------------------------------------------------------------------------


def count(f: Feature, ask: Ask) -> float:
    return len(window(f, ask))


def total(f: Feature, ask: Ask) -> float:
    return math.fsum(values(window(f, ask)))


def mean(f: Feature, ask: Ask) -> float:
    found = values(window(f, ask))
    return math.fsum(found) / len(found) if found else math.nan


def maximum(f: Feature, ask: Ask) -> float:
    return max(values(window(f, ask)), default=math.nan)


def active_days(f: Feature, ask: Ask) -> float:
    return len({e.known // DAY for e in window(f, ask)})


def sessions(f: Feature, ask: Ask) -> float:
    found = window(f, ask)
    pauses = [later.known - earlier.known for earlier, later in itertools.pairwise(found)]
    return bool(found) + sum(pause > f.gap_minutes * MINUTE for pause in pauses)


def share(f: Feature, ask: Ask) -> float:
    among = since(past(ask, f.noun.scope, f.among), ask, f.window.days)
    return part(len(window(f, ask)), len(among))


def trend(f: Feature, ask: Ask) -> float:
    assert f.window.days
    now = window(f, ask)
    both = since(ever(f, ask), ask, 2 * f.window.days)
    return len(now) - (len(both) - len(now))


def off_hours_share(f: Feature, ask: Ask) -> float:
    found = [on_the_wall(e.known, f.zone) for e in window(f, ask)]
    return part(sum(not (t.weekday() < 5 and 8 <= t.hour < 18) for t in found), len(found))


def weekend_share(f: Feature, ask: Ask) -> float:
    found = [on_the_wall(e.known, f.zone) for e in window(f, ask)]
    return part(sum(t.weekday() >= 5 for t in found), len(found))


def days_since_last(f: Feature, ask: Ask) -> float:
    found = ever(f, ask)
    return days_between(found[-1].known, ask.as_of) if found else math.nan


def days_since_first(f: Feature, ask: Ask) -> float:
    found = ever(f, ask)
    return days_between(found[0].known, ask.as_of) if found else math.nan


def half_lives(f: Feature, ask: Ask, event: Seen) -> float:
    return days_between(event.known, ask.as_of) / f.half_life_days


def decayed_count(f: Feature, ask: Ask) -> float:
    return math.fsum(0.5 ** half_lives(f, ask, e) for e in ever(f, ask))


def decayed_total(f: Feature, ask: Ask) -> float:
    valued = [e for e in ever(f, ask) if not math.isnan(e.value)]
    return math.fsum(e.value * 0.5 ** half_lives(f, ask, e) for e in valued)


def last_event(f: Feature, ask: Ask) -> float:
    found = ever(f, ask)
    return f.levels.index(found[-1].kind) if found else math.nan


def event_before(f: Feature, ask: Ask) -> float:
    found = ever(f, ask)
    return f.levels.index(found[-2].kind) if len(found) > 1 else math.nan


def order_of_first(f: Feature, ask: Ask) -> float:
    found = ever(f, ask)
    among = past(ask, f.noun.scope, f.among)
    return 1 + sum(e.known < found[0].known for e in among) if found else math.nan


def tenure(f: Feature, ask: Ask) -> float:
    came = [who.created for who in colleagues(ask)] if f.noun.scope == "account" else []
    return days_between(min([ask.lead.created, *came]), ask.as_of)


# --- words of attributes --------------------------------------------------------------------------


def as_known(ask: Ask, column: str) -> Any:
    """The newest value told by as_of; what the record says counts if nothing is ever told."""
    told = [c for c in ask.world.changes if c.lead == ask.lead.name]
    told = [c for c in told if c.told.get(column) is not None]
    if not told:
        return ask.lead.record.get(column)
    by_now = [c for c in told if c.valid_from <= ask.as_of]
    return max(by_now, key=lambda c: c.valid_from).told[column] if by_now else None


def attribute(f: Feature, ask: Ask) -> Any:
    return as_known(ask, f.noun.keys[0])


def place(level: str | None, levels: tuple[str, ...], *, other: float) -> float:
    if level is None:
        return math.nan
    return levels.index(level) if level in levels else other


def derived(f: Feature, ask: Ask, derive: Callable[[str], str | None]) -> str | None:
    text = attribute(f, ask)
    return None if text is None else derive(text)


def number(f: Feature, ask: Ask) -> float:
    value = attribute(f, ask)
    return math.nan if value is None else value


def band(f: Feature, ask: Ask) -> float:
    value = attribute(f, ask)
    return math.nan if value is None else sum(value > edge for edge in f.edges)


def ordered(f: Feature, ask: Ask) -> float:
    return place(attribute(f, ask), f.levels, other=-1)


def category(f: Feature, ask: Ask) -> float:
    return place(attribute(f, ask), f.levels, other=len(f.levels))


def country(f: Feature, ask: Ask) -> float:
    return place(derived(f, ask, country_name), f.levels, other=len(f.levels))


def region(f: Feature, ask: Ask) -> float:
    return place(derived(f, ask, region_name), f.levels, other=len(f.levels))


def kind_of_domain(f: Feature, ask: Ask) -> float:
    return place(derived(f, ask, domain_kind), f.levels, other=len(f.levels))


def standing(f: Feature, ask: Ask) -> float:
    return place(derived(f, ask, seniority), f.levels, other=-1)


def work(f: Feature, ask: Ask) -> float:
    return place(derived(f, ask, job_function), f.levels, other=len(f.levels))


def completeness(f: Feature, ask: Ask) -> float:
    return part(sum(as_known(ask, key) is not None for key in f.noun.keys), len(f.noun.keys))


MEANING: dict[str, Callable[[Feature, Ask], float]] = {
    "count": count,
    "total": total,
    "mean": mean,
    "maximum": maximum,
    "active_days": active_days,
    "sessions": sessions,
    "share": share,
    "trend": trend,
    "off_hours_share": off_hours_share,
    "weekend_share": weekend_share,
    "days_since_last": days_since_last,
    "days_since_first": days_since_first,
    "decayed_count": decayed_count,
    "decayed_total": decayed_total,
    "last_event": last_event,
    "event_before": event_before,
    "order_of_first": order_of_first,
    "tenure": tenure,
    "number": number,
    "band": band,
    "ordered": ordered,
    "category": category,
    "country": country,
    "region": region,
    "domain_kind": kind_of_domain,
    "seniority": standing,
    "job_function": work,
    "completeness": completeness,
}
