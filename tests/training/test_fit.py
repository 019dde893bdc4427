"""Which recipe is kept, and what an example's own margin may not know."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from leadml.config import Training
from leadml.model import sigmoid
from training.fit import (
    FOLDS,
    RECIPES,
    Recipe,
    Sample,
    choose_recipe,
    clustered_error,
    fit_margin,
    noise,
    out_of_fold_margins,
    recency_weights,
)
from training.metrics import auc
from training.split import Origin, Split, folds_by_group

SETTINGS = Training(threads=1)
LINEAR, TREES, BOTH = RECIPES
FEW = {
    recipe.name: dataclasses.replace(recipe, rounds=min(recipe.rounds, 30)) for recipe in RECIPES
}


def sample(
    matrix: np.ndarray, converted: np.ndarray, *, groups: np.ndarray | None = None
) -> Sample:
    n = len(converted)
    names = np.arange(n) if groups is None else groups
    return Sample(
        matrix,
        converted,
        np.ones(n),
        pd.Series([f"g{name}" for name in names], dtype="str"),
        [0] * matrix.shape[1],
    )


def world(n: int, *, curved: bool, seed: int = 0) -> Sample:
    """A line that a line finds, or an interaction that only trees find."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3))
    odds = 3 * np.sign(values[:, 0] * values[:, 1]) if curved else 1.5 * values[:, 0]
    return sample(values, rng.random(n) < sigmoid(odds))


def replayed(n: int) -> Split:
    quarter = n // 4
    origins = tuple(
        Origin(np.arange(k * quarter), np.arange(k * quarter, (k + 1) * quarter)) for k in (3, 2)
    )
    return Split(np.arange(n), origins, np.arange(0), replayed=True)


@pytest.mark.parametrize("recipe", FEW.values(), ids=FEW)
def test_a_feature_that_is_each_rows_own_label_helps_no_margin_out_of_fold(recipe: Recipe) -> None:
    # Column 0 holds the row's own number, the winners' above the losers': a fit that saw the row
    # sorts it perfectly. Rows of a group share their number, so whoever holds the group out
    # meets a number it never saw; what the labels of other groups tell is noise.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(150), 4)
    converted = (rng.random(150) < 0.5)[groups]
    own = rng.permutation(150).astype(float)[groups]
    chosen = sample(own[:, None], converted, groups=groups)
    seen = fit_margin(chosen, dataclasses.replace(recipe, rounds=recipe.rounds * 10), SETTINGS)
    unseen = out_of_fold_margins(chosen, recipe, SETTINGS)
    if recipe.rounds:
        assert auc(converted, seen.of(chosen.matrix), np.ones(600)) > 0.75, "it can be memorised"
    assert auc(converted, unseen, np.ones(600)) < 0.6


def test_the_label_of_a_group_changes_no_margin_of_that_group() -> None:
    chosen = world(400, curved=False)
    groups = pd.Series([f"g{k // 4}" for k in range(400)], dtype="str")
    chosen = dataclasses.replace(chosen, groups=groups)
    before = out_of_fold_margins(chosen, FEW["linear+trees"], SETTINGS)
    changed = np.where(groups == "g7", ~chosen.converted, chosen.converted)
    after = out_of_fold_margins(
        dataclasses.replace(chosen, converted=changed), FEW["linear+trees"], SETTINGS
    )
    fold = folds_by_group(groups, FOLDS, seed=SETTINGS.seed)
    same = fold == fold[28]
    assert (before[same] == after[same]).all()
    assert (before[~same] != after[~same]).any()


def test_every_example_gets_a_margin_out_of_fold() -> None:
    chosen = world(300, curved=False)
    margins = out_of_fold_margins(chosen, LINEAR, SETTINGS)
    assert np.isfinite(margins).all()
    assert auc(chosen.converted, margins, np.ones(300)) > 0.75


