"""What did the leads of a request do, and when did that become known? Their events as arrays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import cast

import numpy as np
import pyarrow as pa

from leadml.arrays import Bools, Floats, Ints, Nanos
from serving.wire.schemas import END, FIRST, EventIn, LeadIn, read_moment

FEW = 100
"""So few moments are converted one by one: Arrow takes as long for one as for thirty."""

NEVER = np.iinfo(np.int64).min
"""When something was whose text is no moment."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Acts:
    """The events of leads, lead after lead; arrays of shape (n_events,).

    Attributes:
        events: as they were told.
        lead: whose each is: the lead's place.
        occurred: when each was; `NEVER` where its text is no moment.
        time: when each became known; `NEVER` likewise.
        type: its place among the declared types, -1 for a type that is not declared.
        value: what it carries, NaN for nothing.
    """

    events: Sequence[EventIn]
    lead: Ints
    occurred: Nanos
    time: Nanos
    type: Ints
    value: Floats

    def counts(self, which: Bools, leads: int) -> list[int]:
        """How many of some events each lead has."""
        counted: list[int] = np.bincount(self.lead[which], minlength=leads).tolist()
        return counted

    def unknown(self, leads: int) -> list[Counter[str]]:
        """The events of no declared type, by their names, of each lead."""
        found: list[Counter[str]] = [Counter() for _ in range(leads)]
        for place in np.flatnonzero(self.type < 0).tolist():
            found[self.lead[place]][self.events[place]["event_type"]] += 1
        return found


def acts_of(leads: Sequence[LeadIn], types: Sequence[str]) -> Acts:
    """The events of leads.

    Args:
        leads: of a request.
        types: the declared types, ascending.
    """
    events = list(chain.from_iterable(lead.events for lead in leads))
    occurred = time = read_moments([event["occurred_at"] for event in events])
    recorded = [event.get("recorded_at") for event in events]
    if any(recorded):
        told = zip(recorded, events, strict=True)
        later = read_moments([own or event["occurred_at"] for own, event in told])
        time = np.where(np.minimum(occurred, later) == NEVER, NEVER, np.maximum(occurred, later))
    return Acts(
        events,
        np.repeat(np.arange(len(leads)), [len(lead.events) for lead in leads]),
        occurred,
        time,
        np.array(_places([event["event_type"] for event in events], types), dtype=np.int64),
        np.array([event.get("value") for event in events], dtype=np.float64),
    )


def _places(names: Sequence[str], types: Sequence[str]) -> list[int]:
    """Each name's place among the types, -1 where it is none of them."""
    place = {name: k for k, name in enumerate(types)}
    found = list(map(place.get, names))
    if None in found:
        return [place.get(name.strip(), -1) for name in names]
    return cast("list[int]", found)


def nanos_of(moments: Sequence[datetime]) -> Nanos:
    """Aware moments as nanoseconds since 1970."""
    if len(moments) <= FEW:
        return np.array([_micros(moment) for moment in moments], dtype=np.int64) * 1000
    times = pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(times.to_numpy() * 1000, dtype=np.int64)


def read_moments(texts: Sequence[str]) -> Nanos:
    """RFC 3339 texts as nanoseconds since 1970, to the microsecond; `NEVER` for what is no moment.

    Arrow reads them all at once where they are of one kind, times or dates, and none is odd;
    otherwise each by `serving.wire.schemas.read_moment`. Both say the same of what both read.
    """
    if len(texts) > FEW:
        zone = None if len(texts[0]) == len("2026-07-01") else "UTC"
        try:
            read = pa.array(texts, pa.string()).cast(pa.timestamp("us", zone)).cast(pa.int64())
        except pa.ArrowInvalid:
            pass
        else:
            micros = read.to_numpy()
            if micros.min() >= _BOUNDS[0] and micros.max() < _BOUNDS[1]:
                return np.asarray(micros * 1000, dtype=np.int64)
    return np.array([_read_one(text) for text in texts], dtype=np.int64)


def _read_one(text: str) -> int:
    try:
        return _micros(read_moment(text)) * 1000
    except ValueError:
        return NEVER


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


_BOUNDS = _micros(FIRST), _micros(END)
