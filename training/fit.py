"""How is a margin fitted, and which recipe is worth keeping?

A margin is a linear part, trees, or cautious trees boosted on a linear part. No class of model wins
everywhere (docs/decisions), so each recipe is fitted at several origins of the past and compared on
what followed, by log loss after the best Platt map there: the level moves more than the ranking
and is calibration's business. A simpler recipe stays unless a richer one is better by more than
noise.
"""

import dataclasses
from dataclasses import dataclass
from typing import cast

import lightgbm
import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.config import Training
from leadml.model import LinearPart, tree_margin
from leadml.progress import track
from leadml.timeline import DAY_NS, nanos
from training.calibrate import fit_platt
from training.linear import fit_linear
from training.split import Split, folds_by_group

FOLDS = 5
"""How many folds give the out-of-fold margins that calibrate."""

STRENGTH = 1.0
"""Penalty of the linear part on squared coefficients: the usual one."""

MAX_ROUNDS = 400
PATIENCE = 30

_TREES = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "max_depth": 6,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "cat_smooth": 20.0,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which parts a margin has, and how many trees."""

    name: str
    linear: bool
    rounds: int

    @property
    def words(self) -> str:
        """How a report names it."""
        return {
            "linear": "logistic regression",
            "trees": f"LightGBM ({self.rounds} trees)",
            "linear+trees": f"logistic regression with {self.rounds} trees boosted on it",
        }[self.name]


RECIPES = (
    Recipe("linear", linear=True, rounds=0),
    Recipe("trees", linear=False, rounds=MAX_ROUNDS),
    Recipe("linear+trees", linear=True, rounds=MAX_ROUNDS),
)
"""Simplest first."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a fit sees.

    Attributes:
        matrix: features, shape (n, n_features).
        converted: labels, shape (n,).
        weights: of the examples, shape (n,).
        groups: what must not stand on both sides of a fold, shape (n,).
        levels: how many levels each feature tells apart; 0 for numbers.
    """

    matrix: Matrix
    converted: Bools
    weights: Floats
    groups: "pd.Series[str]"
    levels: list[int]

    def rows(self, chosen: Ints) -> "Sample":
        """Some of the rows."""
        return Sample(
            self.matrix[chosen],
            self.converted[chosen],
            self.weights[chosen],
            self.groups.iloc[chosen],
            self.levels,
        )


@dataclass(frozen=True, slots=True)
class Margin:
    """A fitted margin, not calibrated."""

    linear: LinearPart | None
    trees: lightgbm.Booster | None

    def of(self, matrix: Matrix) -> Floats:
        """The raw log-odds; shape (n,)."""
        total = np.zeros(len(matrix))
        if self.linear is not None:
            total = total + self.linear.margin(matrix)
        return total if self.trees is None else total + tree_margin(self.trees, matrix)


@dataclass(frozen=True, slots=True)
class Trial:
    """How one recipe did on stretches it had not seen.

    Attributes:
        recipe: with the median number of trees that did best.
        log_loss: after the best Platt map.
        better_than_level: how far it lies below the loss of a constant, and the standard error.
    """

    recipe: Recipe
    log_loss: float
    better_than_level: float
    standard_error: float


def recency_weights(as_of: "pd.Series[pd.Timestamp]", settings: Training) -> Floats:
    """Weights that halve with every half-life of age; mean 1; shape (n,)."""
    if settings.half_life_days <= 0:
        return np.ones(len(as_of))
    times = nanos(as_of)
    weights = np.exp2((times - times.max()) / (settings.half_life_days * DAY_NS))
    return np.asarray(weights / weights.mean())


def choose_recipe(sample: Sample, split: Split, settings: Training) -> tuple[Recipe, list[Trial]]:
    """Fits every recipe at every origin of the past and compares them on what followed.

    Returns:
        The simplest recipe within one standard error of the best, and every trial.
    """
    heats = [_Heat(sample.rows(o.fit), sample.rows(o.stop)) for o in split.origins]
    runs: dict[str, list[_Run]] = {recipe.name: [] for recipe in RECIPES}
    for heat in track(heats, "origins", rows=len(sample.converted)):
        linear = fit_line(heat.fit)
        for recipe in RECIPES:
            own = linear if recipe.linear else None
            margin = fit_trees(heat.fit, own, recipe, settings, stop=heat.stop)
            runs[recipe.name].append(_run(margin, heat.stop))
    level = [_losses(np.zeros(len(heat.stop.converted)), heat.stop.converted) for heat in heats]
    groups = [heat.stop.groups.to_numpy() for heat in heats]
    trials = [_trial(recipe, runs[recipe.name], level, groups) for recipe in RECIPES]
    best = min(trials, key=lambda trial: trial.log_loss)
    for trial in trials:
        behind = _behind(runs[trial.recipe.name], runs[best.recipe.name])
        if float(np.concatenate(behind).mean()) <= noise(behind, groups):
            return trial.recipe, trials
    return best.recipe, trials


@dataclass(frozen=True, slots=True)
class _Heat:
    """What every recipe is fitted on and compared on, at one origin."""

    fit: Sample
    stop: Sample


@dataclass(frozen=True, slots=True)
class _Run:
    """One recipe at one origin: each example's loss, and how many trees did best."""

    losses: Floats
    rounds: int


