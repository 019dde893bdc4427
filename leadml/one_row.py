"""What do all trees pay one row? All their tables end to end, asked in a dozen array steps.

Splits are numbered tree by tree. A condition is a run of steps, a step a split and the way it must
go; a pattern is the sum of the bits of a table's conditions that hold; a payment is a place in one
long array.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leadml.arrays import Bools, Floats
from leadml.shapley import Leaf, Split, Step, Tree

Places = np.ndarray[tuple[int], np.dtype[np.intp]]
"""Positions, shape (n,)."""


@dataclass(frozen=True, slots=True)
class _DeepLeaf:
    """A leaf without a table: its steps, and where its payments stand."""

    leaf: Leaf
    conditions: "_Conditions"
    place: slice


class OneRow:
    """The payments of trees, for one row at a time."""

    def __init__(self, trees: Sequence[Tree], features: int) -> None:
        self._features = features
        self._splits = _Splits([split for tree in trees for split in tree.splits.values()])
        self._deep: list[_DeepLeaf] = []
        conditions: list[tuple[Step, ...]] = []
        bits: list[int] = []
        opens: list[int] = []
        payees: list[int] = []
        tables: list[int] = []
        paid: list[Floats] = []
        before = 0
        for tree in trees:
            number = {split: before + k for k, split in enumerate(tree.splits)}
            before += len(number)
            for table in tree.tables:
                opens.append(len(conditions))
                conditions += _numbered(table.conditions, number)
                bits += [1 << k for k in range(len(table.conditions))]
                payees += table.features
                tables += [len(opens) - 1] * len(table.features)
                paid += list(table.paid)
            for leaf in tree.deep:
                place = slice(len(payees), len(payees) + len(leaf.features))
                own = _Conditions(_numbered(leaf.conditions, number))
                self._deep.append(_DeepLeaf(leaf, own, place))
                payees += leaf.features
                tables += [0] * len(leaf.features)
                paid += [np.zeros(0)] * len(leaf.features)
        widths = [len(own) for own in paid]
        self._conditions = _Conditions(conditions)
        self._bits, self._opens = np.array(bits, dtype=np.intp), np.array(opens, dtype=np.intp)
        self._payees, self._tables = np.array(payees, dtype=np.intp), np.array(tables, np.intp)
        self._starts = np.cumsum([0, *widths[:-1]]) if widths else np.zeros(0, dtype=np.intp)
        self._paid = np.concatenate([*paid, np.zeros(1)])

    def paid(self, row: Floats) -> Floats:
        """What each feature is paid; both of shape (n_features,)."""
        if not len(self._payees):
            return np.zeros(self._features)
        left = self._splits.left(row)
        found = np.zeros(len(self._payees))
        if len(self._opens):
            holds = self._conditions.hold(left)
            patterns = np.add.reduceat(holds * self._bits, self._opens)
            places = np.minimum(self._starts + patterns[self._tables], len(self._paid) - 1)
            found = self._paid[places]
        for deep in self._deep:
            found[deep.place] = deep.leaf.paid(deep.conditions.hold(left)[:, None])[:, 0]
        # Payments are added one by one, in the order of the trees.
        return np.asarray(
            np.bincount(self._payees, found, minlength=self._features), dtype=np.float64
        )


class _Splits:
    """Splits of many trees, each asked of its feature of one row."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self._feature = np.array([split.feature for split in splits], dtype=np.intp)
        self._threshold = np.array([split.threshold for split in splits], dtype=np.float64)
        self._nan_is_missing = np.array([split.missing == "NaN" for split in splits])
        self._zero_is_missing = np.array([split.missing == "Zero" for split in splits])
        self._missing_left = np.array([split.missing_left for split in splits])
        self._of_levels = np.flatnonzero([split.levels is not None for split in splits])
        levels = [split.levels for split in splits if split.levels is not None]
        self._levels = np.concatenate([*levels, np.zeros(0, dtype=np.bool_)])
        self._other = np.array([len(own) - 1 for own in levels], dtype=np.intp)
        self._starts = np.cumsum([0, *(len(own) for own in levels)])[:-1]

    def left(self, row: Floats) -> Bools:
        """Which splits the row goes left at; shape (n_splits,)."""
        values = row[self._feature]
        absent = np.isnan(values)
        filled = np.where(absent & ~self._nan_is_missing, 0.0, values)
        missing = (absent & self._nan_is_missing) | (self._zero_is_missing & (filled == 0))
        left = np.where(missing, self._missing_left, filled <= self._threshold)
        if len(self._of_levels):
            codes = values[self._of_levels]
            known = (codes > -1) & (codes < self._other)
            place = np.where(known, codes, self._other).astype(np.intp)
            left[self._of_levels] = self._levels[self._starts + place]
        return np.asarray(left)


class _Conditions:
    """Conditions, each a run of steps that must all be taken."""

    def __init__(self, conditions: Sequence[Sequence[Step]]) -> None:
        steps = [step for own in conditions for step in own]
        self._split = np.array([split for split, _ in steps], dtype=np.intp)
        self._way = np.array([way for _, way in steps], dtype=np.bool_)
        self._opens = np.cumsum([0, *(len(own) for own in conditions)])[:-1]

    def hold(self, left: Bools) -> Bools:
        """Which conditions hold; shape (n_conditions,)."""
        taken = np.asarray(left[self._split] == self._way)
        if len(taken) == len(self._opens):
            return taken
        return np.asarray(np.logical_and.reduceat(taken, self._opens))


def _numbered(
    conditions: Iterable[Sequence[Step]], number: dict[int, int]
) -> list[tuple[Step, ...]]:
    """Conditions whose splits are named by their numbers."""
    return [tuple((number[split], way) for split, way in steps) for steps in conditions]
