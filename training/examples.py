"""Which (lead, moment) pairs teach and judge a model, and what became of each?

The only place in leadml that looks forward: a label looks at ``[as_of, as_of + horizon)``, while
everything else receives a past that holds no future. A label is mature once its window lies before
the end of the data; immature examples are neither thrown away nor called lost: they teach by a
shorter horizon that has ended, as far as `known_at` lets them.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints, Nanos
from leadml.config import Config, Every, Examples
from leadml.errors import SignalError
from leadml.moments import open_at
from leadml.tables import Tables
from leadml.timeline import DAY_NS, ceil_to_midnight, days, nanos

SECOND = timedelta(seconds=1)
"""How long a lead of a table without dates takes to close: each has a second of its own."""

NEVER = np.iinfo(np.int64).max
"""The moment of an outcome that has not come."""

LEAST_TO_COMPARE = 20
"""Fewer conversions than this do not tell how much scarcer a shorter horizon's label is."""

_PERIODS: dict[Every, str] = {"week": "W-MON", "month": "MS", "quarter": "QS"}


LEAST_GROUPS = 10
"""Fewer accounts than this cannot be parted into folds that say anything."""


@dataclass(frozen=True, slots=True)
class ExampleSet:
    """Examples with what became of them.

    Attributes:
        looked: every moment at which an open lead was looked at: lead_id, as_of, group (account or
            lead), reached_at (when the outcome came; NaT where it has not); oldest first.
        horizons_days: that teach: the main one, then shorter ones, longest first.
        gaps: how long after an example each of them is known.
        mature: those whose main horizon ends with the data: the first rows of ``looked``, with
            converted (bool) in place of reached_at.
        immature: how many examples have a main horizon that ends after the data.
        closed: how many moments fell after the lead had closed, so that they are no examples.
        end: when the data end.
        times, reached: as_of and reached_at of ``looked`` in nanoseconds; `NEVER` where not.
    """

    looked: pd.DataFrame
    horizons_days: tuple[int, ...]
    gaps: tuple[timedelta, ...]
    mature: pd.DataFrame
    immature: int
    closed: int
    end: pd.Timestamp
    times: Nanos
    reached: Nanos

    @property
    def teaching(self) -> int:
        """How many of the first examples are known by at least the shortest horizon."""
        return self.known_by(self.end, self.gaps[-1])

    def known_by(self, moment: pd.Timestamp, gap: timedelta) -> int:
        """How many of the first examples are known at ``moment``: ``as_of + gap <= moment``."""
        latest = (moment - gap).as_unit("ns").value
        return int(np.searchsorted(self.times, latest, side="right"))

    def known_within(self, days_ahead: int) -> int:
        """How many of the first examples are known today by a horizon of so many days."""
        return self.known_by(self.end, days(days_ahead))

    def converted_within(self, rows: Ints, days_ahead: int) -> Bools:
        """Whether the outcome came within so many days of each example; shape (n,)."""
        return np.asarray(self.reached[rows] < self.times[rows] + days_ahead * DAY_NS)


@dataclass(frozen=True, slots=True)
class Known:
    """What a moment of the past knew of the examples before it.

    Attributes:
        rows: of ``looked``: the first ones, oldest first; shape (n,).
        converted: within the longest horizon that had ended by then, shape (n,).
        offset: log-odds by which that label is scarcer than the main one's, shape (n,).
    """

    rows: Ints
    converted: Bools
    offset: Floats


def known_at(examples: ExampleSet, moment: pd.Timestamp, *, days_ahead: int = 0) -> Known:
    """The examples as ``moment`` knew them, each by the longest horizon that had ended by then.

    So last month's leads teach before their main horizon is over. How much scarcer a shorter
    horizon's label is, is counted on examples known by both.

    Args:
        examples: all of them.
        moment: what came at or after it is not looked at.
        days_ahead: another horizon to ask for; by default the main one.
    """
    asked = list(zip(examples.gaps, examples.horizons_days, strict=True))
    if days_ahead:
        shorter = [(gap, horizon) for gap, horizon in asked if horizon < days_ahead]
        asked = [(days(days_ahead), days_ahead), *shorter]
    parts: list[Bools] = []
    offsets: list[Floats] = []
    start, offset, longer = 0, 0.0, 0
    for gap, horizon in asked:
        end = examples.known_by(moment, gap)
        if longer:
            both = np.arange(start)
            offset += _scarcer(
                examples.converted_within(both, horizon), examples.converted_within(both, longer)
            )
        parts.append(examples.converted_within(np.arange(start, end), horizon))
        offsets.append(np.full(end - start, offset))
        start, longer = end, horizon
    return Known(np.arange(start), np.concatenate(parts), np.concatenate(offsets))


def _scarcer(shorter: Bools, longer: Bools) -> float:
    """The difference of log-odds of two labels of the same examples; 0 where too few say it."""
    if min(shorter.sum(), (~longer).sum()) < LEAST_TO_COMPARE:
        return 0.0
    rates = np.array([shorter.mean(), longer.mean()])
    odds = np.log(rates / (1 - rates))
    return float(odds[0] - odds[1])


