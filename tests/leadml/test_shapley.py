"""Are the contributions of trees laid down in tables those that LightGBM finds row by row?"""

import math
from itertools import combinations
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml import paid, shapley
from leadml.model import Calibration, LeadModel
from leadml.paid import FEW_ROWS, Payments
from leadml.shapley import Leaf, lay_down

FEATURES = 8
CATEGORIES = (5, 6)

KINDS: dict[str, dict[str, Any]] = {
    "as training grows them": {"num_leaves": 15, "max_depth": 6, "min_data_in_leaf": 40},
    "deep": {"num_leaves": 31, "min_data_in_leaf": 2},
    "very deep": {"num_leaves": 60, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 1e-6},
    "stumps": {"num_leaves": 2},
    "zero is missing": {"num_leaves": 20, "zero_as_missing": True},
    "nothing is missing": {"num_leaves": 20, "use_missing": False},
    "category against category": {"num_leaves": 20, "max_cat_to_onehot": 1, "cat_smooth": 1.0},
    "one leaf": {"num_leaves": 15, "min_data_in_leaf": 1_000},
}


def examples(rows: int, seed: int) -> np.ndarray:
    """Counts, heavy tails, shares, gaps, two categories with levels beyond and below the known."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, FEATURES))
    matrix[:, 1] = rng.poisson(1.0, rows)
    matrix[:, 2] = rng.lognormal(3, 2, rows)
    matrix[:, 5] = rng.integers(0, 6, rows)
    matrix[:, 6] = rng.integers(0, 40, rows)
    matrix[:, :7][rng.random((rows, 7)) < 0.15] = np.nan  # the last feature has no gap
    return matrix


def fitted(kind: str, *, rounds: int = 10, seed: int = 1) -> lightgbm.Booster:
    """Trees of a kind, as they are read back from a model folder."""
    matrix, rng = examples(600, seed), np.random.default_rng(seed)
    known = np.nan_to_num(matrix)
    odds = known[:, 0] + known[:, 7] * (known[:, 1] > 0) + np.isin(known[:, 6] % 5, (1, 2))
    label = (rng.random(600) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    weight = rng.uniform(0.2, 3.0, 600)
    data = lightgbm.Dataset(matrix, label, weight=weight, categorical_feature=[*CATEGORIES])
    params = {"objective": "binary", "verbose": -1, "seed": seed, "num_threads": 1, "max_bin": 40}
    fit = lightgbm.train({**params, "min_data_per_group": 5, **KINDS[kind]}, data, rounds)
    return lightgbm.Booster(model_str=fit.model_to_string())


def edges(trees: lightgbm.Booster) -> list[list[float]]:
    """Of each feature, the values where a rule may change its mind."""
    odd = [math.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, math.inf, -math.inf, 1e300, 3e9]
    found = [[*odd, -1.0, -0.5, 0.5, 1.9, 2.0, 5.0, 39.0, 40.0, 41.5, 1e6] for _ in range(FEATURES)]
    for tree in trees.dump_model()["tree_info"]:
        for _, split in shapley._splits(tree["tree_structure"]):
            if split.levels is None:
                at = split.threshold
                found[split.feature] += [at, math.nextafter(at, 1e9), math.nextafter(at, -1e9)]
    return found


def at_the_edges(trees: lightgbm.Booster, rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.choice(values, rows) for values in edges(trees)])


def by_lightgbm(trees: lightgbm.Booster, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(trees.predict(matrix, pred_contrib=True, num_threads=1))


def contributions_of(trees: lightgbm.Booster, matrix: np.ndarray, *, threads: int) -> np.ndarray:
    return Payments.of(trees).contributions(matrix, threads=threads)


@pytest.fixture(scope="module", params=KINDS)
def trees(request: pytest.FixtureRequest) -> lightgbm.Booster:
    return fitted(request.param)


# --- the same values as LightGBM ------------------------------------------------------------------


def test_contributions_are_those_of_lightgbm(trees: lightgbm.Booster) -> None:
    for matrix in (examples(500, seed=2), at_the_edges(trees, 1_000, seed=3)):
        found = contributions_of(trees, matrix, threads=1)
        assert np.abs(found - by_lightgbm(trees, matrix)[:, :-1]).max() < 1e-11


@pytest.mark.parametrize(("shared", "tallest"), [(1, 0), (2, 3), (4, 6), (10, 2), (14, 14)])
def test_neither_tables_nor_formulas_change_the_values(
    monkeypatch: pytest.MonkeyPatch, shared: int, tallest: int
) -> None:
    monkeypatch.setattr(shapley, "SHARED", shared)
    monkeypatch.setattr(shapley, "TALLEST", tallest)
    trees = fitted("very deep", rounds=6)
    matrix = at_the_edges(trees, 400, seed=4)
    found = contributions_of(trees, matrix, threads=1)
    assert np.abs(found - by_lightgbm(trees, matrix)[:, :-1]).max() < 1e-11


def test_a_leaf_with_more_features_than_a_table_takes_is_right() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(400, 20))
    chain = np.argmax(matrix > 0.8, axis=1).astype(np.float64)  # one feature asked after another
    data = lightgbm.Dataset(matrix, chain, params={"max_bin": 15})
    params = {"num_leaves": 40, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    trees = lightgbm.train(params, data, 3)
    made = lay_down(trees)
    assert any(len(leaf.features) > shapley.TALLEST for tree in made for leaf in tree.deep)
    found, expected = contributions_of(trees, matrix, threads=1), by_lightgbm(trees, matrix)[:, :-1]
    assert np.abs(found - expected).max() < 1e-11
    alone = np.vstack([contributions_of(trees, matrix[[row]], threads=1) for row in range(20)])
    assert np.array_equal(alone, found[:20])


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)), st.integers(0, 50), st.integers(1, 9), st.integers(0, 10_000)
)
def test_any_small_model_agrees_at_its_own_edges(
    kind: str, seed: int, rounds: int, draw: int
) -> None:
    trees = fitted(kind, rounds=rounds, seed=seed)
    matrix = at_the_edges(trees, 60, seed=draw)
    found = contributions_of(trees, matrix, threads=1)
    assert np.abs(found - by_lightgbm(trees, matrix)[:, :-1]).max() < 1e-11


def test_the_kinds_hold_what_they_are_to_try() -> None:
    """Splits of every sort, a feature asked twice on a path, trees of one leaf, lone leaves."""
    splits, twice, lone = set(), False, False
    for kind in KINDS:
        made = lay_down(fitted(kind))
        for tree in made:
            splits |= {
                (s.levels is not None, s.missing, s.missing_left) for s in tree.splits.values()
            }
            steps = [steps for table in tree.tables for steps in table.conditions]
            lone |= any(len(each) > 1 or not each[0][1] for each in steps)
        if kind == "one leaf":
            assert all(not tree.splits and not tree.tables for tree in made)
        leaves = [
            leaf
            for t in fitted(kind).dump_model()["tree_info"]
            for leaf in shapley._leaves(t["tree_structure"], [])
        ]
        twice |= any(len(steps) > 1 for leaf in leaves for steps in leaf.conditions)
    numbers = {(False, m, left) for m in ("NaN", "Zero") for left in (True, False)}
    assert numbers <= splits
    assert {(category, missing) for category, missing, _ in splits} >= {
        (True, "NaN"),
        (False, "None"),
    }
    assert twice
    assert lone


# --- by the definition ----------------------------------------------------------------------------


def by_definition(value: float, shares: list[float], holds: list[bool]) -> list[float]:
    """Shapley's values of the game "the leaf's value, features not asked pass with their share"."""
    d = len(shares)

    def worth(asked: tuple[int, ...]) -> float:
        passes = [float(holds[j]) if j in asked else shares[j] for j in range(d)]
        return value * math.prod(passes)

    paid = []
    for i in range(d):
        others = [j for j in range(d) if j != i]
        paid.append(
            sum(
                math.factorial(len(asked))
                * math.factorial(d - len(asked) - 1)
                / math.factorial(d)
                * (worth((*asked, i)) - worth(asked))
                for size in range(d)
                for asked in combinations(others, size)
            )
        )
    return paid


