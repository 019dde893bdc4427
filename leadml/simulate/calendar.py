"""When does the simulated company work, sell and find buyers?

Days are whole days, UTC, numbered from the first; day ``days`` begins at the end of the data.
The calendar runs one horizon further, because the true probability looks ahead of the end.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

HORIZON_DAYS = 90
"""The true probability is that of a win within so many days."""

DAY_S = 86_400
OFFICE_DAY_S = 9 * 3_600
"""Sales, and buyers who sign, work from 9:00 to 18:00 of the lead's own clock."""

_SEASON = (0.95, 1.0, 1.15, 1.0, 1.0, 1.1, 0.85, 0.6, 1.15, 1.1, 1.15, 0.7)
"""How willingly people buy in January, …, August, …, December."""

_HOLIDAYS = ((1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31))
"""Month and day."""

_DRIFT_PERIOD_DAYS = 800.0
_DRIFT = 0.35
"""How far the log of the base rate swings, slowly, up and down."""

_CAPACITY_SPREAD = 0.2
LEAST_CAPACITY, MOST_CAPACITY = 0.6, 1.5
"""How much the log of sales capacity differs between quarters, and within which bounds."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What each day is like; the arrays cover the days of the data and one horizon more.

    Attributes:
        start: the midnight at which day 0 begins.
        days: how many days the data cover.
        working: 1 on working days, else 0.
        season: how willingly people buy; about 1.
        buying: the pace of wins: working day, season and slowly drifting base rate.
        selling: the pace of sales: working day and the capacity of the quarter.
    """

    start: pd.Timestamp
    days: int
    working: Floats
    season: Floats
    buying: Floats
    selling: Floats

    @property
    def end(self) -> pd.Timestamp:
        """The moment of the export."""
        return self.start + pd.Timedelta(self.days, "D")

    @property
    def month_starts(self) -> Ints:
        """The days after the first, before the end, on which a month begins."""
        dates = pd.date_range(self.start, periods=self.days, freq="D")
        starts: Ints = np.flatnonzero(dates.day == 1)
        return starts[starts > 0]

    def moments(self, milliseconds: Ints) -> pd.DatetimeIndex:
        """Milliseconds since the start of day 0 as UTC times, in microseconds."""
        times = pd.to_timedelta(milliseconds, unit="ms")
        return pd.DatetimeIndex(self.start + times).as_unit("us")


def build_calendar(*, months: int, end: pd.Timestamp, rng: np.random.Generator) -> Calendar:
    """The calendar of the ``months`` before ``end``, and of the horizon after it."""
    start = end - pd.DateOffset(months=months)
    days = (end - start).days
    dates = pd.date_range(start, periods=days + HORIZON_DAYS + 1, freq="D")
    working = np.asarray(dates.day_of_week < 5, dtype=np.float64)
    for month, day in _HOLIDAYS:
        working[(dates.month == month) & (dates.day == day)] = 0.0
    season = np.asarray(_SEASON)[dates.month - 1]
    turns = (dates - pd.Timestamp("2020-01-01", tz="UTC")).days.to_numpy() / _DRIFT_PERIOD_DAYS
    drift = np.exp(_DRIFT * np.sin(2 * math.pi * turns))
    quarter = (dates.year - dates.year[0]) * 4 + dates.quarter - 1
    capacity = np.exp(rng.normal(0, _CAPACITY_SPREAD, int(quarter.max()) + 1))[quarter]
    return Calendar(
        start=start,
        days=days,
        working=working,
        season=season,
        buying=working * season * drift,
        selling=working * np.clip(capacity, LEAST_CAPACITY, MOST_CAPACITY),
    )
