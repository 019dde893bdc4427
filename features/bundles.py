"""Which features are answered together? Those that ask one question of one strand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.feature import Asks, Feature
from features.nouns import Scope
from features.strands import Plan
from leadml.arrays import Ints, Matrix

Question: TypeAlias = tuple[Callable[..., Matrix], tuple[Any, ...]]
"""What is asked of a strand, and with which settings."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A question put to a strand of a plan, and the features it answers.

    Attributes:
        scope: whose events the strand holds.
        strand: its position in the plan.
        question, given: what is asked.
        columns: the features' places in the catalogue; shape (k,).
        places: where their answers stand in the answer's table: an array of shape (k,) for each of
            its dimensions but the last.
    """

    scope: Scope
    strand: int
    question: Callable[..., Matrix]
    given: tuple[Any, ...]
    columns: Ints
    places: tuple[Ints, ...]


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
        rows = np.array([place[feature.noun.scope, feature.noun.keys][1] for feature in own])
        asks, given = question
        if not windowed(own[0]):
            return Bundle(scope, strand, asks, given, np.array(columns), (rows,))
        days = [feature.window.days for feature in own]
        windows = tuple(dict.fromkeys(days))
        over = np.array([windows.index(each) for each in days])
        return Bundle(scope, strand, asks, (windows, *given), np.array(columns), (rows, over))

    return tuple(bundled(*key, columns) for key, columns in asked.items()), tuple(others)


def windowed(feature: Feature) -> bool:
    """Whether a feature's one question is about windows."""
    return isinstance(feature.word.compute, Asks) and feature.word.compute.windowed
