"""Which quarter is "this quarter", and what may it be held against?

The newest quarter in which leads came. While it goes on, it is held against as many days of the
quarter before; a whole one against the whole one before.
"""

from dataclasses import dataclass

import pandas as pd

from leadml.tables import Tables

LEAST_DAYS = 7
"""A quarter of fewer days says nothing yet: the one before is taken. Data that begin so many days
after a quarter did lack too much of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A quarter, or its first days: ``[start, end)``."""

    name: str
    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.end - self.start) / pd.Timedelta(days=1)

    def holds(self, times: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        """Whether each time lies in it."""
        return (times >= self.start) & (times < self.end)


@dataclass(frozen=True, slots=True)
class Quarters:
    """This quarter and the one before.

    Attributes:
        this: as far as the data go.
        last: as many days of the quarter before, or all of it; None where the data lack it.
        over_at: when this quarter is over; later than its ``end`` while it goes on.
        begun: the name of a newer quarter of which there are too few days; "" for none.
    """

    this: Stretch
    last: Stretch | None
    over_at: pd.Timestamp
    begun: str

    @property
    def running(self) -> bool:
        """Whether this quarter goes on after the data end."""
        return not is_over(self.over_at, self.this.end)


def pick_quarters(tables: Tables) -> Quarters | None:
    """This quarter and the last; None of undated tables, and where no lead came."""
    created = tables.leads["created_at"]
    if not tables.dated or created.empty:
        return None
    first, start = created.min(), quarter_start(created.max())
    begun = ""
    if min(next_quarter(start), tables.end) - start < pd.Timedelta(days=LEAST_DAYS):
        before = quarter_before(start)
        if before >= quarter_start(first):
            start, begun = before, quarter_name(start)
    over_at = next_quarter(start)
    this = Stretch(quarter_name(start), start, min(over_at, tables.end))
    return Quarters(this, _last(this, over_at, first), over_at, begun)


def is_over(moment: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Whether data that end at ``end`` reach ``moment``; the hours of an open last day may lack.

    >>> is_over(pd.Timestamp("2026-07-01"), pd.Timestamp("2026-06-30T17:55"))
    True
    """
    return moment - end < pd.Timedelta(days=1)


def quarter_start(moment: pd.Timestamp) -> pd.Timestamp:
    """The first moment of its quarter, UTC."""
    return pd.Timestamp(year=moment.year, month=3 * moment.quarter - 2, day=1, tz="UTC")


def next_quarter(start: pd.Timestamp) -> pd.Timestamp:
    """When the quarter that begins at ``start`` is over."""
    return start + pd.DateOffset(months=3)


def quarter_before(start: pd.Timestamp) -> pd.Timestamp:
    """When the quarter before the one that begins at ``start`` began."""
    return start - pd.DateOffset(months=3)


def quarter_name(start: pd.Timestamp) -> str:
    """What it is called.

    >>> quarter_name(pd.Timestamp("2026-04-01"))
    'Q2 2026'
    """
    return f"Q{start.quarter} {start.year}"


def _last(this: Stretch, over_at: pd.Timestamp, first: pd.Timestamp) -> Stretch | None:
    start = quarter_before(this.start)
    if first >= start + pd.Timedelta(days=LEAST_DAYS):
        return None
    end = this.start
    if not is_over(over_at, this.end):
        end = min(end, start + (this.end - this.start))
    return Stretch(quarter_name(start), start, end)
