"""How does a model's card become one HTML file that opens anywhere? The report is written here.

The file needs no network, no script and no other file. Every text of the data is escaped, and a
content policy in the head forbids the browser to run or fetch anything all the same.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from leadml.pages.environment import pages
from leadml.pages.words import (
    GROUPS,
    SCORERS,
    capitalised,
    joined,
    outcome_words,
    percent,
)
from training.report.charts.drivers import driver_chart, weights_chart
from training.report.charts.past import past_chart
from training.report.charts.reliability import reliability_chart
from training.report.charts.sorting import wins_chart
from training.report.evidence import Drivers, pick_drivers, read_open_leads
from training.report.judgement import (
    believe,
    counted_examples,
    in_one_minute,
    is_dated,
    other_horizons,
    undated_warnings,
    warnings,
    what_is_predicted,
)
from training.report.past import (
    JudgedRow,
    Kind,
    PeriodRow,
    kinds,
    measures,
    past_points,
    period_rows,
    period_word,
    scorer_rows,
    verdicts,
)
from training.report.tables import column_rows, compared, figure_rows, range_rows, wins_points


@dataclass(frozen=True, slots=True)
class Charts:
    """The pictures of one report; ``drivers`` in the order of the drivers shown."""

    wins: Markup
    reliability: Markup
    weights: Markup
    drivers: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The replayed past, ready to be read: what both pages say of it.

    Attributes:
        word: what a period is: quarter, month, week or block.
        verdicts: sentences on who did better and where.
        measures: the heads of ``scorers`` and of ``kinds``.
        charts: of sorting and of probabilities, each with the scorers too far off to be drawn.
    """

    word: str
    n: int
    leads: int
    converted: int
    verdicts: list[str]
    measures: list[str]
    periods: list[PeriodRow]
    scorers: list[JudgedRow]
    kinds: list[Kind]
    charts: tuple[tuple[Markup, str], ...]


def write_report(
    path: Path, *, card: Mapping[str, Any], version: str, open_leads: pd.DataFrame
) -> None:
    """Writes the report of one model; a file already there is replaced in one step.

    Args:
        path: of the HTML file; its folder is made.
        card: the model's card, as `training.train.train` makes it.
        version: the registered version.
        open_leads: lead_id, as_of, probability, lower, upper, fit_grade, engagement_grade, stage,
            unscored_reason, reasons (text, group, effect; strongest first), one row an open lead;
            probability is NaN where unscored. May be empty.
    """
    _write(path, build_page(card, version=version, open_leads=open_leads))


def write_backtest(path: Path, *, about: Mapping[str, Any], backtest: Mapping[str, Any]) -> None:
    """Writes the replayed past as a page of its own; a file already there is replaced in one step.

    Args:
        path: of the HTML file; its folder is made.
        about: what is predicted, as `training.train.about` says it.
        backtest: the plain data of a `training.backtest.Backtest`.
    """
    _write(path, build_backtest(about, backtest))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(text.encode("utf-8", "replace"))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def build_page(card: Mapping[str, Any], *, version: str, open_leads: pd.DataFrame) -> str:
    """The report as HTML text; arguments as in `write_report`."""
    evaluation = card["evaluation"]
    drivers = pick_drivers(card["drivers"], examples=evaluation["n"])
    leaks = [row for row in card["leaks"] if row["verdict"] == "leak"]
    allowed = set(card["config"]["attributes"]["allow"])
    return (
        pages(Path(__file__).parent)
        .get_template("page.html")
        .render(
            card=card,
            version=version,
            dated=is_dated(card),
            predicted=what_is_predicted(card),
            words=outcome_words(card["outcome"]),
            warnings=warnings(card),
            sentences=in_one_minute(card),
            examples=counted_examples(card),
            average=percent(evaluation["converted"] / evaluation["n"]),
            scorers=[capitalised(SCORERS.get(name, name)) for name in compared(card)],
            figures=figure_rows(card),
            belief=believe(evaluation),
            reliability=range_rows(evaluation["reliability"]),
            ranges=range_rows(evaluation["ranges"]),
            drivers=drivers,
            groups=GROUPS,
            charts=_charts(card, drivers),
            open=read_open_leads(open_leads),
            refused=[row for row in leaks if row["column"] not in allowed],
            allowed=[row for row in leaks if row["column"] in allowed],
            suspects=[row for row in card["leaks"] if row["verdict"] == "suspect"],
            columns=column_rows(card["leaks"]),
            overlaps=card.get("overlaps", []),
            horizons=other_horizons(card),
            past=_past(card, card["backtest"]) if card.get("backtest") else None,
            alone=False,
        )
    )


def build_backtest(about: Mapping[str, Any], backtest: Mapping[str, Any]) -> str:
    """The replayed past as HTML text; arguments as in `write_backtest`."""
    return (
        pages(Path(__file__).parent)
        .get_template("backtest.html")
        .render(
            about=about,
            dated=is_dated(about),
            predicted=what_is_predicted(about),
            words=outcome_words(about["outcome"]),
            warnings=undated_warnings(about),
            past=_past(about, backtest),
            alone=True,
        )
    )


def _past(about: Mapping[str, Any], backtest: Mapping[str, Any]) -> Past:
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
        list(measures(many, about["config"]["policy"]["sql_share"]).values()),
        period_rows(backtest, clock),
        scorer_rows(backtest, clock),
        kinds(backtest),
        tuple(charts),
    )


def _charts(card: Mapping[str, Any], drivers: Drivers) -> Charts:
    evaluation, words = card["evaluation"], outcome_words(card["outcome"])
    average = 100 * evaluation["converted"] / evaluation["n"]
    top = max([average, *(band.upper for d in drivers.shown for band in d.bands)])
    return Charts(
        wins_chart(wins_points(card), many=words.many),
        reliability_chart(evaluation["reliability"], past=words.past_many),
        weights_chart(drivers.shown) if drivers.shown else Markup(),
        tuple(
            driver_chart(driver, average=average, past=words.past_many, top=top)
            for driver in drivers.shown
        ),
    )
