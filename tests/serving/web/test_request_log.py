"""What the log says of requests: one line of JSON each, and nobody's data."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from leadml.service import Serving
from serving.models.source import Fixed
from serving.web.app import create_app
from serving.web.request_log import LOT, WAIT_SECONDS, Handled, RequestLog, line_of, pseudonym
from tests.serving.waiting import until_ready

PERSON = "jane@example.com"
NOON = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)


def handled(**changes) -> Handled:
    given = {
        "request_id": "r-1",
        "method": "POST",
        "route": "/v1/score",
        "status": 200,
        "seconds": 0.0012345,
        "leads": 3,
        "caller": "crm",
        "version": "7",
        "lead": None,
    }
    return Handled(**{**given, **changes})


def lines(caplog) -> list[dict]:
    """The lines of requests."""
    own = [r for r in caplog.records if r.name == "serving.web.request_log"]
    return [json.loads(line) for r in own for line in r.getMessage().splitlines()]


def test_a_line_tells_the_request():
    assert json.loads(line_of(NOON, handled())) == {
        "time": "2026-05-06T12:30:00.000Z",
        "level": "info",
        "logger": "serving.web.request_log",
        "message": "request",
        "request_id": "r-1",
        "method": "POST",
        "route": "/v1/score",
        "status": 200,
        "ms": 1.23,
        "leads": 3,
        "caller": "crm",
        "version": "7",
        "lead": None,
    }


def test_our_faults_are_errors_and_those_of_others_are_not():
    levels = {
        s: json.loads(line_of(NOON, handled(status=s)))["level"] for s in (200, 422, 429, 500)
    }
    assert levels == {200: "info", 422: "info", 429: "info", 500: "error"}


@given(st.text(), st.text())
def test_whatever_a_line_holds_is_one_line_of_json(version, caller):
    line = line_of(NOON, handled(version=version, caller=caller))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["version"] == version


def test_a_lot_is_written_when_it_is_full_and_the_rest_after_a_moment(caplog):
    caplog.set_level(logging.INFO, logger="serving")
    moments = iter(NOON + timedelta(seconds=k) for k in range(1000))

    async def work() -> None:
        log = RequestLog(lambda: next(moments))
        for k in range(LOT + 3):
            log.add(handled(leads=k))
        assert len(caplog.records) == 1
        assert len(lines(caplog)) == LOT
        await asyncio.sleep(2 * WAIT_SECONDS)
        assert len(caplog.records) == 2

    asyncio.run(work())
    assert [line["leads"] for line in lines(caplog)] == list(range(LOT + 3)), "in order, none twice"
    assert lines(caplog)[5]["time"] == "2026-05-06T12:30:05.000Z"


def test_what_waits_is_written_at_the_end(scorer, caplog, monkeypatch):
    monkeypatch.setattr("serving.web.request_log.WAIT_SECONDS", 600)
    caplog.set_level(logging.INFO, logger="serving.web.request_log")
    with TestClient(create_app(Serving(), Fixed(scorer)), base_url="http://localhost") as client:
        client.get("/healthz")
        assert "serving.web.request_log" not in {record.name for record in caplog.records}
    assert [line["route"] for line in lines(caplog)] == ["/healthz"]


def test_a_line_tells_nothing_of_what_was_sent(scorer, caplog):
    caplog.set_level(logging.INFO, logger="serving")
    lead = {
        "lead_id": PERSON,
        "created_at": "2025-05-01",
        "attributes": {"industry": "Zorbology", "employees": 98765, PERSON: PERSON},
        "events": [{"event_type": "teleported", "occurred_at": "2025-05-02T09:00:00Z"}],
    }
    with TestClient(create_app(Serving(), Fixed(scorer)), base_url="http://localhost") as client:
        until_ready(lambda: client.get("/readyz"))
        for body in ({"leads": [lead]}, {"leads": [{**lead, "created_at": PERSON}]}, {PERSON: 1}):
            client.post(f"/v1/score?name={PERSON}", json=body, headers={"User-Agent": PERSON})
        client.post("/v1/score", content=PERSON.encode(), headers={"X-API-Key": PERSON})
        client.get(f"/people/{PERSON}")
        client.get("/v1/leads", headers={"Authorization": f"Bearer {PERSON}"})
    told = [line for line in lines(caplog) if line["route"] != "/readyz"]
    assert [line["status"] for line in told][3:] == [415, 404, 404]
    assert told[0]["version"] == "1"
    assert told[0]["leads"] == 1
    for word in (PERSON, "jane", "Zorbology", "98765", "teleported", "2025-05"):
        assert word not in caplog.text


@given(st.text(), st.text(), st.binary(min_size=1), st.binary(min_size=1))
def test_a_pseudonym_is_short_stable_and_of_one_lead_and_salt(one, other, salt, pepper):
    made = pseudonym(one, salt)
    assert made == pseudonym(one, salt)
    assert len(made) == 16
    assert (made == pseudonym(other, salt)) == (one == other)
    if salt.rstrip(b"\0") != pepper.rstrip(b"\0"):
        assert made != pseudonym(one, pepper)
