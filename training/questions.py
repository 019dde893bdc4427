"""What could a lead answer? The plausible values of every attribute, with how common each is.

Learned from the examples in which an attribute is known, for `serving.questions` to ask what a
model would say if a missing one were known. What features derive from one attribute is kept
together, row by row: a director of IT stays one.

| more than `MOST` different answers | kept |
|---|---|
| no | every one, with its share |
| yes | the rows at `MOST` evenly spaced places of their order: of a number its quantiles |
"""

from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Catalog
from leadml.arrays import Floats, Matrix

MOST = 20
"""So many answers stand for all that an attribute can say."""


def learn_answers(
    catalog: Catalog, matrix: Matrix, *, weights: Floats | None = None
) -> dict[str, Any]:
    """The answers of every attribute that the features read, as plain data.

    An attribute counts as known where any feature derived from it has a value.

    Args:
        catalog: the features; one attribute alone makes an answer, never several together.
        matrix: the examples, shape (n, n_features).
        weights: how much each example counts, shape (n,): a lead looked at often should not count
            more than others. By default all count alike.

    Returns:
        By attribute: ``features``, the names of those derived from it; ``rows``, their values for
        each answer (None where it says nothing of one); ``shares`` of the answers, which sum to 1;
        ``examples``, in how many it is known. An attribute that nobody tells is left out.
    """
    weights = np.ones(len(matrix)) if weights is None else weights
    learned: dict[str, Any] = {}
    for attribute, columns in _derived(catalog).items():
        values = matrix[:, columns]
        known = ~np.isnan(values).all(axis=1) & (weights > 0)
        if known.any():
            rows, shares = _answers(values[known], weights[known])
            learned[attribute] = {
                "features": [catalog.features[column].name for column in columns],
                "rows": [[None if np.isnan(v) else v for v in row] for row in rows.tolist()],
                "shares": shares.tolist(),
                "examples": int(known.sum()),
            }
    return learned


def _derived(catalog: Catalog) -> dict[str, list[int]]:
    """The columns of the features derived from each attribute alone."""
    found: dict[str, list[int]] = {}
    for column, feature in enumerate(catalog.features):
        if not feature.word.of_events and len(feature.noun.keys) == 1:
            found.setdefault(feature.noun.keys[0], []).append(column)
    return found


def _answers(values: Matrix, weights: Floats) -> tuple[Matrix, Floats]:
    """Up to `MOST` rows that stand for all, in order, and their shares.

    Args:
        values: shape (n, n_columns).
        weights: shape (n,), positive.
    """
    columns = list(range(values.shape[1]))
    frame = pd.DataFrame(values, columns=columns).assign(weight=weights)
    totals = frame.groupby(columns, dropna=False)["weight"].sum().reset_index()
    rows = totals[columns].to_numpy(dtype=np.float64)
    shares = totals["weight"].to_numpy() / totals["weight"].sum()
    if len(rows) <= MOST:
        return rows, shares
    places = (np.arange(MOST) + 0.5) / MOST
    chosen, times = np.unique(np.searchsorted(shares.cumsum(), places), return_counts=True)
    return rows[chosen], times / MOST
