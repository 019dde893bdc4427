"""What would a company's CRM hold, if we also knew how likely each lead truly was to convert?

`simulate` lets the process run and writes down what a CRM would; `truth` is computed from the
process itself (see `leadml.simulate.process`), never counted from what came out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from leadml.errors import DataError, listed
from leadml.simulate.behaviour import build_events
from leadml.simulate.calendar import DAY_S, OFFICE_DAY_S, Bools, Calendar, build_calendar
from leadml.simulate.company import People, build_people, build_traits
from leadml.simulate.process import Day, Standing, Traits, walk, win_probability
from leadml.simulate.records import (
    build_attributes,
    build_knowledge,
    build_leads,
    build_moves,
    build_outcomes,
    build_spend,
)
from leadml.simulate.settings import CONFIG_NAME, MAX_AGE_DAYS, config_text

DEFAULT_END = pd.Timestamp("2026-07-01", tz="UTC")
LEAST_LEADS = 100
LEAST_MONTHS, MOST_MONTHS = 6, 120


@dataclass(frozen=True, slots=True)
class Simulation:
    """The tables of a simulated company; all times UTC, all before ``end``.

    Attributes:
        leads: lead_id, created_at, account_id, source, consent, country, industry, employees,
            revenue_eur, job_title, email, newsletter, last_call_outcome; as at the export.
        events: lead_id, occurred_at, event_type, value, recorded_at; in no order.
        outcomes: lead_id, outcome, closed_at, amount (EUR, of closed_won only).
        attributes: lead_id, valid_from, industry, employees, revenue_eur, job_title; every row
            holds all of them as they then were (empty: not known then), the first as at creation.
        spend: source, month (a date, the first of the month), cost (EUR).
        truth: lead_id, as_of, probability of closed_won in ``[as_of, as_of + HORIZON_DAYS)``,
            given all that is hidden: at creation, at each first of a month while the lead is
            open and no older than MAX_AGE_DAYS, and at ``end`` for all open leads.
        end: the moment of the export.
    """

    leads: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame
    attributes: pd.DataFrame
    spend: pd.DataFrame
    truth: pd.DataFrame
    end: pd.Timestamp


TABLES = tuple(field.name for field in fields(Simulation) if field.name != "end")


def simulate(*, leads: int, months: int, seed: int, end: pd.Timestamp = DEFAULT_END) -> Simulation:
    """A company with ``leads`` leads, created in the ``months`` before ``end``.

    The same arguments give the same tables. ``end`` is a midnight, UTC.

    Raises:
        DataError: too few leads or months, too many months, or ``end`` is no midnight UTC.
    """
    check_size(leads=leads, months=months, end=end)
    streams = [np.random.default_rng(seq) for seq in np.random.SeedSequence(seed).spawn(4)]
    for_company, for_process, for_events, for_records = streams
    calendar = build_calendar(months=months, end=end, rng=for_company)
    people = build_people(leads, calendar=calendar, rng=for_company)
    traits = build_traits(people, for_company)
    days = tuple(
        walk(
            traits,
            arrival_day=people.arrival_day,
            arrival_level=people.level,
            calendar=calendar,
            rng=for_process,
        )
    )
    past = days[:-1]
    moves = build_moves(past, people, for_records)
    knowledge = build_knowledge(moves, people, calendar, for_records)
    lead_ids = pd.Series([f"L{number:06d}" for number in range(1, leads + 1)], dtype="str")
    return Simulation(
        leads=_named(build_leads(knowledge, moves, people, calendar, for_records), lead_ids),
        events=_named(build_events(past, moves, people, calendar, for_events), lead_ids),
        outcomes=_named(build_outcomes(moves, people, calendar, for_records), lead_ids),
        attributes=_named(build_attributes(knowledge, people, calendar), lead_ids),
        spend=build_spend(people, calendar, for_records),
        truth=_named(build_truth(days, people, traits, calendar), lead_ids),
        end=end,
    )


def check_size(*, leads: int, months: int, end: pd.Timestamp) -> None:
    """Raises `DataError` where a simulation of this size would not be one."""
    if leads < LEAST_LEADS:
        msg = (
            f"A simulation needs at least {LEAST_LEADS} leads, got {leads}. "
            "Ask for more: 5000 give a first model, 50000 a good one."
        )
        raise DataError(msg)
    if not LEAST_MONTHS <= months <= MOST_MONTHS:
        msg = (
            f"A simulation covers {LEAST_MONTHS} to {MOST_MONTHS} months, got {months}. "
            "Ask for 24: labels take a horizon to mature."
        )
        raise DataError(msg)
    if end.tzinfo is None or end.utcoffset() != pd.Timedelta(0) or end != end.normalize():
        msg = f"The end of a simulation must be a midnight in UTC, got '{end}'. Give a plain date."
        raise DataError(msg)


def build_truth(
    days: Sequence[Day], people: People, traits: Traits, calendar: Calendar
) -> pd.DataFrame:
    """The truth table without lead names: lead, as_of, probability; by lead, then time.

    ``days`` includes the one that begins at the end of the data.
    """
    at_creation = _standing_at_creation(people)
    at_midnight = _standing_at_midnights(days, people, calendar)
    frames = []
    for standing in (at_creation, at_midnight):
        midnight_ms = standing.day * DAY_S * 1_000
        at_ms = np.where(standing.arriving, people.arrived_ms[standing.lead], midnight_ms)
        columns = {
            "lead": standing.lead,
            "as_of": calendar.moments(at_ms),
            "probability": win_probability(traits, standing, calendar),
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames).sort_values(["lead", "as_of"], kind="stable", ignore_index=True)


def _standing_at_creation(people: People) -> Standing:
    """Every lead on arrival; the last day of its window is cut at the same time of day."""
    time_s = np.ceil(people.arrived_ms / 1_000) - people.arrival_day * DAY_S
    return Standing(
        lead=np.arange(len(people.level)),
        day=people.arrival_day,
        level=people.level,
        stage=np.zeros_like(people.level),
        arriving=np.ones(len(people.level), dtype=np.bool_),
        closing_share=np.clip((time_s - people.opens_s) / OFFICE_DAY_S, 0, 1),
    )


def _standing_at_midnights(days: Sequence[Day], people: People, calendar: Calendar) -> Standing:
    """The open leads at each first of a month, if young enough, and all of them at the end."""
    seen = [days[number] for number in (*calendar.month_starts, calendar.days)]
    kept = [_young(day, people) | (day.number == calendar.days) for day in seen]

    lead = np.concatenate([day.leads[who] for day, who in zip(seen, kept, strict=True)])
    return Standing(
        lead=lead,
        day=np.repeat([day.number for day in seen], [int(who.sum()) for who in kept]),
        level=np.concatenate([day.level[who] for day, who in zip(seen, kept, strict=True)]),
        stage=np.concatenate([day.stage[who] for day, who in zip(seen, kept, strict=True)]),
        arriving=np.zeros(len(lead), dtype=np.bool_),
        closing_share=np.zeros(len(lead)),
    )


def _young(day: Day, people: People) -> Bools:
    """Which open leads are no older than MAX_AGE_DAYS at the midnight when the day begins."""
    age_ms = day.number * DAY_S * 1_000 - people.arrived_ms[day.leads]
    young: Bools = age_ms <= MAX_AGE_DAYS * DAY_S * 1_000
    return young


def _named(table: pd.DataFrame, lead_ids: "pd.Series[str]") -> pd.DataFrame:
    """The table with lead_id as its first column, instead of the position of the lead."""
    names = lead_ids.take(table["lead"].to_numpy()).reset_index(drop=True)
    return pd.concat([names.rename("lead_id"), table.drop(columns="lead")], axis=1)


def write_simulation(simulation: Simulation, folder: Path) -> None:
    """Writes each table as Parquet, and `leadml.toml`, into a folder made for it.

    An earlier simulation in the folder is replaced.

    Raises:
        DataError: the folder is a file, or holds anything but an earlier simulation.
    """
    names = {table: f"{table}.parquet" for table in TABLES}
    check_folder(folder, {*names.values(), CONFIG_NAME})
    folder.mkdir(parents=True, exist_ok=True)
    for table, name in names.items():
        getattr(simulation, table).to_parquet(folder / name, index=False)
    (folder / CONFIG_NAME).write_text(config_text(simulation.end), encoding="utf-8")


def check_folder(folder: Path, expected: set[str]) -> None:
    """Raises `DataError` where writing the ``expected`` files would mix with other work."""
    if folder.exists() and not folder.is_dir():
        msg = f"A simulation is written into a folder, got the file '{folder}'. Name another."
        raise DataError(msg)
    others = {path.name for path in folder.iterdir()} - expected if folder.exists() else set()
    if others:
        msg = (
            f"A simulation is written into a folder of its own, '{folder}' also holds "
            f"{listed(others)}. Name an empty folder, or move these away."
        )
        raise DataError(msg)
