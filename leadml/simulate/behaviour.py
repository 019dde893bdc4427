"""What do leads do, how is it written down, and what does a salesperson call it?

What leads do shows their interest and never changes it: events are drawn from the levels and
stages the process went through. So nothing that is in the data moves the true probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.events import EventType
from leadml.simulate.calendar import DAY_S, Calendar, Floats, Ints
from leadml.simulate.company import People, local_seconds
from leadml.simulate.market import COUNTRIES, SOURCES
from leadml.simulate.process import GONE, LEVELS, OPEN, Day
from leadml.simulate.records import Moves


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a lead does something, and what is noted with it.

    Attributes:
        words: what `leadml.toml` says of it.
        per_day: rates when gone, cold, aware, warm, hot.
        needs_consent: whether it answers an email.
        typical_value: median of the noted value; NaN where none is noted.
    """

    words: EventType
    per_day: tuple[float, float, float, float, float]
    needs_consent: bool = False
    typical_value: float = np.nan


HABITS: dict[str, Habit] = {
    "page_view": Habit(  # value: seconds on the page
        EventType("page view", "page views"),
        (0.002, 0.030, 0.065, 0.110, 0.170),
        typical_value=45.0,
    ),
    "pricing_page_view": Habit(  # value: seconds on the page
        EventType("pricing-page view", "pricing-page views"),
        (0.000, 0.004, 0.010, 0.022, 0.045),
        typical_value=70.0,
    ),
    "email_open": Habit(
        EventType("email opened", "emails opened"),
        (0.006, 0.036, 0.048, 0.056, 0.060),
        needs_consent=True,
    ),
    "email_click": Habit(
        EventType("email click", "email clicks"),
        (0.000, 0.005, 0.010, 0.016, 0.020),
        needs_consent=True,
    ),
    "content_download": Habit(  # value: pages
        EventType("content download", "content downloads"),
        (0.000, 0.003, 0.007, 0.011, 0.012),
        typical_value=14.0,
    ),
    "webinar_attended": Habit(  # value: minutes
        EventType("webinar attended", "webinars attended"),
        (0.000, 0.002, 0.004, 0.006, 0.005),
        typical_value=38.0,
    ),
    "trial_session": Habit(  # value: minutes
        EventType("trial session", "trial sessions", "product"),
        (0.000, 0.001, 0.004, 0.012, 0.030),
        typical_value=17.0,
    ),
    "demo_request": Habit(
        EventType("demo request", "demo requests", "intent"),
        (0.000, 0.0002, 0.0006, 0.0015, 0.004),
    ),
    "quote_request": Habit(  # value: EUR asked about
        EventType("quote request", "quote requests", "intent"),
        (0.000, 0.0000, 0.0002, 0.0010, 0.003),
        typical_value=18_000.0,
    ),
    "unsubscribed": Habit(
        EventType("unsubscription", "unsubscriptions", "negative"),
        (0.000, 0.0002, 0.0001, 0.0000, 0.0000),
        needs_consent=True,
    ),
    "email_bounced": Habit(
        EventType("bounced email", "bounced emails", "negative"),
        (0.001, 0.0003, 0.0002, 0.0001, 0.0001),
    ),
    "support_ticket": Habit(
        EventType("support ticket", "support tickets", "service"),
        (0.000, 0.0005, 0.0010, 0.0020, 0.003),
    ),
}
"""All that leads do; the one place that names the event types."""

_NAMES = tuple(HABITS)
_PER_DAY = np.array([habit.per_day for habit in HABITS.values()]).T
_TYPICAL_VALUE = np.array([habit.typical_value for habit in HABITS.values()])
_NEEDS_CONSENT = np.array([habit.needs_consent for habit in HABITS.values()])
_WEEKEND_ACTIVITY = 0.25
_VALUE_SPREAD = 0.7
"""The standard deviation of the log of a noted value."""

_PAGES_ON_ARRIVAL = (0.0, 0.8, 1.2, 1.8, 2.4)
"""Page views in the half hour before creation, by level."""
_FORM_SHARE = 0.75
_DEMO_ON_ARRIVAL = (0.0, 0.010, 0.03, 0.08, 0.20)
"""The chance that a lead arrives asking for a demo, by level."""
_VISIT_S = 1_500.0

_ASKED = {"sql": ("demo_request", 0.40), "opportunity": ("quote_request", 0.40)}
"""The stages that leads ask for, with which event and how often, within the hours before."""
_ASKED_BEFORE_S = (300.0, 9_000.0)

_FAREWELLS = {"unsubscribed": 0.45, "email_bounced": 0.25}
"""How a person who leaves shows it, if at all."""

_LATE_SHARES = (0.84, 0.12, 0.04)
_LATE_MEANS_S = (2.0, 1_200.0, 2.5 * DAY_S)
"""Recorded at once, minutes later (a queue), days later (an import); mean delays."""
_DUPLICATES_PER_EVENT = 0.002


@dataclass(frozen=True, slots=True)
class Deeds:
    """Events before they are written down: who, what (a position in HABITS), when."""

    lead: Ints
    habit: Ints
    at_ms: Ints