def _run(margin: Margin, stop: Sample) -> _Run:
    rounds = margin.trees.current_iteration() if margin.trees else 0
    return _Run(_losses(margin.of(stop.matrix), stop.converted), rounds)


def _trial(
    recipe: Recipe, runs: list[_Run], level: list[Floats], groups: list[np.ndarray]
) -> Trial:
    rounds = int(np.median([run.rounds for run in runs]))
    gains = [base - run.losses for base, run in zip(level, runs, strict=True)]
    loss = float(np.concatenate([run.losses for run in runs]).mean())
    gain = float(np.concatenate(gains).mean())
    return Trial(dataclasses.replace(recipe, rounds=rounds), loss, gain, noise(gains, groups))


def _behind(runs: list[_Run], best: list[_Run]) -> list[Floats]:
    return [run.losses - lead.losses for run, lead in zip(runs, best, strict=True)]


def noise(parts: list[Floats], groups: list[np.ndarray]) -> float:
    """Standard error of the mean of ``parts``, one part an origin.

    The greater of two: between examples (clustered by group), and between origins, for what
    differs from one stretch to the next is what the coming quarter will bring.
    """
    values = np.concatenate(parts)
    within = clustered_error(values, np.concatenate(groups))
    if len(parts) == 1:
        return within
    means = np.array([part.mean() for part in parts])
    return max(within, float(means.std(ddof=1) / np.sqrt(len(means))))


def fit_margin(sample: Sample, recipe: Recipe, settings: Training) -> Margin:
    """Fits one margin as the recipe says."""
    return fit_trees(sample, fit_line(sample) if recipe.linear else None, recipe, settings)


def fit_line(sample: Sample) -> LinearPart:
    """The linear part of a margin."""
    return fit_linear(
        sample.matrix, sample.converted, sample.weights, levels=sample.levels, strength=STRENGTH
    )


def fit_trees(
    sample: Sample,
    linear: LinearPart | None,
    recipe: Recipe,
    settings: Training,
    *,
    stop: Sample | None = None,
) -> Margin:
    """Boosts the recipe's trees on ``linear``; with ``stop``, only while they help there."""
    if not recipe.rounds:
        return Margin(linear, None)
    data = _dataset(sample, linear)
    watched = [] if stop is None else [_dataset(stop, linear, reference=data)]
    quiet = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(
        {**_TREES, "seed": settings.seed, "num_threads": settings.threads},
        data,
        recipe.rounds,
        valid_sets=watched,
        callbacks=[] if stop is None else [quiet],
    )
    if stop is not None:
        best = trees.model_to_string(num_iteration=trees.best_iteration)
        trees = lightgbm.Booster(model_str=best)
    return Margin(linear, trees)


def out_of_fold_margins(sample: Sample, recipe: Recipe, settings: Training) -> Floats:
    """Every example's margin from a fit that saw neither it nor its group; shape (n,)."""
    fold = folds_by_group(sample.groups, FOLDS, seed=settings.seed)
    margins = np.empty(len(sample.converted))
    for k in track(range(FOLDS), "folds", rows=len(margins)):
        held = np.flatnonzero(fold == k)
        if len(held):
            margin = fit_margin(sample.rows(np.flatnonzero(fold != k)), recipe, settings)
            margins[held] = margin.of(sample.matrix[held])
    return margins


def _losses(margin: Floats, converted: Bools) -> Floats:
    """Each example's log loss after the best Platt map, so that only the ranking counts; (n,)."""
    slope, offset = fit_platt(margin, converted)
    signed = np.where(converted, -1.0, 1.0) * (slope * margin + offset)
    return cast("Floats", np.logaddexp(0.0, signed))


def clustered_error(values: Floats, groups: np.ndarray) -> float:
    """Standard error of a mean whose rows come in groups."""
    centred = pd.Series(values - values.mean()).groupby(groups).sum()
    return float(np.sqrt((centred**2).sum()) / len(values))


def _dataset(
    sample: Sample, linear: LinearPart | None, *, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        sample.matrix,
        sample.converted,
        weight=sample.weights,
        init_score=None if linear is None else linear.margin(sample.matrix),
        categorical_feature=[k for k, n in enumerate(sample.levels) if n],
        reference=reference,
    )
