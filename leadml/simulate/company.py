"""Who are the leads, and which of that can the company see?

Leads belong to accounts; colleagues share country, industry, size and demand, and arrive close
together. What makes a lead buy is condensed into `Traits`: ``fit`` (partly seen in attributes,
partly never), the account's ``demand`` and the ways of its source. Some are no buyers at all.
"""

from dataclasses import dataclass, fields

import numpy as np

from leadml.simulate.calendar import DAY_S, Bools, Calendar, Floats, Ints
from leadml.simulate.contact import (
    COMPETITOR_TITLES,
    EMAIL_KINDS,
    ROLES,
    STUDENT_TITLES,
    Texts,
    build_domains,
    build_emails,
)
from leadml.simulate.market import COUNTRIES, INDUSTRIES, PERSONAS, SOURCES
from leadml.simulate.process import Traits

_BUYER, _STUDENT, _COMPETITOR = range(len(PERSONAS))

_DAY_WEIGHTS = np.array([1.1, 1.2, 1.2, 1.1, 0.9, 0.3, 0.3])
"""How many leads arrive on a Monday, …, a Sunday."""
_GROWTH_PER_YEAR = 0.08
_LEADS_PER_ACCOUNT = 1.6
_ACCOUNT_SPREAD = 0.9
"""The standard deviation of the log of an account's share of leads."""
_COLLEAGUE_WEEKS = 6.0
"""How long after the first a colleague arrives, on average."""
_OFFICE_OPENS_H = 9.0
_BEST_EMPLOYEES, _FIT_AT_BEST_SIZE, _FIT_LOST_PER_TENFOLD = 300.0, 0.4, 0.6
_EMPLOYEES_SPREAD = 1.4
_REVENUE_PER_EMPLOYEE_EUR = 160_000.0
_FIT_SPREAD = 0.5
"""The standard deviation of the fit that no attribute shows."""
_FREE_EMAIL_FIT = -0.45
_DEMAND_SPREAD = 0.45
_CONSENT_SHARE = 0.93
_ACTIVITY_SHAPE = 1.3
"""Of the gamma distribution of how much people do at the same interest."""

_DAY_PARTS = np.array([0.42, 0.40, 0.18])
_DAY_PART_MIDDLE_H = np.array([10.5, 15.0, 19.0])
_DAY_PART_WIDTH_H = np.array([1.5, 1.8, 3.0])
"""When in their day people do things: a morning peak, an afternoon peak, a wide evening."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How a trait follows from fit; bounded, so that no chance of the process exceeds 1."""

    per_fit: float
    least: float
    most: float

    def factor(self, fit: Floats, other: Floats) -> Floats:
        """``exp(per_fit * fit + other)``, within the bounds."""
        return np.clip(np.exp(self.per_fit * fit + other), self.least, self.most)


INTEREST = Effect(0.25, least=0.2, most=4.0)
PACE = Effect(0.35, least=0.15, most=1.8)
WIN = Effect(0.50, least=0.0, most=3.0)
LOSE = Effect(-0.25, least=0.5, most=2.5)


@dataclass(frozen=True, slots=True)
class People:
    """The leads in order of creation, with all that is hidden; every array of shape (leads,).

    Attributes:
        account: number of the company.
        country, industry, source, persona, role, email_kind: positions in the tables above.
        employees, revenue_eur: of the company, as they are.
        arrived_ms: creation, in milliseconds since the start of day 0.
        level: interest on arrival.
        opens_s: when the office day of the lead begins, in seconds after midnight UTC.
        activity: how much it does; a factor about 1 that has no bearing on buying.
        consent: whether it may be written to.
        title, email: texts before anybody mistyped them.
    """

    account: Ints
    country: Ints
    industry: Ints
    source: Ints
    persona: Ints
    role: Ints
    email_kind: Ints
    employees: Floats
    revenue_eur: Floats
    arrived_ms: Ints
    level: Ints
    opens_s: Ints
    activity: Floats
    consent: Bools
    title: Texts
    email: Texts

    @property
    def arrival_day(self) -> Ints:
        """The number of the day of creation."""
        return self.arrived_ms // (DAY_S * 1_000)

    @property
    def buys(self) -> Bools:
        """Whether the lead is a buyer, and neither student nor competitor."""
        buys: Bools = self.persona == _BUYER
        return buys

    def sorted_by_arrival(self) -> "People":
        """The same people, first come first."""
        order = np.argsort(self.arrived_ms, kind="stable")
        return People(**{field.name: getattr(self, field.name)[order] for field in fields(self)})


