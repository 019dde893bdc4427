"""Is the recipe that is kept the simplest one that nothing beats by more than noise?"""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from leadml.model import sigmoid
from tests.training.lessons import DAY, START, examples_of, history, lesson_of, rows_of
from training.choose import CERTAIN, Choice, choose_recipe, clustered_error
from training.fit import PARTS, Recipe
from training.lesson import Lesson
from training.periods import plan_periods
from training.replay import Replays

HALF_LIVES = (0, 365, 60)


def replays_of(lesson: Lesson) -> Replays:
    examples = lesson.examples
    test_start = examples.mature["as_of"].iloc[int(0.75 * len(examples.mature))]
    return Replays(lesson, plan_periods(examples, lesson.settings, test_start))


@cache
def chosen(kind: str, seed: int = 0) -> tuple[Replays, Choice]:
    """What is chosen today in a world of a kind."""
    days, n = 600, 1_500
    matrix = rows_of(n, seed=seed)
    rng = np.random.default_rng(1_000 + seed)
    when = np.sort(rng.integers(0, days * 86_400, n))
    odds = {
        "noise": np.full(n, -0.5),
        "line": 1.2 * matrix[:, 0] - 0.5,
        "interaction": 2.5 * np.sign(matrix[:, 0]) * np.nan_to_num(np.sign(matrix[:, 2] - 30)),
        "turned": np.where(when < 330 * 86_400, -1.5, 1.5) * matrix[:, 0] - 0.5,
    }[kind]
    won = rng.random(n) < sigmoid(odds)
    as_of = START + pd.to_timedelta(when, unit="s")
    reached = (as_of + pd.to_timedelta(rng.integers(0, 20 * 86_400, n), unit="s")).where(won)
    end = START + days * DAY
    examples = examples_of(as_of, reached.where(reached < end), end=end, horizons=(20,))
    replays = replays_of(lesson_of((examples, matrix), half_lives_days=HALF_LIVES))
    return replays, choose_recipe(replays, end)


def losses(replays: Replays, moment: pd.Timestamp, recipe: Recipe) -> list[np.ndarray]:
    """Each example's log loss after its period's best straight map, by a generic optimiser."""
    found = []
    for stretch in replays.until(moment, recipe):
        x, y = stretch.shifted, np.where(stretch.converted, 1.0, -1.0)

        def loss(c: np.ndarray, x: np.ndarray = x, y: np.ndarray = y) -> float:
            return float(np.logaddexp(0, -y * (c[0] * x + c[1])).mean())

        best = minimize(loss, [1.0, 0.0], method="L-BFGS-B", bounds=[(0, None), (None, None)])
        found.append(np.logaddexp(0, -y * (best.x[0] * x + best.x[1])))
    return found


@pytest.mark.parametrize("kind", ["noise", "line", "interaction", "turned"])
def test_the_recipe_kept_is_the_first_within_one_standard_error_of_the_best(kind: str) -> None:
    replays, choice = chosen(kind)
    moment = replays.lesson.examples.end
    halves = [dataclasses.replace(PARTS[0], half_life_days=days) for days in HALF_LIVES]
    expected = halves[0]
    for recipes in (halves, []):
        tried = recipes or [
            dataclasses.replace(part, half_life_days=expected.half_life_days) for part in PARTS
        ]
        of = {recipe: np.concatenate(losses(replays, moment, recipe)) for recipe in tried}
        groups = np.concatenate([s.groups.to_numpy() for s in replays.until(moment, tried[0])])
        best = min(tried, key=lambda recipe: of[recipe].mean())
        for recipe in tried:
            behind = of[recipe] - of[best]
            away = pd.Series(behind - behind.mean()).groupby(groups).sum()
            if behind.mean() <= np.sqrt((away**2).sum()) / len(behind):
                expected = recipe
                break
        for trial in choice.trials:
            if trial.recipe in of:
                assert trial.log_loss == pytest.approx(of[trial.recipe].mean(), abs=1e-4)
    assert choice.recipe == expected


