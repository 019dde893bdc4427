"""Is the linear part the most likely one, and does it only go where it may?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from leadml.model import LinearPart, sigmoid
from training.linear import Design, Line, Target, build_design, fit_line, level

LEVELS = [0, 3, 0, 0, 2, 0]
FREE = [0] * 6
BOUND = [1, 0, -1, 1, 0, 1]
"""The third and fourth speak against what the world says of them."""


def world(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bell, a category, a heavy tail, mostly zeros, a category with gaps, nothing known."""
    rng = np.random.default_rng(seed)
    bell = rng.normal(2, 3, n)
    category = rng.integers(0, 4, n).astype(float)  # 3: a level training pooled
    tail = np.exp(rng.normal(5, 2, n))
    zeros = rng.poisson(0.4, n).astype(float)
    gaps = rng.integers(0, 2, n).astype(float)
    matrix = np.column_stack([bell, category, tail, zeros, gaps, np.full(n, np.nan)])
    matrix[rng.random(n) < 0.2, 0] = np.nan
    matrix[rng.random(n) < 0.2, 4] = np.nan
    odds = 0.5 * np.nan_to_num(bell) - 2 + 0.8 * (category == 1) - zeros + 0.3 * np.log(tail)
    return matrix, rng.random(n) < sigmoid(odds), rng.uniform(0.2, 2, n)


def target(
    converted: np.ndarray, weights: np.ndarray | None = None, offset: np.ndarray | None = None
) -> Target:
    n = len(converted)
    own = np.ones(n) if weights is None else weights
    return Target(converted, np.zeros(n) if offset is None else offset, own)


def fitted(
    matrix: np.ndarray,
    wanted: Target,
    *,
    levels: list[int] | None = None,
    directions: list[int] | None = None,
    strength: float = 1.0,
) -> LinearPart:
    none = [0] * matrix.shape[1]
    design = build_design(matrix, levels=levels or none, directions=directions or none)
    return fit_line(design, wanted, strength=strength).part


def penalised(
    design: Design, wanted: Target, coefficients: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The mean loss by its definition, in full precision; its gradient; each example's margin."""
    full = np.column_stack([design.columns.astype(np.float64), np.ones(len(design.columns))])
    z = full @ coefficients
    weights = wanted.weights / wanted.weights.sum()
    strength = np.append(np.ones(full.shape[1] - 1), 0.0) / wanted.weights.sum()
    p = sigmoid(z + wanted.offset)
    chance = np.where(wanted.converted, p, 1 - p)
    value = -weights @ np.log(chance) + strength @ coefficients**2 / 2
    return value, full.T @ (weights * (p - wanted.converted)) + strength * coefficients, z


def slowly(design: Design, wanted: Target) -> np.ndarray:
    """The optimum by a search in full precision that does not stop early."""
    bounds = [*zip(design.lower, design.upper, strict=True), (None, None)]
    found = minimize(
        lambda c: penalised(design, wanted, c)[:2],
        np.zeros(len(bounds)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 20_000, "maxfun": 100_000, "ftol": 1e-16, "gtol": 1e-11},
    )
    return np.asarray(found.x)


@pytest.fixture(scope="module", params=[FREE, BOUND], ids=["free", "bound"])
def found(request: pytest.FixtureRequest) -> tuple[np.ndarray, Design, Target, Line]:
    """A fit with weights and offsets; with directions or without."""
    matrix, converted, weights = world()
    wanted = target(converted, weights, np.where(np.arange(600) % 3, 0.0, -1.5))
    design = build_design(matrix, levels=LEVELS, directions=request.param)
    return matrix, design, wanted, fit_line(design, wanted, strength=1.0)


# --- the optimum ----------------------------------------------------------------------------------


def test_the_margin_is_the_decision_function_of_sklearn_where_nothing_is_bound() -> None:
    matrix, converted, weights = world()
    design = build_design(matrix, levels=LEVELS, directions=FREE)
    assert [shape.log for shape in design.shapes] == [False, False, True, False, False, False]
    peer = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-9)
    columns = design.columns.astype(np.float64)
    peer.fit(columns, converted, weights)
    wanted = target(converted, weights)
    line = fit_line(design, wanted, strength=1.0)
    assert line.part.margin(matrix) == pytest.approx(peer.decision_function(columns), abs=5e-3)
    best = penalised(design, wanted, np.append(peer.coef_[0], peer.intercept_))[0]
    assert penalised(design, wanted, line.coefficients)[0] == pytest.approx(best, rel=1e-6)