def build_people(count: int, *, calendar: Calendar, rng: np.random.Generator) -> People:
    """Draws ``count`` leads of a company, sorted by creation."""
    accounts = max(1, round(count / _LEADS_PER_ACCOUNT))
    shares = rng.lognormal(0, _ACCOUNT_SPREAD, accounts)
    account = rng.choice(accounts, count, p=shares / shares.sum())
    country = _choose(rng, np.array([row.weight for row in COUNTRIES]), accounts)[account]
    industry_of = _choose(rng, np.array([row.weight for row in INDUSTRIES]), accounts)
    employees, revenue_eur = _sizes(industry_of, rng)
    persona = _choose(rng, np.array([row.share for row in PERSONAS]), count)
    source = _choose(rng, np.array([row.weight for row in SOURCES]), count)
    role = _choose(rng, np.array([row.weight for row in ROLES]), count)
    email_kind = _choose_by(rng, np.array([row.emails for row in PERSONAS])[persona])
    hours_ahead = np.array([row.hours_ahead for row in COUNTRIES])[country]
    activity = rng.gamma(_ACTIVITY_SHAPE, 1 / _ACTIVITY_SHAPE, count)
    return People(
        account=account,
        country=country,
        industry=industry_of[account],
        source=source,
        persona=persona,
        role=role,
        email_kind=email_kind,
        employees=employees[account],
        revenue_eur=revenue_eur[account],
        arrived_ms=_arrivals(account, hours_ahead, calendar, rng),
        level=1 + _choose_by(rng, np.array([row.levels for row in SOURCES])[source]),
        opens_s=((_OFFICE_OPENS_H - hours_ahead) * 3_600).astype(np.int64),
        activity=activity * np.array([row.activity for row in PERSONAS])[persona],
        consent=rng.random(count) < _CONSENT_SHARE,
        title=_titles(role, persona, rng),
        email=build_emails(email_kind, build_domains(accounts, rng)[account], rng),
    ).sorted_by_arrival()


def build_traits(people: People, rng: np.random.Generator) -> Traits:
    """What the process needs to know of each lead; clipped so that chances stay below 1."""
    fit = (
        np.array([row.fit for row in COUNTRIES])[people.country]
        + np.array([row.fit for row in INDUSTRIES])[people.industry]
        + np.array([row.fit for row in ROLES])[people.role]
        + _FIT_AT_BEST_SIZE
        - _FIT_LOST_PER_TENFOLD * np.abs(np.log10(people.employees / _BEST_EMPLOYEES))
        + _FREE_EMAIL_FIT * (people.email_kind != EMAIL_KINDS.index("company"))
        + rng.normal(0, _FIT_SPREAD, len(people.account))
    )
    demand = rng.normal(0, _DEMAND_SPREAD, int(people.account.max()) + 1)[people.account]
    eagerness = np.log(np.array([row.interest for row in SOURCES]))[people.source]
    ease = np.log(np.array([row.pace for row in PERSONAS]))[people.persona]
    buying = np.log(np.array([row.win for row in PERSONAS]))[people.persona]
    return Traits(
        interest=INTEREST.factor(fit, demand + eagerness),
        pace=PACE.factor(fit, ease),
        win=WIN.factor(fit, buying),
        lose=LOSE.factor(fit, 0 * fit),
    )


def local_seconds(hours_ahead: Floats, rng: np.random.Generator) -> Floats:
    """When in the UTC day people do things, by their own clock.

    What would fall beyond the day is wrapped around, so that every time stays in its day.
    """
    part = _choose(rng, _DAY_PARTS, len(hours_ahead))
    local_hours = rng.normal(_DAY_PART_MIDDLE_H[part], _DAY_PART_WIDTH_H[part])
    seconds: Floats = ((local_hours - hours_ahead) * 3_600) % DAY_S
    return seconds


def _choose(rng: np.random.Generator, weights: Floats, count: int) -> Ints:
    """Positions drawn with probability proportional to ``weights``."""
    return rng.choice(len(weights), count, p=weights / weights.sum())


def _choose_by(rng: np.random.Generator, weights: Floats) -> Ints:
    """One position for each row of ``weights``, shape (rows, choices)."""
    cumulated = np.cumsum(weights, axis=1)
    point = rng.random((len(weights), 1)) * cumulated[:, -1:]
    positions: Ints = (point >= cumulated).sum(axis=1)
    return positions


def _sizes(industry: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Employees and yearly revenue in EUR of each account."""
    median = np.array([row.median_employees for row in INDUSTRIES])[industry]
    employees = np.maximum(1, np.rint(rng.lognormal(np.log(median), _EMPLOYEES_SPREAD)))
    per_head = rng.lognormal(np.log(_REVENUE_PER_EMPLOYEE_EUR), 0.5, len(industry))
    return employees, np.round(employees * per_head, -3)


def _arrivals(
    account: Ints, hours_ahead: Floats, calendar: Calendar, rng: np.random.Generator
) -> Ints:
    """Creation in milliseconds since the start of day 0; colleagues follow one another."""
    days = np.arange(calendar.days)
    weekday = (calendar.start.day_of_week + days) % 7
    growth = (1 + _GROWTH_PER_YEAR) ** (days / 365)
    weights = _DAY_WEIGHTS[weekday] * calendar.season[: calendar.days] * growth
    first = _choose(rng, weights, int(account.max()) + 1)[account]
    weeks = rng.exponential(_COLLEAGUE_WEEKS, len(account)).astype(np.int64)
    day = (first + 7 * weeks) % calendar.days
    seconds = day * DAY_S + local_seconds(hours_ahead, rng)
    milliseconds: Ints = (seconds * 1_000).astype(np.int64)
    return milliseconds


def _titles(role: Ints, persona: Ints, rng: np.random.Generator) -> Texts:
    """A title for each lead, as it would be spelt in a dictionary."""
    others = {_STUDENT: STUDENT_TITLES, _COMPETITOR: COMPETITOR_TITLES}
    which = rng.random(len(role))
    choices = (
        others.get(who, ROLES[standing].titles) for who, standing in zip(persona, role, strict=True)
    )
    titles = [titles[int(at * len(titles))] for titles, at in zip(choices, which, strict=True)]
    return np.array(titles, dtype=object)
