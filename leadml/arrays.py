"""The array shapes that pass between the rooms."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
"""float64, shape (n,)."""

Ints: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
"""int64, shape (n,)."""

Bools: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]
"""bool, shape (n,)."""

Nanos: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
"""Times as int64 nanoseconds since 1970, UTC; shape (n,)."""

Matrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""Features as float64, shape (n_examples, n_features); categories are codes, NaN is missing."""


FEW_ROWS = 32
"""Up to so many rows it takes less time to add row by row than column by column."""


def row_sums(matrix: Matrix, columns: Sequence[int]) -> Floats:
    """The sum of some columns, added one by one; shape (n,)."""
    return grouped_sums(matrix, [columns])[:, 0]


def grouped_sums(matrix: Matrix, groups: Sequence[Sequence[int]]) -> Matrix:
    """The sums of some groups of columns, each added one by one; shape (n, n_groups).

    The order of additions is that of the columns whatever the number of rows, so that one row
    alone and the same row in a batch give the same bits.
    """
    sums = np.zeros((len(groups), len(matrix))).T
    if len(matrix) > FEW_ROWS:
        for k, columns in enumerate(groups):
            for column in columns:
                sums[:, k] += matrix[:, column]
        return sums
    places = np.array([column for columns in groups for column in columns], dtype=np.intp)
    owner = np.repeat(np.arange(len(groups)), [len(columns) for columns in groups])
    for k, row in enumerate(matrix[:, places]):
        sums[k] = np.bincount(owner, row, minlength=len(groups))
    return sums
