"""What does the CRM hold of it all: leads, their history, outcomes and what was spent?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from leadml.simulate.calendar import DAY_S, OFFICE_DAY_S, Bools, Calendar, Ints
from leadml.simulate.company import People
from leadml.simulate.contact import EMAIL_KINDS, Texts, build_job_titles
from leadml.simulate.market import COUNTRIES, INDUSTRIES, SOURCES
from leadml.simulate.process import LOST, OPEN, STAGES, WON, Day

_KNOWN_ON_ARRIVAL = {"industry": 0.85, "employees": 0.74, "revenue_eur": 0.40}
_ROUNDED_EMPLOYEES = np.array([1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000])
"""What people pick when a form asks for the number of employees."""
_ENRICHED_BY_SALES, _ENRICHED_ANYWAY = 0.8, 0.10
_ENRICHED_AFTER_DAYS = 40.0
_NEW_TITLE_SHARE = 0.02
_NEW_TITLE_AFTER_DAYS = 200.0
_NO_ACCOUNT_SHARES = {"company": 0.05, "free": 0.25, "education": 0.50, "disposable": 0.40}
_NEWSLETTER_SHARE = 0.45

_CALLS_WON = ("verbal yes", "contract agreed", "sent contract")
_CALLS_LOST = ("not interested", "no budget", "went with a competitor", "wrong contact")
_CALLS_OPEN = ("voicemail", "call back later")
_CALL_NOTED = {OPEN: 0.04, WON: 0.94, LOST: 0.88}
"""Sales write the outcome of the last call down when a lead is closed, seldom before."""
_CALL_ERROR = 0.01

_AMOUNT_PER_ROOT_EMPLOYEE_EUR = 900.0
_AMOUNT_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Moves:
    """Stages reached and closings, in order of time; every array of shape (moves,).

    Attributes:
        lead: position of the lead.
        outcome: mql, sql, sales_accepted, sales_rejected, opportunity, closed_won, closed_lost.
        at_ms: milliseconds since the start of day 0; inside the lead's office day.
    """

    lead: Ints
    outcome: Texts
    at_ms: Ints


def build_moves(days: Sequence[Day], people: People, rng: np.random.Generator) -> Moves:
    """All moves through the stages; the same stage can be reached again after a rejection."""
    leads, outcomes, numbers = [], [], []
    for day in days:
        closes = day.closing != OPEN
        moves = ~closes & (day.next_stage != day.stage)
        rejected = day.next_stage[moves] < day.stage[moves]
        reached = np.array(STAGES, dtype=object)[day.next_stage[moves]]
        closed = np.where(day.closing[closes] == WON, "closed_won", "closed_lost")
        leads += [day.leads[closes], day.leads[moves]]
        outcomes += [closed.astype(object), np.where(rejected, "sales_rejected", reached)]
        numbers.append(np.full(int(closes.sum() + moves.sum()), day.number))
    lead = np.concatenate(leads)
    seconds = people.opens_s[lead] + rng.integers(0, OFFICE_DAY_S, len(lead))
    at_ms = (np.concatenate(numbers) * DAY_S + seconds) * 1_000
    return Moves(lead, np.concatenate(outcomes), at_ms)


def build_outcomes(
    moves: Moves, people: People, calendar: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """The outcomes table without lead names: lead, outcome, closed_at, amount (EUR, if won).

    As in a CRM, a stage has one date: the first time it was reached.
    """
    size = np.sqrt(people.employees[moves.lead]) * _AMOUNT_PER_ROOT_EMPLOYEE_EUR
    amount = np.round(size * rng.lognormal(0, _AMOUNT_SPREAD, len(size)), -1)
    outcomes = pd.DataFrame(
        {
            "lead": moves.lead,
            "outcome": moves.outcome,
            "closed_at": calendar.moments(moves.at_ms),
            "amount": np.where(moves.outcome == "closed_won", amount, np.nan),
        }
    )
    return outcomes.drop_duplicates(["lead", "outcome"]).reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the CRM says of each lead's company and title, and since when; shape (leads,).

    Attributes:
        first, enriched: the attributes as typed into the form, and as bought from a register.
        title, new_title: as typed, and after a change of job.
        enriched_ms, new_title_ms: since when the second of each holds; past the end if never.
    """

    first: pd.DataFrame
    enriched: pd.DataFrame
    title: Texts
    new_title: Texts
    enriched_ms: Ints
    new_title_ms: Ints

    def as_at(self, lead: Ints, at_ms: Ints) -> pd.DataFrame:
        """Industry, employees, revenue_eur and job_title of each lead, as held at each time."""
        enriched = at_ms >= self.enriched_ms[lead]
        columns = {
            name: np.where(enriched, self.enriched[name].to_numpy()[lead], values.to_numpy()[lead])
            for name, values in self.first.items()
        }
        renamed = at_ms >= self.new_title_ms[lead]
        titles = np.where(renamed, self.new_title[lead], self.title[lead])
        return pd.DataFrame({**columns, "job_title": titles})