def test_every_trial_is_listed_once_half_lives_first_then_parts() -> None:
    for kind in ("noise", "turned"):
        _, choice = chosen(kind)
        halves = [dataclasses.replace(PARTS[0], half_life_days=days) for days in HALF_LIVES]
        kept = choice.recipe.half_life_days
        rest = [dataclasses.replace(part, half_life_days=kept) for part in PARTS[1:]]
        assert [trial.recipe for trial in choice.trials] == [*halves, *rest]
        assert choice.trial.recipe == choice.recipe


def test_on_noise_the_simplest_recipe_is_kept_and_does_not_beat_the_level() -> None:
    kept = [chosen("noise", seed)[1] for seed in range(4)]
    simplest = [choice.recipe == PARTS[0] for choice in kept]
    assert sum(simplest) >= 3, simplest
    assert not any(choice.trial.beats_the_level for choice in kept)


def test_a_line_is_found_by_a_line_and_beats_the_level() -> None:
    _, choice = chosen("line")
    assert choice.recipe == PARTS[0]
    assert choice.trial.beats_the_level
    assert choice.trial.better_than_level > CERTAIN * choice.trial.standard_error


def test_trees_are_kept_where_only_they_find_the_signal() -> None:
    _, choice = chosen("interaction")
    assert choice.recipe.trees
    assert choice.trial.beats_the_level
    assert not choice.trials[0].beats_the_level, "a line does not see it"


def test_old_examples_fade_where_they_mislead() -> None:
    _, choice = chosen("turned")
    assert choice.recipe.half_life_days == 60
    assert choice.trial.log_loss < choice.trials[0].log_loss


def test_how_far_a_recipe_beats_the_level_is_counted_against_a_constant_in_every_period() -> None:
    replays, choice = chosen("line")
    moment = replays.lesson.examples.end
    own = losses(replays, moment, choice.recipe)
    gain = []
    for stretch, mine in zip(replays.until(moment, choice.recipe), own, strict=True):
        rate = stretch.converted.mean()
        gain.append(-np.log(np.where(stretch.converted, rate, 1 - rate)) - mine)
    assert choice.trial.better_than_level == pytest.approx(np.concatenate(gain).mean(), abs=1e-4)


def test_a_recipe_of_a_search_is_tried_last_and_kept_only_where_it_is_better() -> None:
    replays, without = chosen("interaction")
    moment = replays.lesson.examples.end
    searched = Recipe(linear=False, trees="medium", tuned=(("num_leaves", 4), ("max_depth", 2)))
    choice = choose_recipe(replays, moment, found=[searched])
    assert choice.trials[:-1] == without.trials
    assert choice.trials[-1].recipe == searched
    replays, plain = chosen("line")
    assert choose_recipe(replays, replays.lesson.examples.end, found=[searched]).recipe == (
        plain.recipe
    )


def test_a_table_without_dates_tries_no_half_life() -> None:
    lesson = lesson_of(history(900, days=0, dated=False, seed=2))
    choice = choose_recipe(replays_of(lesson), lesson.examples.end)
    assert [trial.recipe for trial in choice.trials] == list(PARTS)


def test_a_moment_knows_no_outcome_from_then_on() -> None:
    replays, _ = chosen("turned")
    # On day 320 the signs had not turned, and old examples did not mislead.
    early = choose_recipe(replays, START + 320 * DAY)
    assert early.recipe == PARTS[0]


def test_a_clustered_error_is_that_of_group_sums_and_the_plain_one_for_groups_of_one() -> None:
    # Mean 2; away -1, -1, 1, 1; groups (a, a, b, b) sum to -2 and 2: sqrt(8) / 4.
    values = np.array([1.0, 1.0, 3.0, 3.0])
    assert clustered_error(values, np.array(["a", "a", "b", "b"])) == pytest.approx(8**0.5 / 4)
    alone = np.random.default_rng(0).normal(size=500)
    expected = alone.std() / np.sqrt(500)
    assert clustered_error(alone, np.arange(500)) == pytest.approx(expected)
    assert clustered_error(np.repeat(alone, 3), np.repeat(np.arange(500), 3)) == pytest.approx(
        expected
    )
