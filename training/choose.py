"""Which recipe is worth keeping? The one that did best on past periods, or a simpler one as good.

Recipes are compared by log loss after the best Platt map of each period, for the level moves more
than the ranking and is calibration's business. How fast examples should fade is chosen first, with
the linear part alone; then which parts the margin has. A simpler recipe stays unless a richer one
is better by more than noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from training.calibrate import fit_platt
from training.fit import PARTS, Recipe
from training.replay import Replays, Stretch

CERTAIN = 2.0
"""Standard errors by which a recipe must beat a constant. Noise alone gains about one on
average, for each period's best Platt map is fitted to what it is judged by."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one recipe did on stretches it had not seen.

    Attributes:
        log_loss: after the best Platt map.
        better_than_level: how far it lies below the loss of a constant, and the standard error.
    """

    recipe: Recipe
    log_loss: float
    better_than_level: float
    standard_error: float

    @property
    def beats_the_level(self) -> bool:
        """Whether it sorts better than a constant beyond noise."""
        return self.better_than_level > CERTAIN * self.standard_error


@dataclass(frozen=True, slots=True)
class Choice:
    """The recipe chosen at a moment, and every trial that it came out of."""

    moment: pd.Timestamp
    recipe: Recipe
    trials: tuple[Trial, ...]

    @property
    def trial(self) -> Trial:
        """Of the chosen recipe."""
        return next(trial for trial in self.trials if trial.recipe == self.recipe)


def choose_recipe(
    replays: Replays, moment: pd.Timestamp, *, found: Sequence[Recipe] = ()
) -> Choice:
    """The simplest recipe within one standard error of the best, as ``moment`` knew it.

    Args:
        replays: the past.
        moment: what came after it is not looked at.
        found: recipes of a search, less simple than all of ours.
    """
    dated = replays.lesson.examples.gaps[0].days > 0
    half_lives = replays.lesson.settings.half_lives_days if dated else (0,)
    fading = [replace(PARTS[0], half_life_days=days) for days in half_lives]
    line, trials = _best(replays, moment, fading)
    rest = [replace(part, half_life_days=line.half_life_days) for part in PARTS]
    recipe, others = _best(replays, moment, [*rest, *found])
    return Choice(moment, recipe, (*trials, *others[1:]))


def _best(
    replays: Replays, moment: pd.Timestamp, recipes: Sequence[Recipe]
) -> tuple[Recipe, list[Trial]]:
    """The first of the recipes that no other one beats by more than noise; and their trials."""
    replays.prepare(recipes)
    runs = {recipe: replays.until(moment, recipe) for recipe in recipes}
    losses = {
        recipe: [shape_losses(s.shifted, s.converted) for s in runs[recipe]] for recipe in recipes
    }
    stretches = runs[recipes[0]]
    level = [shape_losses(s.offset, s.converted) for s in stretches]
    trials = [_trial(recipe, losses[recipe], level, stretches) for recipe in recipes]
    best = min(trials, key=lambda trial: trial.log_loss)
    for recipe in recipes:
        behind = [a - b for a, b in zip(losses[recipe], losses[best.recipe], strict=True)]
        if float(np.concatenate(behind).mean()) <= noise(behind, stretches):
            return recipe, trials
    return best.recipe, trials


def _trial(
    recipe: Recipe, losses: list[Floats], level: list[Floats], stretches: list[Stretch]
) -> Trial:
    gains = [base - own for base, own in zip(level, losses, strict=True)]
    loss = float(np.concatenate(losses).mean())
    return Trial(recipe, loss, float(np.concatenate(gains).mean()), noise(gains, stretches))


def noise(parts: list[Floats], stretches: list[Stretch]) -> float:
    """Standard error of the mean of ``parts``, one part a stretch, clustered by group."""
    groups = np.concatenate([s.groups.to_numpy() for s in stretches])
    return clustered_error(np.concatenate(parts), groups)


def clustered_error(values: Floats, groups: np.ndarray) -> float:
    """Standard error of a mean whose rows come in groups."""
    centred = pd.Series(values - values.mean()).groupby(groups).sum()
    return float(np.sqrt((centred**2).sum()) / len(values))


def shape_losses(margin: Floats, converted: Bools) -> Floats:
    """Each example's log loss after the best Platt map, so that only the ranking counts; (n,)."""
    slope, offset = fit_platt(margin, converted)
    signed = np.where(converted, -1.0, 1.0) * (slope * margin + offset)
    return cast("Floats", np.logaddexp(0.0, signed))
