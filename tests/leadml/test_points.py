"""Does the table of points behave as a classifier of scikit-learn, and is its map sensible?"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from leadml.config import Points
from leadml.errors import DataError, SignalError
from leadml.model import sigmoid
from leadml.point_rules import BehaviourRule, FitRule
from leadml.points import (
    LEAST_SLOPE,
    LEVEL,
    LEVEL_DEVIATION,
    SLOPE,
    SLOPE_DEVIATION,
    PointsMap,
    PointsModel,
    blend,
    fit_points_map,
)

TABLE = Points(
    fit=(FitRule("size", 40, at_least=10, said="size"),),
    behaviour=(BehaviourRule("demo", 20, each=True, said="demo"),),
)


def company(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Leads whose odds double with every 20 points, from 5 % at none."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"size": rng.integers(0, 20, n).astype(float), "demo_count_90d": rng.poisson(0.7, n) * 1.0}
    )
    points = PointsModel(TABLE).points(frame)
    return frame, rng.random(n) < sigmoid(-2.94 + np.log(2) / 20 * points)


# --- scikit-learn ---------------------------------------------------------------------------------


def test_it_is_a_classifier_that_is_cloned_and_set() -> None:
    model = PointsModel(TABLE)
    assert is_classifier(model)
    assert model.get_params() == {"settings": TABLE}
    assert clone(model).get_params() == {"settings": TABLE}
    assert PointsModel().set_params(settings=TABLE).table == TABLE
    assert PointsModel().table == Points()


def test_fitting_leaves_the_settings_and_the_data_alone() -> None:
    frame, won = company(50)
    before = frame.copy()
    model = PointsModel(TABLE)
    assert model.fit(frame, won) is model
    assert model.settings is TABLE
    pd.testing.assert_frame_equal(frame, before)


def test_it_knows_its_classes_and_its_columns() -> None:
    frame, won = company(50)
    model = PointsModel(TABLE).fit(frame, np.where(won, "won", "lost"))
    assert model.classes_.tolist() == ["lost", "won"]
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["size", "demo_count_90d"]
    assert set(model.predict(frame)) <= {"lost", "won"}


def test_it_is_judged_by_cross_validation_in_a_pipeline_and_in_a_search() -> None:
    frame, won = company(600)
    scores = cross_val_score(PointsModel(TABLE), frame, won, scoring="roc_auc", cv=4)
    assert scores.mean() > 0.6
    piped = make_pipeline(FunctionTransformer(), PointsModel(TABLE))
    again = cross_val_score(piped, frame, won, scoring="roc_auc", cv=4)
    assert again.tolist() == scores.tolist()
    nothing = Points(fit=(), behaviour=())
    search = GridSearchCV(
        PointsModel(), {"settings": [nothing, TABLE]}, scoring="neg_log_loss", cv=3
    ).fit(frame, won)
    assert search.best_params_ == {"settings": TABLE}


def test_probabilities_sum_to_one_and_agree_with_the_decisions() -> None:
    frame, won = company(300)
    model = PointsModel(TABLE).fit(frame, won)
    both, decided = model.predict_proba(frame), model.decision_function(frame)
    assert both.shape == (300, 2)
    assert both.sum(axis=1) == pytest.approx(1.0)
    assert both[:, 1] == pytest.approx(sigmoid(decided))
    assert (model.predict(frame) == (both[:, 1] > 0.5)).all()
    assert 0 < model.predict(frame).sum() < 300


def test_points_need_no_fit_and_probabilities_do() -> None:
    frame, _ = company(3)
    model = PointsModel(TABLE)
    assert (model.by_rule(frame).sum(axis=1) == model.points(frame)).all()
    assert len(model.explain(frame)) == len(model.lines(frame)) == 3
    assert model.silent(frame[["size"]]) == ("demo",)
    with pytest.raises(NotFittedError):
        model.predict_proba(frame)


def test_an_array_without_names_is_refused() -> None:
    with pytest.raises(DataError, match=r"X must be a DataFrame whose columns .* got ndarray"):
        PointsModel(TABLE).points(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.array(["won", "won", "won"]), "two labels, or only 0 or only 1, got won"),
        (np.array([0, 1, 2]), "got 0, 1, 2"),
        (np.array([2, 2, 2]), "got 2"),
    ],
)
def test_labels_that_do_not_say_what_converted_are_refused(labels: np.ndarray, said: str) -> None:
    frame, _ = company(3)
    with pytest.raises(SignalError, match=said):
        PointsModel(TABLE).fit(frame, labels)


# --- the map --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wins", [0, 1, 30])
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_no_win_or_all_wins_give_something_finite_and_rising(wins: int, dtype: type) -> None:
    frame, _ = company(30)
    labels = (np.arange(30) < wins).astype(dtype)
    model = PointsModel(TABLE).fit(frame, labels)
    assert model.classes_.dtype == dtype
    ladder = pd.DataFrame({"size": [0.0] * 6, "demo_count_90d": np.arange(6.0)})
    probability = model.predict_proba(ladder)[:, 1]
    assert (np.diff(probability) > 0).all()
    assert 0 < probability.min() <= probability.max() < 1


def test_without_any_outcome_the_map_is_what_is_believed() -> None:
    nothing = np.zeros(0)
    found = fit_points_map(nothing, nothing > 0, nothing, unit=20.0)
    assert found == PointsMap(pytest.approx(np.log(2) / 20), pytest.approx(LEVEL))
    odds = np.exp(found.log_odds(np.array([0.0, 20.0, 80.0])))
    assert odds[1:] / odds[0] == pytest.approx([2, 16])
    model = PointsModel(TABLE).fit(company(5)[0].iloc[:0], np.zeros(0, dtype=bool))
    assert model.map_ == found


def test_the_map_is_the_most_likely_one_under_what_is_believed() -> None:
    frame, won = company(80, seed=3)
    points, weight = PointsModel(TABLE).points(frame), np.linspace(0.2, 1.5, 80)
    found = fit_points_map(points, won, weight, unit=20.0)
    center = np.average(points, weights=weight)

    def unlikely(both: np.ndarray) -> float:
        log_odds = both[1] + both[0] * (points - center) / 20
        lost = np.logaddexp(0, np.where(won, -log_odds, log_odds))
        far = ((both[0] - SLOPE) / SLOPE_DEVIATION) ** 2 + (
            (both[1] - LEVEL) / LEVEL_DEVIATION
        ) ** 2
        return float(weight @ lost + far / 2)

    slope, level = minimize(unlikely, [0.0, 0.0], tol=1e-12).x
    assert found.slope == pytest.approx(slope / 20, rel=1e-4)
    assert found.log_odds(np.array([center])) == pytest.approx(level, rel=1e-4)


def test_many_outcomes_tell_the_map_whatever_was_believed() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, 200_000)
    won = rng.random(200_000) < sigmoid(-1.0 + 0.01 * points)
    found = fit_points_map(points, won, np.ones(200_000), unit=20.0)
    assert found.slope == pytest.approx(0.01, rel=0.03)
    assert found.offset == pytest.approx(-1.0, abs=0.03)


def test_contrary_outcomes_flatten_the_map_and_never_turn_it_round() -> None:
    points = np.repeat([0.0, 100.0], 500)
    won = np.repeat([True, False], 500)
    found = fit_points_map(points, won, np.ones(1000), unit=20.0)
    assert found.slope == pytest.approx(LEAST_SLOPE / 20)
    # Half of them won, on average points: even odds there.
    assert found.log_odds(np.array([50.0])) == pytest.approx(0.0, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 2.0, 1000.0]))
def test_a_table_in_other_units_makes_the_same_probabilities(seed: int, times: float) -> None:
    rng = np.random.default_rng(seed)
    points, won = rng.normal(30, 25, 40), rng.random(40) < 0.3
    one = fit_points_map(points, won, np.ones(40), unit=20.0)
    other = fit_points_map(points * times, won, np.ones(40), unit=20.0 * times)
    assert other.log_odds(points * times) == pytest.approx(one.log_odds(points), abs=1e-6)


def test_weights_count_examples_and_order_changes_nothing() -> None:
    frame, won = company(60, seed=1)
    weight = np.where(np.arange(60) < 20, 2.0, 1.0)
    once = PointsModel(TABLE).fit(frame, won, sample_weight=weight).map_
    twice = (
        PointsModel(TABLE)
        .fit(pd.concat([frame, frame.iloc[:20]]), np.concatenate([won, won[:20]]))
        .map_
    )
    assert once.slope == pytest.approx(twice.slope)
    assert once.offset == pytest.approx(twice.offset)
    order = np.random.default_rng(0).permutation(60)
    mixed = PointsModel(TABLE).fit(frame.iloc[order], won[order], sample_weight=weight[order]).map_
    assert mixed.slope == pytest.approx(once.slope)


def test_a_blend_goes_from_the_points_to_the_model_as_wins_arrive() -> None:
    points, model = np.array([-3.0, -2.0]), np.array([-1.0, -4.0])
    assert blend(points, model, wins=0).tolist() == [-3, -2]
    assert blend(points, model, wins=10).tolist() == [-2, -3]  # half and half
    assert blend(points, model, wins=30).tolist() == [-1.5, -3.5]  # three parts of four
    assert blend(points, model, wins=10**9) == pytest.approx(model)
