"""How good is a score? Weighted metrics, each a plain function, and their bootstrap intervals.

Every metric takes (converted, score, weight): arrays of shape (n,), weights also of shape (…, n),
for which it gives shape (…,). Weights make one function serve both the figure (all ones) and its
bootstrap (how often each row was drawn). Rows of one lead or account are drawn together, because
examples of one lead are not independent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.fft import dct, idct
from scipy.special import expit, logit

from leadml.arrays import Bools, Floats, Ints
from leadml.intervals import Z90, wilson_bounds

Metric = Callable[[Bools, Floats, np.ndarray], np.ndarray]

RESAMPLES = 200
TINY = 1e-15

CELLS = 400
"""Resamples are taken on so many groups of like score, at most."""

GRID = 1_000
"""Cells between 0 and 1 over which a calibration error is smoothed."""

PRECISE = 1e-8
"""Newton's method ends at steps below this."""

ALIKE = 1e-9
"""Log-odds that differ by less than this are one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 90 % interval; not a number where it says nothing."""

    value: float
    lower: float
    upper: float

    def to_json(self) -> dict[str, float | None]:
        """Itself as plain data; what is not a number is None."""
        ends = {"value": self.value, "lower": self.lower, "upper": self.upper}
        return {name: None if np.isnan(end) else end for name, end in ends.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, float | None]) -> "Estimate":
        """The inverse of `to_json`."""
        return cls(**{name: np.nan if end is None else end for name, end in data.items()})


@dataclass(frozen=True, slots=True)
class Resampled:
    """A figure, and what it is on resamples of the same examples.

    Attributes:
        value: exact.
        on_cells: on the groups of like score that the resamples are taken on.
        drawn: on each resample; shape (n_resamples,).
    """

    value: float
    on_cells: float
    drawn: np.ndarray

    @property
    def estimate(self) -> Estimate:
        """The figure with its 90 % interval."""
        return _estimate(self.value, self.drawn)

    def less(self, other: "Resampled") -> Estimate:
        """By how much it is above another of the same resamples: what both find hard cancels."""
        value = self.value - other.value
        rounding = value - (self.on_cells - other.on_cells)
        return _estimate(value, self.drawn - other.drawn + rounding)


def auc(converted: Bools, score: Floats, weight: np.ndarray) -> np.ndarray:
    """Probability that a converted example scores above another one; ties count half."""
    won, lost = _by_score(converted, score, weight)
    below = np.cumsum(lost, axis=-1) - lost
    pairs = won.sum(axis=-1) * lost.sum(axis=-1)
    return np.asarray((won * (below + lost / 2)).sum(axis=-1) / pairs)


def average_precision(converted: Bools, score: Floats, weight: np.ndarray) -> np.ndarray:
    """Mean precision over the wins, best score first; tied scores are taken together."""
    won, lost = (group[..., ::-1] for group in _by_score(converted, score, weight))
    taken = np.cumsum(won + lost, axis=-1)
    hits = np.cumsum(won, axis=-1)
    precision = np.divide(hits, taken, out=np.zeros(taken.shape), where=taken > 0)
    return np.asarray((won * precision).sum(axis=-1) / won.sum(axis=-1))


def log_loss(converted: Bools, probability: Floats, weight: np.ndarray) -> np.ndarray:
    """Mean of -log of the probability given to what happened."""
    given = np.clip(np.where(converted, probability, 1 - probability), TINY, 1.0)
    return np.asarray(-(weight @ np.log(given)) / weight.sum(axis=-1))


def brier(converted: Bools, probability: Floats, weight: np.ndarray) -> np.ndarray:
    """Mean squared distance of the probability from what happened."""
    return np.asarray(weight @ (probability - converted) ** 2 / weight.sum(axis=-1))


def share_of_wins(top: float) -> Metric:
    """The share of all wins among the ``top`` share of examples by score; ties are shared out."""

    def measure(converted: Bools, score: Floats, weight: np.ndarray) -> np.ndarray:
        won, lost = (group[..., ::-1] for group in _by_score(converted, score, weight))
        size = won + lost
        before = np.cumsum(size, axis=-1) - size
        quota = np.clip(top * size.sum(axis=-1, keepdims=True) - before, 0.0, size)
        part = np.divide(quota, size, out=np.zeros(size.shape), where=size > 0)
        return np.asarray((won * part).sum(axis=-1) / won.sum(axis=-1))

    return measure


