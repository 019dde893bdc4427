"""How good is a score? Weighted metrics, each a plain function, and their bootstrap intervals.

Every metric takes (converted, score, weight) with arrays of shape (n,). Weights make one function
serve both the figure (all ones) and its bootstrap (how often each row was drawn). Rows of one lead
or account are drawn together, because examples of one lead are not independent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from leadml.intervals import Z90, wilson_bounds

Metric = Callable[[Bools, Floats, Floats], float]

RESAMPLES = 300
TINY = 1e-15


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 90 % interval."""

    value: float
    lower: float
    upper: float


def auc(converted: Bools, score: Floats, weight: Floats) -> float:
    """Probability that a converted example scores above another one; ties count half."""
    won, lost = _by_score(converted, score, weight)
    below = np.cumsum(lost) - lost
    return float((won * (below + lost / 2)).sum() / (won.sum() * lost.sum()))


def average_precision(converted: Bools, score: Floats, weight: Floats) -> float:
    """Mean precision over the wins, best score first; tied scores are taken together."""
    won, lost = (group[::-1] for group in _by_score(converted, score, weight))
    taken = np.cumsum(won + lost)
    precision = np.divide(np.cumsum(won), taken, out=np.zeros(len(taken)), where=taken > 0)
    return float((won * precision).sum() / won.sum())


def log_loss(converted: Bools, probability: Floats, weight: Floats) -> float:
    """Mean of -log of the probability given to what happened."""
    given = np.clip(np.where(converted, probability, 1 - probability), TINY, 1.0)
    return float(-np.average(np.log(given), weights=weight))


def brier(converted: Bools, probability: Floats, weight: Floats) -> float:
    """Mean squared distance of the probability from what happened."""
    return float(np.average((probability - converted) ** 2, weights=weight))


def share_of_wins(top: float) -> Metric:
    """The share of all wins among the ``top`` share of examples by score; ties are shared out."""

    def measure(converted: Bools, score: Floats, weight: Floats) -> float:
        won, lost = (group[::-1] for group in _by_score(converted, score, weight))
        size = won + lost
        before = np.cumsum(size) - size
        quota = np.clip(top * size.sum() - before, 0.0, size)
        part = np.divide(quota, size, out=np.zeros(len(size)), where=size > 0)
        return float((won * part).sum() / won.sum())

    return measure


def lift(top: float) -> Metric:
    """How many times the average rate converts among the ``top`` share by score."""
    share = share_of_wins(top)
    return lambda converted, score, weight: share(converted, score, weight) / top


RANKING: Mapping[str, Metric] = {
    "auc": auc,
    "average_precision": average_precision,
    **{f"lift_{top:.0%}".replace("%", ""): lift(top) for top in (0.1, 0.2, 0.3)},
    **{f"wins_in_top_{top:.0%}".replace("%", ""): share_of_wins(top) for top in (0.1, 0.2, 0.3)},
}
"""What any score can be judged by."""

PROBABILITY: Mapping[str, Metric] = {"log_loss": log_loss, "brier": brier}
"""What only probabilities can be judged by."""


def estimate(
    metrics: Mapping[str, Metric],
    converted: Bools,
    score: Floats,
    groups: "pd.Series[str]",
    *,
    seed: int,
) -> dict[str, Estimate]:
    """Each metric with a percentile bootstrap interval (90 %), resampling whole groups."""
    draws = bootstrap_weights(groups, seed=seed)
    order = np.argsort(score, kind="stable")
    y, s = converted[order], score[order]
    estimates = {}
    for name, metric in metrics.items():
        value = metric(y, s, np.ones(len(y)))
        drawn = [metric(y, s, w[order]) for w in draws if _both(y, w[order])]
        lower, upper = np.quantile(drawn, (0.05, 0.95)) if drawn else (value, value)
        estimates[name] = Estimate(value, min(float(lower), value), max(float(upper), value))
    return estimates


def bootstrap_weights(groups: "pd.Series[str]", *, seed: int) -> list[Floats]:
    """How often each row is drawn, in each of `RESAMPLES` resamples of whole groups."""
    codes, names = pd.factorize(groups)
    rng = np.random.default_rng(seed)
    size = len(names)
    return [
        np.bincount(rng.integers(0, size, size), minlength=size)[codes].astype(np.float64)
        for _ in range(RESAMPLES)
    ]


def wilson(won: float, n: float, *, z: float = Z90) -> Estimate:
    """A share with Wilson's 90 % score interval (Wilson 1927)."""
    if n <= 0:
        return Estimate(0.0, 0.0, 1.0)
    lower, upper = wilson_bounds(np.array([won / n]), np.array([float(n)]), z=z)
    return Estimate(won / n, float(lower[0]), float(upper[0]))


def _both(converted: Bools, weight: Floats) -> bool:
    return bool(weight[converted].sum() > 0 and weight[~converted].sum() > 0)


def _by_score(converted: Bools, score: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weight won and lost at each distinct score, lowest first."""
    if np.any(score[1:] < score[:-1]):
        order = np.argsort(score, kind="stable")
        converted, score, weight = converted[order], score[order], weight[order]
    first = np.flatnonzero(np.concatenate([[True], score[1:] != score[:-1]]))
    won = np.add.reduceat(weight * converted, first)
    return won, np.add.reduceat(weight, first) - won
