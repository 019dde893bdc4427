"""How does a margin become a probability that can be believed?

From margins that were given to examples before their outcome was known (`training.replay`). The map
is Platt's (Platt 1999), its level and slope tracked through the periods (`training.tracker`). With
fewer than 100 conversions only the level is learned. Where conversions are many and a straight map
misses, the margin is bent first: by a beta map (Kull 2017) or a rising spline, where its
shape, learned before the newest period, suits that period better by more than noise.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq, minimize

from leadml.arrays import Bools, Floats
from leadml.model import Bend, Calibration, sigmoid
from training.replay import Stretch
from training.tracker import Belief, Outcomes, track_map

WINS_FOR_A_SLOPE = 100
WINS_FOR_A_BETA = 500
WINS_FOR_A_SPLINE = 1_000
KNOTS = 6
"""Where a spline may bend: quantiles of the margins of conversions."""

POINTS = 101
"""A beta map is kept as so many points of its curve."""

CERTAIN = 2.0
"""Standard errors by which a bend must be better than none."""

GROUPS = 20
"""Groups of like margin in which the map is compared with what happened."""


def fit_calibration(stretches: Sequence[Stretch]) -> Calibration:
    """Fits the map, and how far it can be trusted in the coming period.

    Args:
        stretches: margins of examples the margin had not seen, oldest first; at least one.
    """
    bend = _choose_bend(stretches)
    bent = stretches if bend is None else [replace(s, margin=bend.of(s.margin)) for s in stretches]
    belief = _track(bent)
    coming = belief.later(1.0)
    leads = int(np.unique(np.concatenate([s.leads.to_numpy() for s in stretches])).size)
    spread = _spread(belief, bent[-1])
    return Calibration(belief.slope, belief.offset, coming.spans, spread, belief.drift, leads, bend)


def _track(stretches: Sequence[Stretch]) -> Belief:
    wins = sum(int(s.converted.sum()) for s in stretches)
    past = [Outcomes(s.margin, s.converted, s.offset, int(s.leads.nunique())) for s in stretches]
    return track_map(past, slope_known=wins < WINS_FOR_A_SLOPE)


def _spread(belief: Belief, stretch: Stretch) -> float:
    """How far groups of like margin lie from the map beyond chance: standard deviation, log-odds.

    By the method of moments: what the squared distances exceed their sampling variance by.
    """
    order = np.argsort(stretch.margin, kind="stable")
    p = sigmoid(belief.log_odds(stretch.margin) + stretch.offset)
    # As many groups as there are wins for: one with fewer than ten says nothing.
    count = int(np.clip(stretch.converted.sum() // 10, 1, GROUPS))
    share = stretch.leads.nunique() / max(len(p), 1)
    beyond, weight = 0.0, 0.0
    for rows in np.array_split(order, count):
        information = float((p[rows] * (1 - p[rows])).sum())
        distance = float((stretch.converted[rows] - p[rows]).sum()) / information
        beyond += information * share * (distance**2 - 1 / (information * share))
        weight += information * share
    return float(np.sqrt(max(beyond / weight, 0.0)))


def _choose_bend(stretches: Sequence[Stretch]) -> Bend | None:
    """The bend whose shape suits the newest stretch best; None where none beats a straight map."""
    *earlier, newest = stretches
    if not earlier or newest.converted.all() or not newest.converted.any():
        return None
    margin = np.concatenate([s.shifted for s in earlier])
    converted = np.concatenate([s.converted for s in earlier])
    wins = int(converted.sum()) if np.ptp(margin) else 0
    bases = [
        basis
        for basis, least in ((_beta_basis, WINS_FOR_A_BETA), (_spline_basis, WINS_FOR_A_SPLINE))
        if wins >= least
    ]
    best, bend = _losses(newest), None
    for basis in bases:
        knots = _knots(margin, converted)
        tried = _fit_bend(basis(margin, knots), converted)
        at = np.linspace(margin.min(), margin.max(), POINTS) if basis is _beta_basis else knots
        curve = Bend(at, basis(at, knots) @ tried)
        losses = _losses(replace(newest, margin=curve.of(newest.margin)))
        gain = best - losses
        if gain.mean() > CERTAIN * gain.std() / np.sqrt(newest.leads.nunique()):
            best, bend = losses, curve
    return bend


def _knots(margin: Floats, converted: Bools) -> Floats:
    inner = np.quantile(margin[converted], np.linspace(0.1, 0.9, KNOTS))
    return np.unique([margin.min(), *inner, margin.max()])


def _beta_basis(margin: Floats, knots: Floats) -> np.ndarray:
    """Log of the probability and minus log of its rest; shape (n, 2)."""
    del knots
    return np.column_stack([-np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)])


def _spline_basis(margin: Floats, knots: Floats) -> np.ndarray:
    """A ramp between every two knots, the outer ones without end; shape (n, n_knots - 1)."""
    low = np.append(-np.inf, knots[1:-1])
    high = np.append(knots[1:-1], np.inf)
    start = np.append(knots[1], knots[1:-1])
    return np.asarray(np.clip(margin[:, None], low, high) - start)


def _fit_bend(basis: np.ndarray, converted: Bools) -> Floats:
    """Rising coefficients of the most likely curve, pulled a little towards straight; (n,)."""
    signed = np.where(converted, 1.0, -1.0)
    full = np.column_stack([basis, np.ones(len(basis))])

    def loss(c: Floats) -> tuple[float, Floats]:
        z = signed * (full @ c)
        away = np.append(c[:-1] - 1.0, 0.0)
        value = float(np.logaddexp(0.0, -z).sum()) + 0.5 * float(away @ away)
        return value, full.T @ (-signed * sigmoid(-z)) + away

    start = np.append(np.ones(basis.shape[1]), 0.0)
    bounds = [(0.05, None)] * basis.shape[1] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:-1])


def _losses(stretch: Stretch) -> Floats:
    """Each example's log loss after the best straight map, so that only the shape counts; (n,)."""
    margin = stretch.shifted
    slope, offset = fit_platt(margin, stretch.converted)
    signed = np.where(stretch.converted, -1.0, 1.0) * (slope * margin + offset)
    return np.asarray(np.logaddexp(0.0, signed))


def level_shift(margin: Floats, converted: Bools) -> float:
    """The log-odds to add to ``margin`` so that mean probability equals the share converted."""
    return float(brentq(lambda shift: float((sigmoid(margin + shift) - converted).mean()), -40, 40))


def fit_platt(margin: Floats, converted: Bools) -> tuple[float, float]:
    """Slope and offset of the most likely map that does not turn the ranking round."""
    found = np.array([1.0, level_shift(margin, converted)])
    x = np.vstack([margin, np.ones(len(margin))])
    for _ in range(50):
        p = sigmoid(found @ x)
        hessian = (x * (p * (1 - p))) @ x.T
        step = np.linalg.lstsq(hessian, x @ (converted - p), rcond=None)[0]
        # Held back: far from the answer, or where all is told apart, a full step would overshoot.
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    slope, offset = (float(value) for value in found)
    return (slope, offset) if slope > 0 else (0.0, level_shift(0.0 * margin, converted))
