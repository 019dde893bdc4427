"""Is a model's probability the sum of its contributions, with an interval that can be believed?"""

import dataclasses
import math
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import build_matrix
from features.past import build_past
from leadml.errors import ModelError
from leadml.intervals import Z90
from leadml.model import Bend, Calibration, LeadModel, LinearPart, Term, sigmoid
from leadml.tables import Tables
from tests.training.lessons import sample_of
from training.fit import Recipe, fit_margin
from training.train import TrainingResult

RECIPES = {
    "linear": Recipe(linear=True, trees=""),
    "trees": Recipe(linear=False, trees="small"),
    "linear+trees": Recipe(linear=True, trees="small"),
}
BEND = Bend(np.array([-2.0, -0.5, 0.0, 1.0]), np.array([-1.0, -0.9, 0.5, 0.7]))
STRAIGHT = Calibration(0.8, -0.3, (0.01, 0.004, 0.02), 0.1, leads=300)
MAPS = {"straight": STRAIGHT, "bent": dataclasses.replace(STRAIGHT, bend=BEND)}
FEATURES = 10
CATEGORY, CONSTANT = 3, 4


def small_matrix(rows: int, seed: int) -> np.ndarray:
    """Counts, a heavy tail, days with gaps, a category of three levels, a constant, and bells."""
    rng = np.random.default_rng(seed)
    since = np.where(rng.random(rows) < 0.3, np.nan, rng.uniform(0, 90, rows))
    level = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 4, rows))
    columns = [rng.poisson(2, rows), rng.lognormal(5, 2, rows), since, level, np.ones(rows)]
    return np.column_stack([*columns, *rng.normal(size=(5, rows))]).astype(np.float64)


@pytest.fixture(scope="module", params=RECIPES)
def parts(request: pytest.FixtureRequest) -> LeadModel:
    """A small model of each recipe."""
    matrix = small_matrix(800, seed=1)
    odds = 0.5 * matrix[:, 0] - 1.5 + (matrix[:, CATEGORY] == 1) - 0.5 * np.isnan(matrix[:, 2])
    odds = odds + matrix[:, 5:].sum(axis=1) / 2
    converted = np.random.default_rng(2).random(800) < sigmoid(odds)
    levels = [3 if k == CATEGORY else 0 for k in range(FEATURES)]
    margin = fit_margin(sample_of(matrix, converted, levels=levels), RECIPES[request.param], seed=0)
    linear = margin.linear if RECIPES[request.param].linear else None
    catalog = {"features": [{}] * FEATURES}
    card = {"horizon_days": 90}
    return LeadModel(catalog, linear, margin.trees, STRAIGHT, {}, card)


@pytest.fixture(params=MAPS)
def model(request: pytest.FixtureRequest, parts: LeadModel) -> LeadModel:
    """The same with a straight map and with a bent one."""
    return dataclasses.replace(parts, calibration=MAPS[request.param])


def log_odds(probability: np.ndarray) -> np.ndarray:
    return np.log(probability) - np.log1p(-probability)


# --- contributions --------------------------------------------------------------------------------


def test_the_models_of_this_file_say_something(model: LeadModel) -> None:
    assert model.probability(small_matrix(800, seed=1)).std() > 0.05


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
    assert np.abs(contributions[:, CONSTANT]).max() < 1e-6


def test_no_rows_get_no_scores(model: LeadModel) -> None:
    nothing = np.empty((0, FEATURES))
    assert model.probability(nothing).shape == (0,)
    assert model.contributions(nothing)[0].shape == (0, FEATURES)


def test_a_matrix_of_another_width_is_refused(model: LeadModel) -> None:
    for width in (FEATURES - 1, FEATURES + 1):
        for ask in (model.margin, model.probability, model.contributions):
            with pytest.raises(ModelError, match=f"expects {FEATURES} features, got {width}"):
                ask(np.zeros((2, width)))


def strange_rows() -> np.ndarray:
    """All missing, all zero, far beyond what training saw, levels it did not know."""
    return np.array(
        [
            [np.nan] * FEATURES,
            [0.0] * FEATURES,
            [1e9, 1e15, 1e6, 3.0, 7.0, *[50.0] * 5],
            [-5.0, -1e9, -1.0, 2.0, 0.0, *[-50.0] * 5],
            [3.0, 0.0, np.nan, 99.0, np.nan, *[np.nan] * 5],
        ]
    )


def test_the_base_is_the_calibrated_log_odds_of_the_average_example(model: LeadModel) -> None:
    _, base = model.contributions(small_matrix(50, seed=4))
    bare = dataclasses.replace(model, calibration=Calibration(1.0, 0.0))
    own, raw = bare.contributions(small_matrix(50, seed=4))
    assert base == pytest.approx(model.calibration.log_odds(np.array([raw]))[0], abs=1e-12)
    if model.linear is not None and model.trees is None:
        assert raw == model.linear.intercept
        assert np.array_equal(own, model.linear.contributions(small_matrix(50, seed=4)))


