"""What would one do without leadml? The plain rivals that every backtest shows.

Each learns from the same examples as the model, as they come: not weighted, not calibrated.
"""

from collections.abc import Callable, Mapping

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB

from features.past import Past
from features.points import points_frame
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.config import Points
from leadml.events import EventType
from leadml.scorecard import silent_rules, sum_points
from leadml.timeline import nanos
from training.lesson import Sample

BINS = 5
"""Naive Bayes sees a number as one of so many bins of equal size, or missing."""

Rival = Callable[[Sample, Matrix], Floats]


def logistic_regression(sample: Sample, judged: Matrix) -> Floats:
    """scikit-learn's, on standardised numbers with indicators of missing values and levels."""
    before, after = (_plain_columns(sample, matrix) for matrix in (sample.matrix, judged))
    center, scale = before.mean(axis=0), before.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(solver="newton-cholesky", tol=1e-3)
    model.fit((before - center) / scale, sample.converted)
    return np.asarray(model.predict_proba((after - center) / scale)[:, 1])


def naive_bayes(sample: Sample, judged: Matrix) -> Floats:
    """scikit-learn's, on numbers in bins."""
    bins = [_bin_edges(sample.matrix[:, k], levels) for k, levels in enumerate(sample.levels)]
    before, after = (_binned(matrix, bins) for matrix in (sample.matrix, judged))
    widths = [len(edges) + 3 for edges in bins]
    model = CategoricalNB(min_categories=widths)
    model.fit(before, sample.converted)
    return np.asarray(model.predict_proba(np.minimum(after, np.array(widths) - 1))[:, 1])


def lightgbm_defaults(sample: Sample, judged: Matrix) -> Floats:
    """LightGBM as it comes: 100 rounds of 31 leaves."""
    return _boosted(sample, judged, {}, rounds=100)


def best_single_rule(sample: Sample, judged: Matrix) -> Floats:
    """The one split of one feature that parts won from lost best, with the rates of both sides."""
    settings = {"num_leaves": 2, "learning_rate": 1.0, "min_data_in_leaf": 50}
    return _boosted(sample, judged, settings, rounds=1)


FITTED: Mapping[str, Rival] = {
    "best single rule": best_single_rule,
    "naive Bayes": naive_bayes,
    "plain logistic regression": logistic_regression,
    "LightGBM defaults": lightgbm_defaults,
}
"""Rivals that learn."""


NO_PROBABILITY = {"newest first", "points"}
"""Rivals whose scores only sort."""


def points(table: Points, past: Past, events: Mapping[str, EventType]) -> Floats | None:
    """What the table of ``[points]`` gives; None where no rule has anything to go by."""
    frame = points_frame(table, past, events)
    if len(silent_rules(table, frame)) == len(table.rules):
        return None
    return sum_points(table, frame)


def newest_first(created_at: "pd.Series[pd.Timestamp]") -> Floats:
    """The later a lead came, the sooner it is called."""
    return nanos(created_at).astype(np.float64)


def _boosted(sample: Sample, judged: Matrix, settings: dict[str, float], *, rounds: int) -> Floats:
    fixed = {"objective": "binary", "num_threads": 1, "deterministic": True, "verbose": -1}
    categories = [k for k, count in enumerate(sample.levels) if count]
    data = lightgbm.Dataset(sample.matrix, sample.converted, categorical_feature=categories)
    model = lightgbm.train({**fixed, "force_col_wise": True, **settings}, data, rounds)
    return np.asarray(model.predict(judged, num_threads=1))


def _plain_columns(sample: Sample, matrix: Matrix) -> Matrix:
    """Numbers with the training median where missing, an indicator of that, and levels."""
    columns: list[np.ndarray] = []
    for k, levels in enumerate(sample.levels):
        values, own = matrix[:, k], sample.matrix[:, k]
        absent = np.isnan(values)
        if levels:
            columns += [values == level for level in range(levels)]
        else:
            known = own[~np.isnan(own)]
            columns.append(np.where(absent, np.median(known) if len(known) else 0.0, values))
        if np.isnan(own).any():
            columns.append(absent)
    return np.column_stack(columns).astype(np.float64)


def _bin_edges(values: Floats, levels: int) -> Floats:
    known = values[~np.isnan(values)]
    if levels:
        return np.arange(1.0, levels + 1)
    return np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else known


def _binned(matrix: Matrix, edges: list[Floats]) -> np.ndarray:
    """0 for missing, then the bin; shape (n, n_features)."""
    columns: list[Ints] = []
    for k, bounds in enumerate(edges):
        absent: Bools = np.isnan(matrix[:, k])
        code = 1 + np.searchsorted(bounds, np.nan_to_num(matrix[:, k]), side="right")
        columns.append(np.where(absent, 0, code))
    return np.column_stack(columns)
