"""How many leads were won in a quarter, and what did they bring?

Counted when a deal closed, whenever its lead came. Amounts have no unit here: they are in the
currency of the outcomes table. A row that stands twice, alike in every column, is one deal.
"""

from dataclasses import dataclass

import pandas as pd

from leadml.tables import Tables
from training.funnel.quarters import (
    LEAST_DAYS,
    Quarters,
    Stretch,
    next_quarter,
    quarter_before,
    quarter_name,
    quarter_start,
)
from training.funnel.shares import Change, changed_count

MOST_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Deals:
    """The deals closed in a stretch of time.

    Attributes:
        closed: the quarter, as far as the data know it.
        won: how many leads these are.
        priced: deals with an amount; one of 0 is an amount.
        unpriced: deals without one.
        revenue: the sum of the amounts; None where there is none.
        average: revenue for each priced deal; None where there is none.
    """

    closed: Stretch
    won: int
    priced: int
    unpriced: int
    revenue: float | None
    average: float | None


@dataclass(frozen=True, slots=True)
class Revenue:
    """What wins brought, by when they closed.

    Attributes:
        quarters: the newest, oldest first; the first and the last may be cut short by the data;
            empty where no win has an amount.
        this, last: of the quarters that are held against each other; None where there is none.
        change: leads won a day, as a multiple of the last quarter's.
    """

    quarters: tuple[Deals, ...]
    this: Deals | None
    last: Deals | None
    change: Change | None


def measure_revenue(tables: Tables, quarters: Quarters) -> Revenue | None:
    """What wins brought in the newest quarters; None where no lead was won.

    Args:
        tables: whose outcomes have an amount (NaN where it is not known).
        quarters: this one and the last.
    """
    won = tables.outcomes[tables.outcomes["outcome"] == "closed_won"].drop_duplicates()
    if won.empty:
        return None
    if won["amount"].isna().all():
        return Revenue((), None, None, None)
    this = _deals(won, quarters.this)
    last = None if quarters.last is None else _deals(won, quarters.last)
    change = None
    if last is not None:
        days, before = this.closed.days, last.closed.days
        change = changed_count(this.won, last.won, days=days, days_before=before)
    return Revenue(
        tuple(_deals(won, stretch) for stretch in _newest(tables)),
        this,
        last,
        change,
    )


def _newest(tables: Tables) -> list[Stretch]:
    """The newest quarters in which deals can have closed for `LEAST_DAYS`, oldest first."""
    first, least = tables.leads["created_at"].min(), pd.Timedelta(days=LEAST_DAYS)
    start = quarter_start(tables.end - pd.Timedelta(1, "us"))
    found: list[Stretch] = []
    while next_quarter(start) >= first + least and len(found) < MOST_QUARTERS:
        begun = first.normalize() if first >= start + least else start
        found.append(Stretch(quarter_name(start), begun, min(next_quarter(start), tables.end)))
        start = quarter_before(start)
    return found[::-1]


def _deals(won: pd.DataFrame, stretch: Stretch) -> Deals:
    own = won[stretch.holds(won["closed_at"])]
    amounts = own["amount"].dropna()
    revenue = float(amounts.sum()) if len(amounts) else None
    return Deals(
        stretch,
        int(own["lead_id"].nunique()),
        len(amounts),
        len(own) - len(amounts),
        revenue,
        None if revenue is None else revenue / len(amounts),
    )
