"""What moved is named with the part that moved most; of few leads nothing is said."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.catalog import Catalog
from leadml.config import Config
from leadml.model import Calibration, LeadModel, LinearPart, Term
from leadml.profile import MUCH, Profile, measure_psi
from leadml.tables import Tables
from tests.training.lessons import CATALOG
from training.health.shifts import LEAST_LEADS, Drift, measure_drift, newest_looks, newest_quarter
from training.profile import learn_profile
from training.train import TrainingResult

NUMBER, CITY = CATALOG.features[0], CATALOG.features[3]


def model_of(catalog: Catalog, then: np.ndarray) -> LeadModel:
    """A model whose margin is its first feature."""
    line = Term(np.zeros(1), 0.0, 0.0, is_category=False, edges=np.zeros(0), slope=1.0)
    level = Term(np.zeros(9), 0.0, 0.0, is_category=True, edges=np.zeros(0))
    terms = tuple(level if feature.is_category else line for feature in catalog.features)
    model = LeadModel(
        catalog.to_json(), LinearPart(0.0, terms), None, Calibration(1.0, 0.0), {}, {}
    )
    profile = learn_profile(catalog, then, model.margin(then))
    return dataclasses.replace(model, profile=profile.to_json())


def drift(feature_values: list[float], now: list[float], *, category: bool = False) -> Drift:
    catalog = Catalog((CITY if category else NUMBER,), {})
    then = np.array(feature_values)[:, None]
    looks = np.array(now)[:, None]
    found = measure_drift(
        model_of(catalog, then), catalog, looks, pd.Series(range(len(looks))).astype("str")
    )
    assert found is not None
    return found


def test_a_number_says_above_which_edge_its_share_changed_most() -> None:
    """Then half at 0, half at 1; now a tenth and nine tenths: above 0 lie 50 %, now 90 %."""
    found = drift([0] * 500 + [1] * 500, [0] * 60 + [1] * 540)
    (shift,) = found.features
    assert (shift.part, shift.then, shift.now) == ("above 0", 0.5, 0.9)
    assert shift.index > MUCH
    assert found.score is not None
    assert (found.score.part, found.score.then, found.score.now) == ("above 50\u00a0%", 0.5, 0.9)
    assert (found.leads, found.looks, found.learned) == (600, 600, 1000)


def test_a_category_says_which_level_changed_most() -> None:
    """The first level falls from 60 to 10 %, unknown ones rise to 40 %."""
    found = drift([0] * 600 + [1] * 400, [0] * 60 + [1] * 300 + [2] * 240, category=True)
    (shift,) = found.features
    assert shift.part == CITY.levels[0]
    assert (shift.then, shift.now) == (0.6, 0.1)


def test_a_level_that_training_did_not_know_is_any_other() -> None:
    """Both known levels lose half of what the unknown one gains."""
    found = drift([0] * 500 + [1] * 500, [0] * 150 + [1] * 150 + [2] * 300, category=True)
    shift = found.features[0]
    assert (shift.part, shift.then, shift.now) == ("any other", 0.0, 0.5)


def test_missing_values_are_named_where_they_changed_most() -> None:
    found = drift([0] * 500 + [1] * 500, [np.nan] * 300 + [0] * 150 + [1] * 150)
    shift = found.features[0]
    assert shift.part == NUMBER.describe(float("nan"))
    assert (shift.then, shift.now) == (0.0, 0.5)


def test_the_same_leads_have_not_moved() -> None:
    found = drift([0] * 300 + [1] * 300, [0] * 300 + [1] * 300)
    assert found.features[0].part == ""
    assert found.features[0].index == pytest.approx(0.0)


def test_of_few_leads_nothing_is_said_however_often_they_are_looked_at() -> None:
    catalog = Catalog((NUMBER,), {})
    then = np.zeros((1000, 1))
    ids = pd.Series([f"L{k % (LEAST_LEADS - 1)}" for k in range(5000)])
    found = measure_drift(model_of(catalog, then), catalog, np.ones((5000, 1)), ids)
    assert found == Drift(LEAST_LEADS - 1, 5000, 1000, None, ())


def test_a_model_without_a_profile_tells_nothing() -> None:
    catalog = Catalog((NUMBER,), {})
    model = dataclasses.replace(model_of(catalog, np.zeros((9, 1))), profile={})
    assert measure_drift(model, catalog, np.zeros((9, 1)), pd.Series(["L"] * 9)) is None


def test_the_newest_looks_are_those_at_the_moments_of_training(
    tables: Tables, config: Config, trained: TrainingResult
) -> None:
    since = newest_quarter(tables)
    looks = newest_looks(tables, config, since=since)
    assert ((looks["as_of"] >= since) & (looks["as_of"] < tables.end)).all()
    created = tables.leads.set_index("lead_id")["created_at"].reindex(looks["lead_id"])
    arrivals = (looks["as_of"].to_numpy() == created.to_numpy()).sum()
    assert arrivals == (tables.leads["created_at"] >= since).sum()


def test_the_index_is_that_of_the_profile() -> None:
    then, now = [0.0] * 500 + [1.0] * 500, [0.0] * 60 + [1.0] * 540
    catalog = Catalog((NUMBER,), {})
    model = model_of(catalog, np.array(then)[:, None])
    profile = Profile.from_json(model.profile)
    looks = np.array(now)[:, None]
    psi = measure_psi(profile, profile.count(looks, model.margin(looks)))
    assert drift(then, now).features[0].index == psi[0]
