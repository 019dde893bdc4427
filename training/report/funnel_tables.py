"""Which tables and charts does the funnel have? Rows and points, ready to be laid out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from leadml.pages.words import STAGES, capitalised, percent, share_range, span
from training.funnel.measure import Funnel, Volume
from training.funnel.quarters import is_over, next_quarter
from training.funnel.shares import share_of
from training.funnel.source_scores import LEAST_LEADS, Cell, ScoreCounts, SourceRow, SourceScores
from training.funnel.stage_rates import Beside, Cohort, StageRates, Wait
from training.report.funnel_words import (
    Said,
    day_words,
    difference_said,
    last_day,
    multiple_said,
    share_said,
    source_name,
    stage_name,
)

HEATS = 5
"""So many shades tell high rates from low ones."""

EARLY = "IQL or lead"
DRAWN = ("opportunity", "sql", "pql", "mql", "service_qualified")
"""Stages that a chart of scores tells apart, beside the early ones and those held back."""


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """Leads of a source, this quarter and the last."""

    name: str
    this: Said
    last: Said
    change: Said


@dataclass(frozen=True, slots=True)
class RatesRow:
    """The leads of a quarter: how many, and a figure for each step."""

    name: str
    leads: str
    steps: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class WaitRow:
    """How long a step takes."""

    step: str
    days: str
    half: str
    n: str


@dataclass(frozen=True, slots=True)
class BesideRow:
    """A step of this quarter's leads beside the last one's."""

    step: str
    this: Said
    last: Said
    change: Said


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A rate, with its shade from 0 to `HEATS`."""

    said: Said
    heat: int
    few: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A source over the ranges of scores."""

    name: str
    leads: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """Open leads in a range of scores: in all, then by stage."""

    name: str
    leads: str
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageBar:
    """How many leads reached a stage; shares of all leads in percent."""

    name: str
    count: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """How many open leads of a group of stages have a score in a range."""

    range: str
    stage: str
    leads: int


def volume_rows(volume: Volume) -> tuple[VolumeRow, ...]:
    """Leads by source, and in all."""
    rows = [
        VolumeRow(
            source_name(row.source),
            _counted(row.this.count, percent(row.this.value or 0.0)),
            Said() if row.last is None else _counted(row.last.count, percent(row.last.value or 0)),
            multiple_said(row.change),
        )
        for row in volume.sources
    ]
    last = Said() if volume.last is None else _counted(volume.last, "")
    all_of_them = VolumeRow("All", _counted(volume.this, ""), last, multiple_said(volume.change))
    return (*rows, all_of_them)


def step_names(stages: Sequence[str]) -> list[str]:
    """The steps from stage to stage, and all the way where there are several."""
    names = ["Lead", *(stage_name(stage) for stage in stages)]
    steps = [f"{start} → {end}" for start, end in pairwise(names)]
    return steps if len(stages) == 1 else [*steps, f"Lead → {names[-1]}"]


def cohort_rows(rates: StageRates) -> tuple[RatesRow, ...]:
    """The quarters, oldest first, and all of them where there are several."""
    rows = [_rates_row(_cohort_name(cohort), cohort) for cohort in rates.cohorts]
    if rates.together is not None and len(rows) > 1:
        rows.append(_rates_row("Together", rates.together))
    return tuple(rows)


def wait_rows(rates: StageRates) -> tuple[WaitRow, ...]:
    """How long each step takes."""
    steps = step_names(rates.stages)
    return tuple(
        WaitRow(
            step,
            _half_had(wait),
            _days_range(wait),
            f"{wait.n:,}",
        )
        for step, wait in zip(steps, rates.waits, strict=False)
    )


def beside_rows(beside: Beside, stages: Sequence[str]) -> tuple[BesideRow, ...]:
    """Each step of this quarter's leads and of the last one's."""
    this, last = ((*own.steps, own.through) for own in (beside.this, beside.last))
    changes = (*beside.steps, beside.through)
    return tuple(
        BesideRow(step, share_said(new), share_said(old), difference_said(change))
        for step, new, old, change in zip(step_names(stages), this, last, changes, strict=False)
    )


def stage_bars(cohort: Cohort, stages: Sequence[str]) -> tuple[StageBar, ...]:
    """Of all leads that came, how many reached each stage."""
    bars = [StageBar("Lead", cohort.leads, 100.0, 100.0, 100.0)]
    for stage, step in zip(stages, cohort.steps, strict=True):
        share = share_of(step.count, cohort.leads)
        ends = (100 * (end or 0.0) for end in (share.value, share.lower, share.upper))
        bars.append(StageBar(stage_name(stage), step.count, *ends))
    return tuple(bars)


def heat_rows(found: SourceScores) -> tuple[HeatRow, ...]:
    """Conversion by source and score, and of all leads where there are several sources."""
    rates = [cell.rate for row in (*found.rows, found.every) for cell in row.cells]
    top = max((rate for rate in rates if rate is not None), default=0.0)
    rows = [_heat_row(source_name(row.source), row, top) for row in found.rows]
    if len(rows) > 1:
        rows.append(_heat_row("All", found.every, top))
    return tuple(rows)


def range_names(edges: Sequence[float]) -> list[str]:
    """Ranges of probability in percent."""
    return [share_range(low, high) for low, high in pairwise(edges)]


def score_rows(scores: ScoreCounts) -> tuple[list[str], tuple[ScoreRow, ...]]:
    """The stages of the open leads, furthest first; and the ranges up to the last with a lead."""
    order = _furthest_first(scores.stages)
    rows = [
        ScoreRow(name, f"{sum(row):,}", tuple(f"{row[k]:,}" for k in order))
        for name, row in zip(range_names(scores.edges), scores.counts, strict=True)
    ]
    names = [_stage_said(scores.stages[k]) for k in order]
    return names, tuple(rows[: _filled(scores)])


def score_points(scores: ScoreCounts) -> list[ScorePoint]:
    """Open leads by range and group of stages, lowest range and furthest stage first."""
    names = range_names(scores.edges)
    points = []
    for name, row in list(zip(names, scores.counts, strict=True))[: _filled(scores)]:
        groups: dict[str, int] = {}
        for k in _furthest_first(scores.stages):
            group = _group(scores.stages[k])
            groups[group] = groups.get(group, 0) + row[k]
        points += [ScorePoint(name, group, leads) for group, leads in groups.items()]
    return points


def heads(funnel: Funnel) -> tuple[str, str]:
    """What the columns of this quarter and of the last are called; "" where there is none."""
    quarters = funnel.quarters
    if quarters is None:
        return "", ""
    cut = f", first {quarters.this.days:.0f} days" if quarters.running else ""
    last = quarters.last
    return f"{quarters.this.name}{cut}", "" if last is None else f"{last.name}{cut}"


def _counted(count: int, share: str) -> Said:
    return Said(f"{count:,}", share)


def _cohort_name(cohort: Cohort) -> str:
    if is_over(next_quarter(cohort.start), cohort.end):
        return cohort.name
    return f"{cohort.name}, until {day_words(last_day(cohort.end))}"


def _rates_row(name: str, cohort: Cohort) -> RatesRow:
    shares = [*cohort.steps, *([cohort.through] if len(cohort.steps) > 1 else [])]
    return RatesRow(name, f"{cohort.leads:,}", tuple(share_said(share) for share in shares))


def _half_had(wait: Wait) -> str:
    if wait.median is None:
        return "none"
    return "same day" if _days(wait.median) == "0" else _days(wait.median)


def _days_range(wait: Wait) -> str:
    """The middle half; "" where there is none, or it holds but one figure."""
    if wait.lower is None or wait.upper is None:
        return ""
    lower, upper = _days(wait.lower), _days(wait.upper)
    return "" if lower == upper else f"{lower}–{upper}"


def _days(days: float) -> str:
    if days < 0.05:
        return "0"
    return f"{days:,.0f}" if days >= 9.5 else f"{days:.1f}"


def _heat_row(name: str, row: SourceRow, top: float) -> HeatRow:
    return HeatRow(name, f"{row.leads:,}", tuple(_heat_cell(cell, top) for cell in row.cells))


def _heat_cell(cell: Cell, top: float) -> HeatCell:
    n = f"n {cell.leads:,}"
    if cell.rate is None or cell.lower is None or cell.upper is None:
        return HeatCell(Said(n=n), 0, few=cell.leads < LEAST_LEADS)
    mark = {1: "more", -1: "fewer"}.get(cell.apart, "")
    said = Said(percent(cell.rate), span(cell.lower, cell.upper, like=cell.rate), n, mark)
    return HeatCell(said, round(HEATS * cell.rate / top) if top else 0, few=False)


def _furthest_first(stages: Sequence[str]) -> list[int]:
    """The positions of stages, furthest first; those we have no words for at the end."""
    known = list(STAGES)
    order = {stage: known.index(stage) if stage in known else len(known) for stage in stages}
    return sorted(range(len(stages)), key=lambda k: (order[stages[k]], stages[k]))


def _stage_said(stage: str) -> str:
    return STAGES[stage][0] if stage in STAGES else capitalised(stage.replace("_", " "))


def _group(stage: str) -> str:
    if stage in DRAWN:
        return STAGES[stage][0]
    return STAGES[stage][0] if stage == "disqualified" else EARLY


def _filled(scores: ScoreCounts) -> int:
    """How many ranges there are up to the last one that holds a lead."""
    return max((k + 1 for k, row in enumerate(scores.counts) if sum(row)), default=0)
