"""How did the model do, measure by measure and score by score? Small tables from its card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import SCORERS, decimal, outcome_words, percent, share_range, span

TOPS = (10, 20, 30)
"""The shares of leads, in percent, of which the report says how many wins they hold."""

Card = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and its interval, ready to be read; empty where a scorer has none."""

    value: str = ""
    interval: str = ""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One measure, over every scorer."""

    name: str
    hint: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class WinsPoint:
    """The share of wins that one scorer reaches in its top leads; all in percent."""

    scorer: str
    top: int
    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class RangeRow:
    """What was predicted and what happened, for leads of like score."""

    score: str
    n: str
    predicted: str
    observed: str
    interval: str
    holds: bool


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """What the leak report measured of one column; empty where nothing tells.

    Attributes:
        alone, lost: pairs put right by it alone, and fewer put right without it, of 100.
        won, others: where it is filled.
        before, after: when its value was first told, of the leads closed with one.
        changed: how often its value was another later.
        time: how well it tells when a lead came, of 100.
    """

    column: str
    verdict: str
    alone: str
    lost: str
    won: str
    others: str
    before: str
    after: str
    changed: str
    time: str


def column_rows(leaks: Sequence[Mapping[str, Any]]) -> list[ColumnRow]:
    """Every column of the leak report, those that sort best first.

    Cards made before a figure was measured lack it; its cell is empty.
    """
    ranked = sorted(leaks, key=lambda leak: -leak.get("auc_alone", 0.0))
    return [_column_row(leak) for leak in ranked]


def _column_row(leak: Mapping[str, Any]) -> ColumnRow:
    def of_100(name: str) -> str:
        return "" if leak.get(name) is None else f"{100 * leak[name]:.0f}"

    def share(name: str) -> str:
        return "" if leak.get(name) is None else percent(leak[name])

    allowed = leak["verdict"] == "leak" and leak.get("allowed")
    return ColumnRow(
        leak["column"],
        "leak, allowed" if allowed else leak["verdict"],
        alone=of_100("auc_alone"),
        lost=of_100("auc_lost"),
        won=share("filled_won"),
        others=share("filled_lost"),
        before=share("filled_before"),
        after=share("filled_after"),
        changed=share("changed_later"),
        time=of_100("time_told"),
    )


def compared(card: Card) -> list[str]:
    """The scorers worth showing, the model first; without dates nobody is newest."""
    names = [name for name in card["evaluation"]["figures"] if name not in {"model", "base rate"}]
    if card["clock"] == "none":
        names = [name for name in names if name != "newest first"]
    return ["model", *names, "base rate"]


def figure_rows(card: Card) -> list[FigureRow]:
    """The measures, each over `compared`."""
    many = outcome_words(card["outcome"]).many
    figures = [card["evaluation"]["figures"][name] for name in compared(card)]
    rows = [
        _row(
            "auc",
            "Pairs put right, of 100",
            "AUC: of one lead that converted and one that did not, how often the first is higher",
            figures,
        )
    ]
    rows += [
        _row(f"wins_in_top_{top}", f"Share of {many} in the top {top} %", "", figures)
        for top in TOPS
    ]
    hint = "how many times the average rate the top 20 % convert; 1 is chance"
    rows.append(_row("lift_20", "Lift in the top 20 %", hint, figures))
    hint = "how far probabilities are from what happened; lower is better"
    rows.append(_row("log_loss", "Log loss", hint, figures))
    rows.append(_row("brier", "Brier score", "the same, as a squared distance", figures))
    return rows


def wins_points(card: Card) -> list[WinsPoint]:
    """The share of wins in the top leads, for the chart; chance for "at random"."""
    points = []
    for name in compared(card):
        for top in TOPS:
            if name == "base rate":
                points.append(WinsPoint("at random", top, top, top, top))
                continue
            e = card["evaluation"]["figures"][name][f"wins_in_top_{top}"]
            value, lower, upper = (100 * e[key] for key in ("value", "lower", "upper"))
            points.append(WinsPoint(SCORERS.get(name, name), top, value, lower, upper))
    return points


def range_rows(rows: Sequence[Mapping[str, Any]]) -> list[RangeRow]:
    """Score ranges against what happened."""
    return [
        RangeRow(
            share_range(row["lower"], row["upper"]),
            f"{row['n']:,}",
            percent(row["predicted"]),
            percent(row["observed"]),
            span(row["observed_lower"], row["observed_upper"], like=row["observed"]),
            holds(row),
        )
        for row in rows
    ]


def figure_cell(metric: str, figure: Mapping[str, Any] | None) -> Cell:
    """A figure as text; an interval of no width, as chance has, is left out."""
    if figure is None or figure["value"] is None:
        return Cell()
    value, lower, upper = figure["value"], figure["lower"], figure["upper"]
    if upper - lower < 1e-9:
        return Cell(cell_text(metric, value))
    if metric.startswith("wins"):
        return Cell(cell_text(metric, value), span(lower, upper, like=value))
    return Cell(cell_text(metric, value), f"{cell_text(metric, lower)}–{cell_text(metric, upper)}")


def holds(row: Mapping[str, Any]) -> bool:
    """Whether the interval of what happened contains what was predicted."""
    return bool(row["observed_lower"] <= row["predicted"] <= row["observed_upper"])


def _row(metric: str, name: str, hint: str, figures: Sequence[Mapping[str, Any]]) -> FigureRow:
    return FigureRow(name, hint, tuple(figure_cell(metric, own.get(metric)) for own in figures))


def cell_text(metric: str, value: float) -> str:
    """A figure as text: pairs of 100, shares in percent, the rest as decimals."""
    if metric == "auc":
        return f"{100 * value:.0f}"
    if metric.startswith("wins"):
        return percent(value)
    if metric in {"observed_to_expected", "calibration_slope"}:
        return decimal(value, 2)
    return decimal(value, 1 if metric.startswith("lift") else 3)
