"""What can be asked of the app, and what does it answer?"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from leadml.store import CHALLENGER, CHAMPION
from serving.answers import build_model_response, build_response
from serving.asking import ask
from serving.deps import (
    VERSION_WORDS,
    CurrentScorer,
    Readiness,
    clock,
    read_body,
    scorer_of,
    state_of,
)
from serving.problems import REF, problem_responses
from serving.requests import read_request
from serving.schemas import ModelResponse, ReadyOut, ScoreResponse, StatusOut
from serving.score_log import Role
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_subjects
from serving.shadow import Offer
from serving.told import previous_told, subjects_told
from serving.watch import Answered

SMALL_BODY = 64 * 1024
"""A body of at most so many bytes (some fifty leads) is scored on the event loop."""

VERSION = {
    "name": "version",
    "in": "query",
    "required": False,
    "description": VERSION_WORDS,
    "schema": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Version"},
}

v1 = APIRouter(prefix="/v1")
health = APIRouter(tags=["health"])


@v1.post(
    "/score",
    tags=["scores"],
    summary="Score leads",
    response_model=ScoreResponse,
    responses=problem_responses(400, 404, 413, 415, 422, 500, 503),
    openapi_extra={
        "parameters": [VERSION],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(model="ScoreRequest")}}},
        },
    },
)
async def score(request: Request) -> Response:
    """The probability that each lead converts within each horizon, why, and what stage it is in.

    Send each lead with all its events; nothing is kept between requests. Leads come back in the
    order they were sent. A lead that cannot be scored says why and has no probability.
    """
    # Asked for by hand: declared as dependencies they would take a quarter of a millisecond.
    state, now = state_of(request), await clock(request)
    scorer = await scorer_of(request, request.query_params.get("version"))
    body = await read_body(request)
    work = partial(answer, body=body, now=now, max_leads=state["settings"].max_leads)
    small = len(body) <= SMALL_BODY
    answered = work(scorer) if small else await run_sync(work, scorer, limiter=state["threads"])
    lead_ids = answered.scores.subjects.lead_ids
    request.state.n_leads = len(lead_ids)
    if len(lead_ids) == 1:
        request.state.lead_id = lead_ids[0]
    note(request, scorer, answered, now=now)
    challenger = state["keeper"].challenger
    if challenger is not None and scorer is state["keeper"].scorer:
        told = Answered(now, request.state.request_id, "shadow", answered.unknown_events)
        state["shadow"].offer(
            Offer(challenger, lambda own: work(own).scores, told, large=not small)
        )
    return Response(answered.content, media_type="application/json")


def note(request: Request, scorer: Scorer, answered: "Answer", *, now: datetime) -> None:
    """Tells the watch what was answered."""
    state = state_of(request)
    role: Role = "champion" if scorer is state["keeper"].scorer else "asked"
    told = Answered(now, request.state.request_id, role, answered.unknown_events)
    state["watch"].scored(scorer, answered.scores, told)


@v1.get(
    "/model",
    tags=["model"],
    summary="The model that answers",
    responses=problem_responses(404, 500, 503),
)
async def model(request: Request, scorer: CurrentScorer) -> ModelResponse:
    """What the model predicts, from which data, how well, and what it looks at."""
    standing = state_of(request)["keeper"].standing
    named = {CHAMPION: standing.champion, CHALLENGER: standing.challenger}
    aliases = [alias for alias, one in named.items() if one is scorer]
    return build_model_response(scorer, aliases=aliases, at_hand=sorted(standing.at_hand))


@health.get("/healthz", summary="Is the app alive?")
async def healthz() -> StatusOut:
    """Answers as long as the app runs, whether or not there is a model."""
    return StatusOut(status="ok")


@health.get("/readyz", summary="Can the app score?", responses=problem_responses(503))
async def readyz(ready: Readiness) -> ReadyOut:
    """Answers 200 once there is a model that has scored, 503 and the reason before."""
    return ready


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, the scores in it, and how many events of no known type came in."""

    content: bytes
    scores: Scores
    unknown_events: int


def answer(scorer: Scorer, body: bytes, *, now: datetime, max_leads: int) -> Answer:
    """Validates, scores and answers one request.

    Args:
        scorer: the model.
        body: the JSON that was sent.
        now: the current moment.
        max_leads: how many leads a request may hold.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: the request cannot be used, or none of its leads.
    """
    asked = read_request(body, scorer, now=now, max_leads=max_leads)
    scores = score_subjects(
        scorer,
        subjects_told(asked, scorer),
        most_reasons=asked.request.explain,
        previous=previous_told(asked.leads),
    )
    questions = ask(scorer, scores, most=asked.request.ask) if asked.request.ask else None
    said = build_response(scorer, asked, scores, questions)
    return Answer(said.model_dump_json().encode(), scores, int((asked.acts.type < 0).sum()))


def warm_up(scorer: Scorer) -> Answer:
    """Scores one lead, so that the first request need not wait for what is read once."""
    known_until: str = scorer.model.card["known_until"]
    texts = dict.fromkeys(scorer.text_columns, "nobody@example.com")
    lead = {"lead_id": "warm-up", "created_at": known_until, "attributes": texts}
    body = json.dumps({"as_of": known_until, "leads": [lead]}).encode()
    return answer(scorer, body, now=datetime.fromisoformat(known_until), max_leads=1)
