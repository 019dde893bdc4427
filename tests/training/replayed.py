"""A replayed past made by hand, as plain data: who did how well in which period."""

from collections.abc import Mapping, Sequence
from typing import Any

METRICS = (
    *("average_precision", "wins_in_top_20", "wins_in_capacity"),
    *("brier", "observed_to_expected", "calibration_slope", "smooth_calibration_error"),
)

ABOUT: dict[str, Any] = {
    "name": "lead-scorer",
    "outcome": "closed_won",
    "horizon_days": 90,
    "known_until": "2026-07-01T00:00:00+00:00",
    "clock": "times",
    "config": {"data": {"order_by": "row"}, "policy": {"sql_share": 0.1}},
}


def figure_of(value: float | None, *, width: float = 0.02) -> dict[str, float | None]:
    if value is None:
        return {"value": None, "lower": None, "upper": None}
    return {"value": value, "lower": value - width, "upper": value + width}


def slice_of(name: str, scorers: Mapping[str, tuple[float, float | None]]) -> dict[str, Any]:
    """One period in which each scorer has an AUC and, where it gives probabilities, a log loss."""
    figures = {}
    for scorer, (auc, loss) in scorers.items():
        figures[scorer] = {"auc": figure_of(auc)} | {m: figure_of(0.3) for m in METRICS[:3]}
        if loss is not None:
            figures[scorer]["log_loss"] = figure_of(loss)
            figures[scorer] |= {metric: figure_of(0.9) for metric in METRICS[3:]}
    return {
        "name": name,
        "recipe": "logistic regression",
        "n": 500,
        "leads": 400,
        "converted": 60,
        "figures": figures,
    }


def replayed(
    names: Sequence[str] = ("2025 Q3", "2025 Q4", "2026 Q1"), **changes: Any
) -> dict[str, Any]:
    """Three quarters: naive Bayes sorts better in the last one, nobody's probabilities do.

    In the first quarter the model trained once is the model.
    """
    bayes = (0.70, 0.70, 0.85)
    periods = [
        slice_of(
            name,
            {
                "model": (0.80, 0.30),
                "trained once": (0.80 - 0.05 * k, 0.30 + 0.01 * k),
                "naive Bayes": (bayes[k % 3], 0.90),
                "points": (0.60, None),
                "newest first": (0.50, None),
            },
        )
        for k, name in enumerate(names)
    ]
    overall = slice_of(
        "all periods",
        {
            "model": (0.80, 0.30),
            "trained once": (0.77, 0.31),
            "naive Bayes": (0.81, 0.90),
            "points": (0.60, None),
            "newest first": (0.50, None),
        },
    )
    new = slice_of("never seen in training", {"model": (0.75, 0.33)})
    parts = {"new": [new], "source": [], "tenure": [slice_of("on arrival", {"model": (0.7, 0.4)})]}
    return {"periods": periods, "overall": overall, "parts": parts} | changes