def test_a_bend_stretches_all_contributions_of_a_lead_alike_and_turns_none(
    parts: LeadModel,
) -> None:
    matrix = small_matrix(300, seed=5)
    bare = dataclasses.replace(parts, calibration=Calibration(1.0, 0.0))
    raw, _ = bare.contributions(matrix)
    bent, _ = dataclasses.replace(parts, calibration=MAPS["bent"]).contributions(matrix)
    says = np.abs(raw) > 1e-3
    stretch = np.divide(bent, raw, out=np.full(raw.shape, np.nan), where=says)
    assert np.nanmin(stretch) > 0
    assert (np.nanmax(stretch, axis=1) - np.nanmin(stretch, axis=1)).max() < 1e-9
    assert np.nanmax(stretch) - np.nanmin(stretch) > 0.1, "not all leads alike"


@pytest.mark.parametrize("added", [0.0, 1e-18, -1e-17, 3e-16, 1e-13, -1e-9])
def test_what_adds_up_to_nothing_is_stretched_as_steeply_as_the_curve_is_there(
    added: float,
) -> None:
    # Between -0.5 and 0 the bend climbs 1.4 in 0.5; times the slope of 0.8.
    found = MAPS["bent"].steepness(-0.25, np.array([added]))
    assert found == pytest.approx([0.8 * 2.8], rel=1e-4)


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


@st.composite
def bends(draw: st.DrawFn) -> Bend:
    """Rising points, steep and flat."""
    count = draw(st.integers(2, 6))
    gaps = st.lists(st.floats(0.01, 5), min_size=count, max_size=count)
    at, to = (np.cumsum(draw(gaps)) - draw(st.floats(0, 10)) for _ in range(2))
    return Bend(at, to)


@st.composite
def maps(draw: st.DrawFn) -> Calibration:
    """A map of any slope and level, its two numbers known more or less together."""
    own, level = draw(st.floats(0, 4)), draw(st.floats(0, 4))
    together = draw(st.floats(-1, 1)) * math.sqrt(own * level) * 0.999
    return Calibration(
        draw(st.floats(0.05, 4)),
        draw(st.floats(-5, 5)),
        (own, together, level),
        draw(st.floats(0, 2)),
        bend=draw(st.none() | bends()),
    )


@given(margins, maps())
def test_an_interval_holds_its_probability_and_stays_within_zero_and_one(
    margin: np.ndarray, calibration: Calibration
) -> None:
    probability = calibration.probability(margin)
    lower, upper = calibration.interval(margin)
    assert ((lower >= 0) & (lower <= probability) & (probability <= upper) & (upper <= 1)).all()


@given(margins, maps(), st.sampled_from([0, 2, "spread"]), st.floats(0.01, 3))
def test_whatever_is_known_less_well_makes_a_wider_interval(
    margin: np.ndarray, calibration: Calibration, which: int | str, more: float
) -> None:
    if which == "spread":
        wider = dataclasses.replace(calibration, spread=calibration.spread + more)
    else:
        variance = list(calibration.variance)
        variance[int(which)] += more
        wider = dataclasses.replace(calibration, variance=(variance[0], variance[1], variance[2]))
    lower, upper = calibration.interval(margin)
    less, greater = wider.interval(margin)
    assert ((less <= lower) & (upper <= greater)).all()
    if which != 0:  # of the slope nothing is felt where the bent margin is 0
        inner = (lower > 0.001) & (upper < 0.999)
        assert (greater - less > upper - lower)[inner].all()


def test_the_interval_by_hand() -> None:
    # margin 2: 0.01 * 4 + 2 * 0.004 * 2 + 0.02 + 0.1**2 = 0.086; log-odds 0.8 * 2 - 0.3 = 1.3
    lower, upper = STRAIGHT.interval(np.array([2.0]))
    half = Z90 * math.sqrt(0.086)
    assert (lower[0], upper[0]) == pytest.approx(
        (1 / (1 + math.exp(half - 1.3)), 1 / (1 + math.exp(-half - 1.3))), rel=1e-12
    )


def test_a_map_of_which_everything_is_known_has_an_interval_of_no_width() -> None:
    known = Calibration(0.8, -0.3, bend=BEND)
    margin = np.linspace(-5, 5, 11)
    for end in known.interval(margin):
        assert np.array_equal(end, known.probability(margin))


def test_a_bent_map_is_as_far_off_as_the_bent_margin_says() -> None:
    bent = MAPS["bent"]
    margin = np.linspace(-5, 5, 101)
    for own, peer in zip(bent.interval(margin), STRAIGHT.interval(BEND.of(margin)), strict=True):
        assert np.array_equal(own, peer)


@pytest.mark.parametrize("calibration", MAPS.values(), ids=MAPS)
def test_a_probability_rises_with_its_margin(calibration: Calibration) -> None:
    probability = calibration.probability(np.linspace(-30, 30, 500))
    assert (np.diff(probability) > 0).all()
    assert STRAIGHT.log_odds(np.array([2.0]))[0] == pytest.approx(0.8 * 2 - 0.3)


