"""The array shapes that pass between the rooms."""

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


def row_sums(matrix: Matrix) -> Floats:
    """The sum of each row, its columns added one by one; shape (n,)."""
    return grouped_sums(matrix, np.zeros(matrix.shape[1], dtype=np.int64), 1)[:, 0]


def grouped_sums(matrix: Matrix, group: Ints, groups: int) -> Matrix:
    """The sums of groups of columns, added one by one; shape (n, groups).

    Columns are added from left to right whatever the number of rows, so that one row alone and the
    same row in a batch give the same bits.

    Args:
        matrix: shape (n, n_columns).
        group: of each column, below ``groups``; shape (n_columns,).
        groups: how many there are.
    """
    sums = np.zeros((groups, len(matrix))).T
    if len(matrix) > FEW_ROWS:
        for column, own in enumerate(group.tolist()):
            sums[:, own] += matrix[:, column]
        return sums
    for k, row in enumerate(matrix):
        sums[k] = np.bincount(group, row, minlength=groups)
    return sums
