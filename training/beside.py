"""How far is one scorer ahead of another on the same examples? Differences with their intervals.

Two intervals that overlap do not say that two scorers are alike: what both find hard moves both
figures. So the difference itself is resampled, both scorers on the same draws.
"""

from collections.abc import Mapping
from typing import Any

from training.metrics import Estimate, Resampled

COMPARED = ("auc", "log_loss", "wins_in_top_20")
"""The metrics of which differences are kept."""

Figures = Mapping[str, Mapping[str, Estimate]]
"""By scorer, then metric."""


def estimates(drawn: Mapping[str, Mapping[str, Resampled]]) -> dict[str, dict[str, Estimate]]:
    """Every figure with its interval."""
    return {
        scorer: {metric: one.estimate for metric, one in own.items()}
        for scorer, own in drawn.items()
    }


def differences(
    drawn: Mapping[str, Mapping[str, Resampled]], first: str
) -> dict[str, dict[str, Estimate]]:
    """The figures of ``first`` less those of each other scorer, on the same draws."""
    return {
        scorer: {
            metric: drawn[first][metric].less(own[metric])
            for metric in COMPARED
            if metric in own and metric in drawn[first]
        }
        for scorer, own in drawn.items()
        if scorer != first
    }


def figures_to_json(figures: Figures) -> dict[str, dict[str, Any]]:
    """Figures as plain data."""
    return {
        scorer: {metric: figure.to_json() for metric, figure in own.items()}
        for scorer, own in figures.items()
    }


def figures_from_json(data: Mapping[str, Any]) -> dict[str, dict[str, Estimate]]:
    """The inverse of `figures_to_json`."""
    return {
        scorer: {metric: Estimate.from_json(figure) for metric, figure in own.items()}
        for scorer, own in data.items()
    }
