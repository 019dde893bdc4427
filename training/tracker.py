"""Where is the map from margin to probability now, and how well is that known?

The level of conversions moves more than the ranking. So the map's two numbers are tracked through
the past: what one believes of slope and level is a normal distribution; each period widens it, for
the world drifts; each period's outcomes narrow it again (an extended Kalman filter on Platt's map:
West, Harrison and Migon 1985). A few outcomes move it a little, many move it fully. How fast the
world drifts is not known: the map is that of the speed that foretold the past best, and how well
it is known takes in every speed, by how likely it made the past.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadml.arrays import Bools, Floats
from leadml.model import sigmoid

SLOPE_DEVIATION, LEVEL_DEVIATION = 0.3, 1.0
"""What is believed of an untried margin: about right in slope, in level not well known."""

DRIFTS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6)
"""By how much the level may drift in a period, in log-odds: candidates."""

USUAL_DRIFT = 0.1
"""Where fewer than two periods tell."""

SLOPE_DRIFT = 0.1
"""How much the slope drifts for each log-odds that the level does."""

SURE = 1e-4
"""Deviation of a slope that is taken as known."""

LEAST_SLOPE = 0.05
"""A flatter map would say that the ranking means nothing; that is the verdict's business."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one period told: margins, and what came of them.

    Attributes:
        margin: log-odds before the map, shape (n,).
        converted: labels, shape (n,).
        offset: log-odds by which a label is scarcer than the main horizon's, shape (n,).
        leads: distinct leads among them: examples of one lead do not count anew.
        periods: how long after the outcomes before them, in periods.
    """

    margin: Floats
    converted: Bools
    offset: Floats
    leads: int
    periods: float = 1.0


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the map ``slope * (margin - center) + level``.

    Attributes:
        center: the margin where slope and level tell apart best.
        mean: slope and level, shape (2,).
        variance: of both, shape (2, 2).
        drift: of the level in a period.
        slope_known: whether the slope does not drift.
    """

    center: float
    mean: Floats
    variance: np.ndarray
    drift: float
    slope_known: bool = False

    @property
    def slope(self) -> float:
        """Of the map."""
        return float(self.mean[0])

    @property
    def offset(self) -> float:
        """Of the map: its log-odds at margin 0."""
        return float(self.mean[1] - self.mean[0] * self.center)

    @property
    def spans(self) -> tuple[float, float, float]:
        """Variance of slope, of slope and offset together, and of offset."""
        turn = np.array([[1.0, 0.0], [-self.center, 1.0]])
        turned = turn @ self.variance @ turn.T
        return float(turned[0, 0]), float(turned[0, 1]), float(turned[1, 1])

    def log_odds(self, margin: Floats) -> Floats:
        """The map as it is believed to be; shape (n,)."""
        return np.asarray(self.mean[0] * (margin - self.center) + self.mean[1])

    def later(self, periods: float) -> "Belief":
        """What is left of the belief after some periods without outcomes."""
        slope_drift = 0.0 if self.slope_known else SLOPE_DRIFT * self.drift
        step = np.diag([slope_drift**2, self.drift**2]) * periods
        return replace(self, variance=self.variance + step)


def track_map(past: Sequence[Outcomes], *, slope_known: bool = False) -> Belief:
    """What is believed of the map after all periods, oldest first.

    Args:
        past: what each period told; at least one.
        slope_known: whether the slope is taken to be 1, for wins are few.
    """
    drifts = DRIFTS if len(past) > 1 else (USUAL_DRIFT,)
    followed = [_follow(past, drift, slope_known=slope_known) for drift in drifts]
    beliefs, missed, likely = zip(*followed, strict=True)
    return _mixed(beliefs, likely, mean=beliefs[int(np.argmin(missed))].mean)


def update(belief: Belief, outcomes: Outcomes) -> Belief:
    """The belief after one more period's outcomes: most likely, and as sure as they make it."""
    return _learn(belief.later(outcomes.periods), outcomes)[0]


