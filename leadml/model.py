"""What is a trained lead-scoring model? An additive margin, a calibration map and its limits.

    margin      = intercept + linear part + trees            (either part may be absent)
    probability = sigmoid(slope * margin + offset)           (Platt's map, kept as two numbers)

Because both parts are sums over features and the map is linear in log-odds, a feature's
contribution to the calibrated log-odds is exact: ``base + contributions.sum() == logit(p)``.
The linear part's contributions are measured against the average training example, the trees' are
TreeSHAP values (path-dependent: Lundberg et al. 2020), so both say "more or less than usual".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import lightgbm
import numpy as np

from leadml.arrays import Floats, Matrix, row_sums
from leadml.errors import ModelError
from leadml.intervals import wilson_bounds

CLIP = 5.0
"""Scaled numbers are held within so many scales of the centre."""


ROWS_FOR_THREADS = 256


@dataclass(frozen=True, slots=True)
class Term:
    """One feature in the linear part: a line and steps for a number, steps for a category.

    Attributes:
        steps: log-odds of each bin of a number, or of each level (the last: any other level).
        missing: log-odds when the value is missing.
        mean: the average contribution over the training examples.
        edges: where the bins of a number end; empty for a category.
        slope: log-odds a scale of a number.
        center, scale: of a number, after the logarithm where ``log`` says so.
        log: whether a number enters as ``sign(x) * log(1 + |x|)``.
        is_category: whether values are codes of levels.
    """

    steps: Floats
    missing: float
    mean: float
    is_category: bool
    edges: Floats
    slope: float = 0.0
    center: float = 0.0
    scale: float = 1.0
    log: bool = False

    def contribution(self, values: Floats) -> Floats:
        """Log-odds against the average example; shape (n,)."""
        absent = np.isnan(values)
        known = np.where(absent, 0.0, values)
        if self.is_category:
            raw = self.steps[np.minimum(known.astype(np.int64), len(self.steps) - 1)]
        else:
            raw = self.slope * scaled(known, center=self.center, scale=self.scale, log=self.log)
            raw = raw + self.steps[np.searchsorted(self.edges, known, side="right")]
        return np.where(absent, self.missing, raw) - self.mean


def scaled(values: Floats, *, center: float, scale: float, log: bool) -> Floats:
    """Numbers on a robust scale, held within `CLIP`."""
    numbers = np.sign(values) * np.log1p(np.abs(values)) if log else values
    return cast("Floats", np.clip((numbers - center) / scale, -CLIP, CLIP))


@dataclass(frozen=True, slots=True)
class LinearPart:
    """The linear part: the log-odds of the average example, and a term a feature."""

    intercept: float
    terms: tuple[Term, ...]

    def contributions(self, matrix: Matrix) -> Matrix:
        """Log-odds by feature; shape (n, n_features)."""
        columns = [term.contribution(matrix[:, k]) for k, term in enumerate(self.terms)]
        return np.column_stack(columns) if columns else np.zeros(matrix.shape)

    def margin(self, matrix: Matrix) -> Floats:
        """Log-odds; shape (n,)."""
        return self.intercept + row_sums(self.contributions(matrix), range(matrix.shape[1]))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map from margin to probability, and how many past leads stand behind it.

    Attributes:
        slope, offset: of Platt's map; ``slope`` is positive.
        edges: margins that part the calibration leads into bins of like score.
        leads: how many distinct leads each bin holds; ``len(edges) + 1`` counts.
    """

    slope: float
    offset: float
    edges: Floats
    leads: Floats

    def log_odds(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        return cast("Floats", self.slope * margin + self.offset)

    def probability(self, margin: Floats) -> Floats:
        """The probability of conversion within the horizon."""
        return sigmoid(self.log_odds(margin))

    def interval(self, margin: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end of a 90 % interval for the probability of leads like these.

        Wilson's score interval (Wilson 1927) around the calibrated probability, with as many
        trials as there were distinct leads of like score when the map was fitted: it says how far
        a probability can be trusted given how few such leads were seen.
        """
        p = self.probability(margin)
        n = self.leads[np.searchsorted(self.edges, margin, side="right")]
        lower, upper = wilson_bounds(p, n)
        return np.minimum(lower, p), np.maximum(upper, p)


@dataclass(frozen=True, slots=True)
class LeadModel:
    """A trained model, complete: it needs nothing beside it to score a matrix of its features.

    Attributes:
        catalog: the features, as data (`features.catalog.Catalog.to_json`).
        linear, trees: the parts of the margin; at least one is there.
        calibration: from margin to probability.
        policy: thresholds and reference points of grades (`leadml.lifecycle.Levels`), as data.
        card: what it predicts, from which data, how well: plain data for people and machines.
    """

    catalog: Mapping[str, Any]
    linear: LinearPart | None
    trees: lightgbm.Booster | None
    calibration: Calibration
    policy: Mapping[str, Any]
    card: Mapping[str, Any]

    def margin(self, matrix: Matrix) -> Floats:
        """The raw log-odds, before calibration; shape (n,).

        Raises:
            ModelError: the matrix has another number of features than the model.
        """
        self._check(matrix)
        margin = np.zeros(len(matrix))
        if self.linear is not None:
            margin = margin + self.linear.margin(matrix)
        if self.trees is not None:
            margin = margin + tree_margin(self.trees, matrix)
        return margin

    def probability(self, matrix: Matrix) -> Floats:
        """The calibrated probability; shape (n,)."""
        return self.calibration.probability(self.margin(matrix))

    def contributions(self, matrix: Matrix) -> tuple[Matrix, float]:
        """What each feature adds to the calibrated log-odds, and the base it adds to.

        Returns:
            Contributions of shape (n, n_features), and the log-odds of the average example;
            ``base + contributions.sum(axis=1)`` is the calibrated log-odds.
        """
        self._check(matrix)
        slope, base = self.calibration.slope, 0.0
        total = np.zeros(matrix.shape)
        if self.linear is not None:
            total = total + self.linear.contributions(matrix)
            base += self.linear.intercept
        if self.trees is not None and len(matrix):
            shap = np.asarray(
                self.trees.predict(
                    np.ascontiguousarray(matrix), pred_contrib=True, num_threads=_threads(matrix)
                )
            )
            total = total + shap[:, :-1]
            base += float(shap[0, -1])
        return slope * total, slope * base + self.calibration.offset

    def _check(self, matrix: Matrix) -> None:
        expected = len(self.catalog["features"])
        if matrix.shape[1] != expected:
            msg = (
                f"The model expects {expected} features, got {matrix.shape[1]}. "
                "Build them from its own catalogue."
            )
            raise ModelError(msg)


def tree_margin(trees: lightgbm.Booster, matrix: Matrix) -> Floats:
    """The trees' sum of log-odds; shape (n,)."""
    if not len(matrix):
        return np.zeros(0)
    return np.asarray(
        trees.predict(np.ascontiguousarray(matrix), raw_score=True, num_threads=_threads(matrix)),
        dtype=np.float64,
    )


def _threads(matrix: Matrix) -> int:
    """One thread for small work, where starting more costs more than it brings; else all."""
    return 1 if len(matrix) < ROWS_FOR_THREADS else 0


def sigmoid(log_odds: Floats) -> Floats:
    """The probability of given log-odds, without overflow."""
    return cast("Floats", np.exp(-np.logaddexp(0.0, -log_odds)))
