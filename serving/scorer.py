"""What scores? A model with its catalogue and policy, everything parsed and looked up once."""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.catalog import Catalog
from features.engagement import evidence
from features.feature import Feature
from leadml.arrays import Ints
from leadml.levels import Levels
from leadml.model import LeadModel
from leadml.policy import named_attributes, named_events
from leadml.rulebook import Rulebook
from serving.worth import PointsTable


@dataclass(frozen=True)
class Scorer:
    """A model ready to score: its catalogue and policy parsed once.

    Attributes:
        version: the registered version, as text.
        table: points that are given in place of a probability, before there is a model.
    """

    model: LeadModel
    catalog: Catalog
    levels: Levels
    version: str
    table: PointsTable | None = None

    @classmethod
    def of(cls, model: LeadModel, version: str) -> "Scorer":
        """Parses the model's catalogue and policy."""
        return cls(model, Catalog.from_json(model.catalog), Levels.from_json(model.policy), version)

    def without_lines(self) -> "Scorer":
        """The same, with a policy that asks for no probability: who could be called at all."""
        levels = dataclasses.replace(self.levels, sql_line=0.0, mql_line=0.0)
        return dataclasses.replace(self, levels=levels)

    @property
    def horizon(self) -> int:
        """The days of the main horizon: that of the interval, the reasons and the stage."""
        days: int = self.model.card["horizon_days"]
        return days

    @cached_property
    def rulebook(self) -> Rulebook:
        """The policy, ready to be applied."""
        return Rulebook(self.levels)

    @cached_property
    def asked(self) -> Catalog:
        """What is asked of a past: the model's features and the policy's evidence."""
        asked = dict.fromkeys((*self.catalog.features, *self.evidence.values()))
        return dataclasses.replace(self.catalog, features=tuple(asked))

    @cached_property
    def evidence(self) -> dict[str, Feature]:
        """What the policy asks of a past."""
        return evidence(self.catalog.events, named_events(self.levels.policy))

    @cached_property
    def evidence_columns(self) -> dict[str, int]:
        """Where in `asked` the policy's evidence stands."""
        place = {feature: column for column, feature in enumerate(self.asked.features)}
        return {name: place[feature] for name, feature in self.evidence.items()}

    @cached_property
    def attribute_columns(self) -> list[str]:
        """Every attribute that the model, the table of points or the policy reads."""
        named = named_attributes(self.levels.policy)
        return list(dict.fromkeys([*self.judged_columns, *named]))

    @cached_property
    def text_columns(self) -> frozenset[str]:
        """Those of them that hold texts."""
        amounts = {
            f.noun.keys[0] for f in self.catalog.features if f.word.name in {"number", "band"}
        }
        return frozenset(self.attribute_columns) - amounts

    @cached_property
    def unknown_texts(self) -> frozenset[str]:
        """What an attribute says where it is not known."""
        return frozenset(self.model.card["config"]["data"]["missing"])

    @cached_property
    def event_types(self) -> tuple[str, ...]:
        """The event types that are declared, ascending."""
        return tuple(sorted(self.catalog.events))

    @cached_property
    def horizons(self) -> list[int]:
        """The days of every horizon that is answered, ascending."""
        return sorted({self.horizon, *self.model.horizons})

    @cached_property
    def looks_at_accounts(self) -> bool:
        """Whether what colleagues did counts."""
        return any(feature.noun.scope == "account" for feature in self.catalog.features)

    @cached_property
    def levelled(self) -> tuple[Ints, Ints, list[str]]:
        """The categories made of attributes: their columns, numbers of levels, and attributes."""
        own = [
            (column, len(feature.levels), feature.noun.keys[0])
            for column, feature in enumerate(self.catalog.features)
            if feature.levels and not feature.word.of_events
        ]
        columns, levels = (np.array([one[k] for one in own], dtype=np.int64) for k in range(2))
        return columns, levels, [attribute for _, _, attribute in own]

    @cached_property
    def judged_columns(self) -> list[str]:
        """Every attribute that the model, or the table of points, reads."""
        return self.catalog.attribute_columns if self.table is None else self.table.columns
