"""What does a request say, in the terms of training? From its body to leads that can be scored.

A request's values go through the same readings as a training table (`leadml.columns`), with the
texts that meant "not known" when the model was trained. A lead that cannot be used is answered with
its problem, by the names of its fields; what is not used of the others is told as a warning:
nothing is dropped silently.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from leadml.arrays import Floats
from leadml.columns import LARGEST, one_text
from serving.scorer import Scorer
from serving.wire.acts import NEVER, Acts, acts_of, nanos_of
from serving.wire.problems import InvalidRequestError, field_errors, field_path, short
from serving.wire.schemas import (
    MOMENT_WORDS,
    FieldError,
    LeadIn,
    LeadProblem,
    Scalar,
    ScoreRequest,
)

TOLERANCE = timedelta(seconds=60)
"""How far a client's clock may be ahead of ours."""

ALONE = "this model looks at the whole account, and no colleague is in the request"

MOST_NAMES = 3
"""How many names a warning tells."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

Wrong = dict[int, list[FieldError]]
"""What is wrong with leads, by their place in the request."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request whose shape is right.

    Attributes:
        request: with the leads of the right shape.
        places: of those leads in the body.
        wrong: what is wrong with the others.
    """

    request: ScoreRequest
    places: list[int]
    wrong: Wrong


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, ready to be scored; lists have one entry a lead, in the request's order.

    Attributes:
        as_of: the moment to look from.
        leads: those that can be scored.
        acts: what they did.
        attributes: what the model or the policy reads of them: numbers, NaN where missing, or
            texts, None where missing.
        missing: attributes the model reads that were not given.
        warnings: what was given and is not used.
        problems: of the leads that cannot be scored.
    """

    request: ScoreRequest
    as_of: datetime
    leads: list[LeadIn]
    acts: Acts
    attributes: Mapping[str, Floats | list[str | None]]
    missing: list[list[str]]
    warnings: list[list[str]]
    problems: list[LeadProblem]


def parse_request(body: bytes) -> Parsed:
    """Reads the body of a request.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: it is JSON of another shape, or no lead is right.
    """
    try:
        request = ScoreRequest.model_validate_json(body)
    except ValidationError as error:
        errors = told_errors(error)
    else:
        return Parsed(request, list(range(len(request.leads))), {})
    wrong: Wrong = {}
    for told, own in zip(errors, field_errors(errors), strict=True):
        if len(told["loc"]) < 2 or told["loc"][0] != "leads":
            raise InvalidRequestError(field_errors(errors))
        wrong.setdefault(int(told["loc"][1]), []).append(own)
    content = json.loads(body)
    places = [k for k in range(len(content["leads"])) if k not in wrong]
    if not places:
        raise InvalidRequestError(field_errors(errors))
    rest = {**content, "leads": [content["leads"][k] for k in places]}
    return Parsed(ScoreRequest.model_validate_json(json.dumps(rest)), places, wrong)


