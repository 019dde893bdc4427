"""How is a margin fitted? As a recipe says: a linear part, trees, or trees boosted on it.

No class of model wins everywhere (docs/decisions), so there is a handful of recipes, simplest
first. Every fit works in one thread, so that the number of threads changes nothing; fits run side
by side instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm

from leadml.arrays import Floats, Matrix
from leadml.model import LinearPart, tree_margin
from training.lesson import Sample
from training.linear import Design, Line, Target, build_design, fit_line, level

STRENGTH = 1.0
"""Penalty of the linear part on squared coefficients: the usual one."""

Trees = Literal["", "small", "medium"]

_SIZES: dict[str, dict[str, int]] = {
    "small": {"num_iterations": 80, "num_leaves": 7, "max_depth": 4},
    "medium": {"num_iterations": 150, "num_leaves": 15, "max_depth": 6},
}

_TREES: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "cat_smooth": 20.0,
    "max_bin": 63,
    "monotone_constraints_method": "basic",
    "boost_from_average": False,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which parts a margin has, and how fast its examples fade.

    Attributes:
        linear: whether there is a linear part.
        trees: how large the trees are; "" for none.
        half_life_days: an example this old counts half; 0 for all alike.
        tuned: settings that a search found, in place of ours: of LightGBM, or ``strength``.
    """

    linear: bool
    trees: Trees
    half_life_days: int = 0
    tuned: tuple[tuple[str, float], ...] = ()

    @property
    def words(self) -> str:
        """How a report names it."""
        trees = f"{self.trees} trees" if self.trees else ""
        parts = {
            (True, False): "logistic regression",
            (False, True): f"LightGBM ({trees})",
            (True, True): f"logistic regression with {trees} boosted on it",
        }[self.linear, bool(self.trees)]
        if self.tuned:
            parts += f" tuned to {', '.join(f'{name} {value:.3g}' for name, value in self.tuned)}"
        if self.half_life_days:
            parts += f", examples fading by half in {self.half_life_days} days"
        return parts

    @property
    def strength(self) -> float:
        """The penalty of the linear part."""
        return dict(self.tuned).get("strength", STRENGTH)

    def tree_settings(self) -> dict[str, Any]:
        """What LightGBM is told."""
        found = {name: value for name, value in self.tuned if name != "strength"}
        return {**_TREES, **_SIZES[self.trees], **found}


PARTS = (
    Recipe(linear=True, trees=""),
    Recipe(linear=False, trees="small"),
    Recipe(linear=True, trees="small"),
    Recipe(linear=False, trees="medium"),
    Recipe(linear=True, trees="medium"),
)
"""Which parts a margin may have, simplest first."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A fitted margin, not calibrated; a linear part without terms is an intercept alone."""

    linear: LinearPart
    trees: lightgbm.Booster | None

    def of(self, matrix: Matrix) -> Floats:
        """The raw log-odds; shape (n,)."""
        margin = self.linear.margin(matrix)
        return margin if self.trees is None else margin + tree_margin(self.trees, matrix)


def fit_margin(sample: Sample, recipe: Recipe, *, seed: int) -> Margin:
    """Fits one margin as the recipe says."""
    return fit_margins(sample, [recipe], seed=seed)[0]


def fit_margins(sample: Sample, recipes: Sequence[Recipe], *, seed: int) -> list[Margin]:
    """Fits a margin for each recipe; like linear parts are fitted once."""
    lines: dict[tuple[int, float], Line] = {}
    design: Design | None = None
    margins = []
    for recipe in recipes:
        kind = recipe.half_life_days, recipe.strength
        target = sample.target(recipe.half_life_days)
        if recipe.linear and kind not in lines:
            design = design or build_design(
                sample.matrix, levels=sample.levels, directions=sample.directions
            )
            start = next(iter(lines.values())).coefficients if lines else None
            lines[kind] = fit_line(design, target, strength=recipe.strength, start=start)
        linear = lines[kind].part if recipe.linear else LinearPart(level(target), ())
        trees = None
        if recipe.trees:
            trees = _fit_trees(sample, target, linear, {**recipe.tree_settings(), "seed": seed})
        margins.append(Margin(linear, trees))
    return margins


def _fit_trees(
    sample: Sample, target: Target, linear: LinearPart, settings: dict[str, Any]
) -> lightgbm.Booster:
    """Boosts trees on ``linear``, each rising or falling with a feature as its direction says."""
    data = lightgbm.Dataset(
        sample.matrix,
        target.converted,
        weight=target.weights,
        init_score=linear.margin(sample.matrix) + target.offset,
        categorical_feature=[k for k, count in enumerate(sample.levels) if count],
    )
    if any(sample.directions):
        settings = {**settings, "monotone_constraints": list(sample.directions)}
    trees = lightgbm.train(settings, data)
    return lightgbm.Booster(model_str=without_parameters(trees.model_to_string()))


def without_parameters(text: str) -> str:
    """A model's text without the parameters it was trained with, which say nothing of its trees."""
    before, _, rest = text.partition("\nparameters:")
    return before + rest.partition("end of parameters\n")[2]
