"""What does a lead, an MQL, an SQL and a customer cost, by source?

The cost of whole months stands over the leads that came in these months from the same source, and
over what became of them: within the same time from their arrival, which is fair between months, and
until the data end, which is more of them but not the end of it. Costs have no unit here: they are
in the currency of the spend table.

What was spent is known and so is the number of leads; chance lies in how many of them got how far.
The interval of a cost is that of this share, Wilson's (1927), turned over: the cost is
``spent / (leads · share)`` and falls as the share grows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools
from leadml.tables import Tables
from training.funnel.by_source import Source, pick_sources
from training.funnel.quarters import LEAST_DAYS, Quarters, is_over
from training.funnel.shares import share_of
from training.funnel.stage_rates import Ladder

MOST_MONTHS = 12

PRICED = ("mql", "sql", "closed_won")
"""The stages of which the cost is told, where they are recorded."""


@dataclass(frozen=True, slots=True)
class Price:
    """What each lead at a stage cost, with a 90 % interval.

    Attributes:
        count: how many leads were at the stage.
        value: spent for each; None where there is none, or nothing was spent.
        lower: None where no lead came, or nothing was spent.
        upper: None also where no lead got there: it has no end.
    """

    count: int
    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent on some leads.

    Attributes:
        spent: in all.
        leads: that came.
        each: spent for each lead; None where there is none, or nothing was spent.
        in_time: of each priced stage, reached within the same time from arrival.
        so_far: the same, reached at any time until the data end.
    """

    spent: float
    leads: int
    each: float | None
    in_time: tuple[Price, ...]
    so_far: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class SourceCost:
    """What was spent on a source, or on several taken together."""

    source: Source
    cost: Cost


