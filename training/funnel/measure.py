"""What comes in at the top of the funnel, what comes out, and what does it cost?

Everything a page says of it, as plain data: this quarter beside the last, stages by cohort, what
sales answered, how scores are spread, what wins brought, what was spent, and conversion by source
and score.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.tables import Tables
from training.funnel.acceptance import Acceptance, measure_acceptance
from training.funnel.by_source import Source, pick_sources, tally
from training.funnel.deals import Revenue, measure_revenue
from training.funnel.quarters import Quarters, pick_quarters
from training.funnel.shares import Change, Share, changed_count, share_of, z_of_family
from training.funnel.source_scores import ScoreCounts, SourceScores, count_scores, cross_sources
from training.funnel.spending import Spending, measure_spending
from training.funnel.stage_rates import StageRates, climb, measure_stages


@dataclass(frozen=True, slots=True)
class SourceVolume:
    """Leads of a source, or of several together.

    Attributes:
        this: of all leads that came this quarter, the share from it.
        last: the same of the last quarter; None where there is none.
        change: leads a day, as a multiple of the last quarter's.
    """

    source: Source
    this: Share
    last: Share | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class Volume:
    """How many leads came.

    Attributes:
        this, last: this quarter and in the last; None where there is none.
        change: leads a day, as a multiple of the last quarter's.
        sources: by leads of both quarters; empty where the source of leads is not known.
    """

    this: int
    last: int | None
    change: Change | None
    sources: tuple[SourceVolume, ...]


@dataclass(frozen=True, slots=True)
class Funnel:
    """The funnel, measured.

    Attributes:
        end: of the data.
        dated: whether they know when anything happened; all but scores and by_source need that.
        has_source: whether leads have a source.
        has_spend: whether there is a table of spend.
        quarters: this one and the last; None where no lead came, or undated.
        volume, stages, acceptance, revenue, spending: None where they cannot be told.
        scores: of the open leads.
        by_source: conversion by source and score; None where it cannot be told.
    """

    end: pd.Timestamp
    dated: bool
    has_source: bool
    has_spend: bool
    quarters: Quarters | None
    volume: Volume | None
    stages: StageRates | None
    acceptance: Acceptance | None
    revenue: Revenue | None
    spending: Spending | None
    scores: ScoreCounts
    by_source: SourceScores | None

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data; moments are ISO texts."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain


def measure_funnel(
    tables: Tables, judged: pd.DataFrame, open_scores: pd.DataFrame, *, horizon_days: int
) -> Funnel:
    """Measures the funnel of a company at the end of its tables.

    Args:
        tables: of the company.
        judged: lead_id, converted, probability of examples the model had not seen.
        open_scores: probability (NaN where unscored) and stage, one row an open lead; may be empty.
        horizon_days: how long leads have to get as far as they are said to have got.
    """
    quarters = pick_quarters(tables)
    volume = stages = acceptance = revenue = spending = None
    if quarters is not None:
        ladder = climb(tables)
        volume = _volume(tables, quarters)
        stages = measure_stages(ladder, quarters, within_days=horizon_days)
        acceptance = measure_acceptance(tables, quarters)
        revenue = measure_revenue(tables, quarters)
        spending = measure_spending(tables, ladder, quarters, within_days=horizon_days)
    return Funnel(
        tables.end,
        tables.dated,
        "source" in tables.leads,
        not tables.spend.empty,
        quarters,
        volume,
        stages,
        acceptance,
        revenue,
        spending,
        count_scores(open_scores),
        cross_sources(tables, judged),
    )


def _volume(tables: Tables, quarters: Quarters) -> Volume:
    created, (this, last) = tables.leads["created_at"], (quarters.this, quarters.last)
    now = this.holds(created)
    then = pd.Series(data=False, index=created.index) if last is None else last.holds(created)

    def change(new: int, old: int, z: float) -> Change | None:
        if last is None:
            return None
        return changed_count(new, old, days=this.days, days_before=last.days, z=z)

    new_all, old_all = int(now.sum()), int(then.sum())
    rows: list[SourceVolume] = []
    if "source" in tables.leads:
        names = tables.leads["source"]
        picked = pick_sources(names[now | then])
        size = len(picked.shown)
        new, old = (tally(picked.of(names[who]), size) for who in (now, then))
        z = z_of_family(size)
        for k, source in enumerate(picked.shown):
            before = None if last is None else share_of(old[k], old_all)
            share = share_of(new[k], new_all)
            rows.append(SourceVolume(source, share, before, change(new[k], old[k], z)))
    return Volume(
        new_all,
        None if last is None else old_all,
        change(new_all, old_all, z_of_family(1)),
        tuple(rows),
    )


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    return data.isoformat() if isinstance(data, pd.Timestamp) else data
