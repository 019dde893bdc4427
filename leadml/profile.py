"""How did each feature spread over the examples a model learned from, and how far has it moved?

A `Spread` counts the values of one feature in a few bins, missing ones apart; a `Profile` holds
those of a model's features and of its own margin. Two spreads over the same bins are compared by
the population stability index, a symmetric divergence (Jeffreys 1946; in scoring: Siddiqi 2006):

    psi = sum over bins of (share now - share then) * log(share now / share then)

Below 0.1 little has moved, above 0.25 much has. So that an empty bin has a logarithm, half an
example is added to every bin that either side fills. Without any drift the index is about
(bins - 1) * (1 / examples now + 1 / examples then): of few examples it says nothing.

The margin stands for the probability: a rising map moves no value to another bin, so that a model
that is recalibrated keeps its profile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leadml.arrays import Floats, Ints, Matrix

HALF = 0.5
"""Added to each count, so that no share is zero."""

LITTLE, MUCH = 0.1, 0.25
"""Below the first an index says that little has moved, above the second that much has."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How often each bin of one feature was met.

    Attributes:
        name: of the feature.
        edges: where the bins of a number end, each belonging to the bin below it; rising. One more
            bin lies beyond the last.
        codes: the levels of a category that have a bin each; any other shares one more bin.
        counts: by bin, the values that are missing last.
    """

    name: str
    edges: tuple[float, ...]
    codes: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def bins(self) -> int:
        """How many bins there are, that of missing values among them."""
        return max(len(self.edges), len(self.codes)) + 2


@dataclass(frozen=True)
class Profile:
    """How a model's features and its margin spread over the newest examples it learned from.

    Attributes:
        features: in the order of the model's columns.
        margin: the raw log-odds, before calibration.
    """

    features: tuple[Spread, ...]
    margin: Spread

    @cached_property
    def bins(self) -> "Bins":
        """The bins of the features and, last, of the margin."""
        return Bins((*self.features, self.margin))

    @cached_property
    def counts(self) -> Ints:
        """The examples in every bin, feature by feature, the margin last; shape (n_bins,)."""
        own = [np.array(spread.counts) for spread in (*self.features, self.margin)]
        return np.concatenate(own).astype(np.int64)

    @property
    def names(self) -> list[str]:
        """What spreads: the features by name, then the margin."""
        return [spread.name for spread in (*self.features, self.margin)]

    def count(self, matrix: Matrix, margin: Floats) -> Ints:
        """How many of some leads fall in each bin; shape (n_bins,).

        Args:
            matrix: their features, shape (n, n_features).
            margin: the model's raw log-odds, NaN where there is none; shape (n,).
        """
        return self.bins.count(np.column_stack([matrix, margin]))

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "features": [_spread_to_json(spread) for spread in self.features],
            "margin": _spread_to_json(self.margin),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Profile":
        """The inverse of `to_json`."""
        features = tuple(_spread_from_json(one) for one in data["features"])
        return cls(features, _spread_from_json(data["margin"]))


class Bins:
    """The bins of several spreads, side by side, for all columns of a matrix at once.

    Attributes:
        first: of every spread, where its bins begin among all; and their number. Shape (n + 1,).
    """

    def __init__(self, spreads: Sequence[Spread]) -> None:
        self.first = np.concatenate(([0], np.cumsum([spread.bins for spread in spreads])))
        self._missing = self.first[1:] - 1
        self._categories = np.flatnonzero([bool(spread.codes) for spread in spreads])
        self._edges = np.full((len(spreads), max(len(s.edges) for s in spreads)), np.inf)
        for row, spread in enumerate(spreads):
            self._edges[row, : len(spread.edges)] = spread.edges
        coded = [spread.codes for spread in spreads if spread.codes]
        self._most = max((max(codes) for codes in coded), default=0) + 1
        self._own = np.empty((len(coded), self._most + 1), dtype=np.int64)
        for row, codes in enumerate(coded):
            self._own[row] = len(codes)
            self._own[row, list(codes)] = np.arange(len(codes))

    def count(self, matrix: Matrix) -> Ints:
        """How many rows fall in each bin of each column; shape (n_bins,).

        Args:
            matrix: one column a spread, NaN where missing; shape (n, n_spreads).
        """
        absent = np.isnan(matrix)
        place = np.zeros(matrix.shape, dtype=np.intp)
        for ends in self._edges.T:
            place += matrix > ends
        if len(self._categories):
            known = np.where(absent, 0.0, matrix)[:, self._categories]
            codes = np.clip(known, 0, self._most).astype(np.int64)
            place[:, self._categories] = self._own[np.arange(len(self._categories)), codes]
        place = np.where(absent, self._missing, place + self.first[:-1])
        return np.bincount(place.ravel(), minlength=self.first[-1])


def measure_psi(profile: Profile, counts: Ints) -> Floats:
    """The population stability index of every feature, and last of the margin.

    Args:
        profile: then.
        counts: now, of `Profile.count`, one or several added; shape (n_bins,).

    Returns:
        Shape (n_features + 1,); NaN where nothing was counted.
    """
    first = profile.bins.first
    then, now = profile.counts, np.asarray(counts, dtype=np.int64)
    filled = (then + now) > 0
    shares = []
    for side in (now, then):
        smooth = np.where(filled, side + HALF, 0.0)
        total = np.repeat(np.add.reduceat(smooth, first[:-1]), np.diff(first))
        shares.append(np.divide(smooth, total, out=np.ones(len(smooth)), where=filled))
    parts = (shares[0] - shares[1]) * np.log(shares[0] / shares[1])
    told = np.add.reduceat(now, first[:-1]) > 0
    return np.where(told, np.add.reduceat(parts, first[:-1]), np.nan)


def _spread_to_json(spread: Spread) -> dict[str, Any]:
    return {
        "name": spread.name,
        "edges": list(spread.edges),
        "codes": list(spread.codes),
        "counts": list(spread.counts),
    }


def _spread_from_json(data: Mapping[str, Any]) -> Spread:
    return Spread(data["name"], tuple(data["edges"]), tuple(data["codes"]), tuple(data["counts"]))
