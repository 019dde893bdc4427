"""Which kinds of events have stopped coming? By the pace each had while it came.

Events come in bursts (a webinar, a visit of forty pages), so an event type is asked two questions:

* is it silent? It came on so many days of the year before its last event. Days as these, one by one
  (Poisson), would leave a silence as long as the present one once in a thousand times or less.
* does it only trickle? In the newest two weeks came at most a tenth of what its pace leads to
  expect, less than chance (Poisson) would let through once in a thousand times, and less than in
  any two weeks before.

A silence shorter than `WEEKS` may be a holiday and is not told, nor is one that follows a trickle.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import poisson

from leadml.arrays import Floats
from leadml.events import EventType
from leadml.tables import Tables
from leadml.timeline import DAY_NS, nanos

Verdict = Literal["comes", "stopped", "trickles", "never"]

WEEKS = 14.0
"""The newest days that are looked at."""

YEAR = 365.0
LEAST_DAYS = 56.0
"""With a shorter history an event type has no pace."""

LEAST_PACE = 20.0
"""With fewer events expected in `WEEKS` a trickle is not told from chance."""

RARE = 0.001
TRICKLE = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an event type comes, and whether it still does.

    Attributes:
        event_type: as in the data; ``many`` as a person calls several.
        last: when the last one came; None where none ever did.
        per_day: how many came a day before, in the year before its last event or the newest weeks.
        seen: how many came in the newest `WEEKS` days.
        expected: how many would have come at its pace, in the newest weeks, or since the last one
            where that is longer ago.
    """

    event_type: str
    many: str
    verdict: Verdict
    last: pd.Timestamp | None
    per_day: float
    seen: int
    expected: float


def measure_paces(tables: Tables, events: Mapping[str, EventType]) -> list[Pace]:
    """The pace of every declared event type, in their order; of data without dates none."""
    if not tables.dated:
        return []
    end = tables.end.as_unit("ns").value
    types = tables.events["event_type"].to_numpy(dtype=object)
    ages = (end - nanos(tables.events["known_at"])) / DAY_NS
    order = np.argsort(types, kind="stable")
    names, first = np.unique(types[order].astype(str), return_index=True)
    own = dict(zip(names, np.split(ages[order], first[1:]), strict=True)) if len(names) else {}
    return [_pace(key, event.many, own.get(key), tables.end) for key, event in events.items()]


def _pace(key: str, many: str, ages: "Floats | None", end: pd.Timestamp) -> Pace:
    """The pace of one type, from how many days before the end each of its events came."""
    if ages is None:
        return Pace(key, many, "never", None, 0.0, 0, 0.0)
    youngest = float(ages.min())
    last = end - pd.Timedelta(youngest, "D")
    start = max(youngest, WEEKS)
    before = ages[(ages >= start) & (ages < start + YEAR)]
    history = float(before.max()) - start if len(before) else 0.0
    seen = int((ages < WEEKS).sum())
    if history < LEAST_DAYS:
        return Pace(key, many, "comes", last, 0.0, seen, 0.0)
    per_day = len(before) / history
    expected = per_day * start
    verdict: Verdict = "comes"
    if not seen and _silent(before, history, youngest):
        verdict = "stopped"
    elif youngest < WEEKS / 2 and _trickles(before - start, seen, expected):
        verdict = "trickles"
    return Pace(key, many, verdict, last, per_day, seen, expected)


def _silent(before: Floats, history: float, gap: float) -> bool:
    """Whether days with an event would leave such a gap so rarely."""
    per_day = len(np.unique(np.floor(before))) / history
    return math.exp(-per_day * gap) < RARE


def _trickles(before: Floats, seen: int, expected: float) -> bool:
    if expected < LEAST_PACE or seen > TRICKLE * expected:
        return False
    fortnights = np.bincount((before // WEEKS).astype(np.int64))[: int(before.max() // WEEKS)]
    return bool(poisson.cdf(seen, expected) < RARE and seen < fortnights.min())
