"""What does a request say, in the terms of training? From its body to checked tables.

A request's values go through the same readings as a training table (`leadml.columns`), with the
texts that meant "not known" when the model was trained. What cannot be used is refused by the name
of its field, or stays out with a warning: nothing is dropped silently.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from features.catalog import Catalog
from leadml.columns import LARGEST, as_text
from leadml.tables import Tables
from serving.problems import InvalidRequestError, field_errors, field_path, short
from serving.schemas import FieldError, LeadIn, Scalar, ScoreRequest
from serving.scoring import Scorer

TOLERANCE = timedelta(seconds=60)
"""How far a client's clock may be ahead of ours."""

MOST_NAMES = 3
"""How many names a warning tells."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, ready to be scored; every list has one entry a lead, in the request's order.

    Attributes:
        tables: the leads and all that is known of them before as_of.
        examples: lead_id, as_of.
        before: what the leads that say so were when they were last scored; None where none does.
        missing: attributes the model reads that were not given.
        warnings: what was given and is not used.
    """

    as_of: datetime
    tables: Tables
    examples: pd.DataFrame
    before: pd.DataFrame | None
    missing: list[list[str]]
    warnings: list[list[str]]


def parse_request(body: bytes) -> ScoreRequest:
    """Reads the body of a request.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: it is JSON of another shape.
    """
    try:
        return ScoreRequest.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            reason = str(errors[0]["ctx"]["error"]).replace("EOF while", "it ended while")
            raise HTTPException(400, f"The body must be JSON in UTF-8: {reason}.") from None
        raise InvalidRequestError(field_errors(errors)) from None


def build_asked(request: ScoreRequest, scorer: Scorer, *, now: datetime, max_leads: int) -> Asked:
    """The tables of a request, after every check that needs the model or the clock.

    Args:
        request: the leads.
        scorer: says which attributes are read, and how finely its source knew time.
        now: the current moment; as_of where the request names none.
        max_leads: how many leads a request may hold.

    Raises:
        InvalidRequestError: with every field that cannot be used.
    """
    dated = scorer.model.card["clock"] in {"times", "days"}
    columns, texts = scorer.attribute_columns, set(text_columns(scorer))
    unknown = set(scorer.model.card["config"]["data"]["missing"])
    errors = _errors(request, now, max_leads, dated=dated)
    attributes: dict[str, pd.Series] = {}
    for column in columns:
        given = [_given(lead.attributes.get(column), unknown) for lead in request.leads]
        if column in texts:
            attributes[column] = as_text(pd.Series(given, dtype="object"))
        else:
            attributes[column], wrong = _numbers(given, column)
            errors += wrong
    if errors:
        raise InvalidRequestError(errors)
    as_of = request.as_of or now
    if scorer.model.card["clock"] == "days":
        as_of = _midnight(as_of)
    tables = _tables(request.leads, attributes, as_of, scorer)
    return Asked(
        as_of,
        tables,
        pd.DataFrame({"lead_id": tables.leads["lead_id"], "as_of": tables.end}),
        _before(request.leads),
        _missing({name: attributes[name] for name in scorer.judged_columns}, len(request.leads)),
        [
            [*_warnings(lead, set(columns), set(scorer.catalog.events), as_of), *alone]
            for lead, alone in zip(
                request.leads, _without_colleagues(request.leads, scorer.catalog), strict=True
            )
        ],
    )


def text_columns(scorer: Scorer) -> list[str]:
    """The attributes that a request gives as text."""
    features = scorer.catalog.features
    amounts = {f.noun.keys[0] for f in features if f.word.name in {"number", "band"}}
    return [column for column in scorer.attribute_columns if column not in amounts]


def _errors(
    request: ScoreRequest, now: datetime, max_leads: int, *, dated: bool
) -> list[FieldError]:
    """What is wrong with a request beyond its shape."""
    leads = request.leads
    if len(leads) > max_leads:
        text = f"must hold at most {max_leads:,} leads, got {len(leads):,}; send them in parts"
        raise InvalidRequestError([FieldError(field="leads", message=text)])
    errors = []
    if request.as_of is not None and request.as_of > now + TOLERANCE:
        errors.append(FieldError(field="as_of", message="must not lie in the future"))
    seen: dict[str, int] = {}
    for k, lead in enumerate(leads):
        first = seen.setdefault(lead.lead_id, k)
        if first != k:
            text = f"must be unique within the request, but leads[{first}] has the same"
            errors.append(FieldError(field=f"leads[{k}].lead_id", message=text))
        if dated and lead.created_at is None:
            errors.append(FieldError(field=f"leads[{k}].created_at", message="must be given"))
    return errors


def _given(value: Scalar, unknown: set[str]) -> Scalar:
    """A value, or None where its text says "not known"."""
    if isinstance(value, str) and (value in unknown or not value.strip()):
        return None
    return value


def _numbers(given: Sequence[Scalar], column: str) -> tuple[pd.Series, list[FieldError]]:
    """A numeric attribute as float64, NaN where missing, and the fields that are no numbers."""
    numbers = np.full(len(given), np.nan)
    errors = []
    for k, value in enumerate(given):
        if value is None:
            continue
        number = _number(value)
        if number is None:
            path = field_path(("leads", k, "attributes", column))
            errors.append(FieldError(field=path, message="must be a number"))
        else:
            numbers[k] = number
    return pd.Series(numbers), errors


