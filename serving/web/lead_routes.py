"""What can be asked of a single lead? Its score by its id, and why its score changed."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from serving.scorer import Scorer
from serving.web.deps import Body, CurrentScorer, Now, scorer_of, state_of
from serving.web.routes import note
from serving.wire.lead_answers import Wanted, change_found, change_told, score_found
from serving.wire.lead_schemas import MOST_SUBJECTS, ChangeOut
from serving.wire.problems import REF, problem_responses
from serving.wire.schemas import Moment, ScoreResponse

NO_SOURCE = "This app has no source to look leads up in: send the lead to /v1/score."

leads = APIRouter(prefix="/v1", tags=["leads"])

LeadId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"\S",
        description="As in the source; percent-encoded, a slash in it too.",
    ),
]
AsOf = Annotated[
    Moment | None,
    Query(
        description="The moment to look from; by default now, or the end of the data where "
        "leadml.toml sets it."
    ),
]
Since = Annotated[Moment, Query(description="The earlier moment; the lead had come by then.")]
Explain = Annotated[int, Query(ge=0, le=20, description="How many reasons the score gets.")]
EachExplain = Annotated[
    int, Query(ge=0, le=MOST_SUBJECTS, description="How many reasons each part names at most.")
]
Horizon = Annotated[
    int | None, Query(description="Within how many days; one of the model's horizons.")
]
Before = Annotated[
    str | None,
    Query(description="Which model answered at the earlier moment; by default the same."),
]


async def wanted_of(request: Request, lead_id: LeadId, now: Now, as_of: AsOf = None) -> Wanted:
    """The lead of the source that a request is about.

    Raises:
        HTTPException: 404, the app has no source.
    """
    request.state.lead_id = lead_id
    lookup = state_of(request)["lookup"]
    if lookup is None:
        raise HTTPException(404, NO_SOURCE)
    return Wanted(lookup, lead_id, now, as_of)


async def models_of(
    request: Request, scorer: CurrentScorer, before_version: Before = None
) -> tuple[Scorer, Scorer]:
    """The model of the earlier scoring, by default the same, and that of the later one.

    Raises:
        HTTPException: 404, a version that is asked for is not at hand.
    """
    if before_version is None:
        return scorer, scorer
    earlier = await scorer_of(request, before_version)
    request.state.version = scorer.version
    return earlier, scorer


WantedLead = Annotated[Wanted, Depends(wanted_of)]
BothModels = Annotated[tuple[Scorer, Scorer], Depends(models_of)]


@leads.get(
    "/leads/{lead_id:path}/score",
    summary="Score a lead by its id",
    response_model=ScoreResponse,
    responses=problem_responses(404, 422, 500, 503),
)
async def score_lead(
    request: Request,
    scorer: CurrentScorer,
    wanted: WantedLead,
    explain: Explain = 3,
    horizon: Horizon = None,
) -> Response:
    """The score of a lead of the configured source, as if its record and events had been sent.

    Everyone at its account is looked up too where the model looks at accounts.
    """
    answered = await state_of(request)["lookup_threads"].run(
        partial(score_found, scorer, wanted, explain=explain, horizon=horizon)
    )
    request.state.n_leads = 1
    note(request, scorer, answered, now=wanted.now)
    return Response(answered.content, media_type="application/json")


@leads.get(
    "/leads/{lead_id:path}/change",
    summary="Why did the score of a lead change?",
    response_model=ChangeOut,
    responses=problem_responses(404, 422, 500, 503),
)
async def change_lead(
    request: Request,
    models: BothModels,
    wanted: WantedLead,
    since: Since,
    explain: EachExplain = 2,
) -> Response:
    """The way from a lead's score at an earlier moment to its score now, in exact parts.

    Of a lead of the configured source: time passing, new events, changed attributes, and another
    model where ``before_version`` names one.
    """
    said = await state_of(request)["lookup_threads"].run(
        partial(change_found, models, wanted, since=since, explain=explain)
    )
    request.state.n_leads = 1
    return _json(said)


@leads.post(
    "/explain/change",
    summary="Why did a score change, by what the request says?",
    response_model=ChangeOut,
    responses=problem_responses(400, 404, 413, 415, 422, 500, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": REF.format(model="ChangeRequest")}}
            },
        }
    },
)
async def change_told_by(request: Request, scorer: CurrentScorer, body: Body, now: Now) -> Response:
    """The way from a lead's score at an earlier moment to its score now, in exact parts.

    Send the lead with all its events; nothing is kept between requests. What a request says of an
    attribute holds for all time, so only time and events can have changed the score.
    """
    said = await state_of(request)["threads"].run(partial(change_told, body, scorer, now=now))
    request.state.lead_id, request.state.n_leads = said.lead_id, 1
    return _json(said)


def _json(said: BaseModel) -> Response:
    return Response(said.model_dump_json(), media_type="application/json")
