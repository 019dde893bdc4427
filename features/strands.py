"""Where do a noun's events lie, and what do they add up to at any position?

`Side` is the sorted log of one scope and the positions of every example's windows in it. A `Strand`
is its events of several nouns that share none, side by side: one noun's after the other's, each as
in the side. Whatever is asked of a noun is asked of its whole strand at once, so that a single
request costs few array steps and a million examples no more steps than one.

Windows are given by their days, None for all of the past. A table has shape (nouns, n_examples), or
(nouns, windows, n_examples) where the question is about windows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np

from features.log import Codes, SortedLog
from features.nouns import SCOPES, Noun, Scope
from features.scans import first_not_before, greatest, maxima, running_sums, window_sums
from leadml.arrays import Bools, Floats, Ints, Matrix, Nanos
from leadml.timeline import DAY_NS, local_nanos

HOUR_NS, MINUTE_NS = DAY_NS // 24, DAY_NS // 1440

Keys: TypeAlias = tuple[str, ...]
"""Event types that are asked about together."""

Windows: TypeAlias = tuple[int | None, ...]
"""How many days each of some windows looks back, None for all of the past."""

Places: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.signedinteger]]
"""Positions, shape (nouns, n)."""

Flags: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
"""bool, shape (nouns, n_examples)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked, so that it can be answered together.

    Attributes:
        strands: for each scope, sets of nouns (by their keys) that share no event type.
        days: the windows asked about, but for all of the past.
        back: 0 and the windows, in nanoseconds.
    """

    strands: Mapping[Scope, tuple[tuple[Keys, ...], ...]]
    days: tuple[int, ...]
    back: Nanos


def plan_for(nouns: Iterable[Noun], days: Iterable[int]) -> Plan:
    """The plan to ask about ``nouns`` over windows of so many ``days``."""
    asked = [noun for noun in nouns if noun.keys]
    strands = {scope: _disjoint(n.keys for n in asked if n.scope == scope) for scope in SCOPES}
    unique = tuple(dict.fromkeys(days))
    return Plan(strands, unique, np.array([0, *unique], dtype=np.int64) * DAY_NS)


def _disjoint(nouns: Iterable[Keys]) -> tuple[tuple[Keys, ...], ...]:
    """The nouns in sets that share no event type, each in the first set that has room."""
    sets: list[tuple[set[str], list[Keys]]] = []
    for keys in dict.fromkeys(nouns):
        for taken, members in sets:
            if taken.isdisjoint(keys):
                taken.update(keys)
                members.append(keys)
                break
        else:
            sets.append((set(keys), [keys]))
    return tuple(tuple(members) for _, members in sets)


NO_PLAN = plan_for((), ())


class Side:
    """The sorted events of one scope, and where each example's windows lie among them."""

    def __init__(self, log: SortedLog, owner: Ints, as_of: Nanos, plan: Plan) -> None:
        self.log, self.as_of = log, as_of
        self.start, self.stop = log.starts[owner], log.starts[owner + 1]
        found = self.position(as_of - plan.back[:, None])
        self.until = found[0]
        self._bounds = np.concatenate((found, self.start[None]))
        self._place: dict[int | None, int] = {None: len(found)}
        self._place |= {days: 1 + k for k, days in enumerate(plan.days)}

    def position(self, moment: Nanos) -> Ints:
        """Where each owner's events reach ``moment``; shape of ``moment``."""
        return first_not_before(self.log.padded_times, self.start, self.stop, moment)

    def bounds(self, windows: Windows) -> Places:
        """Where each example's windows begin; shape (windows, n_examples)."""
        for days in windows:
            if days not in self._place:
                self._place[days] = len(self._bounds)
                own = self.position(self.as_of - (days or 0) * DAY_NS)
                self._bounds = np.concatenate((self._bounds, own[None]))
        return self._bounds[[self._place[days] for days in windows]]


