"""What can be asked of the app, and what does it answer?"""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import anyio
import pandas as pd
from fastapi import APIRouter, Request, Response

from leadml.advice import said
from leadml.levels import Levels
from leadml.policy import needs_of
from serving.asking import ask
from serving.deps import Body, CurrentScorer, Now, state_of
from serving.problems import MEDIA_TYPE
from serving.questions import Question
from serving.requests import Asked, build_asked, parse_request, text_columns
from serving.schemas import (
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
    StatusOut,
    WithinOut,
)
from serving.scoring import Scorer, Scores, score_examples, unseen_categories

SMALL_BODY = 64 * 1024
"""A body of at most so many bytes (some fifty leads) is scored on the event loop."""

ONLY_POINTS = "points, not a probability: there is no model yet"

NO_SIGNAL = "this model has no usable signal: do not rank by it"

REF = "#/components/schemas/{model}"
"""How the documentation refers to a shape."""
_PROBLEMS = {
    400: "The body is no JSON.",
    413: "The body is too large.",
    415: "The body is of another type than JSON.",
    422: "A field cannot be used; the problem names it.",
    500: "Something went wrong that is no fault of the request.",
    503: "There is no model yet; the problem says why.",
}

_TABLE_FIELDS = (
    "lead_id",
    "probability",
    "lower",
    "upper",
    "points",
    "fit_grade",
    "engagement_grade",
    "stage",
    "action",
    "track",
    "follow_up_minutes",
    "look_again",
    "blocked_by",
    "moves_up",
    "explored",
    "propensity",
    "unscored_reason",
)

v1 = APIRouter(prefix="/v1")
health = APIRouter(tags=["health"])


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the documentation tells of errors."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


@v1.post(
    "/score",
    tags=["scores"],
    summary="Score leads",
    response_model=ScoreResponse,
    responses=_problems(400, 413, 415, 422, 500, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(model="ScoreRequest")}}},
        }
    },
)
async def score(request: Request, scorer: CurrentScorer, body: Body, now: Now) -> Response:
    """The probability that each lead converts within each horizon, why, and what stage it is in.

    Send each lead with all its events; nothing is kept between requests. Leads come back in the
    order they were sent. A lead that cannot be scored says why and has no probability.
    """
    state = state_of(request)
    work = partial(answer, scorer, body, now=now, max_leads=state["settings"].max_leads)
    if len(body) <= SMALL_BODY:
        answered = work()
    else:
        answered = await anyio.to_thread.run_sync(work, limiter=state["threads"])
    request.state.n_leads = answered.leads
    return Response(answered.content, media_type="application/json")


@v1.get(
    "/model",
    tags=["model"],
    summary="The model that answers",
    responses=_problems(500, 503),
)
async def model(scorer: CurrentScorer) -> ModelResponse:
    """What the model predicts, from which data, how well, and what it looks at."""
    return build_model_response(scorer)


@health.get("/healthz", summary="Is the app alive?")
async def healthz() -> StatusOut:
    """Answers as long as the app runs, whether or not there is a model."""
    return StatusOut(status="ok")