def test_no_coefficients_within_the_bounds_are_more_likely(
    found: tuple[np.ndarray, Design, Target, Line],
) -> None:
    matrix, design, wanted, line = found
    best, _, margin = penalised(design, wanted, slowly(design, wanted))
    assert penalised(design, wanted, line.coefficients)[0] == pytest.approx(best, rel=1e-6)
    assert line.part.margin(matrix) == pytest.approx(margin, abs=5e-3)


def test_the_loss_is_level_where_a_coefficient_is_free_and_held_by_a_bound_elsewhere(
    found: tuple[np.ndarray, Design, Target, Line],
) -> None:
    _, design, wanted, line = found
    slope = penalised(design, wanted, line.coefficients)[1]
    own = line.coefficients[:-1]
    assert ((design.lower <= own) & (own <= design.upper)).all()
    low, high = own == design.lower, own == design.upper
    assert bool((low | high).any()) == bool(np.isfinite([*design.lower, *design.upper]).any())
    assert (slope[:-1][low] >= -1e-4).all()  # the loss would rise: only below the bound is better
    assert (slope[:-1][high] <= 1e-4).all()
    assert np.abs(slope[:-1][~low & ~high]).max() < 1e-4
    assert abs(slope[-1]) < 1e-4


@pytest.mark.parametrize("directions", [FREE, BOUND], ids=["free", "bound"])
def test_wherever_the_search_starts_it_ends_at_the_same_margin(directions: list[int]) -> None:
    matrix, converted, weights = world()
    design = build_design(matrix, levels=LEVELS, directions=directions)
    wanted = target(converted, weights)
    cold = fit_line(design, wanted, strength=1.0)
    other = target(converted, np.where(np.arange(600) < 300, 0.1, 1.9))
    like = fit_line(design, other, strength=1.0).coefficients
    far = np.clip(
        np.random.default_rng(0).normal(size=len(like)),
        np.append(design.lower, -9),
        np.append(design.upper, 9),
    )
    for start in (like, far, cold.coefficients):
        warm = fit_line(design, wanted, strength=1.0, start=start)
        assert warm.part.margin(matrix) == pytest.approx(cold.part.margin(matrix), abs=5e-3)


def test_a_search_that_starts_at_the_optimum_stays_there() -> None:
    matrix, converted, weights = world()
    design = build_design(matrix, levels=LEVELS, directions=FREE)
    wanted = target(converted, weights)
    best = slowly(design, wanted)
    off = [
        np.abs(fit_line(design, wanted, strength=1.0, start=start).coefficients - best).max()
        for start in (best, None)
    ]
    assert off[0] < 1e-5 < off[1]


def test_the_same_examples_give_the_same_bits() -> None:
    matrix, converted, weights = world()
    design = build_design(matrix, levels=LEVELS, directions=BOUND)
    first, second = (fit_line(design, target(converted, weights), strength=1.0) for _ in range(2))
    assert first.coefficients.tobytes() == second.coefficients.tobytes()


def test_weights_say_how_often_a_row_counts() -> None:
    matrix, converted, _ = world(400)
    matrix = matrix[:, [1, 4]]
    twice = np.concatenate([np.arange(400), np.arange(0, 400, 2)])
    weights = np.where(np.arange(400) % 2 == 0, 2.0, 1.0)
    once = fitted(matrix, target(converted, weights), levels=[3, 2])
    rows = fitted(matrix[twice], target(converted[twice]), levels=[3, 2])
    assert once.margin(matrix) == pytest.approx(rows.margin(matrix), abs=2e-3)


def test_a_stronger_penalty_shrinks_the_say_of_features() -> None:
    matrix, converted, weights = world()
    spread = [
        np.std(fitted(matrix, target(converted, weights), levels=LEVELS, strength=s).margin(matrix))
        for s in (0.1, 10.0, 1000.0)
    ]
    assert spread[0] > spread[1] > spread[2]


def test_a_logistic_world_is_recovered() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(20_000, 2))
    odds = -0.5 + 1.2 * values[:, 0] - 0.7 * values[:, 1]
    own = fitted(values, target(rng.random(20_000) < sigmoid(odds)))
    inner = np.abs(values).max(axis=1) < 2
    error = own.margin(values[inner]) - odds[inner]
    assert np.sqrt((error**2).mean()) < 0.08
    assert own.intercept == pytest.approx(odds.mean(), abs=0.08)


# --- offsets --------------------------------------------------------------------------------------


def test_labels_made_scarcer_by_a_known_offset_teach_the_main_one() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(20_000, 1))
    odds = 0.3 + 0.9 * values[:, 0]
    offset = np.where(rng.random(20_000) < 0.5, -2.0, 0.0)
    converted = rng.random(20_000) < sigmoid(odds + offset)
    inner = np.abs(values[:, 0]) < 2
    told = fitted(values, target(converted, offset=offset)).margin(values[inner])
    untold = fitted(values, target(converted)).margin(values[inner])
    assert np.abs(told - odds[inner]).mean() < 0.08
    assert np.abs(untold - odds[inner]).mean() > 0.5


