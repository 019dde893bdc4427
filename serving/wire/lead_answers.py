"""What is answered of a single lead? Its score by its id, or why its score changed."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import pandas as pd
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from leadml.errors import DataError, SourceError
from leadml.tables import Tables
from serving.changes import Change, Part, Scoring, explain_change
from serving.lookup import Found, Lookup
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from serving.wire.acts import acts_of
from serving.wire.answering import Answer
from serving.wire.answers import build_response, say_reason
from serving.wire.lead_schemas import (
    ChangedAttributeOut,
    ChangeOut,
    ChangeRequest,
    NewEventsOut,
    PartOut,
    ScoringOut,
)
from serving.wire.problems import InvalidRequestError, field_errors
from serving.wire.requests import (
    TOLERANCE,
    Asked,
    midnight,
    read_request,
    told_errors,
    wrong_horizon,
    wrong_moment,
)
from serving.wire.schemas import FieldError, LeadIn, ScoreRequest
from serving.wire.told import tables_told

RETRY_SECONDS = 5
"""When to ask again for a lead whose source is away."""

AWAY = "The source of leads cannot be asked now."
UNKNOWN = "The source has no such lead."
UNUSABLE = "What the source holds of this lead cannot be used; `leadml check` says why."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lead of the source that is asked for.

    Attributes:
        lookup: the source.
        now: when the request came in.
        as_of: the moment to look from; None for now, or the end of the data where that is set.
    """

    lookup: Lookup
    lead_id: str
    now: datetime
    as_of: datetime | None


def score_found(scorer: Scorer, wanted: Wanted, *, explain: int, horizon: int | None) -> Answer:
    """The score of a lead of the source, as `leadml score` gives it.

    Raises:
        HTTPException: 404, there is no such lead; 503, the source cannot be asked.
        InvalidRequestError: the moment or the horizon cannot be used.
    """
    _check(wrong_horizon(horizon, scorer))
    _check(wrong_moment(wanted.as_of, wanted.now))
    found = _find(scorer, wanted)
    tables, as_of = found.tables, _as_of(found.tables, wanted)
    lead = tables.leads[tables.leads["lead_id"] == wanted.lead_id]
    moment = pd.Timestamp(as_of) if tables.dated else lead["created_at"].iloc[0]
    examples = pd.DataFrame({"lead_id": [wanted.lead_id], "as_of": [moment]})
    scores = score_examples(scorer, tables, examples, most_reasons=explain)
    request = ScoreRequest(explain=explain, horizon=horizon, leads=[LeadIn(lead_id=wanted.lead_id)])
    asked = Asked(
        request=request,
        as_of=as_of,
        leads=request.leads,
        acts=acts_of(request.leads, scorer.event_types),
        attributes={},
        missing=[_missing(scorer, scores)],
        warnings=[list(found.warnings)],
        problems=[],
    )
    said = build_response(scorer, asked, scores)
    types = tables.events.loc[tables.events["lead_id"] == wanted.lead_id, "event_type"]
    unknown = int((~types.isin(list(scorer.catalog.events))).sum())
    return Answer(said.model_dump_json().encode(), scores, unknown)


def change_found(
    models: tuple[Scorer, Scorer], wanted: Wanted, *, since: datetime, explain: int
) -> ChangeOut:
    """Why the score of a lead of the source changed.

    Args:
        models: of the earlier scoring and of the later one.
        wanted: the lead and the later moment.
        since: the earlier moment.
        explain: how many reasons each part names.

    Raises:
        HTTPException: 404, there is no such lead; 503, the source cannot be asked.
        InvalidRequestError: a moment cannot be used.
    """
    _check(wrong_moment(wanted.as_of, wanted.now))
    found = _find(models[1], wanted)
    as_of = _as_of(found.tables, wanted)
    return _change(models, found, wanted.lead_id, (since, as_of), explain)


def change_told(body: bytes, scorer: Scorer, *, now: datetime) -> ChangeOut:
    """Why the score of a lead changed, by what the request says of it.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: a field cannot be used.
    """
    request = _parse(body)
    content = json.loads(body)
    as_of = {"as_of": content["as_of"]} if request.as_of else {}
    single = json.dumps({"leads": [content["lead"]], **as_of}).encode()
    try:
        asked = read_request(single, scorer, now=now, max_leads=1)
    except InvalidRequestError as error:
        errors = [
            FieldError(field=own.field.replace("leads[0]", "lead", 1), message=own.message)
            for own in error.errors
        ]
        raise InvalidRequestError(errors) from error
    found = Found(tables_told(asked, scorer), tuple(asked.warnings[0]))
    moments = request.since, asked.as_of
    return _change((scorer, scorer), found, request.lead.lead_id, moments, request.explain)


