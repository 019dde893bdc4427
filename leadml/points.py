"""What would a table of points say, and how probable does it make a conversion?

`PointsModel` is a classifier of scikit-learn that is set by hand, by ``[points]`` in
``leadml.toml``. Points, rules and sentences need no fit (`leadml.scorecard`); `fit` learns only the
map from points to probability. A handful of outcomes is enough, for much is believed beforehand:

* every quarter of the way to ``sql`` doubles the odds, give or take a half of that; so a table with
  all its points and lines doubled believes the same, and a lead at ``sql`` has 16 times the odds of
  one at 0;
* a lead of average points converts with 8 %, give or take a factor of 4.5 in the odds.

These are normal distributions of slope and level; `fit` takes the most likely pair, by Newton's
method. The map always rises: contrary outcomes flatten it to a tenth of the slope believed.

As outcomes arrive, `blend` goes from the points to a model (docs/decisions/0012). Where
scikit-learn is not installed, `leadml.scorecard` gives the points all the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from leadml.arrays import Bools, Floats
from leadml.config import Points
from leadml.errors import DataError, SignalError, listed
from leadml.model import sigmoid
from leadml.scorecard import (
    QUARTERS,
    Line,
    Said,
    explain_points,
    lines_of,
    points_by_rule,
    silent_rules,
    sum_points,
)

SLOPE, SLOPE_DEVIATION = np.log(2), np.log(2) / 2
"""What is believed of the log-odds that a quarter of the way to sales adds."""

LEVEL, LEVEL_DEVIATION = -2.5, 1.5
"""What is believed of the log-odds at the average points."""

HALF_AT_WINS = 10
"""With so many wins a model has half the weight of a blend."""

LEAST_SLOPE = SLOPE / 10
"""A flatter map would no longer say which lead is better."""


@dataclass(frozen=True, slots=True)
class PointsMap:
    """How points become log-odds: ``offset + slope * points``; the slope is above 0."""

    slope: float
    offset: float

    def log_odds(self, points: Floats) -> Floats:
        """Log-odds of a conversion; shape (n,)."""
        return self.offset + self.slope * points


class PointsModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A table of points as a classifier.

    ``X`` is a table with one row an example: attributes as they are, and the columns of behaviour
    that `leadml.scorecard.asked_columns` names (`features.points.points_frame` makes both). A rule
    whose column is absent, or holds nothing, is silent.

    Attributes:
        settings: the table; by default that of an empty ``leadml.toml``.
        classes_: the two labels; what converts is the second.
        map_: from points to log-odds.
        n_features_in_, feature_names_in_: the columns it was fitted on.
    """

    def __init__(self, settings: Points | None = None) -> None:
        self.settings = settings

    @property
    def table(self) -> Points:
        """The settings, or the default ones."""
        return Points() if self.settings is None else self.settings

    def fit(self, X: pd.DataFrame, y: Any, sample_weight: Floats | None = None) -> "PointsModel":  # noqa: N803
        """Learns the map from points to probability.

        Args:
            X: the examples.
            y: what became of them: truth values, 0 and 1, or any two labels; one of truth values,
                0 and 1 may be missing.
            sample_weight: how much each counts; by default alike; shape (n,).

        Raises:
            SignalError: ``y`` holds more than two labels, or one that does not tell the other.
        """
        points, labels = self.points(X), np.asarray(y)
        self.classes_ = _two_classes(labels)
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        weight = np.ones(len(points)) if sample_weight is None else np.asarray(sample_weight)
        converted = labels == self.classes_[1]
        self.map_ = fit_points_map(points, converted, weight, unit=self.table.sql / QUARTERS)
        return self

    def points(self, X: pd.DataFrame) -> Floats:  # noqa: N803
        """The points of each example; needs no fit; shape (n,)."""
        return sum_points(self.table, _frame(X))

    def by_rule(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """What each rule gives each example; their sum is `points`; shape (n, n_rules)."""
        return points_by_rule(self.table, _frame(X))

    def explain(self, X: pd.DataFrame) -> list[tuple[Said, ...]]:  # noqa: N803
        """What gave each example its points, rule by rule, the strongest first."""
        return explain_points(self.table, _frame(X))

    def lines(self, X: pd.DataFrame) -> list[Line]:  # noqa: N803
        """Which line each example reaches: ``lead``, ``mql`` or ``sql``."""
        return lines_of(self.table, self.points(X))

    def silent(self, X: pd.DataFrame) -> tuple[str, ...]:  # noqa: N803
        """The rules that have nothing to go by, in their words."""
        return silent_rules(self.table, _frame(X))

    def decision_function(self, X: pd.DataFrame) -> Floats:  # noqa: N803
        """The log-odds of a conversion; shape (n,)."""
        check_is_fitted(self)
        return self.map_.log_odds(self.points(X))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """The probability of either label, in the order of ``classes_``; shape (n, 2)."""
        probability = sigmoid(self.decision_function(X))
        return np.column_stack([1 - probability, probability])

    def predict(self, X: pd.DataFrame) -> np.ndarray:  # noqa: N803
        """The likelier label; shape (n,)."""
        likelier = (self.decision_function(X) > 0).astype(np.int64)
        return np.asarray(self.classes_[likelier])


def fit_points_map(points: Floats, converted: Bools, weight: Floats, *, unit: float) -> PointsMap:
    """The most likely map, given what is believed beforehand.

    Args:
        points: of examples, shape (n,).
        converted: what became of them, shape (n,).
        weight: how much each counts, shape (n,).
        unit: the points that are believed to double the odds.
    """
    center = float(np.average(points, weights=weight)) if weight.sum() > 0 else 0.0
    x = np.column_stack([(points - center) / unit, np.ones(len(points))])
    believed = np.array([SLOPE, LEVEL])
    precision = np.array([SLOPE_DEVIATION, LEVEL_DEVIATION]) ** -2.0
    found = _most_likely(x, converted, weight, believed, precision)
    if found[0] < LEAST_SLOPE:
        held = np.array([LEAST_SLOPE, LEVEL]), np.array([1e12, precision[1]])
        found = _most_likely(x, converted, weight, *held)
    slope = float(found[0]) / unit
    return PointsMap(slope, float(found[1]) - slope * center)


def blend(points: Floats, model: Floats, *, wins: int) -> Floats:
    """Log-odds that go from those of the points to those of a model as wins arrive; shape (n,).

    >>> blend(np.array([-3.0]), np.array([-1.0]), wins=30).tolist()
    [-1.5]

    Args:
        points: log-odds by a map of points (`PointsMap`), shape (n,).
        model: calibrated log-odds by a model learned from the same outcomes, with a strict penalty;
            shape (n,).
        wins: distinct leads among those outcomes that converted.
    """
    weight = wins / (wins + HALF_AT_WINS)
    return weight * model + (1 - weight) * points


def _most_likely(
    x: np.ndarray, converted: Bools, weight: Floats, believed: Floats, precision: Floats
) -> Floats:
    """Slope and level under normal beliefs of them; by Newton's method."""
    found = believed
    for _ in range(100):
        p = sigmoid(x @ found)
        gradient = x.T @ (weight * (converted - p)) - precision * (found - believed)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        # Held back: far from the answer a full step would overshoot.
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(found)


def _two_classes(labels: np.ndarray) -> np.ndarray:
    found = np.unique(labels)
    if len(found) < 2 and set(found.tolist()) <= {0, 1}:
        return np.array([0, 1]).astype(labels.dtype)
    if len(found) != 2:
        msg = (
            f"y must hold two labels, or only 0 or only 1, got {listed(found) or 'none'}. "
            "Say which examples converted by 1 and 0."
        )
        raise SignalError(msg)
    return found


def _frame(X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
    if not isinstance(X, pd.DataFrame):
        msg = (
            f"X must be a DataFrame whose columns the rules name, got {type(X).__name__}. "
            "`features.points.points_frame` makes one."
        )
        raise DataError(msg)
    return X
