"""How is the linear part fitted? Logistic regression on lines and steps of every feature.

A number enters as a line on a robust scale and as steps over its own quantiles, so that a bend
does not need a tree; a category as one step a level. Missing has a step of its own everywhere.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from leadml.arrays import Bools, Floats, Matrix
from leadml.model import LinearPart, Term, scaled

QUANTILES = np.array([1 / 3, 2 / 3])
"""Where the bins of a number end: few, for a line bent twice holds up when the world moves."""

HEAVY_TAIL = 8.0
"""A number whose largest value lies this many scales from the centre enters by its logarithm."""

DENSE_CELLS = 150_000_000
"""A design of up to so many numbers (1.2 GB) is fitted dense, twice as fast as sparse."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one feature becomes columns of the design, before anything is fitted."""

    is_category: bool
    levels: int
    edges: Floats
    center: float = 0.0
    scale: float = 1.0
    log: bool = False


def fit_linear(
    matrix: Matrix, converted: Bools, weights: Floats, *, levels: list[int], strength: float
) -> LinearPart:
    """Fits the linear part.

    Args:
        matrix: features, shape (n, n_features).
        converted: labels, shape (n,).
        weights: of the examples, shape (n,).
        levels: how many levels each feature tells apart; 0 for numbers.
        strength: of the penalty on squared coefficients (the inverse of sklearn's C).
    """
    shapes = [_shape(matrix[:, k], levels[k]) for k in range(matrix.shape[1])]
    design = sparse.hstack([_design(s, matrix[:, k]) for k, s in enumerate(shapes)], format="csr")
    cells = design.shape[0] * design.shape[1]
    model = LogisticRegression(C=1.0 / strength, solver="newton-cholesky", tol=1e-6)
    model.fit(design.toarray() if cells <= DENSE_CELLS else design, converted, weights)
    coefficients = model.coef_[0]
    terms, intercept, start = [], float(model.intercept_[0]), 0
    for k, shape in enumerate(shapes):
        width = _width(shape)
        own = coefficients[start : start + width]
        raw = _term(shape, own, mean=0.0)
        mean = float(np.average(raw.contribution(matrix[:, k]), weights=weights))
        terms.append(_term(shape, own, mean=mean))
        intercept += mean
        start += width
    return LinearPart(intercept, tuple(terms))


def _shape(values: Floats, levels: int) -> _Shape:
    if levels:
        return _Shape(is_category=True, levels=levels + 1, edges=np.zeros(0))
    known = values[~np.isnan(values)]
    if not len(known):
        return _Shape(is_category=False, levels=0, edges=np.zeros(0))
    edges = np.unique(np.quantile(known, QUANTILES, method="lower"))
    edges = edges[edges > known.min()]
    center, spread = _robust(known)
    log = bool(np.abs(known - center).max() > HEAVY_TAIL * spread)
    if log:
        center, spread = _robust(np.sign(known) * np.log1p(np.abs(known)))
    return _Shape(is_category=False, levels=0, edges=edges, center=center, scale=spread, log=log)


def _robust(values: Floats) -> tuple[float, float]:
    """Median, and a spread outliers do not move; the standard deviation where most are equal."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349 or float(values.std()) or 1.0
    return float(middle), float(spread)


def _width(shape: _Shape) -> int:
    """Columns of a feature: line (numbers only), steps, missing."""
    return shape.levels + 1 if shape.is_category else len(shape.edges) + 3


def _design(shape: _Shape, values: Floats) -> sparse.csr_array:
    """One feature's columns, in the order `_term` reads their coefficients."""
    absent = np.isnan(values)
    known = np.where(absent, 0.0, values)
    rows = np.arange(len(values))
    if shape.is_category:
        step = np.minimum(known.astype(np.int64), shape.levels - 1)
        first = 0
    else:
        step = np.searchsorted(shape.edges, known, side="right") + 1
        first = 1
    column = np.where(absent, _width(shape) - 1, step)
    ones = sparse.coo_array((np.ones(len(values)), (rows, column)), (len(values), _width(shape)))
    if not first:
        return ones.tocsr()
    line = scaled(known, center=shape.center, scale=shape.scale, log=shape.log)
    line = np.where(absent, 0.0, line)
    lines = sparse.coo_array((line, (rows, np.zeros(len(values), dtype=np.int64))), ones.shape)
    return (ones + lines).tocsr()


def _term(shape: _Shape, coefficients: Floats, *, mean: float) -> Term:
    """The coefficients of `_design` as a term."""
    first = 0 if shape.is_category else 1
    return Term(
        steps=np.array(coefficients[first:-1]),
        missing=float(coefficients[-1]),
        mean=mean,
        is_category=shape.is_category,
        edges=shape.edges,
        slope=0.0 if shape.is_category else float(coefficients[0]),
        center=shape.center,
        scale=shape.scale,
        log=shape.log,
    )
