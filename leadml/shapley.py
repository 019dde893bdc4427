"""What does each leaf of the trees pay each feature? TreeSHAP values, laid down in tables.

LightGBM's ``pred_contrib`` walks all trees for every row. Here the walk is done once for all rows.
What a leaf pays a row depends only on *which* of the conditions on its path hold, one condition a
feature. With ``z[j]`` the share of training examples that pass feature j's splits on the path, and
``o[j]`` 1 where the row passes them, else 0, feature i is paid

    value * (o[i] - z[i]) * integral from 0 to 1 of prod over j != i of (z[j] * (1 - t) + o[j] * t)

which is Shapley's value of the path-dependent game of Lundberg et al. (2020): its weights
``|S|! (d - |S| - 1)! / d!`` are Beta integrals, and the sum over sets of a product is a product of
sums. The integrand is a polynomial of degree d - 1, for which Gauss's rule with ``ceil(d / 2)``
points is exact. So leaves that share splits are put together, and what they pay is laid down once
for every pattern of these splits; a row is then one look into each table.

`leadml.paid` looks them up. What is looked up lies within 1e-12 or so of LightGBM's.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, cast

import lightgbm
import numpy as np

from leadml.arrays import Bools, Floats, Matrix

SHARED = 10
"""Leaves are put together while they have no more splits than this."""

TALLEST = 14
"""A leaf with more features on its path has no table: its formula is worked out row by row."""

ENDLESS = 1e300
"""An infinite threshold in LightGBM's JSON; it parts what is missing from the rest."""

Step: TypeAlias = tuple[int, bool]
"""A split, by its index in the tree, and whether the path goes left there."""

Flags: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
"""bool, shape (k, n)."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows go left: numbers up to ``threshold``, or codes that ``levels`` holds.

    Attributes:
        feature: whose values are asked.
        threshold: of a number.
        levels: of a category: whether each code goes left; the last entry is any other code.
        missing: what counts as missing: "NaN", "Zero" (and NaN), or "None" (NaN is a zero).
        missing_left: where missing goes.
    """

    feature: int
    threshold: float
    levels: Bools | None
    missing: str
    missing_left: bool

    def left(self, values: Floats) -> Bools:
        """Which go left; shape (n,)."""
        if self.levels is not None:  # a code is cut to a whole number; negative and missing: right
            other = len(self.levels) - 1
            known = (values > -1) & (values < other)
            return self.levels[np.where(known, values, other).astype(np.intp)]
        if self.missing == "NaN":  # no comparison with NaN holds
            return ~(values > self.threshold) if self.missing_left else values <= self.threshold
        filled = np.where(np.isnan(values), 0.0, values)
        left = filled <= self.threshold
        if self.missing == "Zero":
            left[filled == 0] = self.missing_left
        return left


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf and the conditions before it, one a feature.

    Attributes:
        value: log-odds.
        features: on the path, each once; d of them.
        shares: of training examples that pass each feature's splits; shape (d,).
        conditions: each feature's steps, all of which must be taken.
    """

    value: float
    features: tuple[int, ...]
    shares: Floats
    conditions: tuple[tuple[Step, ...], ...]

    @property
    def splits(self) -> set[int]:
        """The splits on the path."""
        return {split for steps in self.conditions for split, _ in steps}

    def paid(self, holds: Flags) -> Matrix:
        """What the leaf pays each feature, where these conditions hold; both of shape (d, n)."""
        points, weights = _gauss((len(self.features) + 1) // 2)
        shares = self.shares[:, None]
        each = np.zeros(holds.shape)
        for point, weight in zip(points, weights, strict=True):  # in turn: the same bits for any n
            factors = shares * (1 - point) + point * holds
            each += weight * (factors.prod(axis=0) / factors)
        return cast("Matrix", self.value * (holds - shares) * each)


@cache
def _gauss(count: int) -> tuple[Floats, Floats]:
    """Points and weights of Gauss's rule on 0 to 1; both of shape (count,)."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


