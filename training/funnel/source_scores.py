"""How are scores spread, and do like scores convert alike whatever the source?"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from leadml.arrays import Floats
from leadml.intervals import Z90, wilson_bounds
from leadml.tables import Tables
from training.evaluate import RANGES
from training.funnel.by_source import Source, pick_sources
from training.funnel.shares import z_of_family

LEAST_LEADS = 30
"""A rate over fewer leads says too little to be shown."""

LEAST_SHARE = 0.05
"""A range of scores holds this share of the examples, at least."""


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """How many open leads have which score.

    Attributes:
        edges: of the ranges of probability; each holds its lower end.
        stages: of the open leads, most leads first.
        counts: by range, then stage.
        scored, unscored: in all.
    """

    edges: tuple[float, ...]
    stages: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    scored: int
    unscored: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of the leads of a source in a range of scores.

    Attributes:
        leads: how many, each counted once however often it was looked at.
        rate: share of the looks that converted; with its ends None below `LEAST_LEADS` leads.
        lower, upper: 90 %, as wide as so many leads make it.
        apart: 1 or -1 where more or fewer converted than of all leads in the range, by more than
            chance brings among so many cells; else 0.
    """

    leads: int
    rate: float | None
    lower: float | None
    upper: float | None
    apart: int = 0


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source, or several together, over the ranges."""

    source: Source
    leads: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SourceScores:
    """Conversion by source and range of scores, on examples the model had not seen.

    Attributes:
        edges: of the ranges.
        rows: a source each.
        every: all leads.
    """

    edges: tuple[float, ...]
    rows: tuple[SourceRow, ...]
    every: SourceRow


def count_scores(open_scores: pd.DataFrame) -> ScoreCounts:
    """Open leads by range of probability and stage.

    Args:
        open_scores: probability (NaN where unscored) and stage, one row a lead; may be empty.
    """
    if open_scores.empty:
        return ScoreCounts(RANGES, (), tuple(() for _ in pairwise(RANGES)), 0, 0)
    scored = open_scores[open_scores["probability"].notna()]
    stages = scored["stage"].astype("str").value_counts()
    ranked = sorted(stages.index, key=lambda stage: (-stages[stage], stage))
    code = _range_of(scored["probability"].to_numpy(dtype=np.float64), RANGES)
    table = pd.crosstab(code, scored["stage"].astype("str").to_numpy())
    filled = table.reindex(index=range(len(RANGES) - 1), columns=ranked, fill_value=0)
    counts = tuple(tuple(int(count) for count in row) for row in filled.to_numpy())
    return ScoreCounts(RANGES, tuple(ranked), counts, len(scored), len(open_scores) - len(scored))


def cross_sources(tables: Tables, judged: pd.DataFrame) -> SourceScores | None:
    """Conversion by source and score; None where sources are not known, or nothing was judged.

    Args:
        tables: whose leads have a source.
        judged: lead_id, converted, probability; one row a look at a lead.
    """
    if "source" not in tables.leads or judged.empty:
        return None
    source = judged["lead_id"].map(tables.leads.set_index("lead_id")["source"])
    once = ~judged["lead_id"].duplicated()
    picked = pick_sources(source, once.astype("float64"))
    probability = judged["probability"].to_numpy(dtype=np.float64)
    edges = _wide_enough(probability)
    looks = pd.DataFrame(
        {
            "lead": judged["lead_id"].to_numpy(),
            "source": picked.of(source),
            "range": _range_of(probability, edges),
            "converted": judged["converted"].to_numpy(dtype=bool),
        }
    )
    size = len(edges) - 1
    every = _row(Source(""), looks, size)
    rows = [_row(one, looks[looks["source"] == k], size) for k, one in enumerate(picked.shown)]
    return SourceScores(edges, tuple(_told_apart(rows, every)), every)


def _range_of(probability: Floats, edges: tuple[float, ...]) -> np.ndarray:
    return np.searchsorted(np.array(edges[1:-1]), probability, side="right")


def _wide_enough(probability: Floats) -> tuple[float, ...]:
    """The usual edges, thinned out from the top until each range holds enough examples."""
    kept = [RANGES[-1]]
    share_above = 0.0
    for edge in RANGES[-2:0:-1]:
        share = float((probability >= edge).mean())
        if share - share_above >= LEAST_SHARE and 1 - share >= LEAST_SHARE:
            kept.append(edge)
            share_above = share
    return (RANGES[0], *kept[::-1])


def _row(source: Source, looks: pd.DataFrame, size: int) -> SourceRow:
    cells = tuple(_cell(looks[looks["range"] == k]) for k in range(size))
    return SourceRow(source, int(looks["lead"].nunique()), cells)


def _cell(looks: pd.DataFrame) -> Cell:
    leads = int(looks["lead"].nunique())
    if leads < LEAST_LEADS:
        return Cell(leads, None, None, None)
    rate = float(looks["converted"].mean())
    return Cell(leads, rate, *_bounds(rate, leads, Z90))


def _bounds(rate: float, leads: int, z: float) -> tuple[float, float]:
    lower, upper = wilson_bounds(np.array([rate]), np.array([float(leads)]), z=z)
    return float(lower[0]), float(upper[0])


def _told_apart(rows: Sequence[SourceRow], every: SourceRow) -> list[SourceRow]:
    """The rows with their cells held against all leads; nothing is apart where there is one row."""
    if len(rows) < 2:
        return list(rows)
    z = z_of_family(sum(cell.rate is not None for row in rows for cell in row.cells))
    return [
        dataclasses.replace(
            row,
            cells=tuple(
                dataclasses.replace(cell, apart=_apart(cell, all_of_them, z))
                for cell, all_of_them in zip(row.cells, every.cells, strict=True)
            ),
        )
        for row in rows
    ]


def _apart(cell: Cell, every: Cell, z: float) -> int:
    if cell.rate is None or every.rate is None:
        return 0
    lower, upper = _bounds(cell.rate, cell.leads, z)
    more, fewer = cell.rate > every.rate, cell.rate < every.rate  # a bound at 0 is not exact
    return int(more and lower > every.rate) - int(fewer and upper < every.rate)
