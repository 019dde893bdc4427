"""How is the linear part fitted? Logistic regression on lines and steps of every feature.

A number enters as a line on a robust scale and as steps over its own quantiles, so that a bend
does not need a tree; a category as one step a level. Missing has a step of its own. Where the
catalogue says which way a feature speaks, its line and its steps may only go that way: they are
bounds on coefficients, because steps are counted from the one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from leadml.arrays import Bools, Floats, Matrix
from leadml.model import LinearPart, Term, scaled, sigmoid

QUANTILES = np.array([1 / 3, 2 / 3])
"""Where the bins of a number end: few, for a line bent twice holds up when the world moves."""

HEAVY_TAIL = 8.0
"""A number whose largest value lies this many scales from the centre enters by its logarithm."""

PRECISION = 1e-8
"""The search ends where a step lowers the loss by less than this share of it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one feature becomes columns of the design, before anything is fitted.

    Attributes:
        levels: of a category, with one for any other; 0 for a number.
        direction: 1 where the log-odds may only rise with a number, -1 only fall, 0 either.
        edges: where the bins of a number end.
        center, scale, log: how a number is scaled (`leadml.model.scaled`).
        missing: whether any value is missing.
    """

    levels: int
    direction: int
    edges: Floats
    center: float
    scale: float
    log: bool
    missing: bool

    @property
    def width(self) -> int:
        """How many columns: line and steps, or one a level; and missing."""
        return (self.levels or 1 + len(self.edges)) + self.missing


@dataclass(frozen=True, slots=True)
class Design:
    """Examples as a logistic regression sees them.

    Attributes:
        shapes: of the features, in order.
        columns: of all features side by side; float32, shape (n, width).
        lower, upper: bounds of the coefficients, shape (width,).
    """

    shapes: tuple[Shape, ...]
    columns: np.ndarray
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True)
class Target:
    """What became of examples, and how much each counts.

    Attributes:
        converted: labels, shape (n,).
        offset: log-odds by which an example's label is scarcer than that of the main horizon, for
            it looks less far ahead; 0 for the main one; shape (n,).
        weights: of the examples, shape (n,).
    """

    converted: Bools
    offset: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted linear part.

    Attributes:
        part: as a model keeps it.
        coefficients: of the design and the intercept, to start a like fit from.
    """

    part: LinearPart
    coefficients: Floats


def build_design(matrix: Matrix, *, levels: Sequence[int], directions: Sequence[int]) -> Design:
    """Lines and steps of every feature.

    Args:
        matrix: features, shape (n, n_features).
        levels: how many levels each feature tells apart; 0 for numbers.
        directions: which way each feature may speak; 0 for either.
    """
    shapes = tuple(_shape(matrix[:, k], levels[k], directions[k]) for k in range(matrix.shape[1]))
    width = sum(shape.width for shape in shapes)
    columns = np.zeros((len(matrix), width), dtype=np.float32, order="F")
    bounds = np.full((2, width), [[-np.inf], [np.inf]])
    start = 0
    for k, shape in enumerate(shapes):
        end = start + shape.width
        _fill(columns[:, start:end], shape, matrix[:, k])
        if shape.direction:
            bounds[(1 - shape.direction) // 2, start : start + 1 + len(shape.edges)] = 0.0
        start = end
    return Design(shapes, columns, *bounds)


def fit_line(
    design: Design,
    target: Target,
    *,
    strength: float,
    start: Floats | None = None,
) -> Line:
    """The most likely linear part under a penalty on squared coefficients.

    Args:
        design: the examples.
        target: what became of them.
        strength: of the penalty (the inverse of sklearn's C).
        start: coefficients of a like fit.
    """
    columns, weights = design.columns, target.weights
    total = weights.sum()
    signed = np.where(target.converted, 1.0, -1.0)

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        own, intercept = coefficients[:-1], coefficients[-1]
        z = signed * (np.dot(columns, own.astype(np.float32)) + target.offset + intercept)
        pull = -signed * sigmoid(-z) * weights / total
        gradient = np.dot(pull.astype(np.float32), columns) + strength / total * own
        penalty = strength / (2 * total) * float(own @ own)
        value = float(weights @ np.logaddexp(0.0, -z)) / total
        return value + penalty, np.append(gradient, pull.sum())

    if start is None:
        start = np.append(np.zeros(columns.shape[1]), level(target))
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[*zip(design.lower, design.upper, strict=True), (None, None)],
        options={"maxiter": 1_000, "maxcor": 20, "ftol": PRECISION, "gtol": 1e-7},
    )
    return _line(design, found.x, weights / total)


