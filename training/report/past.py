"""How would the model have done in each past period, beside its rivals? Sentences, rows, points.

All is read from the plain data of a `training.backtest.Backtest`. A rival is beaten in a period
where the model's figure is better, by however little: whether that is more than luck, the
intervals say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.pages.words import SCORERS, capitalised, joined, percent
from training.report.tables import Cell, cell_text, figure_cell

MODEL, ONCE = "model", "trained once"

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

SAID = {
    "trained once": "the model trained once",
    "best single rule": "the best single rule",
    "newest first": "calling the newest first",
    "points": "a table of points",
}
"""How a sentence calls those whose names are not enough."""

KINDS = {
    "new": "Leads never seen before",
    "source": "By source",
    "tenure": "By how long a lead had been known",
}
"""The kinds of leads told apart."""

MOST_NAMED = 4
"""No more periods than this are named in a sentence."""

FAR = 2.5
"""A rival that mostly lies this many times the width of the model's own range off is not drawn."""

Replayed = Mapping[str, Any]


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


def period_word(replayed: Replayed) -> str:
    """What its periods are: quarter, month, week or block.

    >>> period_word({"periods": [{"name": "2026 Q1"}]})
    'quarter'
    """
    name = replayed["periods"][0]["name"]
    for start, word in (("week", "week"), ("block", "block")):
        if name.startswith(start):
            return word
    return "quarter" if "Q" in name else "month"


def rivals_of(replayed: Replayed, clock: str) -> list[str]:
    """Everybody beside the model; without dates nobody is newest."""
    absent = {MODEL, "newest first"} if clock == "none" else {MODEL}
    return [name for name in replayed["overall"]["figures"] if name not in absent]


def verdicts(replayed: Replayed, clock: str) -> list[str]:
    """In how many periods it beat each rival, where it did not, and how all of them come out."""
    return [
        *(_beaten(replayed, clock, metric) for metric in ("auc", "log_loss")),
        *(_together(replayed, clock, metric) for metric in ("auc", "log_loss")),
    ]


def past_points(replayed: Replayed, clock: str, metric: str) -> PastPoints:
    """The figures of one metric by period; pairs put right are of 100."""
    scale = 100.0 if metric == "auc" else 1.0
    by_scorer: dict[str, list[PastPoint]] = {}
    for scorer in [MODEL, *rivals_of(replayed, clock)]:
        for period in replayed["periods"]:
            figure = _figure(period, scorer, metric)
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


def _beaten(replayed: Replayed, clock: str, metric: str) -> str:
    """One sentence of one metric: rivals beaten everywhere first, then the rest one by one."""
    word = period_word(replayed)
    everywhere: dict[int, list[str]] = {}
    others = []
    for rival in rivals_of(replayed, clock):
        lost = _lost(replayed["periods"], rival, metric)
        if not lost:
            continue
        names = [name for name, beaten in lost.items() if not beaten]
        if names:
            others.append(f"than {SAID.get(rival, rival)} {_where(names, list(lost))}")
        else:
            everywhere.setdefault(len(lost), []).append(SAID.get(rival, rival))
    wholly = [f"than {joined(names)} in {_all(count, word)}" for count, names in everywhere.items()]
    opening = "It sorted leads better" if metric == "auc" else "Its probabilities were closer"
    return f"{opening} {'; '.join([*wholly, *others])}."


def _lost(periods: Sequence[Replayed], rival: str, metric: str) -> dict[str, bool]:
    """Whether the model beat a rival, by period; it is itself what is trained in the first one."""
    told = periods[1:] if rival == ONCE else periods
    found = {}
    for period in told:
        own, other = _figure(period, MODEL, metric), _figure(period, rival, metric)
        if own is not None and other is not None:
            found[period["name"]] = _better(own, other, metric)
    return found


def _where(lost: Sequence[str], told: Sequence[str]) -> str:
    """How often, and where not: the shorter list of names, where it is short."""
    count = len(told) - len(lost)
    if not count:
        return f"in none of {len(told)}"
    text = f"in {count} of {len(told)}"
    won = [name for name in told if name not in lost]
    if len(lost) <= MOST_NAMED:
        return f"{text} (not in {_unbroken(lost)})"
    return f"{text} (only in {_unbroken(won)})" if len(won) <= MOST_NAMED else text


def _unbroken(names: Sequence[str]) -> str:
    """Names of periods that no line breaks at their hyphens."""
    return joined([name.replace("-", "\u2011") for name in names])


def _all(count: int, word: str) -> str:
    if count == 1:
        return f"the one {word} that tells"
    return f"{'both' if count == 2 else f'all {count}'} {word}s"


def _together(replayed: Replayed, clock: str, metric: str) -> str:
    """Who was clearly better over all periods together, and whose range overlaps the model's."""
    own = _figure(replayed["overall"], MODEL, metric)
    if own is None:
        return f"Over all {period_word(replayed)}s together the model's figure says nothing."
    better: list[str] = []
    ahead: list[str] = []
    behind: list[str] = []
    for rival in rivals_of(replayed, clock):
        other = _figure(replayed["overall"], rival, metric)
        if other is None:
            continue
        apart = own["lower"] > other["upper"] or other["lower"] > own["upper"]
        wins = _better(other, own, metric)
        if wins or not apart:
            group = behind if not wins else better if apart else ahead
            group.append(f"{SAID.get(rival, rival)} ({_said(metric, other)})")
    verb = "sorted better" if metric == "auc" else "came closer"
    who = f"Over all {period_word(replayed)}s together {joined(better) or 'nobody'} clearly {verb}"
    said = [f"{who} than the model ({_said(metric, own)})."]
    if ahead:
        said.append(f"Ahead of it, with ranges that overlap: {joined(ahead)}.")
    if behind:
        said.append(f"Behind it, with ranges that overlap: {joined(behind)}.")
    return " ".join(said)


def _said(metric: str, figure: Mapping[str, float]) -> str:
    cell = figure_cell(metric, figure)
    return f"{cell.value}, {cell.interval}" if cell.interval else cell.value


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
    """Whoever did best of those that stay the same from period to period, and how well."""
    found = {name: _figure(period, name, metric) for name in rivals if name != ONCE}
    judged = {name: figure["value"] for name, figure in found.items() if figure is not None}
    if not judged:
        return ""
    pick = max if metric == "auc" else min
    name = pick(judged, key=lambda rival: judged[rival])
    value = cell_text(metric, judged[name])
    return f"{SCORERS.get(name, name)}: {value}"


def _judged_row(name: str, own: Replayed, scorer: str, *, hint: str = "") -> JudgedRow:
    figures = own["figures"][scorer]
    cells = tuple(figure_cell(metric, figures.get(metric)) for metric in METRICS)
    return JudgedRow(name, hint, f"{own['n']:,}", f"{own['converted']:,}", cells)


def _figure(own: Replayed, scorer: str, metric: str) -> Mapping[str, float] | None:
    """A figure, or None where the scorer has none or it says nothing."""
    figure = own["figures"].get(scorer, {}).get(metric)
    return None if figure is None or figure["value"] is None else figure


def _better(own: Mapping[str, float], other: Mapping[str, float], metric: str) -> bool:
    ahead = own["value"] - other["value"]
    return ahead > 0 if metric == "auc" else ahead < 0


def _median(points: Sequence[PastPoint]) -> float:
    return float(pd.Series([point.value for point in points]).median())
