"""Is a model's probability the sum of its contributions, with an interval that can be believed?"""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from features.build import build_matrix
from features.past import build_past
from leadml.config import Training
from leadml.errors import ModelError
from leadml.model import Calibration, LeadModel, LinearPart, Term, sigmoid
from leadml.tables import Tables
from training.fit import Recipe, Sample, fit_margin
from training.train import TrainingResult

RECIPES = {
    "linear": Recipe("linear", linear=True, rounds=0),
    "trees": Recipe("trees", linear=False, rounds=40),
    "linear+trees": Recipe("linear+trees", linear=True, rounds=25),
}
CALIBRATION = Calibration(0.8, -0.3, np.array([-1.0, 0.5]), np.array([40.0, 400.0, 90.0]))
FEATURES = 5


def small_matrix(rows: int, seed: int) -> np.ndarray:
    """Counts, a heavy tail, days with gaps, a category of three levels, a constant."""
    rng = np.random.default_rng(seed)
    since = np.where(rng.random(rows) < 0.3, np.nan, rng.uniform(0, 90, rows))
    level = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 4, rows))
    columns = [rng.poisson(2, rows), rng.lognormal(5, 2, rows), since, level, np.ones(rows)]
    return np.column_stack(columns).astype(np.float64)


@pytest.fixture(scope="module", params=RECIPES)
def model(request: pytest.FixtureRequest) -> LeadModel:
    """A small model of each recipe."""
    matrix = small_matrix(800, seed=1)
    odds = 0.5 * matrix[:, 0] - 1.5 + (matrix[:, 3] == 1) - 0.5 * np.isnan(matrix[:, 2])
    converted = np.random.default_rng(2).random(800) < sigmoid(odds)
    groups = pd.Series([f"L{k}" for k in range(800)])
    sample = Sample(matrix, converted, np.ones(800), groups, [0, 0, 0, 3, 0])
    margin = fit_margin(sample, RECIPES[request.param], Training(threads=1))
    catalog = {"features": [{}] * FEATURES}
    return LeadModel(catalog, margin.linear, margin.trees, CALIBRATION, {}, {})


def log_odds(probability: np.ndarray) -> np.ndarray:
    return np.log(probability) - np.log1p(-probability)


# --- contributions --------------------------------------------------------------------------------


def test_a_recipe_makes_the_parts_it_names(model: LeadModel) -> None:
    assert model.linear is not None or model.trees is not None
    probability = model.probability(small_matrix(800, seed=1))
    assert probability.std() > 0.05  # it says something


def test_contributions_and_base_add_up_to_the_calibrated_log_odds(model: LeadModel) -> None:
    for matrix in (small_matrix(300, seed=1), small_matrix(300, seed=9), strange_rows()):
        contributions, base = model.contributions(matrix)
        assert contributions.shape == matrix.shape
        expected = log_odds(model.probability(matrix))
        assert np.abs(base + contributions.sum(axis=1) - expected).max() < 1e-9


def test_contributions_of_one_row_are_those_it_has_in_a_batch(model: LeadModel) -> None:
    matrix = small_matrix(50, seed=3)
    together, base = model.contributions(matrix)
    for row in range(50):
        alone, same_base = model.contributions(matrix[[row]])
        assert np.array_equal(alone[0], together[row])
        assert same_base == base
        assert model.margin(matrix[[row]])[0] == model.margin(matrix)[row]


def test_the_memory_layout_of_the_matrix_changes_nothing(model: LeadModel) -> None:
    matrix = small_matrix(50, seed=3)
    assert np.array_equal(model.margin(np.asfortranarray(matrix)), model.margin(matrix))


def test_a_feature_that_never_varied_contributes_nothing(model: LeadModel) -> None:
    contributions, _ = model.contributions(small_matrix(50, seed=4))
    assert np.abs(contributions[:, 4]).max() < 1e-12