def level(target: Target) -> float:
    """The log-odds of the average example, offsets taken into account (to the first order).

    Where none or all converted, those of half an example more on the other side.
    """
    half = 0.5 / len(target.converted)
    rate = np.clip(np.average(target.converted, weights=target.weights), half, 1 - half)
    return float(np.log(rate / (1 - rate)) - np.average(target.offset, weights=target.weights))


def _line(design: Design, coefficients: Floats, weights: Floats) -> Line:
    """The coefficients as terms, each measured against the average example."""
    means = np.dot(weights.astype(np.float32), design.columns).astype(np.float64)
    terms, start, intercept = [], 0, float(coefficients[-1])
    for shape in design.shapes:
        end = start + shape.width
        mean = float(means[start:end] @ coefficients[start:end])
        terms.append(_term(shape, coefficients[start:end], mean=mean))
        intercept += mean
        start = end
    return Line(LinearPart(intercept, tuple(terms)), coefficients)


def _shape(values: Floats, levels: int, direction: int) -> Shape:
    known = values[~np.isnan(values)]
    missing = len(known) < len(values)
    if levels:
        return Shape(levels + 1, 0, np.zeros(0), 0.0, 1.0, log=False, missing=missing)
    if not len(known):
        return Shape(0, 0, np.zeros(0), 0.0, 1.0, log=False, missing=missing)
    edges = np.unique(np.quantile(known, QUANTILES, method="lower"))
    edges = edges[edges > known.min()]
    center, scale = _robust(known)
    log = bool(np.abs(known - center).max() > HEAVY_TAIL * scale)
    if log:
        center, scale = _robust(np.sign(known) * np.log1p(np.abs(known)))
    return Shape(0, direction, edges, center, scale, log=log, missing=missing)


def _robust(values: Floats) -> tuple[float, float]:
    """Median, and a spread outliers do not move; the standard deviation where most are equal."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    spread = (high - low) / 1.349 or float(values.std()) or 1.0
    return float(middle), float(spread)


def _fill(columns: np.ndarray, shape: Shape, values: Floats) -> None:
    """Writes one feature's columns, in the order `_term` reads their coefficients."""
    absent = np.isnan(values)
    known = np.where(absent, 0.0, values)
    if shape.levels:
        level = np.minimum(known.astype(np.int64), shape.levels - 1)
        columns[np.arange(len(values)), level] = 1.0
    else:
        columns[:, 0] = scaled(known, center=shape.center, scale=shape.scale, log=shape.log)
        for k, edge in enumerate(shape.edges):
            columns[:, 1 + k] = known >= edge
    if shape.missing:
        columns[absent] = 0.0
        columns[:, -1] = absent


def _term(shape: Shape, coefficients: Floats, *, mean: float) -> Term:
    """The coefficients of `_fill`'s columns as a term."""
    missing = float(coefficients[-1]) if shape.missing else 0.0
    own = coefficients[: shape.width - shape.missing]
    if shape.levels:
        return Term(np.array(own), missing, mean, is_category=True, edges=shape.edges)
    return Term(
        steps=np.append(0.0, np.cumsum(own[1:])),
        missing=missing,
        mean=mean,
        is_category=False,
        edges=shape.edges,
        slope=float(own[0]),
        center=shape.center,
        scale=shape.scale,
        log=shape.log,
    )
