"""Is the drift that of the newest leads, however they came?"""

import dataclasses

import numpy as np
import pytest

from features.catalog import Catalog
from leadml.model import Calibration, LeadModel
from leadml.profile import LITTLE, MUCH, measure_psi
from serving.watching.drift import LEAST, LOT, LOTS, Drift
from tests.training.lessons import CATALOG
from training.profile import learn_profile

MAP = Calibration(0.8, -1.0)


def world(n: int, *, seed: int, views: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Features of `CATALOG` and margins."""
    rng = np.random.default_rng(seed)
    matrix = np.column_stack(
        [rng.normal(size=n), rng.poisson(views, n), rng.uniform(0, 90, n), rng.integers(0, 4, n)]
    )
    return matrix.astype(np.float64), matrix[:, 0] + matrix[:, 1]


@pytest.fixture(scope="module")
def model() -> LeadModel:
    matrix, margin = world(3000, seed=0)
    profile = learn_profile(CATALOG, matrix, margin).to_json()
    return LeadModel(CATALOG.to_json(), None, None, MAP, {}, {}, profile=profile)


def test_lots_and_requests_of_one_lead_say_what_one_batch_says(model: LeadModel) -> None:
    matrix, margin = world(700, seed=1)
    probability = MAP.probability(margin)
    alone, whole, uneven = Drift(model), Drift(model), Drift(model)
    for k in range(700):
        alone.add(matrix[k : k + 1], probability[k : k + 1])
    whole.add(matrix, probability)
    for part in np.split(np.arange(700), [3, 300, 301, 660]):
        uneven.add(matrix[part], probability[part])

    found = [drift.measure() for drift in (alone, whole, uneven)]

    profile = learn_profile(CATALOG, *world(3000, seed=0))
    expected = measure_psi(profile, profile.count(matrix, margin))
    for moved in found:
        assert moved.leads == 700
        assert moved.names == [*CATALOG.names, "probability"]
        assert moved.psi.tolist() == expected.tolist()


def test_it_says_when_the_indices_have_changed(model: LeadModel) -> None:
    matrix, margin = world(LOT, seed=1)
    drift = Drift(model)
    told = [drift.add(matrix[k : k + 1], margin[k : k + 1]) for k in range(LOT)]
    assert told == [False] * (LOT - 1) + [True]


def test_of_few_leads_nothing_is_said(model: LeadModel) -> None:
    matrix, margin = world(LEAST, seed=1)
    drift = Drift(model)
    drift.add(matrix[1:], MAP.probability(margin[1:]))
    assert np.isnan(drift.measure().psi).all()
    assert drift.measure().most(3) == []
    drift.add(matrix[:1], MAP.probability(margin[:1]))
    assert (drift.measure().psi < LITTLE).all()


def test_what_drifts_most_is_named_first(model: LeadModel) -> None:
    matrix, margin = world(1000, seed=2, views=3.0)
    drift = Drift(model)
    drift.add(matrix, MAP.probability(margin))
    (first, most), (second, less), (_, little) = drift.measure().most(3)
    assert {first, second} == {"view_count_7d", "probability"}
    assert most >= less > MUCH > LITTLE > little


def test_former_leads_are_forgotten(model: LeadModel) -> None:
    then, now = world(LOT * LOTS, seed=3, views=4.0), world(LOT * LOTS, seed=4)
    drift, fresh = Drift(model), Drift(model)
    drift.add(then[0], MAP.probability(then[1]))
    assert drift.measure().psi[1] > MUCH
    for one in (drift, fresh):
        one.add(now[0], MAP.probability(now[1]))
    assert drift.measure().psi.tolist() == fresh.measure().psi.tolist()
    assert drift.measure().leads == LOT * LOTS


def test_a_recalibrated_model_has_not_drifted(model: LeadModel) -> None:
    moved = Calibration(1.7, 0.4)
    again = dataclasses.replace(model, calibration=moved)
    matrix, margin = world(1000, seed=5)
    before, after = Drift(model), Drift(again)
    before.add(matrix, MAP.probability(margin))
    after.add(matrix, moved.probability(margin))
    assert after.measure().psi.tolist() == before.measure().psi.tolist()


def test_a_model_without_features_has_a_probability_that_drifts() -> None:
    margin = world(1000, seed=0)[1]
    profile = learn_profile(Catalog((), {}), np.zeros((1000, 0)), margin).to_json()
    drift = Drift(LeadModel({}, None, None, MAP, {}, {}, profile=profile))
    drift.add(np.zeros((600, 0)), MAP.probability(margin[:600] + 3))
    assert drift.measure().most(2)[0][1] > MUCH
