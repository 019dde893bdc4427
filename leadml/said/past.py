"""What the terminal says of the past, replayed: by period, and overall."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadml.said.figures import aligned, interval


def backtest_lines(backtest: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """The past replayed: a line a period, then everybody over all of them, then kinds of leads.

    Args:
        backtest: the plain data of a `training.backtest.Backtest`.
        about: what is predicted, as `training.train.about` says it.
    """
    overall = backtest["overall"]
    undated = {"newest first"} if about["clock"] == "none" else set()
    rivals = [name for name in overall["figures"] if name not in {"model", *undated}]
    head = (
        f"{len(backtest['periods'])} past periods replayed: {overall['n']:,} examples of "
        f"{overall['leads']:,} leads, {overall['converted']:,} of them won. 90 % intervals."
    )
    lines = [head, "", *_period_lines(backtest["periods"], rivals)]
    everybody = {name: overall["figures"][name] for name in ["model", *rivals]}
    for heads in _metrics(about["config"]["policy"]["sql_share"]):
        rows = [
            [name, *(_figure(own, metric) for metric in heads)] for name, own in everybody.items()
        ]
        lines += ["", *aligned([["all periods", *heads.values()], *rows])]
    for kind, parts in backtest["parts"].items():
        lines += _kind_lines(kind, parts)
    return lines


def _period_lines(periods: Sequence[Mapping[str, Any]], rivals: Sequence[str]) -> list[str]:
    """The model by period, and whoever of the rivals did best in each."""
    others = [name for name in rivals if name != "trained once"]
    rows = [
        ["period", "examples", "won", "AUC", "best rival", "log loss", "trained once", "best rival"]
    ]
    for own in periods:
        model, once = own["figures"]["model"], own["figures"].get("trained once", {})
        sorting = [_figure(model, "auc"), _best(own["figures"], others, "auc")]
        closeness = [_figure(model, "log_loss"), _figure(once, "log_loss", bare=True)]
        best = _best(own["figures"], others, "log_loss")
        rows.append([*_counts(own), *sorting, *closeness, best])
    return aligned(rows)


def _kind_lines(kind: str, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the model did on kinds of leads; none where too few were won or lost."""
    heads = {"auc": "AUC", "log_loss": "log loss", "observed_to_expected": "won to expected"}
    names = {"new": "new leads", "source": "by source", "tenure": "by tenure"}
    rows = [
        [*_counts(own), *(_figure(own["figures"]["model"], metric) for metric in heads)]
        for own in parts
    ]
    table = [[names.get(kind, kind), "examples", "won", *heads.values()], *rows]
    return ["", *aligned(table)] if rows else []


def _metrics(capacity: float) -> tuple[dict[str, str], dict[str, str]]:
    """What is said of everybody over all periods: of their sorting, of their probabilities."""
    sorting = {
        "auc": "AUC",
        "average_precision": "average precision",
        "wins_in_top_20": "wins in top 20 %",
        "wins_in_capacity": f"wins in capacity ({100 * capacity:g} %)",
    }
    closeness = {
        "log_loss": "log loss",
        "brier": "Brier",
        "observed_to_expected": "won to expected",
        "calibration_slope": "calibration slope",
        "smooth_calibration_error": "calibration error",
    }
    return sorting, closeness


def _counts(own: Mapping[str, Any]) -> list[str]:
    return [own["name"], f"{own['n']:,}", f"{own['converted']:,}"]


def _figure(figures: Mapping[str, Any], metric: str, *, bare: bool = False) -> str:
    """A figure with its interval, or without; "-" where there is none or it says nothing."""
    figure = figures.get(metric)
    if figure is None or figure["value"] is None:
        return "-"
    if bare:
        return f"{figure['value']:.3f}"
    return interval(figure, percent=metric.startswith("wins"))


def _best(figures: Mapping[str, Any], rivals: Sequence[str], metric: str) -> str:
    """Whoever of the rivals did best, and how well."""
    judged = {name: figures[name].get(metric, {}).get("value") for name in rivals}
    known = {name: value for name, value in judged.items() if value is not None}
    if not known:
        return "-"
    name = (max if metric == "auc" else min)(known, key=lambda rival: known[rival])
    return f"{known[name]:.3f} {name}"
