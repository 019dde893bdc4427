"""What does a page say of the funnel? What came, how far it got, what it brought and what it cost.

Every part that the data cannot tell is left out, with a sentence that says why.
"""

from dataclasses import dataclass

from markupsafe import Markup

from leadml.pages.words import counted
from training.funnel.measure import Funnel
from training.report.charts.funnel import funnel_chart, scores_chart
from training.report.funnel_money import (
    CostRow,
    DealsRow,
    cost_captions,
    cost_heads,
    cost_rows,
    costs_said,
    revenue_rows,
    revenue_said,
)
from training.report.funnel_said import (
    answers_said,
    beside_said,
    changes_said,
    heat_said,
    quarter_said,
    scores_said,
    stages_said,
)
from training.report.funnel_tables import (
    BesideRow,
    HeatRow,
    RatesRow,
    ScoreRow,
    VolumeRow,
    WaitRow,
    beside_rows,
    cohort_rows,
    heads,
    heat_rows,
    range_names,
    score_points,
    score_rows,
    stage_bars,
    step_names,
    volume_rows,
    wait_rows,
)


@dataclass(frozen=True, slots=True)
class FunnelSection:
    """The section, ready to be laid out.

    Attributes:
        quarter: which quarters are compared, and how; says why where none is.
        changes: what changed beyond noise; one sentence that says so where nothing did; empty
            where there is nothing to compare with.
        this, last: heads of columns; "" where there is none.
        within: how long leads had to get as far as they are said to have got; "" if not told.
        volume: by source; empty where there are no quarters.
        stages: sentences on stages; ``cohorts``, ``waits``, ``bars`` and ``beside`` are their
            tables and chart, ``steps`` the heads.
        beside_said: what the table of both quarters counts, or why there is none.
        acceptance: sentences.
        scores: sentences; ``score_heads``, ``score_rows``, ``score_chart`` show them.
        revenue: sentences; ``revenue_rows`` show them.
        costs: sentences; ``cost_heads``, ``cost_rows``, ``cost_captions`` show them, the first
            caption of what was reached in time, the second so far.
        heat: sentences; ``heat_heads``, ``heat_rows`` show them.
    """

    quarter: str
    changes: tuple[str, ...]
    this: str
    last: str
    within: str
    has_source: bool
    volume: tuple[VolumeRow, ...]
    stages: tuple[str, ...]
    steps: tuple[str, ...]
    bars: Markup
    waits: tuple[WaitRow, ...]
    cohorts: tuple[RatesRow, ...]
    beside_said: str
    beside: tuple[BesideRow, ...]
    acceptance: tuple[str, ...]
    scores: tuple[str, ...]
    score_heads: tuple[str, ...]
    score_rows: tuple[ScoreRow, ...]
    score_chart: Markup
    revenue: tuple[str, ...]
    revenue_rows: tuple[DealsRow, ...]
    costs: tuple[str, ...]
    cost_captions: tuple[str, str]
    cost_heads: tuple[str, ...]
    cost_rows: tuple[CostRow, ...]
    heat: tuple[str, ...]
    heat_heads: tuple[str, ...]
    heat_rows: tuple[HeatRow, ...]


def read_funnel(funnel: Funnel, *, outcome: str) -> FunnelSection:
    """Words, tables and charts of a measured funnel.

    Args:
        funnel: as `training.funnel.measure_funnel` measured it.
        outcome: what the model predicts, as in ``closed_won``.
    """
    rates, spending = funnel.stages, funnel.spending
    together = None if rates is None else rates.together
    score_heads, counted_scores = score_rows(funnel.scores)
    priced = None if spending is None else spending.priced
    return FunnelSection(
        quarter_said(funnel),
        tuple(changes_said(funnel)),
        *heads(funnel),
        "" if rates is None else counted(rates.within_days, "day", "days"),
        funnel.has_source,
        () if funnel.volume is None else volume_rows(funnel.volume),
        tuple(stages_said(funnel)),
        () if rates is None else tuple(step_names(rates.stages)),
        Markup()
        if rates is None or together is None
        else funnel_chart(stage_bars(together, rates.stages)),
        () if together is None or rates is None else wait_rows(rates),
        () if rates is None else cohort_rows(rates),
        beside_said(funnel),
        () if rates is None or rates.beside is None else beside_rows(rates.beside, rates.stages),
        tuple(answers_said(funnel)),
        tuple(scores_said(funnel)),
        tuple(score_heads),
        counted_scores,
        scores_chart(score_points(funnel.scores)) if counted_scores else Markup(),
        tuple(revenue_said(funnel)),
        () if funnel.revenue is None else revenue_rows(funnel.revenue),
        tuple(costs_said(funnel)),
        ("", "") if spending is None else cost_captions(spending),
        () if spending is None else tuple(cost_heads(spending)),
        () if priced is None else cost_rows(priced),
        tuple(heat_said(funnel, outcome)),
        () if funnel.by_source is None else tuple(range_names(funnel.by_source.edges)),
        () if funnel.by_source is None else heat_rows(funnel.by_source),
    )