def test_no_rows_get_no_scores(model: LeadModel) -> None:
    nothing = np.empty((0, FEATURES))
    assert model.probability(nothing).shape == (0,)
    assert model.contributions(nothing)[0].shape == (0, FEATURES)


def test_a_matrix_of_another_width_is_refused(model: LeadModel) -> None:
    for width in (FEATURES - 1, FEATURES + 1):
        for ask in (model.margin, model.probability, model.contributions):
            with pytest.raises(ModelError, match=f"expects 5 features, got {width}"):
                ask(np.zeros((2, width)))


def strange_rows() -> np.ndarray:
    """All missing, all zero, far beyond what training saw, levels it did not know."""
    return np.array(
        [
            [np.nan] * FEATURES,
            [0.0] * FEATURES,
            [1e9, 1e15, 1e6, 3.0, 7.0],
            [-5.0, -1e9, -1.0, 2.0, 0.0],
            [3.0, 0.0, np.nan, 99.0, np.nan],
        ]
    )


@pytest.fixture(scope="module")
def real(trained: TrainingResult, tables: Tables) -> tuple[LeadModel, np.ndarray]:
    """The model of the simulated company, with features of leads at arrival and months later."""
    created = tables.leads[["lead_id", "created_at"]].iloc[::3]
    later = [created["created_at"] + pd.Timedelta(days, "D") for days in (0, 45, 200)]
    parts = [created[["lead_id"]].assign(as_of=as_of) for as_of in later]
    past = build_past(tables, pd.concat(parts, ignore_index=True))
    return trained.model, build_matrix(trained.catalog, past)


def test_contributions_of_the_trained_model_add_up(real: tuple[LeadModel, np.ndarray]) -> None:
    model, matrix = real
    contributions, base = model.contributions(matrix)
    expected = log_odds(model.probability(matrix))
    assert np.abs(base + contributions.sum(axis=1) - expected).max() < 1e-9


def test_intervals_of_the_trained_model_hold_their_probability(
    real: tuple[LeadModel, np.ndarray],
) -> None:
    model, matrix = real
    probability = model.probability(matrix)
    lower, upper = model.calibration.interval(model.margin(matrix))
    assert ((lower >= 0) & (lower <= probability) & (probability <= upper) & (upper <= 1)).all()
    assert (upper > lower).all()


# --- the linear part, by hand ---------------------------------------------------------------------


def test_a_number_is_a_line_and_steps_by_hand() -> None:
    term = Term(
        steps=np.array([0.0, 0.1, 0.2]),
        missing=-0.7,
        mean=0.5,
        is_category=False,
        edges=np.array([10.0, 20.0]),
        slope=2.0,
        center=10.0,
        scale=5.0,
    )
    # (x - 10) / 5 held within +-5, times 2, plus the step (an edge opens its own bin), minus 0.5
    found = term.contribution(np.array([5.0, 10.0, 19.9, 20.0, 1_000.0, np.nan]))
    # 5: 2 * -1 + 0 - .5; 10: 0 + .1 - .5; 19.9: 2 * 1.98 + .1 - .5; 20: 4 + .2 - .5; 1,000: 10 + .2
    assert found.tolist() == pytest.approx([-2.5, -0.4, 3.56, 3.7, 9.7, -1.2], rel=1e-12)


def test_a_heavy_tail_enters_by_its_logarithm_on_both_sides_of_zero() -> None:
    term = Term(np.zeros(1), 0.0, 0.0, is_category=False, edges=np.zeros(0), slope=1.0, log=True)
    found = term.contribution(np.array([math.e - 1, 0.0, 1 - math.e]))
    assert found.tolist() == pytest.approx([1.0, 0.0, -1.0], rel=1e-12)


def test_a_category_is_a_step_a_level_by_hand() -> None:
    term = Term(np.array([0.3, -0.2, 0.1]), -0.4, 0.05, is_category=True, edges=np.zeros(0))
    found = term.contribution(np.array([0.0, 1.0, 2.0, 9.0, np.nan]))  # 2 and above: any other
    assert found.tolist() == pytest.approx([0.25, -0.25, 0.05, 0.05, -0.45], rel=1e-12)


