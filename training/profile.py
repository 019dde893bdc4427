"""How do a model's features spread over the newest examples? What serving compares its leads with.

| a feature | its bins end |
|---|---|
| a number | at its deciles, those that fall together once: a value that many share has its own |
| a number that is always the same | below it, and at it |
| a category | its `MOST` commonest levels have one each, all others share one |
"""

import numpy as np

from features.catalog import Catalog
from leadml.arrays import Floats, Matrix
from leadml.profile import Bins, Profile, Spread

DECILES = np.arange(1, 10) / 10

MOST = 10
"""So many levels of a category have a bin of their own."""

MARGIN = "margin"
"""What the spread of the model's own log-odds is called."""


def learn_profile(catalog: Catalog, matrix: Matrix, margin: Floats) -> Profile:
    """The profile of a model.

    Args:
        catalog: its features.
        matrix: the examples, shape (n, n_features); the newest ones, for an older spread has
            drifted before the first score is served.
        margin: the model's raw log-odds of them, before calibration; shape (n,).
    """
    features = [
        _of_category(feature.name, matrix[:, column])
        if feature.is_category
        else _of_number(feature.name, matrix[:, column])
        for column, feature in enumerate(catalog.features)
    ]
    return Profile(tuple(features), _of_number(MARGIN, margin))


def _of_number(name: str, values: Floats) -> Spread:
    known = values[~np.isnan(values)]
    edges = np.zeros(0)
    if len(known):
        low, high = known.min(), known.max()
        deciles = np.unique(np.quantile(known, DECILES, method="inverted_cdf"))
        edges = np.array([np.nextafter(low, -np.inf), low])
        if low < high:
            edges = deciles[deciles < high]
    return _counted(Spread(name, tuple(edges.tolist()), (), ()), values)


def _of_category(name: str, values: Floats) -> Spread:
    codes, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    commonest = np.sort(codes[np.argsort(-counts, kind="stable")][:MOST])
    return _counted(Spread(name, (), tuple(int(code) for code in commonest), ()), values)


def _counted(spread: Spread, values: Floats) -> Spread:
    counts = Bins((spread,)).count(values[:, None])
    return Spread(spread.name, spread.edges, spread.codes, tuple(counts.tolist()))