def build_examples(tables: Tables, config: Config) -> ExampleSet:
    """Every moment at which an open lead is looked at, with what became of it.

    Args:
        tables: what was known before ``tables.end``.
        config: the moments (``examples``) and what is looked for (``label``).
    """
    moments = build_moments(tables, config.examples)
    is_open = open_at(tables, moments)
    looked = moments[is_open].sort_values(["as_of", "lead_id"], ignore_index=True)
    looked = looked.assign(
        group=groups_of(tables, looked),
        reached_at=reached_after(tables, looked, config.label.outcome),
    )
    main = config.label.horizon_days
    horizons: tuple[int, ...] = (main,)
    gaps: tuple[timedelta, ...] = (SECOND,)
    if tables.dated:
        shorter = {day for day in config.label.also_days if day < main}
        horizons = (main, *sorted(shorter, reverse=True))
        gaps = tuple(days(horizon) for horizon in horizons)
    known = int((looked["as_of"] + days(main) <= tables.end).sum())
    mature = looked.iloc[:known]
    mature = mature.assign(converted=mature["reached_at"] < mature["as_of"] + days(main))
    return ExampleSet(
        looked,
        horizons,
        gaps,
        mature[["lead_id", "as_of", "converted", "group"]],
        len(looked) - known,
        int((~is_open).sum()),
        tables.end if tables.dated else looked["as_of"].max() + SECOND,
        nanos(looked["as_of"]),
        np.where(looked["reached_at"].isna(), NEVER, nanos(looked["reached_at"])),
    )


def build_moments(tables: Tables, settings: Examples) -> pd.DataFrame:
    """Each lead's moments: lead_id, as_of; before ``tables.end``, within ``max_age_days``."""
    leads = tables.leads[["lead_id", "created_at"]]
    offsets = [0] if not tables.dated else list(settings.after_days)
    parts = [leads.assign(as_of=leads["created_at"] + days(offset)) for offset in offsets]
    if settings.every and tables.dated and len(leads):
        grid = pd.date_range(
            leads["created_at"].min().normalize(), tables.end, freq=_PERIODS[settings.every]
        ).as_unit("us")
        parts.append(leads.merge(pd.DataFrame({"as_of": grid}), how="cross"))
    moments = pd.concat(parts, ignore_index=True)
    if tables.clock == "days":
        moments = moments.assign(as_of=ceil_to_midnight(pd.DatetimeIndex(moments["as_of"])))
    age = moments["as_of"] - moments["created_at"]
    valid = (
        (age >= days(0)) & (age <= days(settings.max_age_days)) & (moments["as_of"] < tables.end)
    )
    return moments.loc[valid, ["lead_id", "as_of"]].drop_duplicates(ignore_index=True)


def label_line(examples: ExampleSet, config: Config) -> str:
    """How many examples there are, and what became of them, in a line."""
    mature = examples.mature
    return (
        f"{len(mature):,} mature examples of {mature['lead_id'].nunique():,} leads, "
        f"{int(mature['converted'].sum()):,} reached {config.label.outcome} within "
        f"{config.label.horizon_days} days; {examples.immature:,} are still immature, "
        f"{examples.closed:,} moments fell after closing."
    )


def check_labels(examples: ExampleSet, config: Config) -> None:
    """Raises `SignalError` where there are too few outcomes, or leads, to learn from."""
    won = int(examples.mature["converted"].sum())
    lost = len(examples.mature) - won
    least = config.training.min_outcomes
    if min(won, lost) < least:
        label = config.label
        msg = (
            f"There must be {least} examples that reached {label.outcome} within "
            f"{label.horizon_days} days and {least} that did not, got {won:,} and {lost:,} "
            f"({examples.immature:,} are still immature). Bring more history, or shorten "
            "label.horizon_days. Until then `leadml score` counts points."
        )
        raise SignalError(msg)
    groups = examples.mature["group"].nunique()
    if groups < LEAST_GROUPS:
        msg = (
            f"The examples must come from {LEAST_GROUPS} accounts (or leads without one), got "
            f"{groups:,}. Bring more history, or leave account_id unmapped."
        )
        raise SignalError(msg)


def reached_after(tables: Tables, examples: pd.DataFrame, outcome: str) -> pd.Series:
    """When ``outcome`` first came at or after each example; NaT where it did not; shape (n,)."""
    wanted = tables.outcomes.loc[tables.outcomes["outcome"] == outcome, ["lead_id", "closed_at"]]
    numbered = examples[["lead_id", "as_of"]].reset_index(names="example")
    pairs = numbered.merge(wanted, on="lead_id")
    ahead = pairs[pairs["closed_at"] >= pairs["as_of"]]
    first = ahead.groupby("example")["closed_at"].min()
    times = first.reindex(range(len(examples)))
    return times if len(first) else pd.Series(pd.NaT, times.index, dtype="datetime64[us, UTC]")


def groups_of(tables: Tables, examples: pd.DataFrame) -> "pd.Series[str]":
    """What must not stand on both sides of a fold: the account, or the lead where none is known."""
    if "account_id" not in tables.leads:
        return examples["lead_id"]
    account = tables.leads.set_index("lead_id")["account_id"]
    accounts = examples["lead_id"].map(account)
    return ("account " + accounts).where(accounts.notna(), examples["lead_id"]).astype("str")
