"""How would the model have done in each past period, beside its rivals? Rows and points.

All is read from the plain data of a `training.backtest.Backtest`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.pages.words import SCORERS, capitalised, counted, date_words, percent
from training.report.past_verdicts import MODEL, ONCE, Replayed, rivals_of
from training.report.standing import figure_of, standing
from training.report.tables import Cell, cell_text, figure_cell

WHO = {
    "model": "made anew at the start of each period",
    "trained once": "the first period's model, never touched again",
    "best single rule": "the one split of one fact that parts best",
    "naive Bayes": "each fact counted for itself",
    "plain logistic regression": "scikit-learn's, as it comes",
    "LightGBM defaults": "LightGBM as it comes",
    "newest first": "the youngest leads first",
    "points": "the table of points set by hand",
}
"""What each scorer does."""

KINDS = {
    "new": "Leads never seen before",
    "source": "By source",
    "tenure": "By how long a lead had been known",
}
"""The kinds of leads told apart."""

FAR = 2.5
"""A rival that mostly lies this many times the width of the model's own range off is not drawn."""

STANDINGS = {
    "ahead": "clearly behind",
    "behind": "clearly ahead",
    "unclear": "too close to tell",
}
"""How a rival is called by how the model stands beside it."""


@dataclass(frozen=True, slots=True)
class PastPoint:
    """How one scorer did in one period."""

    period: str
    scorer: str
    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class PastPoints:
    """What one chart shows, and the scorers too far off to be drawn."""

    shown: tuple[PastPoint, ...]
    far: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One period: the model, and whoever else did best in it."""

    name: str
    recipe: str
    n: str
    won: str
    auc: Cell
    auc_rival: str
    log_loss: Cell
    log_loss_rival: str


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A scorer, or the model on a kind of leads, with its figures."""

    name: str
    hint: str
    n: str
    won: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to tell leads apart."""

    name: str
    rows: tuple[JudgedRow, ...]


def name_unfinished(replayed: Replayed, about: Mapping[str, Any]) -> dict[str, Any]:
    """The same, where a period that had not ended when its outcomes were known is named so.

    Args:
        replayed: as in a card.
        about: what is predicted, as `training.train.about` says it.
    """
    ended = _known_to(about)
    if ended is None:
        return dict(replayed)
    periods = [
        period | {"name": f"{period['name']} (to {_last(ended).day} {_last(ended):%b})"}
        if _goes_on(period["name"], ended)
        else period
        for period in replayed["periods"]
    ]
    return {**replayed, "periods": periods}


def say_unfinished(replayed: Replayed, about: Mapping[str, Any]) -> str:
    """A sentence on the period that is not complete; "" where all are."""
    ended = _known_to(about)
    if ended is None:
        return ""
    names = [p["name"] for p in replayed["periods"] if _goes_on(p["name"], ended)]
    if not names:
        return ""
    days = counted(about["horizon_days"], "day", "days")
    until = date_words(_last(ended).isoformat())
    return (
        f"{capitalised(names[-1])} is not complete: it holds looks until {until}. What "
        f"came of later ones within {days} was not known yet."
    )


def _known_to(about: Mapping[str, Any]) -> pd.Timestamp | None:
    """Until when all outcomes are known; none where there are no dates."""
    if about["clock"] not in {"times", "days"}:
        return None
    return pd.Timestamp(about["known_until"]) - pd.Timedelta(days=about["horizon_days"])


def _last(ended: pd.Timestamp) -> pd.Timestamp:
    """The last moment before an end, which at midnight is of the day before."""
    return ended - pd.Timedelta(1, "us")


def _goes_on(name: str, moment: pd.Timestamp) -> bool:
    """Whether a period ends after a moment; of blocks none does."""
    if name.startswith("block"):
        return False
    if name.startswith("week of "):
        end = pd.Timestamp(name.removeprefix("week of "), tz="UTC") + pd.Timedelta(days=7)
    else:
        end = (pd.Period(name.replace(" ", "")) + 1).start_time.tz_localize("UTC")
    return bool(moment < end)


def past_points(replayed: Replayed, clock: str, metric: str) -> PastPoints:
    """The figures of one metric by period; pairs put right are of 100."""
    scale = 100.0 if metric == "auc" else 1.0
    by_scorer: dict[str, list[PastPoint]] = {}
    for scorer in [MODEL, *rivals_of(replayed, clock)]:
        for period in replayed["periods"]:
            figure = figure_of(period, scorer, metric)
            if figure is not None:
                ends = (scale * figure[key] for key in ("value", "lower", "upper"))
                point = PastPoint(period["name"], SCORERS.get(scorer, scorer), *ends)
                by_scorer.setdefault(scorer, []).append(point)
    own = by_scorer[MODEL]
    low, high = min(point.lower for point in own), max(point.upper for point in own)
    edge = high + FAR * (high - low)
    far = [name for name, points in by_scorer.items() if _median(points) > edge]
    near = [point for name, points in by_scorer.items() if name not in far for point in points]
    return PastPoints(tuple(near), tuple(SCORERS.get(name, name) for name in far))


def period_rows(replayed: Replayed, clock: str) -> list[PeriodRow]:
    """The periods, oldest first."""
    return [_period_row(period, rivals_of(replayed, clock)) for period in replayed["periods"]]


def scorer_rows(replayed: Replayed, clock: str) -> list[JudgedRow]:
    """Everybody over all periods, in the order of `measures`."""
    overall = replayed["overall"]
    return [
        _judged_row(capitalised(SCORERS.get(name, name)), overall, name, hint=WHO.get(name, ""))
        for name in [MODEL, *rivals_of(replayed, clock)]
    ]


def kinds(replayed: Replayed) -> list[Kind]:
    """The model on kinds of leads; those of which too few were won or lost are left out."""
    return [
        Kind(title, tuple(_judged_row(own["name"], own, MODEL) for own in replayed["parts"][name]))
        for name, title in KINDS.items()
        if replayed["parts"].get(name)
    ]


def measures(many: str, capacity: float) -> dict[str, str]:
    """The metrics of the tables, and how they are said."""
    return {
        "auc": "Pairs put right, of 100",
        "average_precision": "Average precision",
        "wins_in_top_20": f"Share of {many} in the top 20\u00a0%",
        "wins_in_capacity": f"… in the top {percent(capacity)} (sales)",
        "log_loss": "Log loss",
        "brier": "Brier score",
        "observed_to_expected": f"{capitalised(many)} for each one expected",
        "calibration_slope": "Calibration slope",
        "smooth_calibration_error": "Calibration error",
    }


METRICS = tuple(measures("", 0.0))


def table_of_figures(replayed: Replayed) -> pd.DataFrame:
    """A row a period and scorer: every metric with its lower and upper end."""
    rows: list[dict[str, Any]] = []
    for period in replayed["periods"]:
        own = {"period": period["name"]}
        own |= {name: period[name] for name in ("recipe", "n", "leads", "converted")}
        for scorer, figures in period["figures"].items():
            row = own | {"scorer": scorer}
            for metric, figure in figures.items():
                row |= {metric: figure["value"]}
                row |= {f"{metric}_{end}": figure[end] for end in ("lower", "upper")}
            rows.append(row)
    return pd.DataFrame(rows)


def _period_row(period: Replayed, rivals: Iterable[str]) -> PeriodRow:
    figures = period["figures"]
    names = list(rivals)
    return PeriodRow(
        period["name"],
        period["recipe"],
        f"{period['n']:,}",
        f"{period['converted']:,}",
        figure_cell("auc", figures[MODEL]["auc"]),
        _best(period, names, "auc"),
        figure_cell("log_loss", figures[MODEL]["log_loss"]),
        _best(period, names, "log_loss"),
    )


def _best(period: Replayed, rivals: Sequence[str], metric: str) -> str:
    """Whoever did best of those made anew in each period, how well, and how the model stands."""
    found = {name: figure_of(period, name, metric) for name in rivals if name != ONCE}
    judged = {name: figure["value"] for name, figure in found.items() if figure is not None}
    if not judged:
        return ""
    pick = max if metric == "auc" else min
    name = pick(judged, key=lambda rival: judged[rival])
    value = cell_text(metric, judged[name])
    stood = standing(period, name, metric)
    beside = f", {STANDINGS[stood]}" if stood else ""
    return f"{SCORERS.get(name, name)}: {value}{beside}"


def _judged_row(name: str, own: Replayed, scorer: str, *, hint: str = "") -> JudgedRow:
    figures = own["figures"][scorer]
    cells = tuple(figure_cell(metric, figures.get(metric)) for metric in METRICS)
    return JudgedRow(name, hint, f"{own['n']:,}", f"{own['converted']:,}", cells)


def _median(points: Sequence[PastPoint]) -> float:
    return float(pd.Series([point.value for point in points]).median())
