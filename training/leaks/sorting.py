"""How well does a column sort? Won from lost, alone and beside the others; old leads from new.

Every figure is out of fold: what a value says is learned on other accounts than those it is asked
of. So a name that only one lead bears sorts nothing, however well it would fit.
"""

import lightgbm
import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints, Matrix
from training.metrics import auc

FOLDS = 3

MOST_VALUES = 250
LEAST_BEARERS = 5
"""A column with more different values than the one, or fewer examples to a value than the other,
is looked at in twentieths."""
MOST_TEXTS = 200
"""Rarer texts than so many count as one."""
PRIOR = 5.0
"""A value counts as if so many average examples had borne it as well."""
ENOUGH_KNOWN = 50
"""Fewer examples where a column is filled say nothing of time."""

_QUICK = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "max_bin": 63,
    "verbose": -1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 1,
    "lambda_l2": 5.0,
    # Each model is small: on a busy machine its threads would wait for each other ten times longer
    # than they work. Several models are fitted side by side instead.
    "num_threads": 1,
}
_ROUNDS = 40


def column_codes(values: pd.Series) -> Floats:
    """Numbers as they are, texts as codes by frequency; NaN where missing; shape (n,)."""
    if pd.api.types.is_float_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64)
    common = values.value_counts().index[:MOST_TEXTS]
    codes = common.get_indexer(pd.Index(values)).astype(np.float64)
    codes[codes < 0] = len(common)
    codes[values.isna().to_numpy()] = np.nan
    return codes


def binned(values: Floats) -> Ints:
    """The bin of every value: 0 for missing, then one a value, or one a twentieth; shape (n,).

    >>> binned(np.array([7.0, np.nan, 3.0])).tolist()
    [3, 0, 2]
    """
    known = values[~np.isnan(values)]
    edges = np.unique(known)
    few_each = len(edges) > 20 and len(known) < LEAST_BEARERS * len(edges)
    if len(edges) > MOST_VALUES or few_each:
        edges = np.unique(np.quantile(known, np.arange(0.05, 1, 0.05)))
    place = 1 + np.searchsorted(edges, np.nan_to_num(values), side="right")
    return np.where(np.isnan(values), 0, place)


def mean_out_of_fold(bins: Ints, target: Floats, fold: Ints) -> Floats:
    """What the other folds say of each bin: the mean of ``target`` there; shape (n,)."""
    said = np.zeros(len(bins))
    size = int(bins.max(initial=0)) + 1
    for k in range(FOLDS):
        seen = fold != k
        count = np.bincount(bins[seen], minlength=size)
        total = np.bincount(bins[seen], target[seen], minlength=size)
        mean = (total + PRIOR * target[seen].mean()) / (count + PRIOR)
        said[~seen] = mean[bins[~seen]]
    return said


def time_told(bins: Ints, time_rank: Floats, fold: Ints) -> float:
    """How well the value of a column says when its lead came; 0 is not at all, 1 is exactly.

    The correlation that leaves as much unexplained as the values do: sqrt(1 - error / variance),
    over the examples where the column is filled. A column that is filled in one month only tells
    the time as well as a running number does.

    Args:
        bins: as `binned` makes them; 0 is missing.
        time_rank: where each example stands in time, evenly from 0 to 1; shape (n,).
        fold: of each example; shape (n,).
    """
    known = bins > 0
    if known.sum() < ENOUGH_KNOWN:
        return 0.0
    error = (time_rank - mean_out_of_fold(bins, time_rank, fold))[known]
    explained = 1 - float(np.mean(error**2)) / float(np.var(time_rank) or 1.0)
    return float(np.sqrt(max(explained, 0.0)))


def auc_of_trees(matrix: Matrix, converted: Bools, fold: Ints, *, texts: list[int]) -> float:
    """Out-of-fold AUC of a quick LightGBM; 0.5 where no column is left.

    Args:
        matrix: columns as `column_codes` makes them; shape (n, columns).
        converted: shape (n,).
        fold: of each example; shape (n,).
        texts: which columns are codes of texts.
    """
    if not matrix.shape[1]:
        return 0.5
    score = np.zeros(len(matrix))
    for k in range(FOLDS):
        seen = fold != k
        data = lightgbm.Dataset(matrix[seen], converted[seen], categorical_feature=texts)
        trees = lightgbm.train(_QUICK, data, _ROUNDS)
        score[~seen] = np.asarray(trees.predict(matrix[~seen], num_threads=1))
    return float(auc(converted, score, np.ones(len(score))))