def test_the_level_is_the_log_odds_of_the_share_less_the_mean_offset_by_hand() -> None:
    wanted = Target(
        np.array([True, False]), offset=np.array([-0.4, 0.0]), weights=np.array([3.0, 1.0])
    )
    assert level(wanted) == pytest.approx(np.log(3) + 0.3)  # three of four; -0.4 * 3 / 4


def test_an_offset_alike_for_all_moves_the_intercept_and_nothing_else() -> None:
    matrix, converted, weights = world()
    plain = fitted(matrix, target(converted, weights), levels=LEVELS)
    moved = fitted(matrix, target(converted, weights, np.full(600, -0.7)), levels=LEVELS)
    assert moved.margin(matrix) == pytest.approx(plain.margin(matrix) + 0.7, abs=5e-3)


# --- directions -----------------------------------------------------------------------------------


def turns(values: np.ndarray, direction: int) -> float:
    """By how much a curve goes the other way."""
    return float(-(direction * np.diff(values)).min(initial=0.0))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    directions=st.lists(st.sampled_from([1, -1]), min_size=3, max_size=3),
    kind=st.sampled_from(["bell", "tail", "counts", "two values"]),
    slope=st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_a_sweep_of_a_feature_with_a_direction_never_turns(
    seed: int, directions: list[int], kind: str, slope: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = {
        "bell": rng.normal(size=(120, 3)),
        "tail": np.exp(rng.normal(0, 3, (120, 3))),
        "counts": rng.poisson(0.7, (120, 3)).astype(float),
        "two values": rng.integers(0, 2, (120, 3)).astype(float),
    }[kind]
    converted = rng.random(120) < sigmoid(slope * np.log1p(np.abs(matrix)).sum(axis=1) - slope)
    converted[:2] = True, False
    matrix[rng.random((120, 3)) < 0.2] = np.nan
    part = fitted(matrix, target(converted), directions=directions)
    known = matrix[~np.isnan(matrix)]
    sweep = np.sort(np.concatenate([known, np.nextafter(known, -9e9), [-1e12, 0.0, 1e12]]))
    for term, direction in zip(part.terms, directions, strict=True):
        assert turns(term.contribution(sweep), direction) <= 0.0
        assert (direction * np.diff(term.steps) >= 0).all()
        assert direction * term.slope >= 0


def test_without_a_direction_the_same_sweep_turns() -> None:
    matrix, converted, weights = world()
    free = fitted(matrix, target(converted, weights), levels=LEVELS)
    bound = fitted(matrix, target(converted, weights), levels=LEVELS, directions=BOUND)
    sweep = np.linspace(0, 6, 50)
    assert turns(free.terms[3].contribution(sweep), 1) > 0.05
    assert bound.terms[3].contribution(sweep).std() == 0.0, "held at the bound it says nothing"
    assert bound.terms[0].contribution(sweep).std() > 0.1


def test_missing_may_speak_either_way_whatever_the_direction() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(size=2_000)
    value[rng.random(2_000) < 0.5] = np.nan
    for direction, share in ((1, 0.8), (1, 0.1), (-1, 0.8), (-1, 0.1)):
        converted = rng.random(2_000) < np.where(np.isnan(value), share, 0.4)
        part = fitted(value[:, None], target(converted), directions=[direction])
        found = sigmoid(part.margin(np.array([[np.nan]])))
        assert found == pytest.approx([share], abs=0.04)


def test_a_category_has_no_direction() -> None:
    code = np.tile([0.0, 1.0, 2.0], 200)
    converted = np.tile([True, False, True, False, False, True], 100)
    free, bound = (
        fitted(code[:, None], target(converted), levels=[2], directions=[d]) for d in (0, 1)
    )
    assert bound.terms[0].steps.tolist() == free.terms[0].steps.tolist()
    assert free.terms[0].steps[1] < min(free.terms[0].steps[[0, 2]])


# --- terms ----------------------------------------------------------------------------------------


def test_contributions_and_intercept_add_up_to_the_margin(
    found: tuple[np.ndarray, Design, Target, Line],
) -> None:
    part = found[-1].part
    fresh, _, _ = world(seed=1)
    fresh[0] = [1e9, 3, 1e12, -5, 2, 4.0]  # far outside, pooled levels, a number never known
    fresh[1] = np.nan
    total = part.intercept + part.contributions(fresh).sum(axis=1)
    assert total == pytest.approx(part.margin(fresh), abs=1e-12)


def test_contributions_are_measured_against_the_average_example(
    found: tuple[np.ndarray, Design, Target, Line],
) -> None:
    matrix, _, wanted, line = found
    contributions = line.part.contributions(matrix)
    means = np.average(contributions, axis=0, weights=wanted.weights)
    assert means == pytest.approx(np.zeros(6), abs=1e-5)
    assert contributions.std(axis=0)[0] > 0.1


def test_a_model_keeps_what_the_design_of_half_the_precision_said(
    found: tuple[np.ndarray, Design, Target, Line],
) -> None:
    matrix, design, wanted, line = found
    assert design.columns.dtype == np.float32
    by_columns = penalised(design, wanted, line.coefficients)[2]
    assert line.part.margin(matrix) == pytest.approx(by_columns, abs=1e-5)


def test_values_that_differ_beyond_single_precision_still_fall_into_their_bins() -> None:
    # 2**40 + k is not told apart from its neighbours in float32.
    values = 2.0**40 + np.arange(600.0)
    part = fitted(values[:, None], target(np.arange(600) >= 300))
    below, above = part.margin(np.array([[2.0**40 + 50], [2.0**40 + 550]]))
    assert above - below > 2


def test_missing_has_a_say_of_its_own() -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(size=3_000)
    value[rng.random(3_000) < 0.5] = np.nan
    converted = rng.random(3_000) < np.where(np.isnan(value), 0.7, 0.3)
    own = fitted(value[:, None], target(converted))
    probability = sigmoid(own.margin(np.array([[np.nan], [-1.0], [0.0], [1.0]])))
    assert probability == pytest.approx([0.7, 0.3, 0.3, 0.3], abs=0.05)


def test_a_category_never_seen_counts_like_those_that_were_pooled() -> None:
    rng = np.random.default_rng(1)
    code = rng.integers(0, 3, 3_000).astype(float)  # levels 0 and 1; 2 and above: any other
    code[(code == 2) & (rng.random(3_000) < 0.5)] = 9.0
    converted = rng.random(3_000) < np.array([0.2, 0.5, 0.8])[np.minimum(code, 2).astype(int)]
    own = fitted(code[:, None], target(converted), levels=[2])
    found = sigmoid(own.margin(np.array([[0.0], [1.0], [2.0], [7.0]])))
    assert found == pytest.approx([0.2, 0.5, 0.8, 0.8], abs=0.05)


def test_a_level_and_a_gap_that_training_never_met_are_the_average() -> None:
    code = np.tile([0.0, 1.0], 400)
    converted = np.tile([False, True, True, True], 200)
    own = fitted(code[:, None], target(converted), levels=[2])
    unknown = own.terms[0].contribution(np.array([2.0, np.nan]))
    assert unknown == pytest.approx([-own.terms[0].mean] * 2), "no coefficient, no evidence"
    assert np.isfinite(unknown).all()


def test_a_feature_of_which_nothing_is_known_or_that_never_varies_says_nothing() -> None:
    matrix = np.column_stack([np.full(100, np.nan), np.full(100, 4.0)])
    own = fitted(matrix, target(np.arange(100) % 3 == 0), directions=[1, -1])
    assert own.contributions(matrix) == pytest.approx(np.zeros((100, 2)), abs=1e-6)
    assert sigmoid(np.array([own.intercept])) == pytest.approx([0.34], abs=1e-4)


def test_bins_end_at_thirds_of_what_is_known() -> None:
    values = np.append(np.arange(9.0), np.nan)
    (shape,) = build_design(values[:, None], levels=[0], directions=[0]).shapes
    assert shape.edges.tolist() == [2.0, 5.0]
    assert shape.width == 4  # a line, two steps, missing
    columns = build_design(values[:, None], levels=[0], directions=[0]).columns
    assert columns[:, 1:].tolist()[1:7:2] == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert columns[9].tolist() == [0, 0, 0, 1]


def test_no_bin_ends_at_the_least_value() -> None:
    for values, edges in (([0, 0, 0, 0, 0, 2, 3], []), ([0, 0, 2, 2, 3], [2.0])):
        matrix = np.array(values, dtype=np.float64)[:, None]
        (shape,) = build_design(matrix, levels=[0], directions=[0]).shapes
        assert shape.edges.tolist() == edges


@pytest.mark.parametrize("all_won", [True, False])
def test_the_level_of_one_class_is_finite(*, all_won: bool) -> None:
    wanted = Target(np.full(10, all_won), offset=np.zeros(10), weights=np.ones(10))
    assert level(wanted) == pytest.approx((1 if all_won else -1) * np.log(19))
