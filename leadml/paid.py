"""What does each feature of a row add to the trees' log-odds? Looked up in the tables of the trees.

For many rows a table is asked for all of them at once. For a few, all tables are asked at once, row
by row (`leadml.one_row`). Either way trees are added in their order and no row sees another: the
same row has the same bits alone and in a batch, with any number of threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import lightgbm
import numpy as np

from leadml.arrays import Bools, Matrix
from leadml.one_row import OneRow
from leadml.parallel import in_order
from leadml.shapley import Step, Tree, lay_down

FEW_ROWS = 32
"""Up to so many rows are looked up one by one."""

BLOCK = 8_192
"""Rows worked on together: their features stay near, and a step of NumPy is worth its call."""

ZERO = float(np.float32(1e-35))
"""LightGBM takes what is not larger for zero."""


@dataclass(frozen=True)
class Payments:
    """What the trees of a model pay.

    Attributes:
        trees: made ready.
        base: the log-odds expected of a training example, which payments are added to.
        features: how many there are.
    """

    trees: tuple[Tree, ...]
    base: float
    features: int

    @classmethod
    def of(cls, trees: lightgbm.Booster) -> "Payments":
        """Those of boosted trees of one class, a constant a leaf."""
        features = trees.num_feature()
        told = np.asarray(trees.predict(np.zeros((1, features)), pred_contrib=True, num_threads=1))
        return cls(lay_down(trees), float(told[0, -1]), features)

    def contributions(self, matrix: Matrix, *, threads: int = 0) -> Matrix:
        """What each feature adds to the log-odds; both of shape (n, n_features).

        Missing values, categories and zeros go the way LightGBM sends them.

        Args:
            matrix: features.
            threads: how many; 0 takes all cores.
        """
        result = np.empty(matrix.shape)
        if len(matrix) <= FEW_ROWS:
            for k, row in enumerate(_zeroed(matrix)):
                result[k] = self._one_row.paid(row)
            return result
        starts = range(0, len(matrix), BLOCK)

        def work(start: int) -> Matrix:
            return _paid_by(self.trees, _zeroed(matrix[start : start + BLOCK].T))

        for start, paid in zip(starts, in_order(work, starts, threads=threads), strict=True):
            result[start : start + BLOCK] = paid.T
        return result

    @cached_property
    def _one_row(self) -> OneRow:
        return OneRow(self.trees, self.features)


def _zeroed(values: Matrix) -> Matrix:
    """A copy with what counts as zero made zero."""
    copied = np.array(values, order="C")
    copied[np.abs(copied) <= ZERO] = 0.0
    return copied


def _paid_by(trees: Sequence[Tree], values: Matrix) -> Matrix:
    """What the trees pay; both of shape (n_features, n)."""
    total = np.zeros(values.shape)
    found = np.empty(values.shape[1])
    for tree in trees:
        left = {k: split.left(values[split.feature]) for k, split in tree.splits.items()}
        for table in tree.tables:
            pattern = _pattern([_holds(left, steps) for steps in table.conditions])
            for feature, paid in zip(table.features, table.paid, strict=True):
                np.take(paid, pattern, out=found, mode="clip")  # no pattern is beyond the table
                total[feature] += found
        for leaf in tree.deep:
            holds = np.array([_holds(left, steps) for steps in leaf.conditions])
            for feature, paid in zip(leaf.features, leaf.paid(holds), strict=True):
                total[feature] += paid
    return total


def _holds(left: Mapping[int, Bools], steps: Sequence[Step]) -> Bools:
    """Which rows take all steps; shape (n,)."""
    (split, way), *others = steps
    holds = left[split] if way else ~left[split]
    for split, way in others:
        holds = holds & (left[split] == way)
    return holds


def _pattern(holds: list[Bools]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Each row's pattern as a number: bit k is whether condition k holds; shape (n,)."""
    pattern = np.zeros(len(holds[0]), dtype=np.uint16)  # of at most `TALLEST` bits
    for flags in reversed(holds):
        np.left_shift(pattern, 1, out=pattern)
        np.bitwise_or(pattern, flags, out=pattern)
    return pattern.astype(np.intp)
