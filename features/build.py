"""The feature table: what was knowable about each example, as numbers.

`build_matrix` is the one engine for training, the nightly batch and a single request. The matrix
is what models see; `to_frame` is the same for people and files (categories as text), and
`from_frame` its inverse, which lets anyone score a table of features.
"""

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.history import History
from features.spec import OTHER, encode_levels
from leadml.arrays import Matrix
from leadml.columns import as_numbers, as_text
from leadml.errors import DataError, listed
from leadml.progress import track


def build_matrix(catalog: Catalog, past: History) -> Matrix:
    """Every feature of every example; float64, shape (n_examples, n_features).

    Categories are codes of the catalogue's levels (see `Feature.compute`).
    """
    matrix = np.empty((len(past), len(catalog.features)), dtype=np.float64, order="F")
    for column, feature in enumerate(track(catalog.features, "features", rows=len(past))):
        matrix[:, column] = feature.compute(past)
    return matrix


def to_frame(catalog: Catalog, matrix: Matrix) -> pd.DataFrame:
    """The matrix as a table: float64 columns, categories as text, a level not known as OTHER."""
    columns: dict[str, pd.Series] = {}
    for column, feature in enumerate(catalog.features):
        values = pd.Series(matrix[:, column])
        names = dict(enumerate((*feature.levels, OTHER)))
        columns[feature.name] = values.map(names).astype("str") if feature.is_category else values
    return pd.DataFrame(columns)


def from_frame(catalog: Catalog, frame: pd.DataFrame) -> Matrix:
    """The inverse of `to_frame`; columns in any order, others ignored.

    Raises:
        DataError: a column of the catalogue is missing, or a number is none.
    """
    missing = [name for name in catalog.names if name not in frame]
    if missing:
        msg = (
            f"The table must have the model's {len(catalog.names)} features, "
            f"got none called {listed(missing)}. `leadml features` writes them."
        )
        raise DataError(msg)
    columns = [
        encode_levels(as_text(frame[feature.name]), feature.levels)
        if feature.is_category
        else as_numbers(frame[feature.name]).to_numpy()
        for feature in catalog.features
    ]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))
