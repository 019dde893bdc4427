"""The linear part is sklearn's logistic regression on a design, kept as numbers."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from leadml.model import LinearPart, sigmoid
from training.linear import _design, _shape, fit_linear

LEVELS = [0, 3, 0, 0, 2, 0]


def world(n: int = 800, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bell, a category, a heavy tail, mostly zeros, a category with gaps, nothing known."""
    rng = np.random.default_rng(seed)
    bell = rng.normal(2, 3, n)
    category = rng.integers(0, 4, n).astype(float)  # 3: a level training pooled
    tail = np.exp(rng.normal(5, 2, n))
    zeros = rng.poisson(0.2, n).astype(float)
    gaps = rng.integers(0, 2, n).astype(float)
    matrix = np.column_stack([bell, category, tail, zeros, gaps, np.full(n, np.nan)])
    matrix[rng.random(n) < 0.2, 0] = np.nan
    matrix[rng.random(n) < 0.2, 4] = np.nan
    odds = 0.5 * np.nan_to_num(bell) - 1 + 0.8 * (category == 1) + zeros
    return matrix, rng.random(n) < sigmoid(odds), rng.uniform(0.2, 2, n)


def fitted(matrix: np.ndarray, converted: np.ndarray, weights: np.ndarray) -> LinearPart:
    return fit_linear(matrix, converted, weights, levels=LEVELS, strength=1.0)


def test_the_margin_is_the_decision_function_of_sklearn_on_the_design() -> None:
    matrix, converted, weights = world()
    shapes = [_shape(matrix[:, k], LEVELS[k]) for k in range(matrix.shape[1])]
    assert [shape.log for shape in shapes] == [False, False, True, False, False, False]

    def design(rows: np.ndarray) -> np.ndarray:
        parts = [_design(shape, rows[:, k]) for k, shape in enumerate(shapes)]
        return sparse.hstack(parts, format="csr").toarray()

    peer = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-6)
    peer.fit(design(matrix), converted, weights)
    own = fitted(matrix, converted, weights)
    fresh, _, _ = world(seed=1)
    fresh[0] = [1e9, 3, 1e12, -5, 2, 4.0]  # far outside, pooled levels, a number never known
    fresh[1] = np.nan
    for rows in (matrix, fresh):
        assert own.margin(rows) == pytest.approx(peer.decision_function(design(rows)), abs=1e-9)


def test_contributions_and_intercept_add_up_to_the_margin() -> None:
    matrix, converted, weights = world()
    own = fitted(matrix, converted, weights)
    total = own.intercept + own.contributions(matrix).sum(axis=1)
    assert total == pytest.approx(own.margin(matrix), abs=1e-12)


def test_contributions_are_measured_against_the_average_example() -> None:
    matrix, converted, weights = world()
    means = np.average(
        fitted(matrix, converted, weights).contributions(matrix), axis=0, weights=weights
    )
    assert means == pytest.approx(np.zeros(6), abs=1e-12)


def test_missing_has_a_say_of_its_own() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(size=3_000)
    value[rng.random(3_000) < 0.5] = np.nan
    converted = rng.random(3_000) < np.where(np.isnan(value), 0.7, 0.3)
    own = fit_linear(value[:, None], converted, np.ones(3_000), levels=[0], strength=1.0)
    probability = sigmoid(own.margin(np.array([[np.nan], [-1.0], [0.0], [1.0]])))
    assert probability == pytest.approx([0.7, 0.3, 0.3, 0.3], abs=0.05)


def test_a_category_never_seen_counts_like_those_that_were_pooled() -> None:
    rng = np.random.default_rng(1)
    code = rng.integers(0, 3, 3_000).astype(float)  # levels 0 and 1; 2 is every other
    converted = rng.random(3_000) < np.array([0.2, 0.5, 0.8])[code.astype(int)]
    own = fit_linear(code[:, None], converted, np.ones(3_000), levels=[2], strength=1.0)
    assert sigmoid(own.margin(np.array([[0.0], [1.0], [2.0]]))) == pytest.approx(
        [0.2, 0.5, 0.8], abs=0.05
    )


def test_a_level_and_a_gap_that_training_never_met_are_the_average() -> None:
    code = np.tile([0.0, 1.0], 400)
    converted = np.tile([False, True, True, True], 200)
    own = fit_linear(code[:, None], converted, np.ones(800), levels=[2], strength=1.0)
    unknown = own.terms[0].contribution(np.array([2.0, np.nan]))
    assert unknown == pytest.approx([-own.terms[0].mean] * 2), "no coefficient, no evidence"
    assert np.isfinite(unknown).all()


def test_a_logistic_world_is_recovered() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(20_000, 2))
    odds = -0.5 + 1.2 * values[:, 0] - 0.7 * values[:, 1]
    converted = rng.random(20_000) < sigmoid(odds)
    own = fit_linear(values, converted, np.ones(20_000), levels=[0, 0], strength=1.0)
    inner = np.abs(values).max(axis=1) < 2
    error = own.margin(values[inner]) - odds[inner]
    assert np.sqrt((error**2).mean()) < 0.08
    assert own.intercept == pytest.approx(odds.mean(), abs=0.08)


def test_weights_say_how_often_a_row_counts() -> None:
    matrix, converted, _ = world(400)
    matrix = matrix[:, [1, 4]]
    twice = np.concatenate([np.arange(400), np.arange(0, 400, 2)])
    weights = np.where(np.arange(400) % 2 == 0, 2.0, 1.0)
    once = fit_linear(matrix, converted, weights, levels=[3, 2], strength=1.0)
    rows = fit_linear(matrix[twice], converted[twice], np.ones(600), levels=[3, 2], strength=1.0)
    assert once.margin(matrix) == pytest.approx(rows.margin(matrix), abs=1e-5)


def test_a_stronger_penalty_shrinks_the_say_of_features() -> None:
    matrix, converted, weights = world()
    spread = [
        np.std(fit_linear(matrix, converted, weights, levels=LEVELS, strength=s).margin(matrix))
        for s in (0.1, 10.0, 1000.0)
    ]
    assert spread[0] > spread[1] > spread[2]