def build_knowledge(
    moves: Moves, people: People, calendar: Calendar, rng: np.random.Generator
) -> Knowledge:
    """What was known on arrival, what came later: by sales, by chance, by a change of job."""
    count, end_ms = len(people.account), calendar.days * DAY_S * 1_000
    industry = np.array([row.name for row in INDUSTRIES], dtype=object)[people.industry]
    known = {name: rng.random(count) < share for name, share in _KNOWN_ON_ARRIVAL.items()}
    rounded = _ROUNDED_EMPLOYEES[
        np.searchsorted(_ROUNDED_EMPLOYEES, people.employees, side="right") - 1
    ]
    first = {
        "industry": _unless(~known["industry"], industry),
        "employees": np.where(known["employees"], rounded, np.nan),
        "revenue_eur": np.where(known["revenue_eur"], people.revenue_eur, np.nan),
    }
    enriched = {
        "industry": industry,
        "employees": people.employees,
        "revenue_eur": people.revenue_eur,
    }
    changes = rng.random(count) < _NEW_TITLE_SHARE
    wait_ms = rng.exponential(_NEW_TITLE_AFTER_DAYS * DAY_S * 1_000, count).astype(np.int64)
    return Knowledge(
        first=pd.DataFrame(first),
        enriched=pd.DataFrame(enriched),
        title=build_job_titles(people.title, rng),
        new_title=build_job_titles(rng.choice(people.title[people.buys], count), rng),
        enriched_ms=_enrichments_ms(moves, people, end_ms, rng),
        new_title_ms=np.where(changes, people.arrived_ms + wait_ms, end_ms),
    )


def _enrichments_ms(moves: Moves, people: People, end_ms: int, rng: np.random.Generator) -> Ints:
    """When each lead's company was looked up: by sales on accepting it, or by chance."""
    count = len(people.account)
    wait_ms = rng.exponential(_ENRICHED_AFTER_DAYS * DAY_S * 1_000, count).astype(np.int64)
    anyway = rng.random(count) < _ENRICHED_ANYWAY
    enriched_ms: Ints = np.where(anyway, people.arrived_ms + wait_ms, end_ms)
    accepted = np.flatnonzero(moves.outcome == "sales_accepted")
    accepted = accepted[rng.random(len(accepted)) < _ENRICHED_BY_SALES]
    after_ms = rng.integers(60_000, DAY_S * 1_000, len(accepted))
    np.minimum.at(enriched_ms, moves.lead[accepted], moves.at_ms[accepted] + after_ms)
    return enriched_ms


def build_attributes(knowledge: Knowledge, people: People, calendar: Calendar) -> pd.DataFrame:
    """The attributes table without lead names: lead, valid_from and the columns of `Knowledge`.

    Only of leads of which something changed. Each row holds all columns as they then were, empty
    where not known then; the first row holds them as at creation.
    """
    end_ms = calendar.days * DAY_S * 1_000
    later = [knowledge.enriched_ms, knowledge.new_title_ms]
    changed = [np.flatnonzero(at_ms < end_ms) for at_ms in later]
    begun = np.union1d(*changed)
    lead = np.concatenate([begun, *changed])
    times = [at_ms[who] for at_ms, who in zip(later, changed, strict=True)]
    at_ms = np.concatenate([people.arrived_ms[begun], *times])
    order = np.lexsort((at_ms, lead))
    lead, at_ms = lead[order], at_ms[order]
    values = knowledge.as_at(lead, at_ms)
    dates = pd.DataFrame({"lead": lead, "valid_from": calendar.moments(at_ms)})
    return pd.concat([dates, values], axis=1)


def build_leads(
    knowledge: Knowledge, moves: Moves, people: People, calendar: Calendar, rng: np.random.Generator
) -> pd.DataFrame:
    """The leads table without lead names, as exported at the end: attributes as they are now."""
    count = len(people.account)
    everyone = np.arange(count)
    now = knowledge.as_at(everyone, np.full(count, calendar.days * DAY_S * 1_000 - 1))
    shares = np.array([_NO_ACCOUNT_SHARES[kind] for kind in EMAIL_KINDS])[people.email_kind]
    names = np.array([f"A{number:06d}" for number in range(int(people.account.max()) + 1)])
    return pd.DataFrame(
        {
            "lead": everyone,
            "created_at": calendar.moments(people.arrived_ms),
            "account_id": _unless(rng.random(count) < shares, names.astype(object)[people.account]),
            "source": np.array([row.name for row in SOURCES], dtype=object)[people.source],
            "consent": people.consent,
            "country": np.array([row.code for row in COUNTRIES], dtype=object)[people.country],
            **now,
            "email": people.email,
            "newsletter": people.consent & (rng.random(count) < _NEWSLETTER_SHARE),
            "last_call_outcome": _last_calls(moves, count, rng),
        }
    )


def build_spend(people: People, calendar: Calendar, rng: np.random.Generator) -> pd.DataFrame:
    """The spend table: source, month (its first day), cost in EUR."""
    months = pd.Series(calendar.moments(people.arrived_ms).strftime("%Y-%m-01"))
    leads_per_month = months.value_counts().sort_index()
    rows = [
        {
            "source": source.name,
            "month": date.fromisoformat(str(month)),
            "cost": round(leads * source.weight * source.cost_eur * rng.lognormal(0, 0.15), 2),
        }
        for month, leads in leads_per_month.items()
        for source in SOURCES
    ]
    return pd.DataFrame(rows)


def _last_calls(moves: Moves, count: int, rng: np.random.Generator) -> Texts:
    """What sales wrote down of the last call, mostly once it was all over."""
    status = np.full(count, OPEN)
    status[moves.lead[moves.outcome == "closed_won"]] = WON
    status[moves.lead[moves.outcome == "closed_lost"]] = LOST
    noted = rng.random(count) < np.array([_CALL_NOTED[code] for code in (OPEN, WON, LOST)])[status]
    mistaken = rng.random(count) < _CALL_ERROR
    words = {OPEN: _CALLS_OPEN, WON: _CALLS_WON, LOST: _CALLS_LOST}
    said = np.where(mistaken & (status != OPEN), WON + LOST - status, status)
    which = rng.random(count)
    calls = [words[code][int(at * len(words[code]))] for code, at in zip(said, which, strict=True)]
    return _unless(~noted, np.array(calls, dtype=object))


def _unless(missing: Bools, texts: Texts) -> Texts:
    """The texts, None where missing."""
    return np.where(missing, np.array([None], dtype=object), texts)