def build_events(
    days: Sequence[Day], moves: Moves, people: People, calendar: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """The events table without lead names: lead, occurred_at, event_type, value, recorded_at.

    In no order, with a few exact duplicates. What was recorded at the end or later is left out,
    and so are visits before the first day.
    """
    parts = [
        _arrivals(people, rng),
        _everyday(days, people, calendar, rng),
        _farewells(days, people, rng),
        *(_requests(moves, stage, rng) for stage in _ASKED),
    ]
    lead = np.concatenate([part.lead for part in parts])
    habit = np.concatenate([part.habit for part in parts])
    at_ms = np.concatenate([part.at_ms for part in parts])
    delay_ms = _delays_ms(len(lead), rng)
    known = at_ms + delay_ms < calendar.days * DAY_S * 1_000
    value = _TYPICAL_VALUE[habit] * rng.lognormal(0, _VALUE_SPREAD, len(habit))
    events = pd.DataFrame(
        {
            "lead": lead,
            "occurred_at": calendar.moments(at_ms),
            "event_type": np.array(_NAMES, dtype=object)[habit],
            "value": np.round(value, 1),
            "recorded_at": calendar.moments(at_ms + delay_ms),
        }
    )[known & (at_ms >= 0)]
    again = rng.integers(0, len(events), max(1, round(len(events) * _DUPLICATES_PER_EVENT)))
    rows = np.concatenate([np.arange(len(events)), again])
    return events.iloc[rng.permutation(rows)].reset_index(drop=True)


def _everyday(
    days: Sequence[Day], people: People, calendar: Calendar, rng: np.random.Generator
) -> Deeds:
    """What open leads do on the days that do not close them, at the rates of their level."""
    leads, levels, numbers = [], [], []
    per_day = _PER_DAY.sum(axis=1)
    for day in days:
        stays = day.closing == OPEN
        lead, level = day.leads[stays], day.next_level[stays]
        pace = 1.0 if calendar.working[day.number] else _WEEKEND_ACTIVITY
        count = rng.poisson(per_day[level] * people.activity[lead] * pace)
        leads.append(np.repeat(lead, count))
        levels.append(np.repeat(level, count))
        numbers.append(np.full(int(count.sum()), day.number))
    lead, level = np.concatenate(leads), np.concatenate(levels)
    habit = _choose_habits(level, rng)
    reachable = people.consent[lead] | ~_NEEDS_CONSENT[habit]
    at_ms = _clock_ms(lead, np.concatenate(numbers), people, rng)
    return Deeds(lead[reachable], habit[reachable], at_ms[reachable])


def _choose_habits(level: Ints, rng: np.random.Generator) -> Ints:
    """What is done, drawn with the rates of each level as weights."""
    habit = np.empty(len(level), dtype=np.int64)
    for number in range(len(LEVELS)):
        here = level == number
        weights = _PER_DAY[number] / _PER_DAY[number].sum()
        habit[here] = rng.choice(len(_NAMES), int(here.sum()), p=weights)
    return habit


def _arrivals(people: People, rng: np.random.Generator) -> Deeds:
    """The visit that made somebody a lead: pages, and usually a form, just before creation."""
    everyone = np.arange(len(people.level))
    pages = rng.poisson(np.array(_PAGES_ON_ARRIVAL)[people.level])
    forms = np.array([_NAMES.index(source.form) for source in SOURCES])[people.source]
    asks = rng.random(len(everyone)) < np.array(_DEMO_ON_ARRIVAL)[people.level]
    forms = np.where(asks, _NAMES.index("demo_request"), forms)
    has_form = asks | (rng.random(len(everyone)) < _FORM_SHARE)
    lead = np.concatenate([np.repeat(everyone, pages), everyone[has_form]])
    page = np.full(int(pages.sum()), _NAMES.index("page_view"))
    before_s = np.concatenate(
        [rng.uniform(90, _VISIT_S, len(page)), rng.uniform(5, 60, int(has_form.sum()))]
    )
    at_ms = people.arrived_ms[lead] - (before_s * 1_000).astype(np.int64)
    return Deeds(lead, np.concatenate([page, forms[has_form]]), at_ms)


def _farewells(days: Sequence[Day], people: People, rng: np.random.Generator) -> Deeds:
    """Unsubscriptions and bounces of people on the day they leave for good."""
    left = [(day.closing == OPEN) & (day.level != GONE) & (day.next_level == GONE) for day in days]
    lead = np.concatenate([day.leads[who] for day, who in zip(days, left, strict=True)])
    counts = [int(who.sum()) for who in left]
    number = np.repeat([day.number for day in days], counts)
    point = rng.random(len(lead))
    unsubscribes = (point < _FAREWELLS["unsubscribed"]) & people.consent[lead]
    bounces = point > 1 - _FAREWELLS["email_bounced"]
    habit = np.where(unsubscribes, _NAMES.index("unsubscribed"), _NAMES.index("email_bounced"))
    shows = unsubscribes | bounces
    at_ms = _clock_ms(lead, number, people, rng)
    return Deeds(lead[shows], habit[shows], at_ms[shows])


def _requests(moves: Moves, stage: str, rng: np.random.Generator) -> Deeds:
    """The demo or quote asked for in the hours before a stage was reached."""
    event, share = _ASKED[stage]
    asks = (moves.outcome == stage) & (rng.random(len(moves.lead)) < share)
    before_s = rng.uniform(*_ASKED_BEFORE_S, int(asks.sum()))
    at_ms = moves.at_ms[asks] - (before_s * 1_000).astype(np.int64)
    return Deeds(moves.lead[asks], np.full(len(at_ms), _NAMES.index(event)), at_ms)


def _clock_ms(lead: Ints, day: Ints, people: People, rng: np.random.Generator) -> Ints:
    """A time of that day, by the habits of each lead's own clock."""
    hours_ahead = np.array([country.hours_ahead for country in COUNTRIES])[people.country[lead]]
    milliseconds: Ints = ((day * DAY_S + local_seconds(hours_ahead, rng)) * 1_000).astype(np.int64)
    return milliseconds


def _delays_ms(count: int, rng: np.random.Generator) -> Ints:
    """How long after an event it is recorded."""
    means: Floats = rng.choice(np.array(_LATE_MEANS_S), count, p=_LATE_SHARES)
    delays: Ints = (rng.exponential(means) * 1_000).astype(np.int64)
    return delays
