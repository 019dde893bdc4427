"""How does a margin become a probability that can be believed?

Platt's map (Platt 1999) on out-of-fold margins of the newest training examples: the level moves
more than the ranking, so the newest rows say where it is, and no row is judged by a fit that saw
it. With fewer than 100 conversions only the level is fitted and the slope stays 1.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize

from leadml.arrays import Bools, Floats
from leadml.model import Calibration, sigmoid

WINS_FOR_A_SLOPE = 100
LEAST_SLOPE = 0.05
"""A flatter map would say that the ranking means nothing; that is the verdict's business."""

LEADS_A_BIN = 100
MAX_BINS = 25


def fit_calibration(margin: Floats, converted: Bools, leads: "pd.Series[str]") -> Calibration:
    """Fits the map, and counts the distinct leads behind each stretch of it.

    Args:
        margin: out-of-fold raw log-odds, shape (n,).
        converted: labels, shape (n,).
        leads: whose examples they are, shape (n,).
    """
    slope, offset = _trusted(margin, converted)
    bins = int(np.clip(leads.nunique() // LEADS_A_BIN, 1, MAX_BINS))
    edges = np.unique(np.quantile(margin, np.arange(1, bins) / bins))
    bin_of = np.searchsorted(edges, margin, side="right")
    counts = leads.reset_index(drop=True).groupby(bin_of).nunique()
    counted = np.asarray(counts.reindex(range(len(edges) + 1), fill_value=1), dtype=np.float64)
    return Calibration(slope, offset, edges, counted)


def _trusted(margin: Floats, converted: Bools) -> tuple[float, float]:
    """The map to serve: only the level where wins are few, and never quite flat."""
    if min(converted.sum(), (~converted).sum()) < WINS_FOR_A_SLOPE:
        return 1.0, level_shift(margin, converted)
    slope, offset = fit_platt(margin, converted)
    if slope < LEAST_SLOPE:
        return LEAST_SLOPE, level_shift(LEAST_SLOPE * margin, converted)
    return slope, offset


def level_shift(margin: Floats, converted: Bools) -> float:
    """The log-odds to add to ``margin`` so that mean probability equals the share converted."""
    return float(brentq(lambda shift: float((sigmoid(margin + shift) - converted).mean()), -40, 40))


def fit_platt(margin: Floats, converted: Bools) -> tuple[float, float]:
    """Slope and offset of the most likely map that does not turn the ranking round."""
    level = level_shift(margin, converted)
    signed = np.where(converted, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * margin + parameters[1]
        pull = -signed * sigmoid(-signed * z)
        gradient = np.array([(pull * margin).mean(), pull.mean()])
        return float(np.logaddexp(0.0, -signed * z).mean()), gradient

    found = minimize(loss, np.array([1.0, level]), jac=True, method="BFGS", options={"gtol": 1e-9})
    slope, offset = (float(value) for value in found.x)
    return (slope, offset) if slope > 0 else (0.0, level_shift(0.0 * margin, converted))