class Strand:
    """The events of nouns that share none, sorted by noun, then as in their `Side`.

    Row k of every table is noun k; its stretch of the arrays holds its events.

    Attributes:
        times, values: of the events, and one dummy at the end, so that any position can be
            looked up; shape (n + 1,).
        until: the position in the arrays after the last event seen; shape (nouns, n_examples).
    """

    def __init__(self, side: Side, nouns: Sequence[Keys]) -> None:
        self._side, log = side, side.log
        n, row_of_type = len(log.type), _row_of_type(log.types, tuple(nouns))
        if len(nouns) == 1 and not row_of_type.any():
            # All events are of one noun: the strand is the side.
            self._order = np.arange(n + 1, dtype=np.int32)
            self._places: Places = self._order[None]
            self._begins = np.zeros(1, dtype=np.int64)
            self.times, self.values = log.padded_times, log.padded_values
        else:
            rows = row_of_type[log.type]
            ends = np.bincount(rows, minlength=len(nouns) + 1).cumsum()
            self._begins = np.concatenate(([0], ends[: len(nouns) - 1]))
            places = np.zeros((len(nouns) + 1, n + 1), dtype=np.int32)
            places[:-1, 0] = self._begins
            places.ravel()[rows.astype(np.int64) * (n + 1) + np.arange(1, n + 1)] = 1
            self._places = places.cumsum(axis=1, out=places)[:-1]
            order = rows.argsort(kind="stable")[: ends[len(nouns) - 1]]
            self._order = np.concatenate((order, [n]))
            self.times, self.values = log.padded_times[self._order], log.padded_values[self._order]
        self._answers: dict[tuple[object, ...], Matrix] = {}
        self._first: dict[Windows, Ints] = {}
        self.until = self._here(side.until)

    def ask(self, question: Callable[..., Matrix], *given: object) -> Matrix:
        """The answer for every noun, found once; shape (nouns, n_examples)."""
        key = question, *given
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = question(self, *given)
        return found

    def first(self, windows: Windows) -> Ints:
        """Where each example's windows begin; shape (nouns, windows, n_examples)."""
        if windows not in self._first:
            self._first[windows] = self._here(self._side.bounds(windows))
        return self._first[windows]

    @cached_property
    def oldest(self) -> Ints:
        """Where each example's past begins; shape (nouns, n_examples)."""
        return self._here(self._side.start)

    def _here(self, position: Ints | Places) -> Ints:
        """Positions of the side, in this strand's arrays; shape (nouns, ...)."""
        return self._places.take(position, axis=1)

    @cached_property
    def some(self) -> Flags:
        """Whether any event was seen; shape (nouns, n_examples)."""
        return self.until > self.oldest

    @cached_property
    def opens(self) -> Bools:
        """Whether an event is the first of its owner and noun."""
        owner = self._side.log.padded_owners[self._order]
        new = np.ones(len(owner), dtype=np.bool_)
        new[1:] = owner[1:] != owner[:-1]
        new[np.minimum(self._begins, len(new) - 1)] = True
        return new

    @cached_property
    def amounts(self) -> Floats:
        """The values, 0 where there is none."""
        return np.where(np.isnan(self.values), 0.0, self.values)

    def counts(self, windows: Windows) -> Matrix:
        """Events in each window."""
        return (self.until[:, None] - self.first(windows)).astype(np.float64)

    def count_until(self, row: int, moment: Nanos) -> Floats:
        """Events of one noun before each example's own ``moment``, which lies in its past."""
        places = self._places[row]
        found = places[self._side.position(moment)] - places[self._side.start]
        return np.asarray(found, dtype=np.float64)

    def totals(self, windows: Windows) -> Matrix:
        """Sum of the values in each window."""
        return window_sums(self.amounts, self.first(windows), self.until[:, None])

    def valued(self, windows: Windows) -> Matrix:
        """Events in each window that carry a value."""
        return self._flagged(~np.isnan(self.values), windows)

    def off_hours(self, windows: Windows, zone: str) -> Matrix:
        """Events in each window outside office hours."""
        return self._flagged(_off_hours(self.times, zone), windows)

    def at_weekend(self, windows: Windows, zone: str) -> Matrix:
        """Events in each window at the weekend."""
        return self._flagged(_weekend(self.times, zone), windows)

    def _flagged(self, flags: Bools, windows: Windows) -> Matrix:
        """Events in each window whose flag is up."""
        running = np.zeros(len(flags) + 1, dtype=np.int32)
        np.cumsum(flags, out=running[1:])
        return (running[self.until][:, None] - running[self.first(windows)]).astype(np.float64)

    def greatest(self, windows: Windows) -> Matrix:
        """The greatest value in each window; NaN where there is none."""
        found = greatest(self._maxima, self.first(windows), self.until[:, None])
        return np.where(np.isneginf(found), np.nan, found)

    @cached_property
    def _maxima(self) -> Matrix:
        longest = int((self.until - self.oldest).max(initial=1))
        return maxima(np.where(np.isnan(self.values), -np.inf, self.values), longest)

    def active_days(self, windows: Windows) -> Matrix:
        """Distinct days (UTC) in each window with an event."""
        return self._runs(self._days, windows)

    @cached_property
    def _days(self) -> Codes:
        """How many days with an event begin up to and including each."""
        return _begun(np.diff(self.times // DAY_NS) != 0)

    def sessions(self, windows: Windows, gap_minutes: float) -> Matrix:
        """Sittings in each window."""
        return self._runs(_begun(np.diff(self.times) > gap_minutes * MINUTE_NS), windows)

    def _runs(self, begun: Codes, windows: Windows) -> Matrix:
        """How many runs of events each window touches, of which so many begin up to each event."""
        first = self.first(windows)
        touched = begun[self.until - 1][:, None] - begun[first] + 1
        return (touched * (self.until[:, None] > first)).astype(np.float64)

    def days_since_last(self) -> Matrix:
        """Days from the newest event; NaN where there is none."""
        return self._days_since(self.until - 1)

    def days_since_first(self) -> Matrix:
        """Days from the oldest event; NaN where there is none."""
        return self._days_since(self.oldest)

    def _days_since(self, position: Ints) -> Matrix:
        days = (self._side.as_of - self.times[position]) / DAY_NS
        return np.where(self.some, days, np.nan)

    def first_times(self) -> Ints:
        """When the oldest event became known; any number where there is none."""
        return self.times[self.oldest]

    def decayed_counts(self, half_life_days: float) -> Matrix:
        """Events so far, each halved for every half-life since."""
        return self._decayed(np.ones(len(self.times)), half_life_days)

    def decayed_totals(self, half_life_days: float) -> Matrix:
        """Values so far, each halved for every half-life since its event."""
        return self._decayed(self.amounts, half_life_days)

    def _decayed(self, weights: Floats, half_life_days: float) -> Matrix:
        since_before = (self.times[:-1] - self.times[1:]) / (half_life_days * DAY_NS)
        kept = np.zeros(len(self.times))
        kept[1:] = np.exp2(np.where(self.opens[1:], -np.inf, since_before))
        running = running_sums(weights, kept)
        since = self.ask(Strand.days_since_last)
        return np.where(self.some, running[self.until - 1] * np.exp2(-since / half_life_days), 0.0)

    def types_back(self, back: int) -> Ints:
        """The type of the newest event, or of one some places ``back``; -1 where there is none."""
        position = self.until - 1 - back
        position = np.where(position >= self.oldest, position, -1)
        return self._side.log.padded_types[self._order][position]


def _begun(breaks: Bools) -> Codes:
    """How many runs begin up to and including each event, given where neighbours are parted."""
    begun = np.ones(len(breaks) + 1, dtype=np.int32)
    np.cumsum(breaks, out=begun[1:])
    begun[1:] += 1
    return begun


@lru_cache(maxsize=256)
def _row_of_type(types: tuple[str, ...], nouns: tuple[Keys, ...]) -> Ints:
    """For every type the noun it belongs to; ``len(nouns)`` for none."""
    row_of_key = {key: row for row, keys in enumerate(nouns) for key in keys}
    return np.array([row_of_key.get(name, len(nouns)) for name in types], dtype=np.uint16)


def _weekend(times: Nanos, zone: str) -> Bools:
    """Whether each moment falls on Saturday or Sunday in the zone."""
    day = local_nanos(times, zone) // DAY_NS
    return (day + 3) % 7 >= 5  # 1970 began on a Thursday


def _off_hours(times: Nanos, zone: str) -> Bools:
    """Whether each moment falls outside Monday to Friday, 8 to 18 h in the zone."""
    hour = local_nanos(times, zone) % DAY_NS // HOUR_NS
    return _weekend(times, zone) | (hour < 8) | (hour >= 18)
