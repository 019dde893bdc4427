"""What should we ask a lead next? The missing attribute that is most likely to change a decision.

The value of information, from the model itself: every plausible answer is put in, and the lead is
scored and decided anew. Answers count as often as they occur among the training examples
(`training.questions`), whoever is asked: what else is known of a lead does not yet say which answer
it will give. That an attribute is missing is evidence of its own, already in the score; any answer
takes it away, as it will when the lead is scored with it. Where no answer would move probability or
decision, there is no question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features import sentences as say
from features.catalog import Catalog
from leadml.arrays import Floats, Ints, Matrix
from leadml.columns import column_words
from leadml.errors import ModelError, listed
from serving.scorer import Scorer

Decide: TypeAlias = Callable[[Matrix, Floats, Ints], np.ndarray]
"""What is decided for rows of features: their features, shape (n, n_features), their probability,
shape (n,), and which lead each row supposes something of, shape (n,); gives texts, shape (n,)."""

LEADS_AT_A_TIME = 4096
"""So many leads are supposed to answer at a time, to bound the memory that takes."""


@dataclass(frozen=True, slots=True)
class Question:
    """A missing attribute, and what knowing it may change.

    Attributes:
        attribute: the column.
        label: what a person calls it.
        chance: how likely it is that the decision changes.
        expected_change: of the probability, up or down: the mean of its size.
        best: the answer after which the probability is highest, in words.
        best_probability: the probability then, for it may still be lower than now.
        examples: how many training examples the answers come from.
    """

    attribute: str
    label: str
    chance: float
    expected_change: float
    best: str
    best_probability: float
    examples: int

    @property
    def text(self) -> str:
        """What a person reads."""
        return (
            f"Ask for the {self.label}: {say.share(self.chance)} likely to change what to do; "
            f"at best {say.share(self.best_probability)} ({self.best})."
        )


def best_questions(
    scorer: Scorer, answers: Mapping[str, Any], matrix: Matrix, decide: Decide, *, most: int = 3
) -> list[tuple[Question, ...]]:
    """The questions most likely to change what is done with each lead.

    Args:
        scorer: the model and its catalogue.
        answers: of its attributes, as `training.questions.learn_answers` gives them.
        matrix: the leads' features, shape (n, n_features).
        decide: what would be done.
        most: how many questions a lead gets, at most.

    Returns:
        For every lead the attributes missing in it, by the chance that the decision changes, then
        by the expected change of the probability, then by name.

    Raises:
        ModelError: the answers are of features that the model does not have.
    """
    asked = [_read(scorer.catalog, name, data) for name, data in answers.items()]
    found: list[list[Question]] = [[] for _ in range(len(matrix))]
    for start in range(0, len(matrix), LEADS_AT_A_TIME):
        leads = np.arange(start, min(start + LEADS_AT_A_TIME, len(matrix)))
        now = scorer.model.probability(matrix[leads])
        lot = _Leads(leads, matrix[leads], now, decide(matrix[leads], now, leads))
        for answered in asked:
            for lead, question in _ask(scorer, answered, lot, decide):
                found[lead].append(question)
    return [tuple(sorted(own, key=_worth)[:most]) for own in found]


@dataclass(frozen=True, slots=True)
class _Answers:
    """What may be answered of one attribute.

    Attributes:
        columns: of the features derived from it.
        rows: their values for each answer, shape (n_answers, n_columns).
        shares: of the answers, shape (n_answers,).
        texts: the answers in words.
        filled: by how much any answer fills the features that count what is filled in, by column.
    """

    attribute: str
    columns: list[int]
    rows: Matrix
    shares: Floats
    texts: list[str]
    examples: int
    filled: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Leads:
    """Some leads as they are: which, their features, probabilities and decisions."""

    places: Ints
    matrix: Matrix
    probability: Floats
    decision: np.ndarray


def _read(catalog: Catalog, attribute: str, data: Mapping[str, Any]) -> _Answers:
    """The answers of one attribute, from plain data."""
    place = {name: column for column, name in enumerate(catalog.names)}
    unknown = set(data["features"]) - set(place)
    if unknown:
        msg = (
            f"Answers to '{attribute}' must be of the model's features, got {listed(unknown)}. "
            "Learn them from the model's own catalogue."
        )
        raise ModelError(msg)
    columns = [place[name] for name in data["features"]]
    rows = np.array(data["rows"], dtype=np.float64)
    features = [catalog.features[column] for column in columns]
    texts = [
        "; ".join(f.describe(v) for f, v in zip(features, row, strict=True) if not np.isnan(v))
        for row in rows.tolist()
    ]
    filled = {
        column: 1 / len(feature.noun.keys)
        for column, feature in enumerate(catalog.features)
        if feature.word.name == "completeness" and attribute in feature.noun.keys
    }
    shares = np.array(data["shares"])
    return _Answers(attribute, columns, rows, shares, texts, data["examples"], filled)


def _ask(
    scorer: Scorer, answers: _Answers, leads: _Leads, decide: Decide
) -> list[tuple[int, Question]]:
    """What one question is worth to each lead that lacks the attribute; by the lead's place."""
    missing = np.flatnonzero(np.isnan(leads.matrix[:, answers.columns]).all(axis=1))
    if not len(missing):
        return []
    supposed = _supposed(leads.matrix[missing], answers)
    probability = scorer.model.probability(supposed)
    places = np.repeat(leads.places[missing], len(answers.shares))
    shape = len(missing), len(answers.shares)
    changed = decide(supposed, probability, places).reshape(shape)
    changed = changed != leads.decision[missing, None]
    after = probability.reshape(shape)
    moved = np.abs(after - leads.probability[missing, None])
    best = after.argmax(axis=1)
    chance, expected = ((each * answers.shares).sum(axis=1) for each in (changed, moved))
    return [
        (
            int(leads.places[lead]),
            Question(
                answers.attribute,
                column_words(answers.attribute),
                float(chance[k]),
                float(expected[k]),
                answers.texts[best[k]],
                float(after[k, best[k]]),
                answers.examples,
            ),
        )
        for k, lead in enumerate(missing)
        if chance[k] > 0 or expected[k] > 0
    ]


def _supposed(matrix: Matrix, answers: _Answers) -> Matrix:
    """Every lead with every answer, lead by lead; shape (n * n_answers, n_features)."""
    supposed = np.repeat(matrix, len(answers.rows), axis=0)
    supposed[:, answers.columns] = np.tile(answers.rows, (len(matrix), 1))
    for column, share in answers.filled.items():
        supposed[:, column] = np.minimum(supposed[:, column] + share, 1.0)
    return supposed


def _worth(question: Question) -> tuple[float, float, str]:
    return -question.chance, -question.expected_change, question.attribute
