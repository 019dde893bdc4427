"""What is a trained lead-scoring model? An additive margin, a calibration map and its limits.

    margin      = intercept + linear part + trees            (either part may be absent)
    probability = sigmoid(slope * margin + offset)           (Platt's map, one for each horizon)

Because both parts are sums over features and the map is linear in log-odds, a feature's
contribution to the calibrated log-odds is exact: ``base + contributions.sum() == logit(p)``. Where
the margin is bent before the map, each lead's contributions are stretched alike, by how steep the
curve is between the average lead and this one, so that they still sum exactly.
The linear part's contributions are measured against the average training example, the trees' are
TreeSHAP values (path-dependent: Lundberg et al. 2020), so both say "more or less than usual".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import lightgbm
import numpy as np

from leadml.arrays import Floats, Matrix, row_sums
from leadml.errors import ModelError
from leadml.intervals import Z90
from leadml.paid import Payments

CLIP = 5.0
"""Scaled numbers are held within so many scales of the centre."""

LEAST_STEP = 1e-10
"""A curve is measured over no shorter a piece than this, or rounding would say how steep it is."""

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
    """The linear part: the log-odds of the average example, and a term a feature.

    Without terms it is an intercept, for trees to be boosted on.
    """

    intercept: float
    terms: tuple[Term, ...]

    def contributions(self, matrix: Matrix) -> Matrix:
        """Log-odds by feature; shape (n, n_features)."""
        columns = [term.contribution(matrix[:, k]) for k, term in enumerate(self.terms)]
        return np.column_stack(columns) if columns else np.zeros(matrix.shape)

    def margin(self, matrix: Matrix) -> Floats:
        """Log-odds; shape (n,)."""
        return self.intercept + row_sums(self.contributions(matrix))


@dataclass(frozen=True, slots=True)
class Bend:
    """A rising curve through points, straight between and beyond them.

    Attributes:
        at: margins, rising; at least two.
        to: the bent margins, rising too.
    """

    at: Floats
    to: Floats

    def of(self, margin: Floats) -> Floats:
        """The bent margin; shape (n,)."""
        k = np.clip(np.searchsorted(self.at, margin) - 1, 0, len(self.at) - 2)
        steepness = (self.to[k + 1] - self.to[k]) / (self.at[k + 1] - self.at[k])
        return cast("Floats", self.to[k] + steepness * (margin - self.at[k]))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map from margin to probability, and how far it can be trusted.

        log-odds = slope * bent(margin) + offset           (bent is the margin itself by default)

    Attributes:
        slope, offset: of Platt's map; ``slope`` is positive.
        variance: of slope, of both together, and of offset, as they will be in the coming period.
        spread: standard deviation by which leads of like score differ from the map, in log-odds.
        drift: by how much the level drifts in a period, in log-odds.
        leads: how many distinct leads it was learned from.
        bend: of the margin, where a straight map misses.
    """

    slope: float
    offset: float
    variance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spread: float = 0.0
    drift: float = 0.0
    leads: int = 0
    bend: Bend | None = None

    def bent(self, margin: Floats) -> Floats:
        """The margin, bent where a bend was learned."""
        return margin if self.bend is None else self.bend.of(margin)

    def log_odds(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        return cast("Floats", self.slope * self.bent(margin) + self.offset)

    def probability(self, margin: Floats) -> Floats:
        """The probability of conversion within the horizon."""
        return sigmoid(self.log_odds(margin))

    def steepness(self, start: float, added: Floats) -> Floats:
        """By how much the map stretches what is added to a margin; the slope where it is straight.

        Args:
            start: the margin that is added to.
            added: shape (n,).
        """
        if self.bend is None:
            return np.full(len(added), self.slope)
        step = np.where(np.abs(added) < LEAST_STEP, LEAST_STEP, added)
        rise = self.log_odds(start + step) - self.log_odds(np.array([start]))
        return np.asarray(rise / step)

    def interval(self, margin: Floats) -> tuple[Floats, Floats]:
        """Lower and upper end of a 90 % interval for the probability of leads like these.

        Normal in log-odds, from what is not known: the map's two numbers, given how few leads it
        was learned from; where they will have drifted by the coming period; and how far leads of
        like score lay from the map (docs/decisions).
        """
        own, together, level = self.variance
        bent = self.bent(margin)
        half = Z90 * np.sqrt(own * bent**2 + 2 * together * bent + level + self.spread**2)
        middle = self.log_odds(margin)
        return sigmoid(middle - half), sigmoid(middle + half)


@dataclass(frozen=True)
class LeadModel:
    """A trained model, complete: it needs nothing beside it to score a matrix of its features.

    Attributes:
        catalog: the features, as data (`features.catalog.Catalog.to_json`).
        linear, trees: the parts of the margin; at least one is there.
        calibration: from margin to probability, within the main horizon.
        horizons: the same for the other horizons that are answered, by days.
        policy: thresholds and reference points of grades (`leadml.lifecycle.Levels`), as data.
        card: what it predicts, from which data, how well: plain data for people and machines.
        answers: what leads say of each attribute, and how commonly: plain data, for asking what a
            missing one would change.
        profile: how its features and its margin spread over the newest examples it learned from
            (`leadml.profile.Profile`), as data; empty where that is not known.
        known: a few rows of features, and how it answered them when it was made (`leadml.known`).
    """

    catalog: Mapping[str, Any]
    linear: LinearPart | None
    trees: lightgbm.Booster | None
    calibration: Calibration
    policy: Mapping[str, Any]
    card: Mapping[str, Any]
    horizons: Mapping[int, Calibration] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)

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

    def within(self, margin: Floats) -> dict[int, Floats]:
        """The probability of conversion within each horizon, by days, shortest first.

        Each horizon has its own map of the one margin. Where two maps cross, far from the leads
        they were learned from, the one nearer to the main horizon holds: a probability never falls
        as its horizon grows.
        """
        main: int = self.card["horizon_days"]
        answers = {main: self.calibration.probability(margin)}
        for days in sorted((d for d in self.horizons if d < main), reverse=True):
            own = self.horizons[days].probability(margin)
            answers[days] = np.minimum(own, answers[min(answers)])
        for days in sorted(d for d in self.horizons if d > main):
            own = self.horizons[days].probability(margin)
            answers[days] = np.maximum(own, answers[max(answers)])
        return dict(sorted(answers.items()))

    def contributions(self, matrix: Matrix) -> tuple[Matrix, float]:
        """What each feature adds to the calibrated log-odds, and the base it adds to.

        Returns:
            Contributions of shape (n, n_features), and the log-odds of the average example;
            ``base + contributions.sum(axis=1)`` is the calibrated log-odds.
        """
        self._check(matrix)
        base, total = 0.0, np.zeros(matrix.shape)
        if self.linear is not None:
            total = total + self.linear.contributions(matrix)
            base += self.linear.intercept
        if self.trees is not None:
            total = total + self._payments.contributions(matrix, threads=_threads(matrix))
            base += self._payments.base
        start = float(self.calibration.log_odds(np.array([base]))[0])
        return total * self.calibration.steepness(base, total.sum(axis=1))[:, None], start

    @cached_property
    def _payments(self) -> Payments:
        """What the trees pay, made ready once."""
        return Payments.of(cast("lightgbm.Booster", self.trees))

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
