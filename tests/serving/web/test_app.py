"""The app, from the outside: what is asked, what is answered, what is refused."""

import dataclasses
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from leadml.errors import RegistryError
from leadml.policy import Stage
from leadml.service import Serving
from serving.models.source import Fixed, Source
from serving.scorer import Scorer
from serving.web.app import build_openapi, create_app
from serving.wire.schemas import REQUEST_EXAMPLE
from tests.serving.sources import Loading

NOW = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden" / "openapi.json"

SIGNAL = "this model has no usable signal: do not rank by it"

Ask = Callable[..., Any]


def at_noon(settings: Serving, source: Source) -> FastAPI:
    """An app whose clock stands still."""
    return create_app(settings, source, clock=lambda: NOW)


@contextmanager
def running(app: FastAPI) -> Iterator[TestClient]:
    """A client of an app, once its model is there."""
    with TestClient(app, base_url="http://localhost") as client:
        ready = eventually(client, 200)
        assert ready.status_code == 200, ready.text
        yield client


def eventually(client: TestClient, status: int) -> Any:
    """What /readyz answers once its status is as wanted, or after ten seconds."""
    for _ in range(1000):
        response = client.get("/readyz")
        if response.status_code == status:
            break
        time.sleep(0.01)
    return response


@pytest.fixture(scope="module")
def client_of_crossing(crossing: Scorer) -> Iterator[TestClient]:
    """A client of a model of several horizons whose maps cross, the main one bent."""
    with running(at_noon(Serving(), Fixed(crossing))) as client:
        yield client


@pytest.fixture(scope="module")
def client(scorer: Scorer) -> Iterator[TestClient]:
    with running(at_noon(Serving(), Fixed(scorer))) as client:
        yield client


def lead(**changes: Any) -> dict[str, Any]:
    return {
        "lead_id": "a",
        "created_at": "2026-05-01T08:00:00Z",
        "attributes": {"industry": "Software", "employees": 120},
        "events": [
            {"event_type": "pricing_page_view", "occurred_at": "2026-05-02T09:00:00Z"},
            {"event_type": "demo_request", "occurred_at": "2026-05-03T09:00:00Z"},
        ],
        **changes,
    }


def many(count: int) -> list[dict[str, Any]]:
    levels = ("Software", "Retail", "Health", "Zorb")
    return [
        lead(
            lead_id=f"L{k}",
            attributes={"industry": levels[k % 4], "employees": 3.7 * k + 1},
            events=lead()["events"] * (k % 5),
        )
        for k in range(count)
    ]