@dataclass(frozen=True, slots=True)
class Months:
    """Whole months, ``[start, end)``, with what was spent on the leads of sources with spend.

    Young leads are among them: what these have reached is no fair figure yet.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    cost: Cost


@dataclass(frozen=True, slots=True)
class Priced:
    """What leads of some months cost, and what became of them; all have had the same time.

    Attributes:
        start, end: the months, ``[start, end)``.
        months: how many of them have any spend.
        sources: those with spend, by what was spent.
        paid: all sources with spend together.
        every: the same spend over all leads, paid for or not.
        leadless: sources with spend and no lead in these months.
        unpaid: sources with leads and no spend in these months; "" for the unknown.
        unpaid_leads: how many leads these are.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    months: int
    sources: tuple[SourceCost, ...]
    paid: Cost
    every: Cost
    leadless: tuple[str, ...]
    unpaid: tuple[str, ...]
    unpaid_leads: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent, and what came of it.

    Attributes:
        stages: the priced stages that are recorded.
        within_days: how long each lead had to reach them in time.
        end: of the data, until which others reached them so far.
        priced: of the newest months that are old enough; None where none is.
        this, last: as many whole months of this quarter and of the last; only leads are priced.
    """

    stages: tuple[str, ...]
    within_days: int
    end: pd.Timestamp
    priced: Priced | None
    this: Months | None
    last: Months | None


@dataclass(frozen=True, slots=True)
class _Books:
    """Spend by month, and the leads it may have brought, by their source ("" if not known)."""

    spend: pd.DataFrame
    names: "pd.Series[str]"
    ladder: Ladder
    stages: tuple[str, ...]
    within_days: int

    def cost(self, spent: float, who: Bools) -> Cost:
        """What some leads cost."""
        leads = int(who.sum())
        each = spent / leads if leads and spent else None
        in_time, so_far = (self._prices(spent, who, days) for days in (self.within_days, np.inf))
        return Cost(spent, leads, each, in_time, so_far)

    def among(self, names: Iterable[str]) -> Bools:
        """Whether the source of each lead is one of some; shape (n,)."""
        return np.asarray(self.names.isin(list(names)), dtype=np.bool_)

    def _prices(self, spent: float, who: Bools, within_days: float) -> tuple[Price, ...]:
        reached = dict(zip(self.ladder.stages, self.ladder.reached(who, within_days), strict=True))
        leads = int(who.sum())
        return tuple(price_of(spent, leads, reached[stage]) for stage in self.stages)


def measure_spending(
    tables: Tables, ladder: Ladder, quarters: Quarters, *, within_days: int
) -> Spending | None:
    """What leads cost; None where nothing was spent, or the source of leads is not known.

    Args:
        tables: with spend (source, month, cost); rows without a source or a cost say nothing.
        ladder: when each lead reached which stage.
        quarters: this one and the last.
        within_days: how long each lead had.
    """
    spend = _whole_months(tables)
    if "source" not in tables.leads or spend.empty:
        return None
    stages = tuple(stage for stage in PRICED if stage in ladder.stages)
    books = _Books(spend, tables.leads["source"].fillna(""), ladder, stages, within_days)
    months = _mature_months(spend, ladder.end - pd.Timedelta(days=within_days))
    return Spending(
        stages,
        within_days,
        tables.end,
        _priced(books, months) if months else None,
        *_beside(books, quarters),
    )


def price_of(spent: float, leads: int, count: int) -> Price:
    """What each of the leads that got to a stage cost; the interval is Wilson's, turned over.

    Args:
        spent: on all leads.
        leads: how many came.
        count: how many of them got there.

    >>> price_of(1000.0, 100, 10).value, price_of(1000.0, 100, 0).value
    (100.0, None)
    """
    share = share_of(count, leads)
    if not spent or share.lower is None or share.upper is None:
        return Price(count, None, None, None)
    lower = spent / (leads * share.upper)
    if not count:
        return Price(count, None, lower, None)
    return Price(count, spent / count, lower, spent / (leads * share.lower))


def _whole_months(tables: Tables) -> pd.DataFrame:
    """Spend of the months that lie wholly in the data."""
    told = tables.spend[tables.spend["source"].notna() & tables.spend["cost"].notna()]
    spend = told.assign(month=_month_of(told["month"]))
    begun = tables.leads["created_at"].min() - pd.Timedelta(days=LEAST_DAYS)
    over = spend["month"] + pd.DateOffset(months=1) - tables.end < pd.Timedelta(days=1)
    kept: pd.DataFrame = spend[over & (spend["month"] > begun)]
    return kept


def _priced(books: _Books, months: Sequence[pd.Timestamp]) -> Priced:
    paid = books.spend[books.spend["month"].isin(months)]
    by_name = paid.groupby("source")["cost"].sum()
    picked = pick_sources(paid["source"], paid["cost"])
    came = np.asarray(_month_of(books.ladder.created).isin(months), dtype=np.bool_)
    spent, has_spend = float(paid["cost"].sum()), books.among(by_name.index)
    others = books.names[came & ~has_spend]
    return Priced(
        months[0],
        months[-1] + pd.DateOffset(months=1),
        len(months),
        tuple(
            SourceCost(source, books.cost(float(by_name[own].sum()), came & books.among(own)))
            for k, source in enumerate(picked.shown)
            for own in [[name for name in by_name.index if picked.code[name] == k]]
        ),
        books.cost(spent, came & has_spend),
        books.cost(spent, came),
        tuple(sorted(set(by_name.index) - set(books.names[came]))),
        tuple(sorted(set(others))),
        len(others),
    )


def _month_of(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The first moment of the month of each time, UTC."""
    days = times.dt.normalize()
    return days - pd.to_timedelta(days.dt.day - 1, unit="D")


def _mature_months(spend: pd.DataFrame, known_until: pd.Timestamp) -> list[pd.Timestamp]:
    """The newest months with spend whose leads have all had the time; oldest first."""
    months = sorted(spend["month"].unique())
    old = [month for month in months if is_over(month + pd.DateOffset(months=1), known_until)]
    return old[-MOST_MONTHS:]


def _beside(books: _Books, quarters: Quarters) -> tuple[Months | None, Months | None]:
    """The whole months of this quarter, and as many of the last, where both have spend."""
    this, last = quarters.this, quarters.last
    count = sum(is_over(this.start + pd.DateOffset(months=k), this.end) for k in (1, 2, 3))
    if not count:
        return None, None
    old = None if last is None else _months(books, last.start, count)
    return _months(books, this.start, count), old


def _months(books: _Books, start: pd.Timestamp, count: int) -> Months | None:
    end = start + pd.DateOffset(months=count)
    inside = books.spend[(books.spend["month"] >= start) & (books.spend["month"] < end)]
    if inside["month"].nunique() < count:
        return None
    who = books.ladder.came(start, end) & books.among(set(inside["source"]))
    return Months(start, end, books.cost(float(inside["cost"].sum()), who))
