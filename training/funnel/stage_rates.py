"""How many of the leads that came in a quarter reached which stage, and how fast?

Every lead is given the same time from its arrival, ``[created_at, created_at + within)``; leads
that have not had it yet are not counted. A later stage implies the earlier ones: an opportunity
was an SQL, whoever forgot to say so. Only stages that the company records are told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Matrix
from leadml.tables import Tables
from leadml.timeline import DAY_NS, nanos
from training.funnel.quarters import (
    Quarters,
    Stretch,
    is_over,
    next_quarter,
    quarter_before,
    quarter_name,
    quarter_start,
)
from training.funnel.shares import Change, Share, changed_share, share_of, z_of_family

IMPLIED_BY: Mapping[str, tuple[str, ...]] = {
    "mql": ("mql", "sql", "sales_accepted", "sales_rejected", "opportunity", "closed_won"),
    "sql": ("sql", "opportunity", "closed_won"),
    "opportunity": ("opportunity", "closed_won"),
    "closed_won": ("closed_won",),
}
"""The stages after lead, in order, and which outcomes say that a lead was there."""

MOST_COHORTS = 4

LEAST_LEADS = 30
"""Of a quarter whose newer leads are too young, so many older ones are worth a row."""

SHORTER_DAYS = (60, 30, 14, 7)
"""So soon after their arrival this quarter's leads are judged, where the horizon is too long."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The leads that came in a stretch of time, and how far they got.

    Attributes:
        name: of the quarter; "" of several together.
        start, end: when they came, ``[start, end)``.
        leads: how many came.
        steps: a stage each: of those that reached the stage before, the share that reached it.
        through: of all leads, the share that reached the last stage.
    """

    name: str
    start: pd.Timestamp
    end: pd.Timestamp
    leads: int
    steps: tuple[Share, ...]
    through: Share


@dataclass(frozen=True, slots=True)
class Wait:
    """Days from the stage before to a stage, of leads that took no longer than all had.

    Attributes:
        n: leads with a date of both, known for that time since the stage before.
        median, lower, upper: half of them had taken the step by then, a quarter, three quarters;
            None of none.
    """

    n: int
    median: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Beside:
    """This quarter's leads beside the last one's, each after the same days.

    Attributes:
        within_days: since their arrival.
        this, last: of the same part of both quarters.
        steps, through: what changed; None where one has nothing to share.
    """

    within_days: int
    this: Cohort
    last: Cohort
    steps: tuple[Change | None, ...]
    through: Change | None


@dataclass(frozen=True, slots=True)
class StageRates:
    """How far leads got.

    Attributes:
        stages: those that are recorded, in order, without lead.
        absent: those that are not.
        within_days: how long each lead of the cohorts had.
        cohorts: the leads of the newest quarters that have had it, oldest first; a quarter of
            which only a part has, ends earlier, and is left out where these are few.
        together: all of them; None where there is none.
        waits: a stage each, over all cohorts: days from the stage before, of leads that took the
            step within as many days of it.
        beside: this quarter and the last; None where that cannot be told yet.
    """

    stages: tuple[str, ...]
    absent: tuple[str, ...]
    within_days: int
    cohorts: tuple[Cohort, ...]
    together: Cohort | None
    waits: tuple[Wait, ...]
    beside: Beside | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """When each lead reached each recorded stage.

    Attributes:
        stages: those that are recorded, in order.
        created: when each lead came, shape (n,).
        end: of the data.
        told: days from its arrival to the stage by its own date, infinite if never; (n, stages).
        implied: the same, a later stage implying the earlier ones.
    """

    stages: tuple[str, ...]
    created: "pd.Series[pd.Timestamp]"
    end: pd.Timestamp
    told: Matrix
    implied: Matrix

    def came(self, start: pd.Timestamp, end: pd.Timestamp) -> Bools:
        """Whether each lead came in ``[start, end)``; shape (n,)."""
        return np.asarray((self.created >= start) & (self.created < end), dtype=np.bool_)

    def reached(self, who: Bools, within_days: float) -> list[int]:
        """How many of some leads reached each stage in time."""
        return [int(count) for count in (self.implied[who] < within_days).sum(axis=0)]


def climb(tables: Tables) -> Ladder:
    """When each lead reached each stage that the outcomes record."""
    recorded = set(tables.outcomes["outcome"].unique())
    stages = tuple(stage for stage in IMPLIED_BY if stage in recorded)
    created = tables.leads["created_at"]
    told = [_days_to(tables, (stage,)) for stage in stages]
    implied = [_days_to(tables, IMPLIED_BY[stage]) for stage in stages]
    shape = (len(created), len(stages))
    return Ladder(
        stages,
        created,
        tables.end,
        np.array(told).T.reshape(shape),
        np.array(implied).T.reshape(shape),
    )


def measure_stages(ladder: Ladder, quarters: Quarters, *, within_days: int) -> StageRates | None:
    """How far the leads of each quarter got; None where no stage is recorded.

    Args:
        ladder: when each lead reached which stage.
        quarters: this one and the last.
        within_days: how long each lead of a cohort had.
    """
    if not ladder.stages:
        return None
    stretches = _mature_quarters(ladder, within_days)
    cohorts = tuple(_cohort(ladder, own, within_days) for own in stretches)
    together, waits = None, tuple(Wait(0, None, None, None) for _ in ladder.stages)
    if cohorts:
        all_of_them = Stretch("", stretches[0].start, stretches[-1].end)
        together = _cohort(ladder, all_of_them, within_days)
        waits = _waits(ladder, all_of_them, within_days)
    return StageRates(
        ladder.stages,
        tuple(stage for stage in IMPLIED_BY if stage not in ladder.stages),
        within_days,
        cohorts,
        together,
        waits,
        _beside(ladder, quarters, within_days),
    )


def _days_to(tables: Tables, outcomes: Sequence[str]) -> Floats:
    """Days from the arrival of each lead to its first of some outcomes; infinite if never."""
    rows = tables.outcomes[tables.outcomes["outcome"].isin(outcomes)]
    first = rows.groupby("lead_id")["closed_at"].min()
    position = pd.Index(tables.leads["lead_id"]).get_indexer(pd.Index(first.index))
    found = np.full(len(tables.leads), np.inf)
    created = nanos(tables.leads["created_at"])[position]
    found[position] = np.maximum((nanos(first) - created) / DAY_NS, 0.0)
    return found


def _mature_quarters(ladder: Ladder, within_days: float) -> list[Stretch]:
    """The newest quarters, as far as leads have had the time; small parts only if that is all."""
    known_until = ladder.end - pd.Timedelta(days=within_days)
    start, first = quarter_start(ladder.created.max()), ladder.created.min()
    told: list[Stretch] = []
    small: list[Stretch] = []
    while next_quarter(start) > first:
        end = next_quarter(start)
        own = Stretch(quarter_name(start), start, min(end, known_until))
        leads = int(ladder.came(own.start, own.end).sum())
        if leads:
            enough = is_over(end, known_until) or leads >= LEAST_LEADS
            (told if enough else small).append(own)
        start = quarter_before(start)
    return (told or small)[:MOST_COHORTS][::-1]


def _cohort(ladder: Ladder, stretch: Stretch, within_days: float) -> Cohort:
    who = ladder.came(stretch.start, stretch.end)
    leads, reached = int(who.sum()), ladder.reached(who, within_days)
    before = [leads, *reached[:-1]]
    steps = tuple(share_of(own, n) for own, n in zip(reached, before, strict=True))
    through = share_of(reached[-1], leads)
    return Cohort(stretch.name, stretch.start, stretch.end, leads, steps, through)


def _waits(ladder: Ladder, stretch: Stretch, within_days: float) -> tuple[Wait, ...]:
    """Each step gets the same time from the stage before, so that no slow one is cut off early."""
    who = ladder.came(stretch.start, stretch.end)
    told = ladder.told[who]
    known = ((ladder.end - ladder.created[who]) / pd.Timedelta(days=1)).to_numpy()
    before = np.column_stack([np.zeros(len(told)), told])[:, :-1]
    found = []
    for own, earlier in zip(told.T, before.T, strict=True):
        both = (earlier <= own) & np.isfinite(own) & (earlier + within_days <= known)
        days = own[both] - earlier[both]
        days = days[days < within_days]
        ends = np.quantile(days, (0.5, 0.25, 0.75)).tolist() if len(days) else [None] * 3
        found.append(Wait(len(days), *ends))
    return tuple(found)


def _beside(ladder: Ladder, quarters: Quarters, horizon: int) -> Beside | None:
    """After the longest time that half of this quarter's days have had."""
    this, last = quarters.this, quarters.last
    if last is None:
        return None
    for within in (horizon, *(days for days in SHORTER_DAYS if days < horizon)):
        had = min(this.end, ladder.end - pd.Timedelta(days=within)) - this.start
        if had < (this.end - this.start) / 2:
            continue
        whole = had == this.end - this.start
        ends = [own.end if whole else min(own.end, own.start + had) for own in (this, last)]
        new, old = (
            _cohort(ladder, Stretch(own.name, own.start, end), within)
            for own, end in zip((this, last), ends, strict=True)
        )
        z = z_of_family(len(ladder.stages) + 1)
        pairs = zip(new.steps, old.steps, strict=True)
        steps = tuple(changed_share(*pair, z=z) for pair in pairs)
        return Beside(within, new, old, steps, changed_share(new.through, old.through, z=z))
    return None