@given(
    st.lists(st.tuples(st.floats(1e-4, 1.0), st.booleans()), min_size=1, max_size=9),
    st.floats(-5, 5),
)
def test_a_leaf_pays_shapleys_values(path: list[tuple[float, bool]], value: float) -> None:
    shares, holds = [share for share, _ in path], [held for _, held in path]
    leaf = Leaf(value, tuple(range(len(path))), np.array(shares), tuple(() for _ in path))
    found = leaf.paid(np.array(holds)[:, None])[:, 0]
    assert found.tolist() == pytest.approx(by_definition(value, shares, holds), abs=1e-12)


def test_a_leaf_of_two_features_by_hand() -> None:
    # value 8, a quarter and half of the examples pass; the first holds, the second does not:
    # nobody asked 8/4/2 = 1, first asked 8 * 1/2 = 4, second asked 0, both 0
    leaf = Leaf(8.0, (0, 1), np.array([0.25, 0.5]), ((), ()))
    found = leaf.paid(np.array([[True], [False]]))[:, 0]
    assert found.tolist() == pytest.approx([(3 + 0) / 2, (-1 - 4) / 2])  # sums to 0 - 1


# --- what changes nothing -------------------------------------------------------------------------


def test_threads_blocks_and_neighbours_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    trees, matrix = fitted("very deep"), examples(300, seed=6)
    found = contributions_of(trees, matrix, threads=1)
    monkeypatch.setattr(paid, "BLOCK", 33)
    for threads in (1, 2, 3):
        assert np.array_equal(contributions_of(trees, matrix, threads=threads), found)
    assert np.array_equal(contributions_of(trees, np.asfortranarray(matrix), threads=1), found)


