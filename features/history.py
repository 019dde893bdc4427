"""What had a lead done before a moment? The only reader of event time.

An `EventLog` is the whole log, sorted once by (lead, known time). A `History` is the past of a set
of examples: it answers windowed questions by binary search inside each lead's stretch and has no
method that looks at or past ``as_of``. One example or a million take the same path, and an answer
depends on nothing but the lead's own events, so that batch and single request agree to the bit.

Every answer is float64 of shape (n_examples,), aligned with the examples:

* an event is seen when ``known_at`` lies in ``[as_of - window, as_of)``;
* counts, totals and active days of nothing are 0; days since nothing are NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from leadml.arrays import Floats, Ints, Nanos
from leadml.tables import Tables
from leadml.timeline import DAY_NS, Window, nanos


@dataclass(frozen=True)
class _Stream:
    """Events of some types, sorted by lead, then known time.

    Attributes:
        starts: lead k's events are ``starts[k]:starts[k + 1]``; shape (n_leads + 1,).
        times: known times; shape (n,).
        values: the events' values, 0 where missing; shape (n,).
    """

    starts: Ints
    times: Nanos
    values: Floats

    @cached_property
    def rank(self) -> Ints:
        """Position of each event within its lead, from 0."""
        own = np.repeat(self.starts[:-1], np.diff(self.starts))
        return np.arange(len(self.times), dtype=np.int64) - own

    @cached_property
    def running_value(self) -> Floats:
        """Sum of values up to and including each event, within its lead."""
        return self._scan(self.values, np.ones(0))

    @cached_property
    def running_days(self) -> Ints:
        """Distinct days (UTC) up to and including each event's, within its lead."""
        day = self.times // DAY_NS
        new = np.ones(len(day), dtype=np.float64)
        new[1:] = day[1:] != day[:-1]
        return self._scan(new, np.ones(0)).astype(np.int64)

    def running_decayed(self, half_life_ns: float) -> Floats:
        """Events up to and including each, halved for every half-life they lie before it."""
        gaps = np.zeros(len(self.times))
        since = np.where(self.rank[1:] > 0, self.times[1:] - self.times[:-1], 0)
        gaps[1:] = np.exp2(-since / half_life_ns)
        return self._scan(np.ones(len(self.times)), gaps)

    def _scan(self, values: Floats, gaps: Floats) -> Floats:
        """Running sums within each lead, in log2(longest history) vector steps.

        With ``gaps`` (factor from each event to the next) older terms shrink on their way. A step
        of doubling width adds the sum that ends ``width`` events earlier, so the order of additions
        depends on the position within the lead alone.
        """
        total, decay = values.astype(np.float64), gaps.copy()
        longest = int(self.rank.max(initial=0)) + 1
        width = 1
        while width < longest:
            inside = self.rank[width:] >= width
            if len(gaps):
                total[width:] += np.where(inside, total[:-width] * decay[width:], 0.0)
                decay[width:] = np.where(inside, decay[width:] * decay[:-width], 0.0)
            else:
                total[width:] += np.where(inside, total[:-width], 0.0)
            width *= 2
        return total


class EventLog:
    """All events of a set of leads, sorted once per set of event types that is asked for."""

    def __init__(self, events: pd.DataFrame, lead_ids: pd.Index) -> None:
        """Indexes the log.

        Args:
            events: lead_id, event_type, known_at, value; any order.
            lead_ids: unique; a lead's position in it is its code.
        """
        self.lead_ids = lead_ids
        codes = lead_ids.get_indexer(pd.Index(events["lead_id"]))
        known = codes >= 0
        self._lead = codes[known].astype(np.int64)
        self._time = nanos(events["known_at"])[known]
        value = events["value"].to_numpy(dtype=np.float64)[known]
        self._value = np.nan_to_num(value, nan=0.0)
        type_codes, self._types = pd.factorize(events["event_type"].to_numpy()[known])
        self._type = type_codes.astype(np.int64)
        self._streams: dict[tuple[str, ...], _Stream] = {}

    def stream(self, event_types: Sequence[str]) -> _Stream:
        """The events of these types together."""
        key = tuple(sorted(event_types))
        if key not in self._streams:
            self._streams[key] = self._sorted(key)
        return self._streams[key]

    def _sorted(self, event_types: tuple[str, ...]) -> _Stream:
        wanted = np.isin(self._types, event_types)
        chosen = (
            np.flatnonzero(wanted[self._type]) if len(self._type) else np.zeros(0, dtype=np.int64)
        )
        lead, time, value = self._lead[chosen], self._time[chosen], self._value[chosen]
        order = np.lexsort((value, time, lead))
        starts = np.searchsorted(lead[order], np.arange(len(self.lead_ids) + 1))
        return _Stream(starts.astype(np.int64), time[order], value[order])


