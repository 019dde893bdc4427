"""What a request may hold, field by field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from serving.wire.problems import InvalidRequestError
from serving.wire.requests import parse_request
from serving.wire.schemas import REQUEST_EXAMPLE, RESPONSE_EXAMPLE, ScoreRequest, ScoreResponse

EVENT = {"event_type": "demo_request", "occurred_at": "2026-05-03T09:00:00Z"}


def parse(lead: dict[str, Any] | None = None, **request: Any) -> ScoreRequest:
    own = {"lead_id": "a", **(lead or {})}
    return parse_request(json.dumps({"leads": [own], **request}).encode()).request


def errors_of(lead: dict[str, Any] | None = None, **request: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as caught:
        parse(lead, **request)
    return [(error.field, error.message) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-01", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-07-01T09:30Z", datetime(2026, 7, 1, 9, 30, tzinfo=UTC)),
        ("2026-07-01t09:30:15z", datetime(2026, 7, 1, 9, 30, 15, tzinfo=UTC)),
        ("2026-07-01 09:30:15+02:00", datetime(2026, 7, 1, 7, 30, 15, tzinfo=UTC)),
        ("2026-07-01T09:30:15.1234567Z", datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_or_a_time_with_its_zone(text, moment):
    assert parse({"created_at": text}).leads[0].created_at == moment


@pytest.mark.parametrize(
    "value",
    [
        "2026-07-01T09:30:00",
        "yesterday",
        "",
        "20260701",
        "2026-W27-3",
        "2026-02-30",
        1782864000,
        "1782864000",
        "2026-07-01T24:30Z",
        "2026-07-01T09:30:00+25:00",
        True,
        [],
        "٢٠٢٦-07-01",
    ],
)
def test_what_is_no_moment_is_refused(value):
    ((field, message),) = errors_of({"created_at": value})
    assert field == "leads[0].created_at"
    assert message.startswith("must be a date or a time with its zone")


@pytest.mark.parametrize("value", ["0001-01-01", "0001-01-01T00:00:00+14:00", "2200-01-01"])
def test_a_moment_that_no_lead_can_have_is_refused(value):
    text = (
        "must be a date or a time with its zone, after 1900 and before 2200, "
        "like 2026-07-01 or 2026-07-01T09:30:00+02:00"
    )
    assert errors_of({"created_at": value}) == [("leads[0].created_at", text)]


@pytest.mark.parametrize(
    ("lead", "field", "message"),
    [
        ({"lead_id": 7}, "lead_id", "must be text"),
        ({"lead_id": ""}, "lead_id", "must not be empty"),
        ({"lead_id": "  "}, "lead_id", "must not be blank"),
        ({"lead_id": "x" * 201}, "lead_id", "must be at most 200 characters"),
        ({"consent": "yes"}, "consent", "must be true or false"),
        ({"consent": 1}, "consent", "must be true or false"),
        ({"phone": "1"}, "phone", "is not a known field"),
        ({"attributes": []}, "attributes", "must be an object"),
        (
            {"attributes": {"a": [1]}},
            "attributes.a",
            "must be text, a number, true, false or null",
        ),
        ({"attributes": {"a": 1e16}}, "attributes.a", "must be a finite number of at most 1e+15"),
        ({"previous": "sql"}, "previous", "must be an object"),
        ({"previous": {"engagement_grade": 0}}, "previous.engagement_grade", "must be at least 1"),
        ({"previous": {"engagement_grade": 5}}, "previous.engagement_grade", "must be at most 4"),
        ({"previous": {"score": 1}}, "previous.score", "is not a known field"),
        ({"events": {}}, "events", "must be a list"),
        ({"events": [3]}, "events[0]", "must be an object"),
        ({"events": [{**EVENT, "event_type": ""}]}, "events[0].event_type", "must not be empty"),
        ({"events": [{**EVENT, "value": "3"}]}, "events[0].value", "must be a number"),
        ({"events": [{**EVENT, "value": True}]}, "events[0].value", "must be a number"),
        ({"events": [{**EVENT, "value": 1e16}]}, "events[0].value", "must be at most 1e+15"),
        ({"events": [{**EVENT, "valeu": 1}]}, "events[0].valeu", "is not a known field"),
        ({"events": [{"event_type": "x"}]}, "events[0].occurred_at", "must be given"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(lead, field, message):
    assert errors_of(lead) == [(f"leads[0].{field}", message)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "must be at least 0"),
        (21, "must be at most 20"),
        ("3", "must be a whole number"),
        (2.5, "must be a whole number"),
        (None, "must be a whole number"),
    ],
)
def test_explain_is_a_whole_number_up_to_twenty(value, message):
    assert errors_of(explain=value) == [("explain", message)]


def test_a_request_without_leads_is_told_so():
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(b'{"lead": []}')
    assert [(e.field, e.message) for e in caught.value.errors] == [
        ("leads", "must be given"),
        ("lead", "is not a known field"),
    ]


def test_null_and_absent_are_alike_where_a_field_is_optional():
    names = ("created_at", "account_id", "consent", "previous")
    assert parse(dict.fromkeys(names)).leads == parse().leads
    assert parse(as_of=None).as_of is None


def test_of_a_key_that_stands_twice_the_last_counts():
    body = b'{"leads": [{"lead_id": "a", "lead_id": "b"}]}'
    assert parse_request(body).request.leads[0].lead_id == "b"


def test_the_examples_of_the_documentation_are_of_the_documented_shape():
    assert parse_request(json.dumps(REQUEST_EXAMPLE).encode())
    parsed = ScoreResponse.model_validate_json(json.dumps(RESPONSE_EXAMPLE))
    assert json.loads(parsed.model_dump_json()) == RESPONSE_EXAMPLE
