"""Is there a better recipe than ours? A search within the same protocol, for as long as one likes.

Optuna proposes settings; each proposal is replayed on the same past periods as our own recipes and
judged by the same loss, and in the end it must beat them by more than noise, as any recipe must.
What a search finds depends on how many proposals fit into its time, so two runs may differ.
"""

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadml.errors import ConfigError
from training.choose import Choice, shape_losses
from training.fit import Recipe
from training.replay import Replays

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)

_SECONDS = 60.0


def search_recipe(
    replays: Replays, moment: pd.Timestamp, choice: Choice, *, minutes: float
) -> Recipe:
    """The best recipe that Optuna finds in so many minutes, as ``moment`` judges it.

    Args:
        replays: the past.
        moment: what came after it is not looked at.
        choice: among our own recipes, whose half-life is kept.
        minutes: how long to search.

    Raises:
        ConfigError: Optuna is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        msg = "--search needs Optuna, which is not installed. pip install 'leadml[tune]'."
        raise ConfigError(msg) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tried: dict[int, Recipe] = {}

    def loss(trial: "optuna.Trial") -> float:
        recipe = dataclasses.replace(_proposed(trial), half_life_days=choice.recipe.half_life_days)
        tried[trial.number] = recipe
        stretches = replays.until(moment, recipe)
        return float(
            np.concatenate([shape_losses(s.shifted, s.converted) for s in stretches]).mean()
        )

    sampler = optuna.samplers.TPESampler(seed=replays.lesson.settings.seed)
    study = optuna.create_study(sampler=sampler)
    study.optimize(loss, timeout=minutes * _SECONDS)
    best = tried[study.best_trial.number]
    log.info("search: %d recipes tried, best %s", len(tried), best.words)
    return best


def _proposed(trial: "optuna.Trial") -> Recipe:
    linear = trial.suggest_categorical("linear", [True, False])
    settings: dict[str, float] = {}
    if linear:
        settings["strength"] = trial.suggest_float("strength", 0.1, 100.0, log=True)
        if not trial.suggest_categorical("trees", [True, False]):
            return Recipe(linear=True, trees="", tuned=tuple(settings.items()))
    settings |= {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "num_iterations": trial.suggest_int("num_iterations", 30, 300, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 3, 31, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 7),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 200, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
    }
    return Recipe(linear=bool(linear), trees="medium", tuned=tuple(settings.items()))