def answer_of(client: TestClient, *leads: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = client.post("/v1/score", json={"leads": list(leads), **more})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def scores_of(client: TestClient, *leads: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = answer_of(client, *leads, **more)
    assert answer["problems"] == []
    found: list[dict[str, Any]] = answer["scores"]
    return found


def one(client: TestClient, **changes: Any) -> dict[str, Any]:
    return scores_of(client, lead(**changes))[0]


def problem_of(client: TestClient, status: int, **request: Any) -> dict[str, Any]:
    """The problem of a request that is refused: always of the same shape, never with a value."""
    request.setdefault("headers", {"content-type": "application/json"})
    response = client.post("/v1/score", **request)
    found: dict[str, Any] = response.json()
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "errors"} == set(found)
    assert found["status"] == status
    return found


def refused(client: TestClient, *leads: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    found = problem_of(client, 422, content=json.dumps({"leads": list(leads), **more}))
    return [(error["field"], error["message"]) for error in found["errors"]]


# What is answered.


def test_a_lead_gets_a_probability_within_its_interval_a_stage_and_reasons(client):
    response = client.post("/v1/score", json={"leads": [lead()]})
    answered = response.json()
    assert answered["model"] == {
        "name": "lead-scorer",
        "version": "1",
        "horizon_days": 30,
        "outcome": "closed_won",
    }
    assert answered["as_of"] == "2026-05-06T12:30:00Z"
    (score,) = answered["scores"]
    assert 0 < score["lower"] < score["probability"] < score["upper"] < 1
    assert score["fit_grade"] in "ABCD"
    assert score["engagement_grade"] in {1, 2, 3, 4}
    assert score["stage"] in get_args(Stage)
    assert len(score["reasons"]) == 3
    assert set(score["reasons"][0]) == {"text", "group", "effect", "feature"}
    assert (score["unscored_reason"], score["missing"], score["warnings"]) == (None, [], [])


def test_one_lead_scores_to_the_bit_as_it_does_in_a_batch(client):
    leads = many(60)
    batch = scores_of(client, *leads, explain=20)
    assert [scores_of(client, each, explain=20)[0] for each in leads] == batch


def test_a_batch_scored_in_a_thread_equals_one_scored_on_the_loop(client):
    leads = many(600)
    assert len(json.dumps(leads)) > 2 * 64 * 1024
    large = scores_of(client, *leads)
    assert scores_of(client, *leads[:20]) == large[:20]


def test_the_order_of_leads_and_events_changes_nothing_but_the_order_of_scores(client):
    leads = many(20)
    turned = [{**each, "events": each["events"][::-1]} for each in leads[::-1]]
    assert scores_of(client, *turned) == scores_of(client, *leads)[::-1]


def test_an_event_at_exactly_as_of_changes_nothing_and_is_warned_of(client):
    at = {"event_type": "demo_request", "occurred_at": "2026-05-06T12:30:00Z"}
    before = {"event_type": "demo_request", "occurred_at": "2026-05-06T12:29:59.999999Z"}
    plain = one(client)
    late = one(client, events=[*lead()["events"], at])
    assert late.pop("warnings") == ["1 event is not used: known only at or after as_of"]
    assert plain.pop("warnings") == []
    assert late == plain
    assert one(client, events=[*lead()["events"], before])["probability"] != plain["probability"]


def test_an_event_counts_from_when_it_was_recorded(client):
    known_late = {**lead()["events"][1], "recorded_at": "2026-05-06T12:30:00Z"}
    score = one(client, events=[lead()["events"][0], known_late])
    assert score["probability"] == one(client, events=lead()["events"][:1])["probability"]


def test_explain_says_how_many_reasons(client):
    counts = [len(scores_of(client, lead(), explain=n)[0]["reasons"]) for n in (0, 1, 20)]
    assert counts[:2] == [0, 1]
    assert counts[2] > 3


def test_text_that_is_a_number_counts_as_one(client):
    assert one(client, attributes={"industry": "Software", "employees": " 1.2e2 "}) == one(client)


def test_texts_that_meant_not_known_in_training_mean_it_here(client):
    given = one(client, attributes={"industry": "N/A", "employees": ""})
    assert given["missing"] == ["employees", "industry"]
    assert given == one(client, attributes={})


def test_a_lead_without_consent_is_unscored_and_says_why(client):
    score = one(client, consent=False)
    assert score["unscored_reason"] == "no consent"
    kept = ("probability", "lower", "upper", "fit_grade", "engagement_grade", "track")
    assert [score[name] for name in kept] == [None] * 6
    assert score["reasons"] == score["needs_met"] == score["needs_missing"] == []
    assert (score["stage"], score["action"]) == ("disqualified", "remove")
    assert score["blocked_by"] == "no consent"


def test_a_moment_counts_whatever_zone_it_is_written_in(client):
    elsewhere = lead(created_at="2026-05-01T10:00:00+02:00")
    assert scores_of(client, elsewhere) == scores_of(client, lead())


def test_a_model_that_knows_days_looks_from_midnight(scorer):
    card = {**scorer.model.card, "clock": "days"}
    daily = Scorer.of(dataclasses.replace(scorer.model, card=card), "1")
    with running(at_noon(Serving(), Fixed(daily))) as client:
        today = one(client, created_at="2026-05-06T09:00:00Z", events=[])
    assert today["as_of"] == "2026-05-06T00:00:00Z"
    assert today["unscored_reason"] is None


def test_a_model_without_dates_asks_for_none(scorer):
    card = {**scorer.model.card, "clock": "none"}
    undated = Scorer.of(dataclasses.replace(scorer.model, card=card), "1")
    with running(at_noon(Serving(), Fixed(undated))) as client:
        (score,) = scores_of(client, {"lead_id": "a", "attributes": {"employees": 3}})
    assert score["probability"] is not None


def test_a_model_without_signal_says_so_with_every_score(scorer):
    card = {**scorer.model.card, "usable": False}
    useless = Scorer.of(dataclasses.replace(scorer.model, card=card), "1")
    with running(at_noon(Serving(), Fixed(useless))) as client:
        scores = scores_of(client, *many(3))
        assert client.get("/v1/model").json()["usable"] is False
        refused = one(client, consent=False)
        assert client.get("/v1/model").json()["warnings"] == [SIGNAL]
    assert [score["warnings"][0] for score in [*scores, refused]] == [SIGNAL] * 4


# What the policy decides.

EAGER = [
    *lead()["events"],
    {"event_type": "demo_request", "occurred_at": "2026-05-06T09:30:00Z"},
]


def test_a_lead_that_asked_for_a_demo_is_called_within_minutes(client, scorer):
    score = one(client, events=EAGER)
    assert (score["stage"], score["action"], score["track"]) == ("sql", "call", "sales material")
    assert (score["follow_up_minutes"], score["look_again"]) == (5, "2026-05-13T12:30:00Z")
    line = 100 * scorer.levels.sql_line
    assert score["needs_met"] == [
        "fit of grade C or better",
        f"a probability of at least {line:.3g} %",
        "an explicit request within 30 days",
    ]
    nothing = ("needs_missing", "moves_up", "blocked_by")
    assert [score[name] for name in nothing] == [[], None, None]
    assert (score["explored"], score["propensity"]) == (False, 1)


def test_a_lead_that_lacks_something_is_told_what_and_where_to(client, scorer):
    score = one(client, events=[])
    assert (score["stage"], score["action"], score["needs_met"]) == ("lead", "wait", [])
    # no event of product use is declared: nobody is told to bring it
    line = f"a probability of at least {100 * scorer.levels.mql_line:.3g} %"
    assert score["needs_missing"] == ["engagement of grade 2 or better", line]
    assert score["moves_up"] == f"mql with: engagement of grade 2 or better; {line}"
    assert score["look_again"] == "2026-08-04T12:30:00Z"


def test_a_block_is_named_and_nothing_moves_up_while_it_holds(client):
    gone = {"event_type": "unsubscribed", "occurred_at": "2026-05-06T09:30:00Z"}
    score = one(client, events=[*lead()["events"], gone])
    assert score["probability"] is not None
    assert (score["stage"], score["blocked_by"]) == ("disqualified", "unsubscribed")
    assert score["moves_up"] == "nothing while this holds: unsubscribed"
    student = one(client, attributes={**lead()["attributes"], "job_title": "Student"})
    assert (student["blocked_by"], student["warnings"]) == ("student", [])


def test_a_lead_that_was_further_keeps_what_it_nearly_has(scorer):
    """The line is moved 0.05 in log-odds above the lead; the margin is 0.1."""
    with running(at_noon(Serving(), Fixed(scorer))) as client:
        now = one(client, events=EAGER)
    assert now["stage"] == "sql"
    odds = now["probability"] / (1 - now["probability"]) * math.exp(0.05)
    levels = dataclasses.replace(scorer.levels, sql_line=odds / (1 + odds), mql_line=0.1)
    raised = dataclasses.replace(scorer, levels=levels)
    with running(at_noon(Serving(), Fixed(raised))) as client:
        anew, kept, other = (
            one(client, events=EAGER, previous=before)["stage"]
            for before in (None, {"stage": "sql"}, {"stage": "mql", "fit_grade": "A"})
        )
        leads = lead(events=EAGER, previous={"stage": "sql"}), lead(lead_id="b", events=EAGER)
        both = scores_of(client, *leads)
    assert (anew, kept, other) == ("mql", "sql", "mql")
    assert [score["stage"] for score in both] == ["sql", "mql"]


def test_the_model_says_what_each_stage_needs_and_what_holds_back(client, scorer):
    policy = client.get("/v1/model").json()["policy"]
    assert [rule["stage"] for rule in policy["rules"]] == ["sql", "mql", "iql"]
    assert policy["rules"][0]["needs"][::2] == [
        "fit of grade C or better",
        "an explicit request within 30 days",
    ]
    assert (policy["rules"][0]["action"], policy["rules"][0]["follow_up_hours"]) == ("call", 24)
    assert policy["blocks"] == ["unsubscribed", "student"]
    assert policy["unit"] == "probability"


# One model answers several horizons.


def test_a_score_answers_every_horizon_shortest_first_and_never_falls(client_of_crossing):
    scores = scores_of(client_of_crossing, *many(60))
    for score in scores:
        assert [own["days"] for own in score["within"]] == [7, 30, 60, 180]
        answers = [own["probability"] for own in score["within"]]
        assert answers == sorted(answers)
        assert answers[1] == score["probability"]
    assert any(score["within"][0]["probability"] == score["probability"] for score in scores)
    assert any(score["within"][0]["probability"] < score["probability"] for score in scores)


def test_an_unscored_lead_is_answered_within_no_horizon(client_of_crossing):
    assert one(client_of_crossing, consent=False)["within"] == []


def test_a_model_of_one_horizon_answers_that_one(scorer):
    alone = Scorer.of(dataclasses.replace(scorer.model, horizons={}), "1")
    with running(at_noon(Serving(), Fixed(alone))) as client:
        score, said = one(client), client.get("/v1/model").json()
    assert score["within"] == [{"days": 30, "probability": score["probability"]}]
    leads = scorer.model.calibration.leads
    assert leads > 0
    assert said["horizons"] == [{"days": 30, "leads": leads}]


def test_the_model_says_which_horizons_it_answers_and_from_how_many_leads(
    client_of_crossing, crossing
):
    said = client_of_crossing.get("/v1/model").json()
    assert said["horizon_days"] == 30
    assert said["horizons"] == [
        {"days": 7, "leads": 300},
        {"days": 30, "leads": crossing.model.calibration.leads},
        {"days": 60, "leads": 200},
        {"days": 180, "leads": 90},
    ]


@pytest.mark.parametrize("days", [7, 30, 60, 180])
def test_the_horizon_asked_for_is_that_of_probability_and_interval(client_of_crossing, days):
    leads = [*many(20), lead(lead_id="refused", consent=False)]
    main, asked = (answer_of(client_of_crossing, *leads, horizon=d) for d in (None, days))
    assert asked["horizon_days"] == days
    assert main["horizon_days"] == asked["model"]["horizon_days"] == 30
    for usual, score in zip(main["scores"], asked["scores"], strict=True):
        within = {each["days"]: each["probability"] for each in usual["within"]}
        assert score["probability"] == within.get(days)
        changed = {"probability", "lower", "upper"}
        assert {k: v for k, v in score.items() if k not in changed} == {
            k: v for k, v in usual.items() if k not in changed
        }
    scored = [score for score in asked["scores"] if score["probability"] is not None]
    assert len(scored) == 20
    intervals = [(score["lower"], score["upper"]) for score in scored]
    usual_ones = [(score["lower"], score["upper"]) for score in main["scores"][:-1]]
    assert all(
        lower <= score["probability"] <= upper
        for (lower, upper), score in zip(intervals, scored, strict=True)
    )
    assert (intervals == usual_ones) == (days == 30)
    assert asked["scores"][-1]["lower"] is asked["scores"][-1]["upper"] is None


def test_a_horizon_that_is_not_answered_is_refused_with_those_that_are(client_of_crossing):
    text = "must be one of 7, 30, 60, 180 days, which are answered"
    assert refused(client_of_crossing, lead(), horizon=90) == [("horizon", text)]


# What is warned of: scoring goes on.


def test_a_category_never_seen_is_warned_of_without_its_value(client):
    score = one(client, attributes={"industry": "Zorb", "employees": 120})
    assert score["probability"] is not None
    assert score["warnings"] == [
        "industry has a value that training did not see, or saw too rarely"
    ]


def test_an_event_type_never_declared_is_warned_of_and_changes_nothing(client):
    strange = {"event_type": "teleported", "occurred_at": "2026-05-03T09:00:00Z"}
    score = one(client, events=[*lead()["events"], strange, strange])
    assert score.pop("warnings") == ["2 events are not used: the model knows no 'teleported'"]
    plain = one(client)
    del plain["warnings"]
    assert score == plain


def test_attributes_the_model_does_not_use_are_warned_of(client):
    extra = {**lead()["attributes"], **{f"x{k}": k for k in range(5)}}
    assert one(client, attributes=extra)["warnings"] == [
        "attributes 'x0', 'x1', 'x2' and 2 more are not used by this model"
    ]


def test_an_emoji_and_a_long_headline_are_scored(client):
    given = {"industry": "🚀", "employees": 3, "headline": "Chief " * 1700}
    score = one(client, lead_id="🚀", attributes=given)
    assert score["lead_id"] == "🚀"
    assert score["probability"] is not None
    assert len(score["warnings"]) == 2
    assert max(map(len, score["warnings"])) < 100


# What is refused: by the name of its field.


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
@pytest.mark.parametrize("where", ["amount", "attribute"])
def test_a_number_that_is_not_finite_is_refused(client, text, where):
    body = json.dumps({"leads": [lead(attributes={"employees": "HERE"})]})
    field = "leads[0].attributes.employees"
    if where == "amount":
        event = {"event_type": "demo_request", "occurred_at": "2026-05-03", "value": "HERE"}
        body, field = json.dumps({"leads": [lead(events=[event])]}), "leads[0].events[0].value"
    found = problem_of(client, 422, content=body.replace('"HERE"', text))
    assert [error["field"] for error in found["errors"]] == [field]
    assert "must be" in found["errors"][0]["message"]


@pytest.mark.parametrize("value", ["many", "1_000", "nan", "inf", "1e999", True, "²"])
def test_a_numeric_attribute_that_is_no_number_is_refused(client, value):
    bad = lead(lead_id="b", attributes={"employees": value})
    text = "must be a number"
    assert refused(client, bad) == [("leads[0].attributes.employees", text)]
    answer = answer_of(client, lead(), bad, lead(lead_id="c"))
    assert [score["lead_id"] for score in answer["scores"]] == ["a", "c"]
    errors = [{"field": "leads[1].attributes.employees", "message": text}]
    assert answer["problems"] == [{"index": 1, "errors": errors}]


def test_ten_thousand_and_one_leads_are_refused_with_the_limit(client):
    leads = [{"lead_id": str(k), "created_at": "2026-05-01"} for k in range(10_001)]
    ((field, message),) = refused(client, *leads)
    assert field == "leads"
    assert message == "must hold at most 10,000 leads, got 10,001; send them in parts"
    assert len(scores_of(client, *leads[:-1])) == 10_000


def test_no_leads_are_refused(client):
    assert refused(client) == [("leads", "must hold at least 1")]


def test_a_lead_id_that_stands_twice_is_refused(client):
    answer = answer_of(client, lead(), lead(lead_id="b"), lead())
    assert [score["lead_id"] for score in answer["scores"]] == ["a", "b"]
    text = "must be unique within the request, but leads[0] has the same"
    errors = [{"field": "leads[2].lead_id", "message": text}]
    assert answer["problems"] == [{"index": 2, "errors": errors}]


def test_a_dated_model_needs_created_at(client):
    assert refused(client, {"lead_id": "a"}) == [("leads[0].created_at", "must be given")]


def test_an_as_of_in_the_future_is_refused_beyond_a_minute(client):
    found = refused(client, lead(), as_of="2026-05-06T12:31:00.000001Z")
    assert found == [("as_of", "must not lie in the future")]
    assert scores_of(client, lead(), as_of="2026-05-06T12:31:00Z")


def test_all_that_is_wrong_is_named_at_once(client):
    found = refused(client, lead(created_at=None), lead(attributes={"employees": "x"}), explain=1)
    assert {field for field, _ in found} == {
        "leads[0].created_at",
        "leads[1].lead_id",
        "leads[1].attributes.employees",
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"{", b'{"leads": ["\xff\xfe"]}', b'"\\ud800"', b"[" * 200_000, b"\x00"],
    ids=["empty", "text", "open", "no UTF-8", "surrogate", "deep", "nul"],
)
def test_a_body_that_is_no_json_is_refused(client, body):
    found = problem_of(client, 400, content=body)
    assert found["detail"].startswith("The body must be JSON in UTF-8: ")


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"hello"'])
def test_json_that_is_no_object_is_refused(client, body):
    found = problem_of(client, 422, content=body)
    assert found["errors"] == [{"field": "body", "message": "must be an object"}]


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(client, kind):
    problem_of(client, 415, content=b"{}", headers={"content-type": kind})


def test_a_compressed_body_is_refused(client):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    problem_of(client, 415, content=b"{}", headers=headers)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(scorer, announced):
    parts = [b" " * 600_000, b" " * 600_000]
    content = b"".join(parts) if announced else iter(parts)
    app = at_noon(Serving(max_body_mb=1), Fixed(scorer))
    with running(app) as client:
        found = problem_of(client, 413, content=content)
        assert found["detail"] == "The body must be at most 1,048,576 bytes; send it in parts."
        assert client.post("/v1/score", json={"leads": [lead()]}).status_code == 200


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_is_read(client):
    headers = {"content-type": "application/json", "content-length": str(2**40)}
    problem_of(client, 413, content=iter([b"{}"]), headers=headers)


def test_wrong_paths_and_methods_are_problems_too(client):
    for response, status in ((client.get("/nope"), 404), (client.put("/v1/score"), 405)):
        assert response.status_code == response.json()["status"] == status
        assert response.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/score").headers["allow"] == "POST"


# The model, and how it comes.


def test_the_model_says_what_it_is_and_how_good(client, scorer):
    said = client.get("/v1/model").json()
    assert said["known_until"] == scorer.model.card["known_until"]
    assert (said["aliases"], said["at_hand"]) == (["champion"], ["1"])
    assert set(said["figures"]["model"]) >= {"auc", "average_precision", "log_loss", "brier"}
    assert set(said["figures"]) == {"model", *scorer.model.card["evaluation"]["figures"]}
    figure = said["figures"]["model"]["auc"]
    assert figure["lower"] <= figure["value"] <= figure["upper"]
    assert said["test"]["examples"] == scorer.model.card["evaluation"]["n"]
    assert said["data"]["leads"] == 600
    assert [f["name"] for f in said["features"]] == scorer.catalog.names
    assert said["policy"]["sql_line"] == scorer.levels.sql_line
    assert said["policy"]["fit_cuts"] == list(scorer.levels.fit_cuts)
    assert said["leaks"] == []
    assert said["warnings"] == []


def test_a_figure_that_says_nothing_is_null(client):
    figures = client.get("/v1/model").json()["figures"]
    nothing = {"value": None, "lower": None, "upper": None}
    assert figures["base rate"]["calibration_slope"] == nothing, "everybody's is the same"


def test_leaks_are_told_unless_a_person_allowed_them(scorer):
    leaks = [
        {"column": name, "verdict": verdict, "reason": "filled after the outcome"}
        for name, verdict in (("tags", "leak"), ("owner", "leak"), ("source", "suspect"))
    ]
    config = scorer.model.card["config"]
    config = {**config, "attributes": {**config["attributes"], "allow": ["owner"]}}
    card = {**scorer.model.card, "leaks": leaks, "config": config}
    leaky = Scorer.of(dataclasses.replace(scorer.model, card=card), "1")
    with running(at_noon(Serving(), Fixed(leaky))) as client:
        said = client.get("/v1/model").json()
    assert said["leaks"] == [{"column": "tags", "reason": "filled after the outcome"}]


def test_the_app_is_alive_at_once_and_ready_once_the_model_is_there(scorer):
    gate = threading.Event()

    def load() -> Scorer:
        gate.wait(30)
        return scorer

    with TestClient(at_noon(Serving(), Loading(load)), base_url="http://localhost") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for waiting in (client.get("/readyz"), client.get("/v1/model")):
            assert waiting.status_code == 503
            assert waiting.headers["retry-after"] == "10"
            assert waiting.json()["detail"] == "The model is being loaded."
        assert problem_of(client, 503, content=b"{}")["title"] == "Service Unavailable"
        gate.set()
        assert eventually(client, 200).json()["status"] == "ready"


def test_one_of_several_lets_nobody_in_before_its_model_is_there(scorer):
    def load() -> Scorer:
        time.sleep(0.3)
        return scorer

    with TestClient(
        create_app(Serving(), Loading(load), hold_seconds=10), base_url="http://localhost"
    ) as client:
        assert client.get("/readyz").status_code == 200


def test_loading_is_tried_again_until_there_is_a_model(scorer):
    left = [RegistryError("There is no champion. Run `leadml promote`.")]
    gate = threading.Event()

    def load() -> Scorer:
        if left:
            raise left.pop()
        gate.wait(30)
        return scorer

    with TestClient(
        at_noon(Serving(poll_seconds=0.01), Loading(load)), base_url="http://localhost"
    ) as client:
        said = "The model could not be loaded: There is no champion. Run `leadml promote`."
        for _ in range(1000):
            if client.get("/readyz").json()["detail"] == said:
                break
            time.sleep(0.005)
        else:
            pytest.fail("the reason was never told")
        gate.set()
        assert eventually(client, 200).status_code == 200


def test_a_loader_that_breaks_leaves_an_app_that_says_so():
    def load() -> Scorer:
        raise KeyError(lead()["lead_id"])

    with TestClient(at_noon(Serving(), Loading(load)), base_url="http://localhost") as client:
        for _ in range(1000):
            said = client.get("/readyz").json()["detail"]
            if "unexpectedly" in said:
                break
            time.sleep(0.005)
        assert said == "Loading the model ended unexpectedly (KeyError); see the log."
        assert client.get("/healthz").status_code == 200


# The log, the documentation, the settings.


def test_the_openapi_document_is_as_agreed(scorer):
    app = at_noon(Serving(), Fixed(scorer))
    text = json.dumps(build_openapi(app, Serving()), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("LEADML_WRITE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_reference_of_the_openapi_document_leads_somewhere(client):
    document = client.get("/openapi.json").json()
    text = json.dumps(document)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert document["components"]["schemas"]["ScoreRequest"]["properties"]["leads"]["maxItems"]


def test_the_documented_example_is_scored(client):
    example = json.loads(json.dumps(REQUEST_EXAMPLE))
    (score,) = scores_of(client, *example["leads"], explain=example["explain"])
    assert score["warnings"] == []
    assert len(score["reasons"]) == 2


def test_the_docs_page_tells_of_every_endpoint_and_loads_nothing(client):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in client.get("/openapi.json").json()["paths"]:
        assert f" {path}</h2>" in page.text
    assert "curl http://localhost:8000/v1/score -H" in page.text
    assert "<script" not in page.text
    assert "https://" not in page.text


def test_the_docs_can_be_left_out(scorer):
    with running(at_noon(Serving(docs="off"), Fixed(scorer))) as client:
        assert client.get("/docs").status_code == 404
        assert client.get("/openapi.json").status_code == 404


@pytest.mark.parametrize("which", ["client", "client_of_crossing"])
def test_the_groups_of_evidence_add_up_to_the_log_odds(which, request):
    answers = scores_of(request.getfixturevalue(which), *many(60))
    for answer in answers:
        probability = answer["probability"]
        log_odds = math.log(probability / (1 - probability))
        assert sum(answer["evidence"].values()) == pytest.approx(log_odds, abs=1e-9)
    assert len({answer["evidence"]["base"] for answer in answers}) == 1
