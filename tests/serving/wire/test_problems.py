"""What a client hears when something is wrong."""

from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from leadml.errors import DataError, ModelError, RegistryError
from leadml.service import Serving
from serving.web.boundary import add_boundary
from serving.wire.problems import (
    MOST_ERRORS,
    InvalidRequestError,
    add_problems,
    describe,
    field_path,
    problem_responses,
)
from serving.wire.schemas import FieldError

SECRET = "jane@example.com"


def client_of(error: Exception) -> TestClient:
    """A client of an app with one route that fails, and one that takes a number."""
    app = FastAPI()
    add_problems(app)
    add_boundary(app, Serving())

    @app.get("/fails")
    async def fails() -> None:
        raise error

    @app.get("/counts")
    async def counts(n: Annotated[int, Query()]) -> int:
        return n

    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (RegistryError("There is no champion."), 503, "There is no champion."),
        (ModelError("The model is damaged."), 503, "The model is damaged."),
        (DataError(f"got {SECRET}"), 422, "The request cannot be scored as it is."),
        (HTTPException(415, "Send JSON."), 415, "Send JSON."),
        (ValueError(SECRET), 500, "Something went wrong that is no fault of the request."),
    ],
)
def test_every_error_becomes_a_problem(error, status, detail):
    response = client_of(error).get("/fails")
    assert response.status_code == response.json()["status"] == status
    assert response.json()["detail"] == detail
    assert response.headers["content-type"] == "application/problem+json"
    assert SECRET not in response.text


def test_a_connection_that_ends_early_is_no_fault_of_ours():
    assert describe(ClientDisconnect()).status == 400


def test_a_query_that_cannot_be_used_is_named_without_its_value():
    response = client_of(ValueError()).get("/counts", params={"n": SECRET})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "n", "message": "must be a whole number"}]
    assert SECRET not in response.text


def test_headers_of_an_error_are_kept():
    response = client_of(ValueError()).post("/fails")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("count", [1, MOST_ERRORS, MOST_ERRORS + 1, 5000])
def test_at_most_twenty_errors_are_listed_and_all_are_counted(count):
    errors = [FieldError(field=f"leads[{k}]", message="must be an object") for k in range(count)]
    said = describe(InvalidRequestError(errors))
    assert said.errors == errors[:20]
    assert said.detail.startswith(f"The request has {count:,} error")
    assert said.detail.endswith("listed.") == (count > 20)


def test_titles_are_the_phrases_of_today():
    titles = {status: describe(HTTPException(status)).title for status in (400, 413, 422, 503)}
    assert titles == {
        400: "Bad Request",
        413: "Content Too Large",
        422: "Unprocessable Content",
        503: "Service Unavailable",
    }


def test_a_path_names_list_places_and_cuts_names_that_are_too_long():
    assert field_path(()) == "body"
    assert field_path((0, "a")) == "[0].a"
    assert field_path(("attributes", "x" * 1000)) == f"attributes.{'x' * 59}…"


def test_the_documentation_has_a_meaning_for_each_status():
    told = problem_responses(401, 429)
    assert list(told) == [401, 429]
    assert "Retry-After" in told[429]["description"]
    assert told[401]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
