"""Which features are answered together? Those that ask one question of one strand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from features.feature import Asks, Feature
from features.nouns import Scope
from features.strands import Plan
from leadml.arrays import Matrix

Question: TypeAlias = tuple[Callable[..., Matrix], tuple[Any, ...]]
"""What is asked of a strand, and with which settings."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A question put to a strand of a plan, and the features it answers.

    Attributes:
        scope: whose events the strand holds.
        strand: its position in the plan.
        question, given: what is asked.
        columns: the features' places in the catalogue.
        places: where their answers stand in the answer's table.
    """

    scope: Scope
    strand: int
    question: Callable[..., Matrix]
    given: tuple[Any, ...]
    columns: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]


def bundle(features: Sequence[Feature], plan: Plan) -> tuple[tuple[Bundle, ...], tuple[int, ...]]:
    """What features ask of a plan, and the places of those that ask more than one question.

    Args:
        features: of a catalogue.
        plan: made for them; what it does not hold is answered by itself.
    """
    place = {
        (scope, keys): (strand, row)
        for scope, strands in plan.strands.items()
        for strand, nouns in enumerate(strands)
        for row, keys in enumerate(nouns)
    }
    asked: dict[tuple[Scope, int, Question], list[int]] = {}
    others = []
    for column, feature in enumerate(features):
        noun, asks = feature.noun, feature.word.compute
        if isinstance(asks, Asks) and (noun.scope, noun.keys) in place:
            question = asks.question, asks.given(feature)
            strand, _ = place[noun.scope, noun.keys]
            asked.setdefault((noun.scope, strand, question), []).append(column)
        else:
            others.append(column)

    def bundled(scope: Scope, strand: int, question: Question, columns: list[int]) -> Bundle:
        own = [features[column] for column in columns]
        rows = [place[feature.noun.scope, feature.noun.keys][1] for feature in own]
        asks, given = question
        if not windowed(own[0]):
            return Bundle(scope, strand, asks, given, tuple(columns), tuple((row,) for row in rows))
        windows = tuple(dict.fromkeys(feature.window.days for feature in own))
        places = [
            (row, windows.index(feature.window.days))
            for row, feature in zip(rows, own, strict=True)
        ]
        return Bundle(scope, strand, asks, (windows, *given), tuple(columns), tuple(places))

    return tuple(bundled(*key, columns) for key, columns in asked.items()), tuple(others)


def windowed(feature: Feature) -> bool:
    """Whether a feature's one question is about windows."""
    return isinstance(feature.word.compute, Asks) and feature.word.compute.windowed
