"""A search proposes within the same replays, and what it finds must beat our own recipes."""

import dataclasses

import numpy as np
import pytest

from leadml.config import Config
from leadml.tables import Tables
from training.choose import choose_recipe
from training.examples import build_examples
from training.fit import fit_margin
from training.periods import plan_periods
from training.replay import Replays
from training.search import search_recipe
from training.split import split_by_time
from training.train import prepare_lesson, train


@pytest.fixture(scope="module")
def replays(config: Config, tables: Tables) -> Replays:
    examples = build_examples(tables, config)
    lesson = prepare_lesson(config, tables, examples, [])
    start = split_by_time(examples, config.training).test_start
    return Replays(lesson, plan_periods(examples, config.training, start))


def test_what_is_found_is_a_recipe_that_can_be_fitted_and_says_its_settings(
    replays: Replays,
) -> None:
    moment = replays.lesson.examples.end
    choice = choose_recipe(replays, moment)
    found = search_recipe(replays, moment, choice, minutes=0.03)
    assert found.tuned
    assert "tuned to" in found.words
    assert found.half_life_days == choice.recipe.half_life_days
    sample = replays.lesson.sample(replays.lesson.known(moment), moment)
    margin = fit_margin(sample, found, seed=0).of(sample.matrix)
    assert np.isfinite(margin).all()
    again = choose_recipe(replays, moment, found=[found])
    assert found in [trial.recipe for trial in again.trials]


def test_a_training_with_a_search_lists_what_was_found(config: Config, tables: Tables) -> None:
    searched = dataclasses.replace(config.training, search_minutes=0.02)
    result = train(dataclasses.replace(config, training=searched), tables)
    assert any("tuned to" in trial["recipe"] for trial in result.model.card["trials"])