@health.get("/readyz", summary="Can the app score?", responses=_problems(503))
async def readyz(_: CurrentScorer) -> StatusOut:
    """Answers 200 once there is a model that has scored, 503 and the reason before."""
    return StatusOut(status="ready")


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and how many leads it is about."""

    content: bytes
    leads: int


def answer(scorer: Scorer, body: bytes, *, now: datetime, max_leads: int) -> Answer:
    """Validates, scores and answers one request.

    Args:
        scorer: the model.
        body: the JSON that was sent.
        now: the current moment.
        max_leads: how many leads a request may hold.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: a field cannot be used.
    """
    request = parse_request(body)
    asked = build_asked(request, scorer, now=now, max_leads=max_leads)
    scores = score_examples(
        scorer,
        asked.tables,
        asked.examples,
        most_reasons=request.explain,
        before=asked.before,
    )
    questions = ask(scorer, scores, most=request.ask) if request.ask else None
    said = build_response(scorer, asked, scores, questions)
    return Answer(said.model_dump_json().encode(), len(said.scores))


def warm_up(scorer: Scorer) -> Answer:
    """Scores one lead, so that the first request need not wait for what is read once."""
    known_until: str = scorer.model.card["known_until"]
    texts = dict.fromkeys(text_columns(scorer), "nobody@example.com")
    lead = {"lead_id": "warm-up", "created_at": known_until, "attributes": texts}
    body = json.dumps({"as_of": known_until, "leads": [lead]}).encode()
    return answer(scorer, body, now=datetime.fromisoformat(known_until), max_leads=1)


def build_response(
    scorer: Scorer,
    asked: Asked,
    scores: Scores,
    questions: list[tuple[Question, ...]] | None = None,
) -> ScoreResponse:
    """The scores on the wire, in the order of the request; with questions where they were asked."""
    unseen = unseen_categories(scorer, scores.matrix)
    doubts, within = _doubts(scorer), _within(scores)
    columns = {name: _plain(scores.table[name]) for name in _TABLE_FIELDS}
    met, lacking = (_parts(scores.table[name]) for name in ("needs_met", "needs_missing"))
    answered = [
        ScoreOut(
            **{name: values[k] for name, values in columns.items()},
            as_of=asked.as_of,
            within=within[k],
            needs_met=met[k],
            needs_missing=lacking[k],
            reasons=[ReasonOut(**dataclasses.asdict(reason)) for reason in scores.reasons[k]],
            questions=[_question(one) for one in questions[k]] if questions else [],
            evidence=_evidence(scores, k),
            missing=asked.missing[k],
            warnings=[*doubts, *map(_unseen, unseen[k]), *asked.warnings[k]],
        )
        for k in range(len(scores.table))
    ]
    return ScoreResponse(model=_model_out(scorer), as_of=asked.as_of, scores=answered)


def _plain(column: pd.Series) -> list[Any]:
    """A column's values, None where they are missing or empty."""
    return [None if pd.isna(value) or value == "" else value for value in column.tolist()]


def _question(question: Question) -> QuestionOut:
    return QuestionOut(**{name: getattr(question, name) for name in QuestionOut.model_fields})


def _parts(column: pd.Series) -> list[list[str]]:
    """The needs that a text names."""
    return [text.split("; ") if text else [] for text in column.tolist()]


def _within(scores: Scores) -> list[list[WithinOut]]:
    """The probability within each horizon, a list a score; empty for an unscored lead."""
    answers = {days: _plain(scores.table[column]) for days, column in scores.within.items()}
    return [
        [
            WithinOut(days=days, probability=values[k])
            for days, values in answers.items()
            if values[k] is not None
        ]
        for k in range(len(scores.table))
    ]


def _evidence(scores: Scores, row: int) -> EvidenceOut | None:
    """A score by group of evidence; nothing for an unscored lead."""
    if scores.table["unscored_reason"].iloc[row]:
        return None
    groups = {group: float(sums[row]) for group, sums in scores.groups.items()}
    return EvidenceOut(base=scores.base, **groups)


def _doubts(scorer: Scorer) -> list[str]:
    """What to doubt of a model and of its every score."""
    if scorer.table is not None:
        return [ONLY_POINTS]
    return [] if scorer.model.card["usable"] else [NO_SIGNAL]


def _unseen(column: str) -> str:
    return f"{column} has a value that training did not see, or saw too rarely"


def build_model_response(scorer: Scorer) -> ModelResponse:
    """The model card on the wire."""
    card = scorer.model.card
    judged = card["evaluation"]
    allowed = card["config"]["attributes"]["allow"]
    return ModelResponse.model_validate(
        {
            **_model_out(scorer).model_dump(),
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


def _model_out(scorer: Scorer) -> ModelOut:
    card = scorer.model.card
    return ModelOut(
        name=card["name"],
        version=scorer.version,
        horizon_days=scorer.horizon,
        outcome=card["outcome"],
    )