def test_a_linear_part_is_its_intercept_and_its_terms() -> None:
    term = Term(np.array([1.0, 2.0]), 0.0, 0.5, is_category=True, edges=np.zeros(0))
    part = LinearPart(-3.0, (term, dataclasses.replace(term, mean=0.0)))
    # row one: -3 plus 1 - 0.5 plus 2; row two: -3 plus 0 - 0.5 plus 1
    assert part.margin(np.array([[0.0, 1.0], [np.nan, 0.0]])).tolist() == [-0.5, -2.5]
    assert LinearPart(-3.0, ()).margin(np.empty((2, 0))).tolist() == [-3.0, -3.0]


# --- calibration ----------------------------------------------------------------------------------

margins = st.lists(st.floats(-60, 60), min_size=1, max_size=5).map(
    lambda values: np.array(values, dtype=np.float64)
)


def one_bin(leads: float) -> Calibration:
    return Calibration(1.0, 0.0, np.zeros(0), np.array([leads]))


@given(margins, st.floats(1, 1e6))
def test_an_interval_holds_its_probability_and_stays_within_zero_and_one(
    margin: np.ndarray, leads: float
) -> None:
    calibration = one_bin(leads)
    probability = calibration.probability(margin)
    lower, upper = calibration.interval(margin)
    assert ((lower >= 0) & (lower <= probability) & (probability <= upper) & (upper <= 1)).all()


@given(margins, st.floats(1, 1e5), st.floats(1.1, 100))
def test_more_leads_make_a_narrower_interval(
    margin: np.ndarray, leads: float, times: float
) -> None:
    few_lower, few_upper = one_bin(leads).interval(margin)
    many_lower, many_upper = one_bin(leads * times).interval(margin)
    assert (many_upper - many_lower < few_upper - few_lower).all()


@pytest.mark.parametrize(("won", "leads"), [(50, 100), (1, 40), (399, 400), (7, 9)])
def test_the_interval_is_wilsons(won: int, leads: int) -> None:
    expected = binomtest(won, leads).proportion_ci(0.90, method="wilson")
    margin = np.array([math.log(won / (leads - won))])
    lower, upper = one_bin(leads).interval(margin)
    assert (lower[0], upper[0]) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_each_margin_takes_the_leads_of_its_own_bin() -> None:
    margin = np.array([-1.001, -1.0, 0.499, 0.5])  # edges at -1 and 0.5: 40, 400, 400, 90 leads
    lower, upper = CALIBRATION.interval(margin)
    expected = [
        Calibration(0.8, -0.3, np.zeros(0), np.array([leads])).interval(margin[[k]])
        for k, leads in enumerate([40.0, 400.0, 400.0, 90.0])
    ]
    assert lower.tolist() == [float(low[0]) for low, _ in expected]
    assert upper.tolist() == [float(high[0]) for _, high in expected]


def test_a_probability_rises_with_its_margin() -> None:
    probability = CALIBRATION.probability(np.linspace(-30, 30, 500))
    assert (np.diff(probability) > 0).all()
    assert CALIBRATION.log_odds(np.array([2.0]))[0] == pytest.approx(0.8 * 2 - 0.3)


def test_a_sigmoid_neither_overflows_nor_leaves_zero_and_one() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = sigmoid(np.array([-1e308, -800.0, -1.0, 0.0, 1.0, 800.0, 1e308]))
    e = math.e
    assert found.tolist() == pytest.approx([0, 0, 1 / (1 + e), 0.5, e / (1 + e), 1, 1], abs=1e-300)
    assert sigmoid(np.array([-np.inf, np.inf])).tolist() == [0.0, 1.0]
    assert sigmoid(np.array([-700.0]))[0] > 0  # small odds keep their digits