def lift(top: float) -> Metric:
    """How many times the average rate converts among the ``top`` share by score."""
    share = share_of_wins(top)
    return lambda converted, score, weight: share(converted, score, weight) / top


def observed_to_expected(converted: Bools, probability: Floats, weight: np.ndarray) -> np.ndarray:
    """How many converted for each conversion expected: calibration in the large; 1 is right."""
    return np.asarray(weight @ converted / (weight @ probability))


def calibration_slope(converted: Bools, probability: Floats, weight: np.ndarray) -> np.ndarray:
    """Slope of the best Platt map of the log-odds given (Cox 1958); below 1 is too sure.

    Found by Newton's method; not a number where all probabilities are alike.
    """
    odds = logit(np.clip(probability, TINY, 1 - 1e-12))
    slope, level = np.ones(weight.shape[:-1]), np.zeros(weight.shape[:-1])
    if np.ptp(odds) < ALIKE:
        return np.full(slope.shape, np.nan)
    for _ in range(30):
        p = expit(slope[..., None] * odds + level[..., None])
        missed, worth = weight * (converted - p), weight * p * (1 - p)
        # The two equations of Newton's step, solved by hand.
        a, b, d = worth @ odds**2, worth @ odds, worth.sum(axis=-1)
        first, second = missed @ odds, missed.sum(axis=-1)
        determinant = np.maximum(a * d - b * b, TINY)
        steps = (d * first - b * second) / determinant, (a * second - b * first) / determinant
        held = np.maximum(1.0, np.maximum(np.abs(steps[0]), np.abs(steps[1])))
        slope, level = slope + steps[0] / held, level + steps[1] / held
        if max(np.abs(steps[0]).max(), np.abs(steps[1]).max()) < PRECISE:
            break
    return np.asarray(slope)


def smooth_calibration_error(
    converted: Bools, probability: Floats, weight: np.ndarray
) -> np.ndarray:
    """Mean distance of probability from what happened, smoothed as widely as it is large.

    smECE (Blasiok and Nakkiran 2023): the width of the kernel that gives an error of its own size,
    with reflection at 0 and 1; on a grid of 1,000 cells.
    """
    cell = np.minimum((probability * GRID).astype(np.int64), GRID - 1)
    n = len(cell)
    on_grid = sparse.csr_array((np.ones(n), (cell, np.arange(n))), shape=(GRID, n))
    missed = np.atleast_2d(weight * (converted - probability))
    residual = (on_grid @ missed.T).T / np.atleast_2d(weight).sum(axis=-1, keepdims=True)
    # Reflection at both ends makes the cosine transform the one in which a Gaussian is a factor.
    waves, pace = dct(residual, axis=-1), np.pi * np.arange(GRID)

    def smoothed(width: np.ndarray) -> np.ndarray:
        heard = min(GRID, 1 + int(8.0 / (np.pi * width.min())))  # the rest fade below 1e-13
        faded = waves[:, :heard] * np.exp(-0.5 * (pace[:heard] * width[:, None]) ** 2)
        return np.asarray(np.abs(idct(faded, n=GRID, axis=-1)).sum(axis=-1))

    low, high = np.full(len(waves), 1.0 / GRID), np.ones(len(waves))
    high = np.where(smoothed(low) <= low, low, high)
    while (high - low).max() > 0.5 / GRID:
        middle = (low + high) / 2
        larger = smoothed(middle) > middle
        low, high = np.where(larger, middle, low), np.where(larger, high, middle)
    return smoothed(high).reshape(weight.shape[:-1])


RANKING: Mapping[str, Metric] = {
    "auc": auc,
    "average_precision": average_precision,
    **{f"lift_{top:.0%}".replace("%", ""): lift(top) for top in (0.1, 0.2, 0.3)},
    **{f"wins_in_top_{top:.0%}".replace("%", ""): share_of_wins(top) for top in (0.1, 0.2, 0.3)},
}
"""What any score can be judged by."""

