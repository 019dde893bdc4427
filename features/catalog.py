"""Which features does a model see? Its catalogue: declared once, stored in the model as data."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.buckets import BucketedPast
from features.bundles import Bundle, bundle
from features.engagement import declare_engagement
from features.feature import Feature
from features.firmographics import declare_firmographics, learn_levels
from features.nouns import whole_of
from features.past import Past
from features.spec import read_feature
from features.strands import Plan, plan_for
from leadml.arrays import Floats, Ints, Matrix, grouped_sums
from leadml.config import Attributes, Config
from leadml.errors import DataError, listed
from leadml.events import GROUPS, EventType, Group
from leadml.tables import Tables


@dataclass(frozen=True)
class Catalog:
    """The features of a model, in the order of its columns, and the events they speak of.

    Attributes:
        features: in column order; names are unique.
        events: every declared event type by key.
    """

    features: tuple[Feature, ...]
    events: Mapping[str, EventType]

    def __post_init__(self) -> None:
        """Refuses two features of one name."""
        counted = Counter(feature.name for feature in self.features)
        doubled = [name for name, n in counted.items() if n > 1]
        if doubled:
            msg = (
                f"Feature names must be unique, got {listed(doubled)} twice. "
                "Rename the columns or events."
            )
            raise DataError(msg)

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        return [feature.name for feature in self.features]

    @property
    def attribute_columns(self) -> list[str]:
        """The attribute columns the features read."""
        read = [key for f in self.features if not f.word.of_events for key in f.noun.keys]
        return list(dict.fromkeys(read))

    @cached_property
    def plan(self) -> Plan:
        """What the features will ask of a past."""
        of_events = [f for f in self.features if f.word.of_events]
        wholes = [whole_of(f.noun, f.among) for f in of_events if f.among]
        days = [f.window.days for f in of_events if f.window.days]
        return plan_for([*(f.noun for f in of_events), *wholes], days)

    @cached_property
    def bundles(self) -> tuple[tuple[Bundle, ...], tuple[int, ...]]:
        """What is answered together, and the places of the features that are not."""
        return bundle(self.features, self.plan)

    def group_sums(self, contributions: Matrix) -> dict[Group, Floats]:
        """The contributions of each group of evidence, summed; shape (n,)."""
        sums = grouped_sums(contributions, self._group, len(GROUPS))
        return {group: sums[:, k] for k, group in enumerate(GROUPS)}

    @cached_property
    def _group(self) -> Ints:
        return np.array([GROUPS.index(f.noun.group) for f in self.features], dtype=np.int64)

    @cached_property
    def subjects(self) -> list[list[int]]:
        """Columns that speak of the same noun, together, in catalogue order."""
        by_noun: dict[str, list[int]] = {}
        for column, feature in enumerate(self.features):
            by_noun.setdefault(feature.noun.name, []).append(column)
        return list(by_noun.values())

    def subject_sums(self, contributions: Matrix) -> Matrix:
        """The contributions of each subject, summed; shape (n, n_subjects)."""
        return grouped_sums(contributions, self._subject, len(self.subjects))

    @cached_property
    def _subject(self) -> Ints:
        subject = np.zeros(len(self.features), dtype=np.int64)
        for k, columns in enumerate(self.subjects):
            subject[columns] = k
        return subject

    def with_levels(self, past: Past | BucketedPast, settings: Attributes) -> "Catalog":
        """The catalogue with the levels of its categories learned from ``past``."""
        learned = [
            dataclasses.replace(
                feature,
                levels=learn_levels(past.attribute(feature.noun.keys[0]), feature.word, settings),
            )
            if feature.word.learns
            else feature
            for feature in self.features
        ]
        return dataclasses.replace(self, features=tuple(learned))

    def with_all_levels(self, past: Past | BucketedPast) -> "Catalog":
        """The catalogue with every level that occurs in ``past``, however rare."""
        return self.with_levels(past, Attributes(min_count=1, max_levels=len(past) + 1))

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "features": [feature.to_json() for feature in self.features],
            "events": {key: dataclasses.asdict(event) for key, event in self.events.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Catalog":
        """The inverse of `to_json`."""
        features = tuple(read_feature(item) for item in data["features"])
        return cls(features, {key: EventType(**event) for key, event in data["events"].items()})


def _seen(tables: Tables) -> dict[str, bool]:
    """The event types that occur, and whether any event of each carries a value."""
    values = tables.events["value"].notna().groupby(tables.events["event_type"]).any()
    return {str(key): bool(valued) for key, valued in values.items()}


def _have_colleagues(tables: Tables) -> bool:
    """Whether any account has several leads."""
    if "account_id" not in tables.leads:
        return False
    return bool(tables.leads["account_id"].dropna().duplicated().any())


def declare_catalog(
    tables: Tables,
    config: Config,
    *,
    leaks: Collection[str] = (),
    seen: Mapping[str, bool] | None = None,
) -> Catalog:
    """The catalogue that a configuration and its tables ask for; levels are still to be learned.

    Event types that never occur make no features; attributes are those of ``tables.leads``.

    Args:
        tables: the data.
        config: the words of the vocabulary, and how attributes are read.
        leaks: attributes that the leak report refuses.
        seen: the event types that occur, and whether any event of each carries a value; by
            default those of ``tables.events``.

    Raises:
        ConfigError: a setting asks for what cannot be.
        DataError: nothing is left to learn from, or two features share a name.
    """
    seen = _seen(tables) if seen is None else seen
    events = {key: event for key, event in config.events.items() if key in seen}
    valued = [key for key in events if seen[key]]
    engagement = (
        declare_engagement(
            events, config.features, with_values=valued, accounts=_have_colleagues(tables)
        )
        if tables.dated
        else ()
    )
    fit = declare_firmographics(tables, config.attributes, leaks=leaks)
    if not fit and not events:
        msg = (
            "There must be something to learn from, got no attribute and no declared event. "
            "Declare [events], or allow a column."
        )
        raise DataError(msg)
    return Catalog((*engagement, *fit), dict(config.events))
