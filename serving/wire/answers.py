"""How do scores look on the wire, and what is said of the model that gave them?"""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import numpy as np

from leadml.advice import NEEDS_APART, said
from leadml.arrays import Floats
from leadml.levels import Levels
from leadml.policy import needs_of
from serving.questions import Question
from serving.reasons import Reason
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import unseen_categories
from serving.wire.requests import Asked
from serving.wire.schemas import (
    EvidenceOut,
    HorizonOut,
    ModelOut,
    ModelResponse,
    PolicyOut,
    QuestionOut,
    ReasonOut,
    RuleOut,
    ScoreOut,
    ScoreResponse,
    WithinOut,
)

ONLY_POINTS = "points, not a probability: there is no model yet"

NO_SIGNAL = "this model has no usable signal: do not rank by it"


def build_response(
    scorer: Scorer,
    asked: Asked,
    scores: Scores,
    questions: list[tuple[Question, ...]] | None = None,
) -> ScoreResponse:
    """The scores on the wire, in the order of the request; with questions where they were asked."""
    unseen, doubts = unseen_categories(scorer, scores.matrix), _doubts(scorer)
    horizon = asked.request.horizon or scorer.horizon
    probability, lower, upper = _within_horizon(scorer, scores, horizon)
    decided, drawn = scores.decided, scores.drawn
    again = decided.look_again_days
    if not scores.subjects.dated:
        again = np.full(len(scores), np.nan)
    columns: dict[str, list[Any]] = {
        "lead_id": [lead.lead_id for lead in asked.leads],
        "as_of": [asked.as_of] * len(scores),
        "probability": _numbers(probability),
        "lower": _numbers(lower),
        "upper": _numbers(upper),
        "within": _within(scores),
        "points": _numbers(scores.points),
        "fit_grade": _texts(scores.fit_grade),
        "engagement_grade": [number or None for number in scores.engagement_grade.tolist()],
        "stage": decided.stage.tolist(),
        "action": scores.action.tolist(),
        "track": _texts(decided.track),
        "follow_up_minutes": _numbers(scores.follow_up_minutes),
        "look_again": [
            None if days is None else asked.as_of + timedelta(days=days) for days in _numbers(again)
        ],
        "blocked_by": _texts(decided.block),
        "needs_met": [_parts(text) for text in decided.met.tolist()],
        "needs_missing": [_parts(text) for text in decided.missing.tolist()],
        "moves_up": _texts(decided.moves_up),
        "explored": drawn.explored.tolist(),
        "propensity": drawn.propensity.tolist(),
        "reasons": [[say_reason(reason) for reason in own] for own in scores.reasons],
        "questions": [[_question(one) for one in own] for own in questions or [()] * len(scores)],
        "evidence": _evidence(scores),
        "unscored_reason": _texts(scores.unscored),
        "missing": asked.missing,
        "warnings": [
            [*doubts, *map(_unseen, own), *told]
            for own, told in zip(unseen, asked.warnings, strict=True)
        ],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    # They are not checked again: what they hold was computed from what was.
    return ScoreResponse.model_construct(
        model=build_model(scorer),
        as_of=asked.as_of,
        horizon_days=horizon,
        scores=cast("list[ScoreOut]", rows),
        problems=asked.problems,
    )


def _within_horizon(scorer: Scorer, scores: Scores, horizon: int) -> tuple[Floats, Floats, Floats]:
    """The probability within a horizon, and its interval, which holds it also where maps cross."""
    worth = scores.worth
    if horizon == scorer.horizon:
        return worth.within.get(horizon, worth.lower), worth.lower, worth.upper
    ends = scorer.model.horizons[horizon].interval(scorer.model.margin(scores.matrix))
    probability = worth.within[horizon]
    return probability, np.minimum(ends[0], probability), np.maximum(ends[1], probability)


def _within(scores: Scores) -> list[list[WithinOut]]:
    """The probability within each horizon, a list a score; empty for an unscored lead."""
    answers = {days: own.tolist() for days, own in scores.worth.within.items()}
    return [
        [] if unscored else [{"days": days, "probability": own[k]} for days, own in answers.items()]
        for k, unscored in enumerate(scores.unscored.tolist())
    ]


def _evidence(scores: Scores) -> list[EvidenceOut | None]:
    """Scores by group of evidence; nothing for an unscored lead."""
    rows = zip(*(sums.tolist() for sums in scores.groups.values()), strict=True)
    names = ("base", *scores.groups)
    return [
        None
        if unscored
        else cast("EvidenceOut", dict(zip(names, (scores.base, *row), strict=True)))
        for row, unscored in zip(rows, scores.unscored.tolist(), strict=True)
    ]


def _numbers(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _texts(values: Any) -> list[str | None]:
    return [text or None for text in values.tolist()]


def _parts(text: str) -> list[str]:
    """The needs that a text names."""
    return text.split(NEEDS_APART) if text else []


def say_reason(reason: Reason) -> ReasonOut:
    """A reason on the wire."""
    return ReasonOut(
        text=reason.text, group=reason.group, effect=reason.effect, feature=reason.feature
    )


def _question(question: Question) -> QuestionOut:
    return QuestionOut(
        attribute=question.attribute,
        chance=question.chance,
        expected_change=question.expected_change,
        text=question.text,
    )


def _doubts(scorer: Scorer) -> list[str]:
    """What to doubt of a model and of its every score."""
    if scorer.table is not None:
        return [ONLY_POINTS]
    return [] if scorer.model.card["usable"] else [NO_SIGNAL]


def _unseen(column: str) -> str:
    return f"{column} has a value that training did not see, or saw too rarely"


def build_model_response(
    scorer: Scorer, *, aliases: Sequence[str], at_hand: Sequence[str]
) -> ModelResponse:
    """The model card on the wire.

    Args:
        scorer: with the model.
        aliases: that name it.
        at_hand: the versions that can be asked for.
    """
    card = scorer.model.card
    judged = card["evaluation"]
    allowed = card["config"]["attributes"]["allow"]
    return ModelResponse.model_validate(
        {
            **build_model(scorer).model_dump(),
            "aliases": aliases,
            "at_hand": at_hand,
            "horizons": _horizons(scorer),
            "known_until": card["known_until"],
            "recipe": card["recipe"],
            "usable": card["usable"],
            "warnings": _doubts(scorer),
            "test": {
                "examples": judged["n"],
                "converted": judged["converted"],
                "leads": judged["leads"],
            },
            "figures": judged["figures"],
            "data": card["data"],
            "features": [
                {"name": f.name, "label": f.label, "group": f.noun.group}
                for f in scorer.catalog.features
            ],
            "policy": _policy(scorer.levels),
            "leaks": [
                leak
                for leak in card["leaks"]
                if leak["verdict"] == "leak" and leak["column"] not in allowed
            ],
        }
    )


def _policy(levels: Levels) -> dict[str, Any]:
    """The policy on the wire."""
    rules = [
        {
            **{key: getattr(rule, key) for key in RuleOut.model_fields if key != "needs"},
            "needs": [said(need, levels) for need in needs_of(rule)],
        }
        for rule in levels.policy.rules
    ]
    plain = {key: getattr(levels, key) for key in PolicyOut.model_fields if hasattr(levels, key)}
    return {**plain, "rules": rules, "blocks": [block.name for block in levels.policy.blocks]}


def _horizons(scorer: Scorer) -> list[HorizonOut]:
    """What is answered, shortest first."""
    maps = {scorer.horizon: scorer.model.calibration, **scorer.model.horizons}
    return [HorizonOut(days=days, leads=own.leads) for days, own in sorted(maps.items())]


def build_model(scorer: Scorer) -> ModelOut:
    """Which model answers, on the wire."""
    card = scorer.model.card
    return ModelOut(
        name=card["name"],
        version=scorer.version,
        horizon_days=scorer.horizon,
        outcome=card["outcome"],
    )
