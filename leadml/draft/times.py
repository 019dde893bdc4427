"""How are times written in these files, and what must be declared to read them?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from leadml import hints
from leadml.columns import as_times
from leadml.draft.files import Table
from leadml.errors import listed

TIMES = ("created_at", "closed_at", "occurred_at", "recorded_at", "valid_from")
TIME_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Clock:
    """How times are written: what to declare, and what to say about it."""

    timezone: str = ""
    time_format: str = ""
    notes: tuple[str, ...] = ()


def read_clock(tables: Iterable[Table]) -> Clock:
    """What to declare so that every column of times can be read."""
    columns = {
        f"{table.role}.{ours}": table.text(ours).dropna().head(TIME_SAMPLE)
        for table in tables
        for ours in TIMES
        if ours in table.columns
    }
    formats = {name: time_formats(text) for name, text in columns.items()}
    foreign = {name: found for name, found in formats.items() if found and found != [""]}
    notes: list[str] = []
    chosen = ""
    if foreign:
        shared = [f for f in hints.TIME_FORMATS if all(f in found for found in foreign.values())]
        chosen = (shared or next(iter(foreign.values())))[0]
        notes += _format_notes(chosen, shared, foreign, formats)
    read = {
        name: as_times(text, time_format=chosen if name in foreign else "")
        for name, text in columns.items()
    }
    zoneless = [name for name, times in read.items() if times.zoneless.any()]
    if zoneless:
        notes.append(
            f"times       {listed(zoneless)} bear no zone: taken for UTC, say which it is."
        )
    days = [name for name, times in read.items() if times.days_only]
    if days:
        notes.append(f"times       {listed(days)} know days only: leads are looked at midnight.")
    return Clock("UTC" if zoneless else "", chosen, tuple(notes))


def time_formats(text: pd.Series) -> list[str]:
    """The formats that read a column as times; ``[""]`` for ISO 8601, none for no times."""
    sample = text.dropna().head(TIME_SAMPLE)
    few = sample.head(20)
    if not len(few) or not (few.str.contains(r"\d") & (few.str.len() >= 6)).mean() >= 0.5:
        return []
    if as_times(sample, timezone="UTC").values.notna().mean() >= 0.9:
        return [""]
    return [form for form in hints.TIME_FORMATS if _reads(form, few) and _reads(form, sample)]


def times_of(table: Table, ours: str, clock: Clock) -> pd.Series:
    """The times of a column, without a zone: only their differences matter."""
    text = table.text(ours)
    form = "" if time_formats(text) == [""] else clock.time_format
    times = as_times(text, timezone="UTC", time_format=form).values
    plain: pd.Series = times.dt.tz_localize(None)
    return plain


def _reads(form: str, text: pd.Series) -> bool:
    return bool(pd.to_datetime(text, format=form, errors="coerce").notna().mean() >= 0.9)


def _format_notes(
    chosen: str,
    shared: Sequence[str],
    foreign: Mapping[str, Sequence[str]],
    formats: Mapping[str, Sequence[str]],
) -> list[str]:
    notes = [f"times       {listed(foreign)} are read as {chosen}."]
    swapped = re.sub("%[dm]", lambda part: "%m" if part[0] == "%d" else "%d", chosen)
    if swapped in shared:
        notes.append(f"times       They could as well be {swapped}: no day is above 12. Check it.")
    iso = [name for name, found in formats.items() if list(found) == [""]]
    if iso or not shared:
        notes.append(
            "times       Not all times are written alike, and only one time_format can be "
            f"declared: write them all as ISO 8601 ({listed(iso or formats)})."
        )
    return notes
