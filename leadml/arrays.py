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


def row_sums(matrix: Matrix, columns: Sequence[int]) -> Floats:
    """The sum of some columns, added one by one; shape (n,).

    The order of additions is that of ``columns`` whatever the number of rows, so that one row
    alone and the same row in a batch give the same bits.
    """
    total = np.zeros(len(matrix))
    for column in columns:
        total = total + matrix[:, column]
    return total
