"""What can be asked of the app, and what does it answer?"""

from datetime import datetime
from functools import partial

from fastapi import APIRouter, Request, Response

from leadml.store import CHALLENGER, CHAMPION
from serving.models.shadow import Offer
from serving.scorer import Scorer
from serving.watching.score_log import Role
from serving.watching.watch import Answered
from serving.web.deps import (
    VERSION_WORDS,
    CurrentScorer,
    Readiness,
    clock,
    read_body,
    scorer_of,
    state_of,
)
from serving.wire.answering import Answer, answer
from serving.wire.answers import build_model_response
from serving.wire.problems import REF, problem_responses
from serving.wire.schemas import ModelResponse, ReadyOut, ScoreResponse, StatusOut

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
    answered = work(scorer) if small else await state["threads"].run(partial(work, scorer))
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


def note(request: Request, scorer: Scorer, answered: Answer, *, now: datetime) -> None:
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
