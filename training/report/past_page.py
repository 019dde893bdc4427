"""What does a page say of the replayed past? Its rows, verdicts and charts, gathered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from leadml.pages.words import joined, outcome_words
from training.report.charts.past import past_chart
from training.report.past import (
    JudgedRow,
    Kind,
    PeriodRow,
    kinds,
    measures,
    name_unfinished,
    past_points,
    period_rows,
    say_unfinished,
    scorer_rows,
)
from training.report.past_verdicts import period_word, verdicts
from training.report.tables import Card


@dataclass(frozen=True, slots=True)
class Past:
    """The replayed past, ready to be read: what both pages say of it.

    Attributes:
        word: what a period is: quarter, month, week or block.
        verdicts: sentences on who did better and where.
        unfinished: on the period that is not complete; "" where all are.
        measures: the heads of ``scorers`` and of ``kinds``.
        charts: of sorting and of probabilities, each with the scorers too far off to be drawn.
    """

    word: str
    n: int
    leads: int
    converted: int
    verdicts: list[str]
    unfinished: str
    measures: list[str]
    periods: list[PeriodRow]
    scorers: list[JudgedRow]
    kinds: list[Kind]
    charts: tuple[tuple[Markup, str], ...]


def read_past(about: Card, backtest: Mapping[str, Any]) -> Past:
    """The section of a replayed past.

    Args:
        about: what is predicted, as `training.train.about` says it.
        backtest: the plain data of a `training.backtest.Backtest`.
    """
    unfinished = say_unfinished(backtest, about)
    backtest = name_unfinished(backtest, about)
    clock, overall = about["clock"], backtest["overall"]
    many = outcome_words(about["outcome"]).many
    charts = []
    for metric, title, chance in (
        ("auc", "pairs put right, of 100", 50.0),
        ("log_loss", "log loss, lower is better", None),
    ):
        points = past_points(backtest, clock, metric)
        chart = past_chart(points.shown, title=title, chance=chance)
        charts.append((chart, joined(points.far)))
    return Past(
        period_word(backtest),
        overall["n"],
        overall["leads"],
        overall["converted"],
        verdicts(backtest, clock),
        unfinished,
        list(measures(many, about["config"]["policy"]["sql_share"]).values()),
        period_rows(backtest, clock),
        scorer_rows(backtest, clock),
        kinds(backtest),
        tuple(charts),
    )
