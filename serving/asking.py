"""What should a lead be asked next, so that its stage may change? The policy is the judge."""

import dataclasses

import numpy as np

from leadml.arrays import Floats, Ints, Matrix
from leadml.lifecycle import decide
from serving.questions import Question, best_questions
from serving.scorer import Scorer
from serving.scores import Scores

LEAST_CHANCE = 0.01
"""A question that would hardly ever change anything is not worth anyone's time."""


def ask(scorer: Scorer, scores: Scores, *, most: int) -> list[tuple[Question, ...]]:
    """The best questions of every scored lead; none for the others.

    Args:
        scorer: the model, with what leads say of each attribute.
        scores: of its `serving.scoring.score_examples`.
        most: how many questions a lead gets, at most.
    """
    scored = np.flatnonzero(~np.isnan(scores.seen.score))

    def stage(rows: Matrix, probability: Floats, leads: Ints) -> np.ndarray:
        contributions, _ = scorer.model.contributions(rows)
        sums = scorer.catalog.group_sums(contributions)
        own = scores.seen.of(scored[leads])
        supposed = dataclasses.replace(
            own,
            score=probability,
            fit=sums["fit"],
            engagement=sums["engagement"] + sums["intent"],
        )
        before = None if scores.previous is None else scores.previous.of(scored[leads])
        return decide(scorer.rulebook, supposed, before).stage

    asked = best_questions(scorer, scorer.model.answers, scores.matrix[scored], stage, most=most)
    found: list[tuple[Question, ...]] = [() for _ in range(len(scores))]
    for row, questions in zip(scored, asked, strict=True):
        found[row] = tuple(one for one in questions if one.chance >= LEAST_CHANCE)
    return found