PROBABILITY: Mapping[str, Metric] = {
    "log_loss": log_loss,
    "brier": brier,
    "observed_to_expected": observed_to_expected,
    "calibration_slope": calibration_slope,
    "smooth_calibration_error": smooth_calibration_error,
}
"""What only probabilities can be judged by."""


ALL: Mapping[str, Metric] = {**RANKING, **PROBABILITY}


def estimate(
    metrics: Mapping[str, Metric],
    converted: Bools,
    score: Floats,
    groups: "pd.Series[str]",
    *,
    seed: int,
) -> dict[str, Estimate]:
    """Each metric with a percentile bootstrap interval (90 %), resampling whole groups.

    The figure itself is exact; its resamples are taken on up to `CELLS` groups of like score.
    """
    drawn = resample(metrics, converted, score, groups, seed=seed)
    return {name: own.estimate for name, own in drawn.items()}


def resample(
    metrics: Mapping[str, Metric],
    converted: Bools,
    score: Floats,
    groups: "pd.Series[str]",
    *,
    seed: int,
) -> dict[str, Resampled]:
    """Each metric on the examples and on resamples of whole groups.

    Of other scores of the same examples, with the same seed, the resamples are the same.
    """
    ones = np.ones(len(converted))
    of_cell, by_cell = _cells(converted, score)
    won = np.arange(len(by_cell)) % 2 == 1
    whole = np.bincount(of_cell, ones, len(by_cell))
    draws = np.stack(
        [np.bincount(of_cell, w, len(by_cell)) for w in bootstrap_weights(groups, seed=seed)]
    )
    draws = draws[(draws[:, won].sum(axis=1) > 0) & (draws[:, ~won].sum(axis=1) > 0)]
    return {
        name: Resampled(
            float(metric(converted, score, ones)),
            float(metric(won, by_cell, whole)),
            metric(won, by_cell, draws),
        )
        for name, metric in metrics.items()
    }


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    if not len(drawn) or np.isnan(value):
        return Estimate(value, value, value)
    lower, upper = np.nanquantile(drawn, (0.05, 0.95))
    return Estimate(value, min(float(lower), value), max(float(upper), value))


def _cells(converted: Bools, score: Floats) -> tuple[Ints, Floats]:
    """Groups of like score, each in two cells, lost and won; and the mean score of each cell."""
    mean, group = np.unique(score, return_inverse=True)
    if len(mean) > CELLS:
        edges = np.unique(np.quantile(score, np.arange(1, CELLS) / CELLS))
        of_edge = np.searchsorted(edges, score, side="right")
        group = np.unique(of_edge, return_inverse=True)[1]
        mean = np.bincount(group, score) / np.bincount(group)
    return 2 * group + converted, np.repeat(mean, 2)


def bootstrap_weights(groups: "pd.Series[str]", *, seed: int) -> Iterator[Floats]:
    """How often each row is drawn, in each of `RESAMPLES` resamples of whole groups."""
    codes, names = pd.factorize(groups)
    rng = np.random.default_rng(seed)
    size = len(names)
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, size, size), minlength=size)
        yield drawn[codes].astype(np.float64)


def wilson(won: float, n: float, *, z: float = Z90) -> Estimate:
    """A share with Wilson's 90 % score interval (Wilson 1927)."""
    if n <= 0:
        return Estimate(0.0, 0.0, 1.0)
    lower, upper = wilson_bounds(np.array([won / n]), np.array([float(n)]), z=z)
    return Estimate(won / n, float(lower[0]), float(upper[0]))


def _by_score(converted: Bools, score: Floats, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight won and lost at each distinct score, lowest first; shape (…, n_distinct)."""
    if np.any(score[1:] < score[:-1]):
        order = np.argsort(score, kind="stable")
        converted, score, weight = converted[order], score[order], weight[..., order]
    first = np.flatnonzero(np.concatenate([[True], score[1:] != score[:-1]]))
    won = np.add.reduceat(weight * converted, first, axis=-1)
    return won, np.add.reduceat(weight, first, axis=-1) - won