def test_a_bend_by_hand() -> None:
    margin = np.array([-4.0, -2.0, -1.25, -0.5, -0.25, 0.0, 0.5, 1.0, 6.0])
    # Beyond the ends the outer pieces go on: 0.1 in 1.5 below, 0.2 in 1 above.
    expected = [-1 - 2 / 15, -1.0, -0.95, -0.9, -0.2, 0.5, 0.6, 0.7, 1.7]
    assert BEND.of(margin).tolist() == pytest.approx(expected, abs=1e-12)
    assert BEND.of(np.zeros(0)).shape == (0,)


@settings(max_examples=60)
@given(bends())
def test_a_bend_rises_without_a_jump(bend: Bend) -> None:
    steep = (np.diff(bend.to) / np.diff(bend.at)).max()
    sweep = np.linspace(bend.at[0] - 3, bend.at[-1] + 3, 400)
    sweep = np.sort(np.concatenate([sweep, bend.at, bend.at + 1e-9, bend.at - 1e-9]))
    rise = np.diff(bend.of(sweep))
    assert (rise >= -1e-12).all()
    assert (rise <= steep * np.diff(sweep) * (1 + 1e-9) + 1e-12).all()
    assert bend.of(bend.at) == pytest.approx(bend.to, abs=1e-12)


def test_a_bend_along_the_diagonal_changes_nothing() -> None:
    straight = dataclasses.replace(
        STRAIGHT, bend=Bend(np.array([-1.0, 4.0]), np.array([-1.0, 4.0]))
    )
    margin = np.linspace(-20, 20, 99)
    assert straight.log_odds(margin) == pytest.approx(STRAIGHT.log_odds(margin), abs=1e-12)


@settings(max_examples=100)
@given(maps(), st.floats(-8, 8), st.lists(st.floats(-12, 12), min_size=1, max_size=6))
def test_what_is_added_times_its_steepness_is_how_far_the_map_rises(
    calibration: Calibration, start: float, added: list[float]
) -> None:
    step = np.array(added)
    rise = calibration.log_odds(start + step) - calibration.log_odds(np.array([start]))
    steepness = calibration.steepness(start, step)
    assert steepness * step == pytest.approx(rise, rel=1e-9, abs=1e-6)
    assert (steepness >= 0).all()


# --- horizons -------------------------------------------------------------------------------------


def answering(main: Calibration, others: dict[int, Calibration]) -> LeadModel:
    """A model that is nothing but its maps."""
    return LeadModel(MappingProxyType({}), None, None, main, {}, {"horizon_days": 90}, others)


@given(
    margins,
    maps(),
    st.dictionaries(st.sampled_from([1, 30, 60, 89, 91, 180, 365]), maps(), max_size=5),
)
def test_a_probability_never_falls_as_its_horizon_grows_however_the_maps_cross(
    margin: np.ndarray, main: Calibration, others: dict[int, Calibration]
) -> None:
    answers = answering(main, others).within(margin)
    assert list(answers) == sorted({90, *others}), "shortest first"
    assert (np.diff(np.array(list(answers.values())), axis=0) >= 0).all()
    assert np.array_equal(answers[90], main.probability(margin))


@given(margins, maps(), st.floats(0, 3), st.floats(0, 3))
def test_maps_in_order_are_left_as_they_are(
    margin: np.ndarray, main: Calibration, lower: float, higher: float
) -> None:
    shorter = dataclasses.replace(main, offset=main.offset - lower)
    longer = dataclasses.replace(main, offset=main.offset + higher)
    own = {30: shorter.probability(margin), 180: longer.probability(margin)}
    answers = answering(main, {30: shorter, 180: longer}).within(margin)
    assert np.array_equal(answers[30], own[30])
    assert np.array_equal(answers[180], own[180])


def test_where_maps_cross_the_one_nearer_to_the_main_horizon_holds() -> None:
    flat = {days: Calibration(1.0, level) for days, level in ((7, 0.5), (30, -2.0), (60, 1.0))}
    answers = answering(Calibration(1.0, 0.0), flat | {180: Calibration(1.0, -1.0)}).within(
        np.zeros(1)
    )
    at = {days: float(value[0]) for days, value in answers.items()}
    low = float(sigmoid(np.array([-2.0]))[0])
    assert at == {7: low, 30: low, 60: 0.5, 90: 0.5, 180: 0.5}


def test_a_sigmoid_neither_overflows_nor_leaves_zero_and_one() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = sigmoid(np.array([-1e308, -800.0, -1.0, 0.0, 1.0, 800.0, 1e308]))
    e = math.e
    assert found.tolist() == pytest.approx([0, 0, 1 / (1 + e), 0.5, e / (1 + e), 1, 1], abs=1e-300)
    assert sigmoid(np.array([-np.inf, np.inf])).tolist() == [0.0, 1.0]
    assert sigmoid(np.array([-700.0]))[0] > 0  # small odds keep their digits
