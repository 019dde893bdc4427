"""What does every fit of one training learn from? One matrix, seen from moments of the past."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.config import Training
from leadml.timeline import DAY_NS, nanos
from training.examples import ExampleSet, Known, known_at
from training.linear import Target


@dataclass(frozen=True, slots=True)
class Sample:
    """What one fit sees.

    Attributes:
        matrix: features, shape (n, n_features).
        converted: labels, shape (n,).
        offset: log-odds by which each label is scarcer than the main horizon's, shape (n,).
        age_days: of the examples, at the moment they are learned from, shape (n,).
        share: how much each example counts before it fades, shape (n,).
        levels: how many levels each feature tells apart; 0 for numbers.
        directions: which way each feature may speak: 1, -1, or 0 for either.
    """

    matrix: Matrix
    converted: Bools
    offset: Floats
    age_days: Floats
    share: Floats
    levels: tuple[int, ...]
    directions: tuple[int, ...]

    def target(self, half_life_days: int) -> Target:
        """Labels and weights, where an example counts half with every half-life of age; mean 1."""
        fades = np.exp2(-self.age_days / half_life_days) if half_life_days else 1.0
        weights = self.share * fades
        return Target(self.converted, self.offset, weights / weights.mean())


@dataclass(frozen=True, slots=True)
class Lesson:
    """The examples of one training with their features.

    Attributes:
        examples: with what became of them.
        matrix: the features of the first ``examples.teaching`` ones, shape (n, n_features).
        catalog: of the features.
        settings: of the training.
    """

    examples: ExampleSet
    matrix: Matrix
    catalog: Catalog
    settings: Training

    @property
    def groups(self) -> "pd.Series[str]":
        """What must not stand on both sides of a fold; shape (n,)."""
        return self.examples.looked["group"].iloc[: len(self.matrix)]

    @property
    def leads(self) -> "pd.Series[str]":
        """Whose examples they are; shape (n,)."""
        return self.examples.looked["lead_id"].iloc[: len(self.matrix)]

    def sample(self, known: Known, moment: pd.Timestamp) -> Sample:
        """What ``moment`` knew, as a fit sees it."""
        looked = self.examples.looked.iloc[known.rows]
        leads = looked["lead_id"]
        times_seen = leads.map(leads.value_counts()).to_numpy(dtype=np.float64)
        age = np.int64(pd.Timestamp(moment).as_unit("ns").value) - nanos(looked["as_of"])
        return Sample(
            self.matrix[known.rows],
            known.converted,
            known.offset,
            age / DAY_NS,
            np.asarray(times_seen**-self.settings.lead_weight, dtype=np.float64),
            tuple(max(len(f.levels), 1) if f.is_category else 0 for f in self.catalog.features),
            directions(self.catalog, self.settings.unconstrained),
        )

    def known(self, moment: pd.Timestamp, *, most: int = 0) -> Known:
        """What ``moment`` knew; no more than ``most`` examples, drawn by the seed; 0 is all."""
        known = known_at(self.examples, moment)
        if not 0 < most < len(known.rows):
            return known
        order = np.random.default_rng(self.settings.seed).permutation(len(self.matrix))
        return take(known, np.sort(order[order < len(known.rows)][:most]))


def take(known: Known, chosen: Ints) -> Known:
    """Some of what is known, by position."""
    return Known(known.rows[chosen], known.converted[chosen], known.offset[chosen])


def directions(catalog: Catalog, unconstrained: tuple[str, ...]) -> tuple[int, ...]:
    """Which way each feature may speak, as the catalogue says and the configuration allows.

    Of one word over several windows only the shortest is held to its direction: given what
    happened lately, more of it long ago may well say "no longer".
    """
    free = set(unconstrained)
    shortest: dict[tuple[str, str], float] = {}
    for feature in catalog.features:
        kind = feature.noun.name, feature.word.name
        shortest[kind] = min(_reach(feature), shortest.get(kind, np.inf))
    held = [
        not free & {"all", feature.name, feature.noun.name}
        and _reach(feature) == shortest[feature.noun.name, feature.word.name]
        for feature in catalog.features
    ]
    return tuple(f.direction if own else 0 for f, own in zip(catalog.features, held, strict=True))


def _reach(feature: Feature) -> float:
    """How many days back a feature looks."""
    return feature.window.days or np.inf