def test_a_row_alone_has_the_bits_it_has_among_many(trees: lightgbm.Booster) -> None:
    payments = Payments.of(trees)
    for matrix in (at_the_edges(trees, 200, seed=7), examples(200, seed=7)):
        many = payments.contributions(matrix)
        assert len(matrix) > FEW_ROWS
        for k in (1, 2, FEW_ROWS):
            assert np.array_equal(payments.contributions(matrix[:k]), many[:k])
        alone = np.vstack([payments.contributions(row[None]) for row in matrix])
        assert np.array_equal(alone, many)


@pytest.mark.parametrize(("shared", "tallest"), [(1, 0), (2, 3), (10, 2)])
def test_a_row_alone_has_the_same_bits_however_leaves_are_laid_down(
    monkeypatch: pytest.MonkeyPatch, shared: int, tallest: int
) -> None:
    monkeypatch.setattr(shapley, "SHARED", shared)
    monkeypatch.setattr(shapley, "TALLEST", tallest)
    payments, matrix = Payments.of(fitted("very deep", rounds=6)), examples(90, seed=4)
    assert any(tree.deep for tree in payments.trees) == (tallest < 10)
    alone = np.vstack([payments.contributions(row[None]) for row in matrix])
    assert np.array_equal(alone, payments.contributions(matrix))


def test_base_and_contributions_add_up_to_the_score(trees: lightgbm.Booster) -> None:
    matrix, payments = examples(300, seed=8), Payments.of(trees)
    score = np.asarray(trees.predict(matrix, raw_score=True, num_threads=1))
    total = payments.base + payments.contributions(matrix).sum(axis=1)
    assert np.abs(total - score).max() < 1e-11


def test_the_matrix_is_left_as_it_was(trees: lightgbm.Booster) -> None:
    for rows in (3, 300):
        matrix = at_the_edges(trees, rows, seed=9)
        for own in (matrix, np.asfortranarray(matrix)):
            before = own.copy()
            contributions_of(trees, own, threads=1)
            assert np.array_equal(own, before, equal_nan=True)


def test_no_rows_get_no_contributions(trees: lightgbm.Booster) -> None:
    assert contributions_of(trees, np.empty((0, FEATURES)), threads=1).shape == (0, FEATURES)


def test_a_models_contributions_add_up_for_many_rows(trees: lightgbm.Booster) -> None:
    catalog = {"features": [{}] * FEATURES}
    model = LeadModel(catalog, None, trees, Calibration(0.8, -0.3), {}, {})
    matrix = at_the_edges(trees, 300, seed=10)
    contributions, base = model.contributions(matrix)
    log_odds = model.calibration.log_odds(model.margin(matrix))
    assert np.abs(base + contributions.sum(axis=1) - log_odds).max() < 1e-11