@dataclass(frozen=True, slots=True)
class Table:
    """What some leaves pay, for every pattern of their conditions.

    Attributes:
        conditions: bit k of a pattern says whether condition k holds.
        features: who are paid.
        paid: log-odds; shape (n_features, 2 ** n_conditions).
    """

    conditions: tuple[tuple[Step, ...], ...]
    features: tuple[int, ...]
    paid: Matrix


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree made ready: its splits, the tables of its leaves, and the leaves too deep for one."""

    splits: Mapping[int, Split]
    tables: tuple[Table, ...]
    deep: tuple[Leaf, ...]


def lay_down(trees: lightgbm.Booster) -> tuple[Tree, ...]:
    """Every tree made ready, in their order.

    Args:
        trees: one tree an iteration, a constant a leaf: of one class, not a forest, not linear.
    """
    return tuple(_tree(data["tree_structure"]) for data in trees.dump_model()["tree_info"])


def _tree(root: Mapping[str, Any]) -> Tree:
    """A tree from LightGBM's nodes (`Booster.dump_model`)."""
    leaves = [leaf for leaf in _leaves(root, []) if leaf.features]
    lone = [leaf for leaf in leaves if len(leaf.splits) > SHARED]
    return Tree(
        splits=dict(_splits(root)),
        tables=(
            *map(_table, _neighbours(leaf for leaf in leaves if len(leaf.splits) <= SHARED)),
            *(
                Table(leaf.conditions, leaf.features, leaf.paid(_patterns(len(leaf.features))))
                for leaf in lone
                if len(leaf.features) <= TALLEST
            ),
        ),
        deep=tuple(leaf for leaf in lone if len(leaf.features) > TALLEST),
    )


def _splits(node: Mapping[str, Any]) -> Iterator[tuple[int, Split]]:
    """Every split from a node on, with its index."""
    if "split_feature" not in node:
        return
    threshold, levels = node["threshold"], None
    if node["decision_type"] == "==":
        codes = [int(code) for code in threshold.split("||")]
        threshold, levels = math.nan, np.zeros(max(codes) + 2, dtype=np.bool_)
        levels[codes] = True
    elif threshold >= ENDLESS:
        threshold = math.inf
    missing = (node["missing_type"], node["default_left"])
    yield node["split_index"], Split(node["split_feature"], threshold, levels, *missing)
    yield from _splits(node["left_child"])
    yield from _splits(node["right_child"])


_Passed: TypeAlias = tuple[int, Step, float]
"""A feature asked on a path, the step taken, and the share of training examples that take it."""


def _leaves(node: Mapping[str, Any], path: list[_Passed]) -> Iterator[Leaf]:
    """Every leaf from a node on, left to right."""
    if "split_feature" not in node:
        yield _leaf(node["leaf_value"], path)
        return
    for name in ("left_child", "right_child"):
        child = node[name]
        count = child["internal_count" if "split_feature" in child else "leaf_count"]
        step = (node["split_index"], name == "left_child")
        passed = (node["split_feature"], step, count / node["internal_count"])
        yield from _leaves(child, [*path, passed])


def _leaf(value: float, path: list[_Passed]) -> Leaf:
    steps: dict[int, tuple[Step, ...]] = {}
    shares: dict[int, float] = {}
    for feature, step, share in path:
        steps[feature] = (*steps.get(feature, ()), step)
        shares[feature] = shares.get(feature, 1.0) * share
    return Leaf(value, tuple(steps), np.array(list(shares.values())), tuple(steps.values()))


def _neighbours(leaves: Iterable[Leaf]) -> Iterator[list[Leaf]]:
    """Leaves side by side, parted where they would have more than `SHARED` splits."""
    together: list[Leaf] = []
    splits: set[int] = set()
    for leaf in leaves:
        if together and len(splits | leaf.splits) > SHARED:
            yield together
            together, splits = [], set()
        together.append(leaf)
        splits = splits | leaf.splits
    if together:
        yield together


def _table(leaves: list[Leaf]) -> Table:
    """What leaves pay together: a bit of a pattern says whether a row goes left at a split."""
    bit = {
        split: 1 << k for k, split in enumerate(sorted(set().union(*(x.splits for x in leaves))))
    }
    row = {f: k for k, f in enumerate(sorted(set().union(*(x.features for x in leaves))))}
    pattern = np.arange(1 << len(bit))
    paid = np.zeros((len(row), len(pattern)))
    for leaf in leaves:
        asked = [sum(bit[split] for split, _ in steps) for steps in leaf.conditions]
        wanted = [sum(bit[split] for split, left in steps if left) for steps in leaf.conditions]
        holds = (pattern & np.array(asked)[:, None]) == np.array(wanted)[:, None]
        own = (holds << np.arange(len(holds))[:, None]).sum(axis=0)
        paid[[row[f] for f in leaf.features]] += leaf.paid(_patterns(len(holds)))[:, own]
    return Table(tuple(((split, True),) for split in bit), tuple(row), paid)


@cache
def _patterns(count: int) -> Flags:
    """Which conditions hold in each pattern; shape (count, 2 ** count)."""
    return (np.arange(1 << count) >> np.arange(count)[:, None] & 1).astype(np.bool_)
