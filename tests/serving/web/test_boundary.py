"""What every request passes: its number, its headers, its line, and the net below."""

import logging
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response
from starlette.testclient import TestClient

from leadml.service import Key, Serving, sha256_of
from serving.web.boundary import add_boundary
from serving.web.request_log import Handled, pseudonym
from serving.wire.problems import add_problems

SECRET = "jane@example.com"
PLAIN = "k" * 40
ORIGIN = "https://crm.example.com"


class Place:
    """An app with a boundary, and what was told of its requests."""

    def __init__(self, **settings) -> None:
        self.app = FastAPI()
        self.begun = 0
        self.told: list[Handled] = []
        add_problems(self.app)
        add_boundary(
            self.app, Serving(**settings), on_begin=(self.begin,), on_end=(self.told.append,)
        )
        self.client = TestClient(self.app, base_url="http://localhost")

        @self.app.get("/v1/leads/{lead_id}")
        async def lead(lead_id: str, request: Request) -> str:
            request.state.lead_id = lead_id
            request.state.n_leads = 1
            request.state.version = "7"
            return request.state.request_id

        @self.app.get("/v1/fails")
        async def fails() -> None:
            raise ValueError(SECRET)

        @self.app.get("/v1/own")
        async def own() -> Response:
            headers = {"Cache-Control": "max-age=60", "Content-Security-Policy": "default-src *"}
            return Response("own", headers=headers)

    def begin(self) -> None:
        self.begun += 1


@pytest.fixture
def place() -> Iterator[Place]:
    own = Place()
    with own.client:
        yield own


# The number.


def test_a_request_without_an_id_gets_one_of_its_own(place):
    answers = [place.client.get("/v1/leads/a") for _ in range(100)]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 100
    assert all(re.fullmatch(r"[0-9a-f]{16}-\d+", each) for each in ids)
    assert [answer.json() for answer in answers] == ids, "routes know it too"
    assert [each.request_id for each in place.told] == ids
    other = Place().client.get("/v1/leads/a").headers["x-request-id"]
    assert other not in ids, "another process counts from another start"


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "a.b_c-d", "x" * 64])
def test_a_well_formed_id_is_kept(place, sent):
    answer = place.client.get("/nope", headers={"X-Request-Id": sent})
    assert answer.headers["x-request-id"] == place.told[0].request_id == sent


@pytest.mark.parametrize("sent", ["", SECRET, "x" * 65, "-a", "a b", "a;b", "a\tb", "é"])
def test_an_id_that_could_be_anything_is_replaced(place, sent):
    answer = place.client.get("/nope", headers={"X-Request-Id": sent.encode("latin-1")})
    assert answer.headers["x-request-id"] != sent
    assert place.told[0].request_id == answer.headers["x-request-id"]


# The headers.


@pytest.mark.parametrize("path", ["/v1/leads/a", "/v1/fails", "/nope"])
def test_every_answer_says_how_browsers_may_treat_it(place, path):
    headers = place.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_what_a_route_says_itself_is_kept(place):
    headers = place.client.get("/v1/own").headers
    assert headers.get_list("cache-control") == ["max-age=60"]
    assert headers.get_list("content-security-policy") == ["default-src *"]
    assert headers["x-content-type-options"] == "nosniff"


def test_refusals_of_the_boundary_have_the_headers_too():
    headers = Place(keys=(Key("a", sha256_of(PLAIN)),)).client.get("/v1/own").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]


# Other origins.


def preflight(place: Place, origin: str) -> Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return place.client.options("/v1/score", headers=asked)


def test_no_other_origin_is_let_in_unless_it_is_named():
    assert "access-control-allow-origin" not in preflight(Place(), ORIGIN).headers
    named = Place(cors_origins=(ORIGIN,), keys=(Key("a", sha256_of(PLAIN)),))
    allowed = preflight(named, ORIGIN)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "access-control-allow-credentials" not in allowed.headers
    other = preflight(named, "https://evil.example")
    assert (other.status_code, other.headers.get("access-control-allow-origin")) == (400, None)


def test_a_page_that_is_let_in_can_read_refusals():
    named = Place(cors_origins=(ORIGIN,), keys=(Key("a", sha256_of(PLAIN)),))
    refused = named.client.get("/v1/own", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in refused.headers["access-control-expose-headers"]


# What is told afterwards.


def test_a_request_is_told_by_its_route_and_its_caller():
    place = Place(keys=(Key("crm", sha256_of(PLAIN)),), log_salt="pepper")
    place.client.get(f"/v1/leads/{SECRET}?name={SECRET}", headers={"X-API-Key": PLAIN})
    (told,) = place.told
    assert (told.method, told.route, told.status) == ("GET", "/v1/leads/{lead_id}", 200)
    assert (told.caller, told.version, told.leads) == ("crm", "7", 1)
    assert told.lead == pseudonym(SECRET, b"pepper")
    assert 0 < told.seconds < 10
    assert place.begun == 1


def test_a_lead_cannot_be_told_from_its_pseudonym_without_the_salt():
    one, other = Place(), Place()
    for place in (one, one, other):
        place.client.get("/v1/leads/a")
    assert one.told[0].lead == one.told[1].lead != other.told[0].lead


def test_a_request_that_reaches_no_route_is_told_too():
    place = Place(keys=(Key("crm", sha256_of(PLAIN)),))
    place.client.get(f"/people/{SECRET}")
    place.client.request("JANE", "/v1/own")
    assert [(t.method, t.route, t.status) for t in place.told] == [
        ("GET", "-", 401),
        ("-", "-", 401),
    ]
    assert (place.told[0].caller, place.told[0].lead, place.begun) == (None, None, 2)


# The net.


def test_what_nobody_foresaw_is_logged_with_its_place_but_not_its_text(place, caplog):
    caplog.set_level(logging.INFO, logger="serving")
    answer = place.client.get("/v1/fails", headers={"X-Request-Id": "mine"})
    assert answer.status_code == answer.json()["status"] == place.told[0].status == 500
    assert SECRET not in answer.text
    assert "unforeseen ValueError" in caplog.text
    assert "raise ValueError(SECRET)" in caplog.text, "the line, not what it said"
    assert caplog.records[0].args["request_id"] == "mine"
    assert SECRET not in caplog.text


def test_an_answer_that_breaks_off_is_not_answered_twice():
    place = Place()

    @place.app.get("/v1/breaks")
    async def breaks() -> Response:
        from starlette.responses import StreamingResponse

        async def parts():
            yield b"one"
            raise ValueError(SECRET)

        return StreamingResponse(parts())

    with pytest.raises(ValueError, match=SECRET):
        place.client.get("/v1/breaks")
    assert [told.status for told in place.told] == [200]