def _follow(
    past: Sequence[Outcomes], drift: float, *, slope_known: bool
) -> tuple[Belief, float, float]:
    """The belief after all periods, how badly each was foretold, and how likely (log) it was."""
    first = past[0]
    center = float(first.margin[first.converted].mean()) if first.converted.any() else 0.0
    deviation = SURE if slope_known else SLOPE_DEVIATION
    variance = np.diag([deviation**2, LEVEL_DEVIATION**2])
    belief = Belief(center, np.array([1.0, center]), variance, drift, slope_known)
    missed, likely = 0.0, 0.0
    for k, outcomes in enumerate(past):
        foretold = _missed(belief, outcomes)
        belief, log_likely = _learn(belief.later(outcomes.periods), outcomes)
        if k:
            missed, likely = missed + foretold, likely + log_likely
    return belief, missed, likely


def _mixed(beliefs: Sequence[Belief], likely: Sequence[float], *, mean: Floats) -> Belief:
    """A belief with the given mean, as far from it as all are, each as likely as it made the past.

    One speed alone would claim more than a handful of periods tell.
    """
    share = np.exp(np.array(likely) - max(likely))
    share = share / share.sum()
    away = [belief.mean - mean for belief in beliefs]
    spans = [b.variance + np.outer(a, a) for b, a in zip(beliefs, away, strict=True)]
    variance = np.tensordot(share, spans, axes=1)
    drift = np.sqrt(share @ [belief.drift**2 for belief in beliefs])
    return replace(beliefs[0], mean=mean, variance=variance, drift=float(drift))


def _learn(prior: Belief, outcomes: Outcomes) -> tuple[Belief, float]:
    """The belief after outcomes, and how likely (log) the prior made them (Laplace's method)."""
    mean, hessian = _most_likely(prior, outcomes)
    if mean[0] < LEAST_SLOPE:
        steep = np.array([LEAST_SLOPE, prior.mean[1]])
        sure = np.diag([SURE**2, prior.variance[1, 1]])
        mean, _ = _most_likely(replace(prior, mean=steep, variance=sure), outcomes)
        mean = np.array([LEAST_SLOPE, mean[1]])
    after = replace(prior, mean=mean, variance=np.linalg.inv(hessian))
    moved = mean - prior.mean
    far = float(moved @ np.linalg.solve(prior.variance, moved))
    narrower = np.linalg.slogdet(hessian)[1] + np.linalg.slogdet(prior.variance)[1]
    return after, -_worth(outcomes) * _missed(after, outcomes) - 0.5 * (far + float(narrower))


def _most_likely(prior: Belief, outcomes: Outcomes) -> tuple[Floats, np.ndarray]:
    """Slope and level with the most likely map, and the precision there; by Newton's method."""
    x = np.column_stack([outcomes.margin - prior.center, np.ones(len(outcomes.margin))])
    worth, precision = _worth(outcomes), np.linalg.inv(prior.variance)
    mean, hessian = prior.mean, precision
    for _ in range(50):
        p = sigmoid(x @ mean + outcomes.offset)
        gradient = worth * (x.T @ (outcomes.converted - p)) - precision @ (mean - prior.mean)
        hessian = worth * (x * (p * (1 - p))[:, None]).T @ x + precision
        step = np.linalg.solve(hessian, gradient)
        mean = mean + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return mean, hessian


def _missed(belief: Belief, outcomes: Outcomes) -> float:
    """Log loss of the outcomes, summed."""
    log_odds = belief.log_odds(outcomes.margin) + outcomes.offset
    return float(np.logaddexp(0.0, np.where(outcomes.converted, -1.0, 1.0) * log_odds).sum())


def _worth(outcomes: Outcomes) -> float:
    """How much each example counts: examples of one lead share the weight of one."""
    return outcomes.leads / max(len(outcomes.margin), 1)
