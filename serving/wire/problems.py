"""What does a client hear when something is wrong? RFC 9457 problems that name the field.

A problem never echoes what was sent: a value may be personal, and NaN is no JSON. `describe` turns
any exception into a problem, `respond` a problem into an answer; what nobody foresaw is caught in
`serving.web.boundary`.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from leadml.errors import LeadmlError, ModelError, RegistryError
from serving.wire.schemas import OURS, FieldError, Problem

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
LONGEST_NAME = 60
"""A name that a client chose is cut to so many characters."""

REF = "#/components/schemas/{model}"
"""How the documentation refers to a shape."""

_MEANINGS = {
    400: "The body is no JSON.",
    401: "No key was sent, or one that is not known.",
    403: "The key is not for this.",
    404: "There is no such lead, model version or source of leads; the problem says which.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is of another type than JSON.",
    422: "A field cannot be used; the problem names it.",
    429: "Too many requests are under way; Retry-After says when to come back.",
    500: "Something went wrong that is no fault of the request.",
    503: "There is no model yet, or the answer took too long; the problem says which.",
}
"""What the documentation says of a status."""

_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Phrases of RFC 9110 that Python 3.11 still calls by their old names."""

_MESSAGES = {
    OURS: "{msg}",
    "missing": "must be given",
    "extra_forbidden": "is not a known field",
    "unexpected_keyword_argument": "is not a known field",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters",
    "string_pattern_mismatch": "must not be blank",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "too_short": "must hold at least {min_length}",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "dataclass_type": "must be an object",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
}
"""What a kind of validation error is called; no message holds the value."""


class InvalidRequestError(LeadmlError):
    """A request that cannot be scored as it is, with every field that is wrong."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(
            "; ".join(f"{error.field} {error.message}" for error in errors[:MOST_ERRORS])
        )
        self.errors = tuple(errors)


def field_path(location: Iterable[str | int]) -> str:
    """Where in a request something is.

    >>> field_path(("leads", 3, "events", 0, "occurred_at"))
    'leads[3].events[0].occurred_at'
    """
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{short(part)}"
    return path.removeprefix(".") or "body"


def short(name: str) -> str:
    """A name that a client chose, cut where it is too long to be one."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """The errors of pydantic in our words."""
    return [FieldError(field=field_path(e["loc"]), message=_message(e)) for e in errors]


def _message(error: Mapping[str, Any]) -> str:
    template = _MESSAGES.get(error["type"], "is not valid")
    return template.format(msg=error["msg"], **error.get("ctx", {}))


def describe(error: Exception) -> Problem:
    """Any exception as a problem; one that nobody foresaw says nothing of itself."""
    match error:
        case InvalidRequestError():
            return _listed(error.errors)
        case RequestValidationError():
            parts = [{**e, "loc": e["loc"][1:]} for e in error.errors()]
            return _listed(field_errors(parts))
        case HTTPException():
            status, detail = error.status_code, str(error.detail)
        case RegistryError() | ModelError():
            status, detail = 503, str(error)
        case LeadmlError():
            status, detail = 422, "The request cannot be scored as it is."
        case ClientDisconnect():
            status, detail = 400, "The body must be complete, but the connection ended before it."
        case _:
            status, detail = 500, "Something went wrong that is no fault of the request."
    return problem(status, detail)


def problem(status: int, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    """A problem of the given status; its title is the phrase of the status."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, errors=list(errors))


def _listed(errors: Sequence[FieldError]) -> Problem:
    said = f"The request has {len(errors):,} error{'' if len(errors) == 1 else 's'}."
    if len(errors) > MOST_ERRORS:
        said = f"{said} The first {MOST_ERRORS} are listed."
    return problem(422, said, errors[:MOST_ERRORS])


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the documentation tells of the problems that a route may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


def respond(error: Exception) -> Response:
    """The problem of an exception, as a response."""
    said = describe(error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(said.model_dump_json(), said.status, headers, media_type=MEDIA_TYPE)


async def _handle(_: Request, error: Exception) -> Response:
    return respond(error)


def add_problems(app: FastAPI) -> None:
    """Makes ``app`` answer every error with a problem."""
    for kind in (HTTPException, RequestValidationError, LeadmlError, ClientDisconnect):
        app.add_exception_handler(kind, _handle)