def _number(value: Scalar) -> float | None:
    """A finite number within `LARGEST`, also from text; None where it is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return None
        value = float(value)
    return float(value) if math.isfinite(value) and abs(value) <= LARGEST else None


def _tables(
    leads: Sequence[LeadIn], attributes: dict[str, pd.Series], as_of: datetime, scorer: Scorer
) -> Tables:
    """The leads as the tables that features are built from."""
    clock = scorer.model.card["clock"]
    created = [lead.created_at or as_of for lead in leads]
    if clock == "days":
        created = [_midnight(moment) for moment in created]
    consent = {True: 1.0, False: 0.0, None: np.nan}
    frame = pd.DataFrame(
        {
            "lead_id": pd.Series([lead.lead_id for lead in leads], dtype="str"),
            "created_at": _times(created),
            "account_id": pd.Series([lead.account_id for lead in leads], dtype="str"),
            "consent": np.array([consent[lead.consent] for lead in leads]),
            **attributes,
        }
    )
    _, history, spend = _nothing()
    outcomes = _outcomes(leads, as_of)
    end = _times([as_of])[0]
    return Tables(frame, _events(leads), outcomes, history, spend, end, clock)


def _outcomes(leads: Sequence[LeadIn], as_of: datetime) -> pd.DataFrame:
    """What leads have reached, as outcomes just before as_of."""
    reached = [(lead.lead_id, lead.reached) for lead in leads if lead.reached is not None]
    if not reached:
        return _nothing()[0]
    return pd.DataFrame(
        {
            "lead_id": _text([lead_id for lead_id, _ in reached]),
            "outcome": _text([outcome for _, outcome in reached]),
            "closed_at": _times([as_of - _MICROSECOND] * len(reached)),
            "amount": np.full(len(reached), np.nan),
        }
    )


@cache
def _nothing() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables a request does not bring: outcomes, history of attributes, spend."""
    text, time, number = _text([]), _times([]), np.zeros(0)
    return (
        pd.DataFrame({"lead_id": text, "outcome": text, "closed_at": time, "amount": number}),
        pd.DataFrame({"lead_id": text, "valid_from": time}),
        pd.DataFrame({"source": text, "month": time, "cost": number}),
    )


def _events(leads: Sequence[LeadIn]) -> pd.DataFrame:
    """The events of all leads: lead_id, occurred_at, event_type, value, known_at."""
    events = [(lead.lead_id, event) for lead in leads for event in lead.events]
    occurred = [event.occurred_at for _, event in events]
    known = [max(event.occurred_at, event.recorded_at or event.occurred_at) for _, event in events]
    values = [np.nan if event.value is None else event.value for _, event in events]
    return pd.DataFrame(
        {
            "lead_id": _text([lead_id for lead_id, _ in events]),
            "occurred_at": _times(occurred),
            "event_type": _text([event.event_type.strip() for _, event in events]),
            "value": np.array(values, dtype=np.float64),
            "known_at": _times(known),
        }
    )


def _text(values: list[str]) -> "pd.Series[str]":
    return pd.Series(values, dtype="str")


def _times(moments: list[datetime]) -> pd.DatetimeIndex:
    """Aware moments as UTC times of microseconds."""
    since = [(moment - _EPOCH) // _MICROSECOND for moment in moments]
    return pd.DatetimeIndex(np.array(since, dtype=np.int64).astype("datetime64[us]"), tz="UTC")


def _midnight(moment: datetime) -> datetime:
    """The midnight (UTC) at or before a moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _before(leads: Sequence[LeadIn]) -> pd.DataFrame | None:
    """The last answers that a request brings, as a table of scores."""
    known = [(lead.lead_id, lead.previous) for lead in leads if lead.previous is not None]
    if not known:
        return None
    rows = [{"lead_id": lead_id, **previous.model_dump()} for lead_id, previous in known]
    return pd.DataFrame(rows, dtype="object")


def _missing(attributes: dict[str, pd.Series], n: int) -> list[list[str]]:
    absent = {name: values.isna().to_numpy() for name, values in attributes.items()}
    return [[name for name, away in absent.items() if away[k]] for k in range(n)]


def _warnings(lead: LeadIn, columns: set[str], declared: set[str], as_of: datetime) -> list[str]:
    """What a lead brings that the model does not use."""
    said = []
    unused = [name for name in lead.attributes if name not in columns]
    if unused:
        verb = "attribute {} is" if len(unused) == 1 else "attributes {} are"
        said.append(f"{verb.format(_named(unused))} not used by this model")
    strange = Counter(e.event_type for e in lead.events if e.event_type.strip() not in declared)
    if strange:
        said.append(
            f"{_events_are(strange.total())} not used: the model knows no {_named(strange)}"
        )
    late = sum(max(e.occurred_at, e.recorded_at or e.occurred_at) >= as_of for e in lead.events)
    if late:
        said.append(f"{_events_are(late)} not used: known only at or after as_of")
    return said


def _without_colleagues(leads: Sequence[LeadIn], catalog: Catalog) -> list[list[str]]:
    """Says of leads without a colleague in the request that the model would look at them."""
    asked = any(feature.noun.scope == "account" for feature in catalog.features)
    at_account = Counter(lead.account_id for lead in leads)
    text = "this model looks at the whole account, and no colleague is in the request"
    return [
        [text] if asked and (lead.account_id is None or at_account[lead.account_id] < 2) else []
        for lead in leads
    ]


def _events_are(count: int) -> str:
    return "1 event is" if count == 1 else f"{count:,} events are"


def _named(names: Iterable[str]) -> str:
    """The first names, sorted; the rest counted."""
    ordered = sorted(names)
    shown = ", ".join(f"'{short(name)}'" for name in ordered[:MOST_NAMES])
    more = len(ordered) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