def _find(scorer: Scorer, wanted: Wanted) -> Found:
    try:
        found = wanted.lookup.find(
            [wanted.lead_id],
            now=pd.Timestamp(wanted.now + TOLERANCE),
            colleagues=scorer.looks_at_accounts,
        )
    except SourceError as error:
        raise HTTPException(503, AWAY, {"Retry-After": str(RETRY_SECONDS)}) from error
    except DataError as error:
        raise HTTPException(422, UNUSABLE) from error
    if found is None or wanted.lead_id not in set(found.tables.leads["lead_id"]):
        raise HTTPException(404, UNKNOWN)
    return found


def _as_of(tables: Tables, wanted: Wanted) -> datetime:
    """The moment to look from: as asked, else now or the end of the data where that is set."""
    end = wanted.lookup.end
    now = wanted.now if end is None else min(wanted.now, end)
    return _floored(wanted.as_of or now, tables)


def _floored(moment: datetime, tables: Tables) -> datetime:
    """The moment, or the midnight before it where the leads' times are days."""
    return midnight(moment) if tables.clock == "days" else moment.astimezone(UTC)


def _missing(scorer: Scorer, scores: Scores) -> list[str]:
    """The attributes the model reads that are not known of the one lead."""
    past = scores.subjects.past
    return [name for name in scorer.judged_columns if past.attribute(name).missing[0]]


def _change(
    models: tuple[Scorer, Scorer],
    found: Found,
    lead_id: str,
    moments: tuple[datetime, datetime],
    explain: int,
) -> ChangeOut:
    """Why the score changed between two moments, the later one usable."""
    tables = found.tables
    if not tables.dated:
        _refuse("since", "must be left to leads with dates, which these have not")
    since, as_of = (pd.Timestamp(_floored(moment, tables)) for moment in moments)
    if since > as_of:
        _refuse("since", "must not lie after as_of")
    created = tables.leads.loc[tables.leads["lead_id"] == lead_id, "created_at"]
    if (created > since).any():
        _refuse("since", "must not lie before the lead came: then it had no score")
    asked = pd.DataFrame({"lead_id": [lead_id], "as_of_before": [since], "as_of_after": [as_of]})
    (change,) = explain_change(*models, tables, asked, most=explain)
    return build_change(change, found.warnings)


def _parse(body: bytes) -> ChangeRequest:
    try:
        return ChangeRequest.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequestError(field_errors(told_errors(error))) from None


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidRequestError([FieldError(field=field, message=message)])


def _check(errors: Sequence[FieldError]) -> None:
    if errors:
        raise InvalidRequestError(errors)


def build_change(change: Change, warnings: Sequence[str]) -> ChangeOut:
    """A change on the wire."""
    return ChangeOut(
        lead_id=change.lead_id,
        text=change.text,
        before=_scoring(change.before),
        after=_scoring(change.after),
        parts=[_part(part) for part in change.parts],
        new_events=[
            NewEventsOut(event_type=e.event_type, count=e.count, scope=e.scope, text=e.text)
            for e in change.new_events
        ],
        changed_attributes=[
            ChangedAttributeOut(attribute=a.attribute, before=a.before, after=a.after, text=a.text)
            for a in change.changed_attributes
        ],
        warnings=list(warnings),
    )


def _scoring(scoring: Scoring) -> ScoringOut:
    return ScoringOut(
        as_of=scoring.as_of.to_pydatetime(warn=False),
        model_version=scoring.model_version,
        horizon_days=scoring.horizon_days,
        probability=_number(scoring.probability),
        lower=_number(scoring.lower),
        upper=_number(scoring.upper),
        log_odds=scoring.log_odds,
        unscored_reason=scoring.unscored_reason or None,
    )


def _part(part: Part) -> PartOut:
    return PartOut(
        cause=part.cause,
        effect=part.effect,
        level=part.level,
        text=part.text,
        reasons=[say_reason(reason) for reason in part.reasons],
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