@pytest.mark.parametrize("recipe", FEW.values(), ids=FEW)
def test_the_same_sample_gives_the_same_margin_on_one_thread_or_two(recipe: Recipe) -> None:
    chosen = world(500, curved=True)
    few = dataclasses.replace(recipe, rounds=min(recipe.rounds, 6))
    one, two, again = (fit_margin(chosen, few, Training(threads=threads)) for threads in (1, 2, 1))
    assert (one.of(chosen.matrix) == again.of(chosen.matrix)).all()
    assert (one.of(chosen.matrix) == two.of(chosen.matrix)).all()
    assert (one.trees is None) == (recipe.rounds == 0)
    if one.trees is not None and two.trees is not None:
        texts = [
            trees.model_to_string().partition("parameters:")[0] for trees in (one.trees, two.trees)
        ]
        assert texts[0] == texts[1]


def test_another_seed_gives_other_trees() -> None:
    chosen = world(2_000, curved=True)
    first, second = (fit_margin(chosen, FEW["trees"], Training(threads=1, seed=s)) for s in (0, 1))
    assert (first.of(chosen.matrix) != second.of(chosen.matrix)).any()


def test_a_line_is_kept_where_a_line_is_the_truth() -> None:
    recipe, trials = choose_recipe(world(2_400, curved=False, seed=1), replayed(2_400), SETTINGS)
    assert recipe.name == "linear"
    assert [trial.recipe.name for trial in trials] == ["linear", "trees", "linear+trees"]
    assert all(trial.better_than_level > 3 * trial.standard_error > 0 for trial in trials)


def test_trees_are_kept_where_only_trees_see_the_truth() -> None:
    recipe, trials = choose_recipe(world(1_600, curved=True), replayed(1_600), SETTINGS)
    assert recipe.name == "trees"
    assert 0 < recipe.rounds < TREES.rounds, "stopped where they ceased to help"
    assert str(recipe.rounds) in recipe.words
    linear, trees, _ = trials
    assert trees.log_loss < linear.log_loss - 0.1


def test_a_margin_boosted_on_a_line_holds_both_parts() -> None:
    chosen = world(1_000, curved=False)
    margin = fit_margin(chosen, FEW["linear+trees"], SETTINGS)
    assert margin.linear is not None
    assert margin.trees is not None
    trees = margin.trees.predict(chosen.matrix, raw_score=True)
    assert margin.of(chosen.matrix) == pytest.approx(margin.linear.margin(chosen.matrix) + trees)


def test_an_example_one_half_life_older_counts_half() -> None:
    newest = pd.Timestamp("2026-01-01", tz="UTC")
    as_of = pd.Series([newest - pd.Timedelta(days, "D") for days in (360, 180, 0)])
    weights = recency_weights(as_of, Training(half_life_days=180))
    assert weights / weights[-1] == pytest.approx([0.25, 0.5, 1.0])
    assert weights.mean() == pytest.approx(1.0)
    assert recency_weights(as_of, Training(half_life_days=0)).tolist() == [1.0, 1.0, 1.0]


def test_the_error_of_a_mean_counts_groups_not_rows() -> None:
    # Values 1 and 3 (mean 2, deviations -1, +1): rows alone sqrt(1 + 1) / 2; each row four times
    # in one group sums to -4 and +4: sqrt(16 + 16) / 8, the same.
    once = clustered_error(np.array([1.0, 3.0]), np.array(["a", "b"]))
    four = clustered_error(np.repeat([1.0, 3.0], 4), np.repeat(["a", "b"], 4))
    assert once == pytest.approx(np.sqrt(2) / 2)
    assert four == pytest.approx(once)


def test_what_differs_between_origins_is_noise_too() -> None:
    parts = [np.full(100, 1.0), np.full(100, 2.0), np.full(100, 3.0)]
    groups = [np.array([f"{k} {row}" for row in range(100)]) for k in range(3)]
    assert noise(parts, groups) == pytest.approx(1 / np.sqrt(3))
    assert noise(parts[:1], groups[:1]) == 0.0
