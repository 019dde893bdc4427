"""When does something count? The one place that says how leadml reads time.

* Features at ``as_of`` see what became known in ``[as_of - window, as_of)``.
* Labels look at ``[as_of, as_of + horizon)``.
* An event counts from when it was known: ``max(occurred_at, recorded_at)``.
* A label is mature once ``as_of + horizon <= end``, the end of the data.

Half-open on the right: no event is in both, none in neither, neighbouring windows tile, and
a conversion stamped exactly ``as_of`` can never be a feature. All times are UTC-aware; inside
the engine a time is an int64 of nanoseconds since 1970, never a bare integer of a frame.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from leadml.arrays import Nanos
from leadml.errors import DataError

DAY_NS = 86_400 * 10**9
"""Nanoseconds in a day."""


EARLIEST, LATEST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
"""Between them lies every time of a lead; nanoseconds hold them with room to spare."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """How far back a feature looks, in days; ``None`` means all of the past.

    >>> Window(7).words, Window(None).words
    ('in the last 7 days', 'so far')
    """

    days: int | None

    @property
    def suffix(self) -> str:
        """The end of a feature's name: ``7d`` or ``ever``."""
        return "ever" if self.days is None else f"{self.days}d"

    @property
    def span(self) -> str:
        """How long it is: ``day``, ``7 days``; empty for all of the past."""
        if self.days is None:
            return ""
        return "day" if self.days == 1 else f"{self.days} days"

    @property
    def words(self) -> str:
        """How a person says it."""
        return "so far" if self.days is None else f"in the last {self.span}"


def nanos(times: "pd.Series[pd.Timestamp] | pd.DatetimeIndex") -> Nanos:
    """UTC-aware times as int64 nanoseconds, whatever unit the frame keeps; shape (n,)."""
    index = pd.DatetimeIndex(times)
    if index.tz is None:
        msg = "Times must be timezone-aware, got times without a zone. Localise them to UTC."
        raise DataError(msg)
    return np.asarray(index.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)


def from_nanos(values: Nanos) -> pd.DatetimeIndex:
    """The inverse of `nanos`: UTC-aware times at nanosecond precision."""
    return pd.DatetimeIndex(values.astype("datetime64[ns]"), tz="UTC")


def local_nanos(times: Nanos, zone: str) -> Nanos:
    """What the clock on the wall of a zone shows, as nanoseconds since its own 1970."""
    local = from_nanos(times).tz_convert(zone).tz_localize(None)
    return np.asarray(local.as_unit("ns").asi8, dtype=np.int64)


def parse_moment(text: str) -> pd.Timestamp:
    """Reads a moment a person typed; a plain date is its midnight, UTC.

    Raises:
        DataError: the text is no ISO date or time, or a time without a zone.

    >>> parse_moment("2026-07-01").isoformat()
    '2026-07-01T00:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = (
            f"A moment must be an ISO date or time, got '{text}'. "
            "Write 2026-07-01 or 2026-07-01T09:30+02:00."
        )
        raise DataError(msg) from error
    return as_moment(moment)


def as_moment(moment: datetime) -> pd.Timestamp:
    """A datetime as a UTC timestamp; a naive one counts only as a date.

    Raises:
        DataError: a time of day without a zone, or a moment no lead lives in.
    """
    if moment.tzinfo is None:
        if moment.time() != datetime.min.time():
            msg = (
                f"A time of day must carry its zone, got '{moment}'. Write {moment}+00:00 for UTC."
            )
            raise DataError(msg)
        moment = moment.replace(tzinfo=UTC)
    if not EARLIEST.year < moment.year < LATEST.year:
        msg = f"A moment must lie between {EARLIEST.year} and {LATEST.year}, got '{moment}'."
        raise DataError(msg)
    return pd.Timestamp(moment.astimezone(UTC))


def ceil_to_midnight(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The first midnight (UTC) at or after each time: where a source knows days only."""
    return times.ceil("D")


def days(count: float) -> timedelta:
    """A duration of so many days."""
    return timedelta(days=count)