class History:
    """The past of a set of examples, and nothing after it."""

    def __init__(self, log: EventLog, attributes: "AttributeLog", lead: Ints, as_of: Nanos) -> None:
        """Fixes whose past is asked for.

        Args:
            log: the events.
            attributes: the leads' records and their changes.
            lead: each example's lead code; shape (n_examples,).
            as_of: each example's moment; shape (n_examples,).
        """
        self._log, self._attributes = log, attributes
        self._lead, self._as_of = lead, as_of
        self._until: dict[tuple[str, ...], Ints] = {}

    def __len__(self) -> int:
        return len(self._lead)

    def count(self, event_types: Sequence[str], window: Window) -> Floats:
        """How many events fell in the window."""
        _, first, until = self._seen(event_types, window)
        return (until - first).astype(np.float64)

    def total(self, event_types: Sequence[str], window: Window) -> Floats:
        """The sum of the values of the events in the window; a missing value adds nothing."""
        stream, first, until = self._seen(event_types, window)
        start = stream.starts[self._lead]
        before = _at(stream.running_value, first - 1, first > start)
        return _at(stream.running_value, until - 1, until > first) - np.where(
            until > first, before, 0.0
        )

    def active_days(self, event_types: Sequence[str], window: Window) -> Floats:
        """On how many distinct days (UTC) an event fell in the window."""
        stream, first, until = self._seen(event_types, window)
        some = until > first
        last = _at(stream.running_days, until - 1, some)
        return np.where(some, last - _at(stream.running_days, first, some) + 1.0, 0.0)

    def days_since_last(self, event_types: Sequence[str]) -> Floats:
        """Days from the newest event to ``as_of``; NaN where there is none."""
        stream, first, until = self._seen(event_types, Window(None))
        some = until > first
        newest = stream.times[np.where(some, until - 1, 0)] if len(stream.times) else self._as_of
        return np.where(some, (self._as_of - newest) / DAY_NS, np.nan)

    def decayed_count(self, event_types: Sequence[str], half_life_days: float) -> Floats:
        """Events so far, each halved for every half-life that has passed since."""
        stream, first, until = self._seen(event_types, Window(None))
        some = until > first
        newest = _at(stream.running_decayed(half_life_days * DAY_NS), until - 1, some)
        since = np.nan_to_num(self.days_since_last(event_types))
        return newest * np.exp2(-since / half_life_days)

    def age_days(self) -> Floats:
        """Days since the lead came."""
        return (self._as_of - self._attributes.created[self._lead]) / DAY_NS

    def attribute(self, column: str) -> "pd.Series[float] | pd.Series[str]":
        """An attribute as it was known at ``as_of``: float64 or text, NaN where it was not."""
        return self._attributes.at(column, self._lead, self._as_of)

    def _seen(self, event_types: Sequence[str], window: Window) -> tuple[_Stream, Ints, Ints]:
        """The stream, and per example its events in the window: ``first:until``."""
        stream = self._log.stream(event_types)
        key = tuple(sorted(event_types))
        start = stream.starts[self._lead]
        if key not in self._until:
            self._until[key] = _bisect(
                stream.times, start, stream.starts[self._lead + 1], self._as_of
            )
        until = self._until[key]
        if window.days is None:
            return stream, start, until
        return (
            stream,
            _bisect(stream.times, start, until, self._as_of - window.days * DAY_NS),
            until,
        )


class AttributeLog:
    """Who the leads are, and when that became known.

    A column with a history is read from the history: the newest row with ``valid_from <= as_of``.
    The leads table's own value counts only for leads the history never mentions, because an export
    shows today's value there, which would be the future.
    """

    def __init__(self, leads: pd.DataFrame, changes: pd.DataFrame) -> None:
        """Indexes the records.

        Args:
            leads: lead_id, created_at and attribute columns; a row's position is its code.
            changes: lead_id, valid_from and changed attribute columns; NaN says "unchanged".
        """
        self._leads = leads
        self.created: Nanos = nanos(leads["created_at"])
        codes = pd.Index(leads["lead_id"]).get_indexer(changes["lead_id"])
        valid_from = nanos(changes["valid_from"]) if len(changes) else np.zeros(0, dtype=np.int64)
        order = np.lexsort((valid_from, codes))
        order = order[codes[order] >= 0]
        self._changes = changes.iloc[order].reset_index(drop=True)
        self._lead, self._valid_from = codes[order].astype(np.int64), valid_from[order]

    def at(self, column: str, lead: Ints, as_of: Nanos) -> "pd.Series[float] | pd.Series[str]":
        """The column's value for each (lead, as_of); NaN where the column is not there at all."""
        own = column in self._leads
        values = self._leads[column] if own else pd.Series(np.nan, index=self._leads.index)
        now = values.take(lead).reset_index(drop=True)
        if column not in self._changes:
            return now
        told = self._changes[column].notna().to_numpy()
        who, when = self._lead[told], self._valid_from[told]
        starts = np.searchsorted(who, np.arange(len(self._leads) + 1))
        start, stop = starts[lead], starts[lead + 1]
        until = _bisect(when, start, stop, as_of + 1)
        history = self._changes[column][told].reset_index(drop=True)
        then = history.take(np.where(until > start, until - 1, -1)) if len(history) else now
        past = then.reset_index(drop=True).where(until > start)
        return past.where(stop > start, now)


def build_history(tables: Tables, examples: pd.DataFrame) -> History:
    """The past of ``examples``.

    Args:
        tables: the leads, their events and attribute history.
        examples: lead_id, as_of (UTC-aware); every lead_id is in ``tables.leads``.
    """
    ids = pd.Index(tables.leads["lead_id"])
    log = EventLog(tables.events, ids)
    attributes = AttributeLog(tables.leads, tables.attributes)
    lead = ids.get_indexer(examples["lead_id"]).astype(np.int64)
    return History(log, attributes, lead, nanos(examples["as_of"]))


def _bisect(times: Nanos, start: Ints, stop: Ints, moment: Nanos) -> Ints:
    """Per row, the first position in ``start:stop`` whose time is at or after ``moment``."""
    low, high = start.copy(), stop.copy()
    if not len(times):
        return low
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) >> 1
        before = times[np.minimum(middle, len(times) - 1)] < moment
        low = np.where(open_ & before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)


def _at(values: np.ndarray, position: Ints, valid: np.ndarray) -> Floats:
    """``values[position]`` where valid, 0 elsewhere."""
    if not len(values):
        return np.zeros(len(position))
    return np.where(valid, values[np.where(valid, position, 0)], 0.0).astype(np.float64)
