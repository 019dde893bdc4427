"""Is a margin what its recipe says, the same each time, and only as free as its directions?"""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.model import LinearPart, sigmoid, tree_margin
from tests.training.lessons import sample_of
from training.fit import _SIZES, PARTS, Margin, Recipe, fit_margin, fit_margins, without_parameters
from training.lesson import Sample
from training.linear import level
from training.metrics import auc

LINE, SMALL, BOTH = PARTS[:3]
ROOT = Path(__file__).parents[2]
NAMES = [recipe.words for recipe in PARTS]


def world(n: int = 600, *, curved: bool = False, seed: int = 0) -> Sample:
    """A line that a line finds, or an interaction that only trees find; and a category."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 4))
    values[:, 3] = rng.integers(0, 3, n)
    values[:, 2][rng.random(n) < 0.2] = np.nan
    odds = 3 * np.sign(values[:, 0] * values[:, 1]) if curved else 1.5 * values[:, 0]
    converted = rng.random(n) < sigmoid(odds + (values[:, 3] == 1) - 0.5)
    return sample_of(values, converted, levels=[0, 0, 0, 2])


def text(margin: Margin) -> str:
    return "" if margin.trees is None else margin.trees.model_to_string()


# --- the parts ------------------------------------------------------------------------------------


def test_there_are_five_kinds_of_margin_simplest_first() -> None:
    assert [(part.linear, part.trees) for part in PARTS] == [
        (True, ""),
        (False, "small"),
        (True, "small"),
        (False, "medium"),
        (True, "medium"),
    ]
    assert NAMES == [
        "logistic regression",
        "LightGBM (small trees)",
        "logistic regression with small trees boosted on it",
        "LightGBM (medium trees)",
        "logistic regression with medium trees boosted on it",
    ]
    assert dataclasses.replace(BOTH, half_life_days=60).words.endswith(
        "boosted on it, examples fading by half in 60 days"
    )


def test_a_search_may_tune_the_penalty_and_the_trees() -> None:
    tuned = Recipe(
        linear=True, trees="small", tuned=(("strength", 30.0), ("num_leaves", 3), ("max_depth", 2))
    )
    assert tuned.words == (
        "logistic regression with small trees boosted on it tuned to strength 30, num_leaves 3, "
        "max_depth 2"
    )
    assert (tuned.strength, BOTH.strength) == (30.0, 1.0)
    assert "strength" not in tuned.tree_settings()
    sample = world()
    plain, other, again = fit_margins(sample, [BOTH, tuned, BOTH], seed=0)
    assert plain.of(sample.matrix).tobytes() == again.of(sample.matrix).tobytes()
    spread = [np.std(margin.linear.margin(sample.matrix)) for margin in (plain, other)]
    assert spread[1] < 0.8 * spread[0]
    assert other.trees is not None
    assert {tree["num_leaves"] for tree in other.trees.dump_model()["tree_info"]} <= {2, 3}


@pytest.mark.parametrize("recipe", PARTS, ids=NAMES)
def test_a_margin_holds_the_parts_its_recipe_names_and_is_their_sum(recipe: Recipe) -> None:
    sample = world()
    margin = fit_margin(sample, recipe, seed=0)
    assert bool(margin.linear.terms) == recipe.linear
    assert (margin.trees is not None) == bool(recipe.trees)
    total = margin.linear.margin(sample.matrix)
    if margin.trees is not None:
        size = _SIZES[recipe.trees]
        assert margin.trees.num_trees() <= size["num_iterations"]
        leaves = max(tree["num_leaves"] for tree in margin.trees.dump_model()["tree_info"])
        assert size["num_leaves"] / 2 < leaves <= size["num_leaves"]
        total = total + tree_margin(margin.trees, sample.matrix)
    assert np.array_equal(margin.of(sample.matrix), total)
    assert auc(sample.converted, margin.of(sample.matrix), np.ones(600)) > 0.75


def test_a_margin_of_trees_alone_starts_from_the_level_offsets_taken_out() -> None:
    rng = np.random.default_rng(0)
    chosen = world(2_000)
    offset = np.where(rng.random(2_000) < 0.5, -1.5, 0.0)
    odds = 0.4 + 0.0 * offset
    sample = dataclasses.replace(chosen, converted=rng.random(2_000) < sigmoid(odds + offset))
    sample = dataclasses.replace(sample, offset=offset)
    margin = fit_margin(sample, SMALL, seed=0)
    assert margin.linear == LinearPart(level(sample.target(0)), ())
    assert margin.linear.intercept == pytest.approx(0.4, abs=0.2)
    assert np.mean(margin.of(sample.matrix)) == pytest.approx(0.4, abs=0.15), "not -0.35"


def test_trees_learn_what_the_offset_does_not_already_say() -> None:
    # Labels of two horizons; which one a label is of can be read from a feature. Told the offset,
    # no tree needs to ask it.
    rng = np.random.default_rng(1)
    short = rng.random(4_000) < 0.5
    matrix = np.column_stack([short, rng.normal(size=4_000)]).astype(float)
    offset = np.where(short, -2.0, 0.0)
    converted = rng.random(4_000) < sigmoid(matrix[:, 1] + offset)
    told = fit_margin(sample_of(matrix, converted, offset=offset), SMALL, seed=0)
    untold = fit_margin(sample_of(matrix, converted), SMALL, seed=0)
    pair = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert abs(np.diff(told.of(pair))[0]) < 0.35
    assert np.diff(untold.of(pair))[0] < -1.4


def test_trees_see_what_a_line_cannot() -> None:
    sample, fresh = world(1_500, curved=True), world(1_500, curved=True, seed=1)
    line, trees = fit_margins(sample, [LINE, SMALL], seed=0)
    found = [auc(fresh.converted, m.of(fresh.matrix), np.ones(1_500)) for m in (line, trees)]
    assert found[1] > found[0] + 0.15


def test_trees_part_a_category_by_its_levels_and_not_by_their_order() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 6, 2_000).astype(float)
    converted = rng.random(2_000) < np.where(np.isin(code, (1, 4)), 0.8, 0.2)
    margin = fit_margin(sample_of(code[:, None], converted, levels=[5]), SMALL, seed=0)
    assert margin.trees is not None
    first = margin.trees.dump_model()["tree_info"][0]["tree_structure"]
    assert (first["decision_type"], first["threshold"]) in {("==", "1||4"), ("==", "0||2||3")}


def test_a_margin_fitted_among_others_is_the_one_fitted_alone() -> None:
    """But for the start of the search: a like line is fitted on from the one before."""
    sample = dataclasses.replace(world(), age_days=np.arange(600.0))
    fading = [dataclasses.replace(part, half_life_days=60) for part in PARTS[:3]]
    together = fit_margins(sample, [*PARTS[:3], *fading], seed=0)
    for recipe, margin in zip([*PARTS[:3], *fading], together, strict=True):
        alone = fit_margin(sample, recipe, seed=0)
        if recipe.linear and recipe.half_life_days:
            expected = pytest.approx(alone.linear.margin(sample.matrix), abs=5e-3)
            assert margin.linear.margin(sample.matrix) == expected
        else:
            assert np.array_equal(margin.of(sample.matrix), alone.of(sample.matrix))


# --- the same bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", PARTS[:3], ids=NAMES[:3])
def test_the_same_sample_gives_the_same_bits(recipe: Recipe) -> None:
    sample = world()
    first, second = (fit_margin(sample, recipe, seed=0) for _ in range(2))
    assert first.of(sample.matrix).tobytes() == second.of(sample.matrix).tobytes()
    assert text(first) == text(second)


def test_neither_threads_of_the_process_nor_of_the_caller_change_a_bit() -> None:
    code = (
        "import hashlib, sys; from concurrent.futures import ThreadPoolExecutor\n"
        "from tests.training.test_fit import BOTH, SMALL, fit_margins, text, world\n"
        "def run(k):\n"
        "    sample = world()\n"
        "    made = fit_margins(sample, [SMALL, BOTH], seed=0)\n"
        "    said = b''.join(m.of(sample.matrix).tobytes() + text(m).encode() for m in made)\n"
        "    return hashlib.sha256(said).hexdigest()\n"
        "with ThreadPoolExecutor(int(sys.argv[1])) as pool:\n"
        "    print(*{*pool.map(run, range(2))})\n"
    )
    said = []
    for threads in ("1", "2"):
        environ = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code, threads],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout.split())
    assert len(said[0]) == 1
    assert said[0] == said[1]


def test_another_seed_gives_other_trees_and_the_same_line() -> None:
    sample = world(curved=True)
    first, second = (fit_margin(sample, BOTH, seed=seed) for seed in (0, 1))
    assert (first.of(sample.matrix) != second.of(sample.matrix)).any()
    assert np.array_equal(first.linear.margin(sample.matrix), second.linear.margin(sample.matrix))


def test_a_text_without_parameters_predicts_the_same_bits() -> None:
    sample = world()
    data = lightgbm.Dataset(sample.matrix, sample.converted, categorical_feature=[3])
    whole = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 20)
    before = whole.model_to_string()
    after = without_parameters(before)
    assert "num_threads" in before
    assert "parameters" not in after
    assert "num_threads" not in after
    read = lightgbm.Booster(model_str=after)
    assert np.array_equal(
        read.predict(sample.matrix, raw_score=True), whole.predict(sample.matrix, raw_score=True)
    )
    assert read.num_trees() == 20
    assert without_parameters(read.model_to_string()) == after
    assert after.endswith("pandas_categorical:null\n")


def test_the_trees_of_a_margin_say_nothing_of_how_they_were_fitted() -> None:
    margin = fit_margin(world(), SMALL, seed=0)
    for word in ("learning_rate", "num_threads", "seed", "deterministic"):
        assert word not in text(margin)


# --- directions -----------------------------------------------------------------------------------


def sweeps(matrix: np.ndarray, feature: int) -> list[np.ndarray]:
    """Some examples, each with every value of a feature in turn, lowest first."""
    known = np.sort(matrix[:, feature][~np.isnan(matrix[:, feature])])
    values = np.concatenate([[-1e9], known[::7], [1e9]])
    made = []
    for row in matrix[:12]:
        sweep = np.tile(row, (len(values), 1))
        sweep[:, feature] = values
        made.append(sweep)
    return made


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    directions=st.lists(st.sampled_from([1, -1]), min_size=3, max_size=3),
    recipe=st.sampled_from(PARTS[:3]),
)
def test_no_part_and_no_sum_of_parts_turns_along_a_feature_with_a_direction(
    seed: int, directions: list[int], recipe: Recipe
) -> None:
    curved = world(400, curved=True, seed=seed)
    sample = dataclasses.replace(curved, directions=(*directions, 0))
    margin = fit_margin(sample, recipe, seed=seed)
    for feature, direction in enumerate(directions):
        for sweep in sweeps(sample.matrix, feature):
            assert (direction * np.diff(margin.of(sweep)) >= -1e-12).all()
            assert (direction * np.diff(margin.linear.margin(sweep)) >= -1e-12).all()


@pytest.mark.parametrize("recipe", [LINE, SMALL], ids=["line", "trees"])
def test_without_directions_the_same_sweeps_turn(recipe: Recipe) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(800, 2))
    converted = rng.random(800) < sigmoid(-2 * values[:, 0])
    free, bound = (
        fit_margin(sample_of(values, converted, directions=own), recipe, seed=0)
        for own in ([0, 0], [1, 0])
    )
    sweep = sweeps(values, 0)[0]
    assert np.diff(free.of(sweep)).min() < -0.05
    assert np.diff(bound.of(sweep)).min() >= -1e-12
    assert auc(converted, free.of(values), np.ones(800)) > 0.85


def test_missing_may_speak_either_way_in_trees_too() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, size=(3_000, 1))
    values[rng.random(3_000) < 0.4] = np.nan
    gap = np.isnan(values[:, 0])
    for share in (0.9, 0.05):
        odds = np.where(gap, share, 0.2 + 0.5 * np.nan_to_num(values[:, 0]))
        sample = sample_of(values, rng.random(3_000) < odds, directions=[1])
        margin = fit_margin(sample, BOTH, seed=0)
        assert sigmoid(margin.of(np.array([[np.nan]]))) == pytest.approx([share], abs=0.06)


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", PARTS[:3], ids=NAMES[:3])
def test_with_a_half_life_the_newest_examples_say_most(recipe: Recipe) -> None:
    # The world turned round a year ago.
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1_200, 1))
    old = np.arange(1_200) < 800
    converted = rng.random(1_200) < sigmoid(np.where(old, -2, 2) * values[:, 0])
    sample = sample_of(values, converted, age_days=np.where(old, 400.0, 10.0))
    fading = dataclasses.replace(recipe, half_life_days=60)
    ends = np.array([[-1.0], [1.0]])
    assert np.diff(fit_margin(sample, recipe, seed=0).of(ends))[0] < 0
    assert np.diff(fit_margin(sample, fading, seed=0).of(ends))[0] > 1


@pytest.mark.parametrize("recipe", PARTS[:3], ids=NAMES[:3])
def test_an_example_of_no_weight_teaches_nothing(recipe: Recipe) -> None:
    sample = world(800)
    share = np.where(np.arange(800) < 600, 1.0, 1e-12)
    lied = np.where(share == 1.0, sample.converted, ~sample.converted)
    true, false = (
        fit_margin(dataclasses.replace(sample, share=share, converted=own), recipe, seed=0)
        for own in (sample.converted, lied)
    )
    taught = sample.matrix[:600]  # between values of these, rounding may move a border
    assert true.of(taught) == pytest.approx(false.of(taught), abs=5e-3)