def told_errors(error: ValidationError) -> list[Any]:
    """What pydantic found wrong with a body, without its values.

    Raises:
        HTTPException: 400, the body is no JSON.
    """
    errors: list[Any] = error.errors(include_url=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        reason = str(errors[0]["ctx"]["error"]).replace("EOF while", "it ended while")
        raise HTTPException(400, f"The body must be JSON in UTF-8: {reason}.") from None
    return errors


def read_request(body: bytes, scorer: Scorer, *, now: datetime, max_leads: int) -> Asked:
    """The leads of a request, after every check that needs the model or the clock.

    Args:
        body: the JSON that was sent.
        scorer: says which attributes are read, and how finely its source knew time.
        now: the current moment; as_of where the request names none.
        max_leads: how many leads a request may hold.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: the request cannot be used, or none of its leads.
    """
    parsed = parse_request(body)
    request, wrong = parsed.request, {place: [*own] for place, own in parsed.wrong.items()}
    _check(request, scorer, now=now, most=max_leads, got=len(parsed.places) + len(wrong))
    clock = scorer.model.card["clock"]
    _check_leads(parsed, wrong, dated=clock in {"times", "days"})
    leads, places = request.leads, parsed.places
    acts = acts_of(leads, scorer.event_types)
    _check_moments(acts, places, wrong)
    attributes = _attributes(leads, places, scorer, wrong)
    problems = [LeadProblem(index=k, errors=own) for k, own in sorted(wrong.items())]
    if len(parsed.wrong) < len(wrong):
        good = [k for k, place in enumerate(places) if place not in wrong]
        if not good:
            raise InvalidRequestError([error for own in problems for error in own.errors])
        leads = [leads[k] for k in good]
        attributes = _attributes(leads, good, scorer, {})
        acts = acts_of(leads, scorer.event_types)
    as_of = request.as_of or now
    if clock == "days":
        as_of = midnight(as_of)
    judged = {name: attributes[name] for name in scorer.judged_columns}
    return Asked(
        request,
        as_of,
        leads,
        acts,
        attributes,
        [_missing(judged, k) for k in range(len(leads))],
        _warnings(leads, attributes, acts, as_of, scorer),
        problems,
    )


def _check(request: ScoreRequest, scorer: Scorer, *, now: datetime, most: int, got: int) -> None:
    """Raises `InvalidRequestError` where a request cannot be answered at all."""
    errors = []
    if got > most:
        text = f"must hold at most {most:,} leads, got {got:,}; send them in parts"
        errors.append(FieldError(field="leads", message=text))
    errors += [*wrong_moment(request.as_of, now), *wrong_horizon(request.horizon, scorer)]
    if errors:
        raise InvalidRequestError(errors)


def wrong_moment(as_of: datetime | None, now: datetime) -> list[FieldError]:
    """What is wrong with the moment that a request looks from."""
    if as_of is None or as_of <= now + TOLERANCE:
        return []
    return [FieldError(field="as_of", message="must not lie in the future")]


def wrong_horizon(horizon: int | None, scorer: Scorer) -> list[FieldError]:
    """What is wrong with the horizon that a request asks for."""
    if horizon is None or horizon in scorer.horizons:
        return []
    text = f"must be one of {', '.join(map(str, scorer.horizons))} days, which are answered"
    return [FieldError(field="horizon", message=text)]


def _check_leads(parsed: Parsed, wrong: Wrong, *, dated: bool) -> None:
    """Adds to ``wrong`` what is wrong with leads beyond their shape."""
    seen: dict[str, int] = {}
    for place, lead in zip(parsed.places, parsed.request.leads, strict=True):
        first = seen.setdefault(lead.lead_id, place)
        if first != place:
            text = f"must be unique within the request, but leads[{first}] has the same"
            _add(wrong, place, ("lead_id",), text)
        if dated and lead.created_at is None:
            _add(wrong, place, ("created_at",), "must be given")


def _check_moments(acts: Acts, places: Sequence[int], wrong: Wrong) -> None:
    """Adds to ``wrong`` the events whose moments look like moments and are none."""
    for event in np.flatnonzero(acts.time == NEVER).tolist():
        lead = int(acts.lead[event])
        first = int(np.searchsorted(acts.lead, lead))
        field = "occurred_at" if acts.occurred[event] == NEVER else "recorded_at"
        _add(wrong, places[lead], ("events", event - first, field), MOMENT_WORDS)


def _add(wrong: Wrong, place: int, field: tuple[str | int, ...], message: str) -> None:
    path = field_path(("leads", place, *field))
    wrong.setdefault(place, []).append(FieldError(field=path, message=message))


def _attributes(
    leads: Sequence[LeadIn], places: Sequence[int], scorer: Scorer, wrong: Wrong
) -> dict[str, Floats | list[str | None]]:
    """Every attribute that is read; adds to ``wrong`` what is no number and must be one."""
    unknown, texts = scorer.unknown_texts, scorer.text_columns
    attributes: dict[str, Floats | list[str | None]] = {}
    for column in scorer.attribute_columns:
        given = [_given(lead.attributes.get(column), unknown) for lead in leads]
        if column in texts:
            attributes[column] = [None if one is None else str(one_text(one)) for one in given]
            continue
        numbers = attributes[column] = np.full(len(given), np.nan)
        for k, value in enumerate(given):
            number = _number(value)
            if number is not None:
                numbers[k] = number
            elif value is not None:
                _add(wrong, places[k], ("attributes", column), "must be a number")
    return attributes


def _given(value: Scalar, unknown: frozenset[str]) -> Scalar:
    """A value, or None where its text says "not known"."""
    if isinstance(value, str) and (value in unknown or not value.strip()):
        return None
    return value


def _number(value: Scalar) -> float | None:
    """A finite number within `LARGEST`, also from text; None where it is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return None
        value = float(value)
    return float(value) if math.isfinite(value) and abs(value) <= LARGEST else None


def midnight(moment: datetime) -> datetime:
    """The midnight (UTC) at or before a moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _missing(attributes: Mapping[str, Floats | list[str | None]], k: int) -> list[str]:
    """The attributes that a lead lacks."""
    return [
        name for name, values in attributes.items() if values[k] is None or values[k] != values[k]
    ]


def _warnings(
    leads: Sequence[LeadIn],
    columns: Collection[str],
    acts: Acts,
    as_of: datetime,
    scorer: Scorer,
) -> list[list[str]]:
    """What each lead brings that the model does not use, and what it lacks."""
    late = acts.counts(acts.time >= nanos_of([as_of])[0], len(leads))
    at_account = Counter(lead.account_id for lead in leads)
    told = []
    for lead, strange, after in zip(leads, acts.unknown(len(leads)), late, strict=True):
        said = []
        unused = [name for name in lead.attributes if name not in columns]
        if unused:
            verb = "attribute {} is" if len(unused) == 1 else "attributes {} are"
            said.append(f"{verb.format(_named(unused))} not used by this model")
        if strange:
            count = _events_are(strange.total())
            said.append(f"{count} not used: the model knows no {_named(strange)}")
        if after:
            said.append(f"{_events_are(after)} not used: known only at or after as_of")
        alone = lead.account_id is None or at_account[lead.account_id] < 2
        if alone and scorer.looks_at_accounts:
            said.append(ALONE)
        told.append(said)
    return told


def _events_are(count: int) -> str:
    return "1 event is" if count == 1 else f"{count:,} events are"


def _named(names: Iterable[str]) -> str:
    """The first names, sorted; the rest counted."""
    ordered = sorted(names)
    shown = ", ".join(f"'{short(name)}'" for name in ordered[:MOST_NAMES])
    more = len(ordered) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
