"""Is one lead answered by its id as it would be in the whole base, and is its change told?"""

import contextlib
import dataclasses
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from leadml.config import Config
from leadml.service import Serving
from leadml.tables import Tables
from serving.changes import explain_change
from serving.lookup import Lookup
from serving.models.source import Fixed
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.web.app import create_app

HOSTILE = {
    "L0": "a/b",
    "L1": "O'Brien'; DROP TABLE leads; --",
    "L2": 'say "hi"',
    "L3": "Zoë 日本 😀",
    "L4": "a/score",
    "L5": "100% ?x=1#y",
    "L6": "a.b.c",
}
"""Ids that the tiny company's first leads get."""


@pytest.fixture(scope="module")
def company(tables: Tables) -> Tables:
    """The tiny company with hostile ids."""
    return dataclasses.replace(
        tables,
        leads=tables.leads.assign(lead_id=tables.leads["lead_id"].replace(HOSTILE)),
        events=tables.events.assign(lead_id=tables.events["lead_id"].replace(HOSTILE)),
        outcomes=tables.outcomes.assign(lead_id=tables.outcomes["lead_id"].replace(HOSTILE)),
    )


@pytest.fixture(scope="module")
def folder(company: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    for name in ("leads", "events", "outcomes"):
        getattr(company, name).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def placed(config: Config, folder: Path, company: Tables) -> Config:
    """The configuration that names the files; its data end where the company's do."""
    data = dataclasses.replace(config.data, end=company.end.to_pydatetime())
    return dataclasses.replace(config, folder=folder, data=data)


@contextlib.contextmanager
def running(app: ASGIApp) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        for _ in range(600):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.05)
        yield client


@pytest.fixture(scope="module")
def client(placed: Config, scorer: Scorer) -> Iterator[TestClient]:
    with running(create_app(Serving(), Fixed(scorer), Lookup(placed))) as client:
        yield client


def path_of(lead_id: str, what: str = "score") -> str:
    return f"/v1/leads/{quote(lead_id, safe='')}/{what}"


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


def fields(response: Any) -> list[str]:
    return [error["field"] for error in problem(response, 422)["errors"]]


# The score of a lead by its id.


def test_a_lead_is_scored_as_in_the_whole_base(
    client: TestClient, scorer: Scorer, company: Tables
) -> None:
    """Old leads, open ones, and some that came after the moment."""
    lead_ids = company.leads["lead_id"].iloc[[*range(7), *range(275, 305)]]
    as_of = company.leads["created_at"].iloc[300]
    examples = pd.DataFrame({"lead_id": lead_ids, "as_of": as_of})
    expected = score_examples(scorer, company, examples)
    for k, row in enumerate(expected.table.to_dict("records")):
        as_of = row["as_of"].isoformat()
        response = client.get(path_of(row["lead_id"]), params={"as_of": as_of, "explain": 3})
        assert response.status_code == 200, response.text
        (score,) = response.json()["scores"]
        assert score["lead_id"] == row["lead_id"]
        assert pd.Timestamp(score["as_of"]) == row["as_of"]
        for name in ("probability", "lower", "upper"):
            assert score[name] == (None if pd.isna(row[name]) else row[name])
        assert score["stage"] == row["stage"]
        assert score["unscored_reason"] == (row["unscored_reason"] or None)
        assert [r["text"] for r in score["reasons"]] == [r.text for r in expected.reasons[k]]
    assert {"", "already closed", "created after as_of"} <= set(expected.table["unscored_reason"])


def test_the_score_is_that_of_the_same_lead_sent(
    client: TestClient, company: Tables, scorer: Scorer
) -> None:
    lead = company.leads.iloc[40]
    as_of = lead["created_at"] + timedelta(days=6)
    events = company.events[company.events["lead_id"] == lead["lead_id"]]
    sent = {
        "lead_id": lead["lead_id"],
        "created_at": lead["created_at"].isoformat(),
        "attributes": {
            name: lead[name] for name in scorer.judged_columns if not pd.isna(lead[name])
        },
        "events": [
            {"event_type": e.event_type, "occurred_at": e.occurred_at.isoformat()}
            for e in events.itertuples()
        ],
    }
    body = {"as_of": as_of.isoformat(), "explain": 5, "leads": [sent]}
    told = client.post("/v1/score", json=body).json()
    found = client.get(
        path_of(lead["lead_id"]), params={"as_of": as_of.isoformat(), "explain": 5}
    ).json()

    for score in (*told["scores"], *found["scores"]):
        score.pop("warnings")
    assert found == told


def test_by_default_a_lead_is_looked_at_now_or_at_the_end_of_the_data(
    client: TestClient, company: Tables
) -> None:
    (score,) = client.get(path_of("L50")).json()["scores"]

    assert pd.Timestamp(score["as_of"]) == company.end


@pytest.mark.parametrize("lead_id", HOSTILE.values())
def test_an_id_may_hold_anything(client: TestClient, lead_id: str) -> None:
    (score,) = client.get(path_of(lead_id)).json()["scores"]

    assert score["lead_id"] == lead_id


def test_a_slash_in_an_id_needs_no_encoding(client: TestClient) -> None:
    assert client.get("/v1/leads/a/b/score").json()["scores"][0]["lead_id"] == "a/b"


@pytest.mark.parametrize(
    "lead_id", ["nobody", "L9999", "'", "%", "\0", "日本", "L50 ", "l50", "a" * 200]
)
def test_an_unknown_lead_is_not_found(client: TestClient, lead_id: str) -> None:
    said = problem(client.get(path_of(lead_id)), 404)

    assert said["detail"] == "The source has no such lead."
    assert lead_id not in said["detail"] or len(lead_id) == 1


def test_an_id_longer_than_any_is_refused_unseen(client: TestClient) -> None:
    response = client.get(path_of("x" * 10_000))

    assert fields(response) == ["lead_id"]
    assert "xxxx" not in response.text


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"as_of": "2200-01-01"}, "as_of"),
        ({"as_of": "2199-01-01"}, "as_of"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2026-01-01T10:00"}, "as_of"),
        ({"explain": "21"}, "explain"),
        ({"explain": "-1"}, "explain"),
        ({"explain": "many"}, "explain"),
        ({"horizon": "77"}, "horizon"),
    ],
)
def test_what_cannot_be_used_is_named(
    client: TestClient, asked: dict[str, str], field: str
) -> None:
    response = client.get(path_of("L50"), params=asked)

    assert fields(response) == [field]
    assert all(value not in response.text for value in ("yesterday", "many"))


def test_another_version_must_be_at_hand(client: TestClient) -> None:
    assert client.get(path_of("L50"), params={"version": "1"}).status_code == 200
    problem(client.get(path_of("L50"), params={"version": "../1"}), 404)


# Away, or not there.


def test_an_app_without_a_source_says_so(scorer: Scorer) -> None:
    with running(create_app(Serving(), Fixed(scorer))) as client:
        assert "no source" in problem(client.get(path_of("L50")), 404)["detail"]


def test_a_source_that_is_away_asks_to_come_back_and_scoring_goes_on(
    config: Config, scorer: Scorer, tmp_path: Path
) -> None:
    data = dataclasses.replace(config.data, source="postgresql://a:secret@127.0.0.1:1/crm")
    away = dataclasses.replace(config, folder=tmp_path, data=data)
    with running(create_app(Serving(), Fixed(scorer), Lookup(away))) as client:
        response = client.get(path_of("L50"))
        said = problem(response, 503)
        assert said["detail"] == "The source of leads cannot be asked now."
        assert int(response.headers["retry-after"]) > 0
        assert "secret" not in response.text
        lead = {"lead_id": "a", "created_at": "2026-05-01"}
        assert client.post("/v1/score", json={"leads": [lead]}).status_code == 200


def test_rows_that_cannot_be_used_are_told_without_their_values(
    placed: Config, scorer: Scorer, company: Tables, tmp_path: Path
) -> None:
    for name in ("leads", "events", "outcomes"):
        frame = getattr(company, name)
        if name == "leads":
            frame = pd.concat([frame, frame.iloc[[50]]])
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    doubled = dataclasses.replace(placed, folder=tmp_path)
    with running(create_app(Serving(), Fixed(scorer), Lookup(doubled))) as client:
        said = problem(client.get(path_of("L50")), 422)
        assert "leadml check" in said["detail"]
        assert "L50" not in said["detail"]
        assert client.get(path_of("L51")).status_code == 200


def test_no_log_line_tells_a_lead(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get(path_of("Zoë 日本 😀"))
        client.get(path_of("Nobody Smith"))
        client.get(path_of("Zoë 日本 😀", "change"), params={"since": "2025-06-01"})
        time.sleep(0.3)
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "asyncio"))]
    assert not [r for r in ours if "Zo" in r.getMessage() or "Smith" in r.getMessage()]


# Why a score changed.


def test_the_change_of_a_lead_of_the_source_is_that_of_the_whole_base(
    client: TestClient, scorer: Scorer, company: Tables
) -> None:
    came = company.leads.iloc[40]["created_at"]
    since, as_of = came + timedelta(days=1), came + timedelta(days=8)
    asked = pd.DataFrame({"lead_id": ["L40"], "as_of_before": [since], "as_of_after": [as_of]})
    (expected,) = explain_change(scorer, scorer, company, asked, most=2)

    response = client.get(
        path_of("L40", "change"), params={"since": since.isoformat(), "as_of": as_of.isoformat()}
    )
    said = response.json()
    assert response.status_code == 200, response.text
    assert said["text"] == expected.text
    assert said["before"]["probability"] == expected.before.probability
    assert said["after"]["log_odds"] == expected.after.log_odds
    assert [part["cause"] for part in said["parts"]] == [part.cause for part in expected.parts]
    assert [part["effect"] for part in said["parts"]] == [part.effect for part in expected.parts]
    assert [e["text"] for e in said["new_events"]] == [e.text for e in expected.new_events]
    effects = sum(part["effect"] for part in said["parts"])
    assert effects == pytest.approx(said["after"]["log_odds"] - said["before"]["log_odds"])


def told(**changes: Any) -> dict[str, Any]:
    """A lead that viewed the pricing page in between."""
    lead = {
        "lead_id": "a",
        "created_at": "2026-05-01T08:00:00Z",
        "attributes": {"industry": "Software", "employees": 120},
        "events": [
            {"event_type": "pricing_page_view", "occurred_at": "2026-05-02T09:00:00Z"},
            {"event_type": "demo_request", "occurred_at": "2026-05-06T09:00:00Z"},
        ],
    }
    return {"lead": lead, "since": "2026-05-04", "as_of": "2026-05-08", **changes}


def test_a_change_is_told_of_a_lead_that_is_sent(client: TestClient) -> None:
    response = client.post("/v1/explain/change", json=told())
    said = response.json()

    assert response.status_code == 200, response.text
    assert said["before"]["as_of"] == "2026-05-04T00:00:00Z"
    assert said["after"]["as_of"] == "2026-05-08T00:00:00Z"
    assert [e["event_type"] for e in said["new_events"]] == ["demo_request"]
    assert said["after"]["probability"] > said["before"]["probability"]
    strongest = max(said["parts"], key=lambda part: abs(part["effect"]))
    assert strongest["cause"] == "new events"
    assert strongest["text"] in said["text"]
    effects = sum(part["effect"] for part in said["parts"])
    assert effects == pytest.approx(said["after"]["log_odds"] - said["before"]["log_odds"])


def test_both_ends_of_a_change_are_the_scores_of_these_moments(client: TestClient) -> None:
    said = client.post("/v1/explain/change", json=told()).json()
    for end in ("before", "after"):
        body = {"leads": [told()["lead"]], "as_of": said[end]["as_of"]}
        (score,) = client.post("/v1/score", json=body).json()["scores"]
        assert score["probability"] == said[end]["probability"]
        assert (score["lower"], score["upper"]) == (said[end]["lower"], said[end]["upper"])


def test_nothing_changes_between_a_moment_and_itself(client: TestClient) -> None:
    said = client.post("/v1/explain/change", json=told(since="2026-05-08")).json()

    assert [part["effect"] for part in said["parts"]] == [0.0, 0.0, 0.0, 0.0]
    assert said["text"].endswith("as before.")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"since": "2026-04-30"}, "since"),
        ({"since": "2026-05-09"}, "since"),
        ({"since": None}, "since"),
        ({"as_of": "2199-01-01"}, "as_of"),
        ({"explain": 21}, "explain"),
        ({"before": 1}, "before"),
        ({"lead": {"lead_id": "a"}}, "lead.created_at"),
        ({"lead": {"created_at": "2026-05-01"}}, "lead.lead_id"),
        (
            {"lead": {**told()["lead"], "attributes": {"employees": "many"}}},
            "lead.attributes.employees",
        ),
        (
            {"lead": {**told()["lead"], "events": [{"event_type": "x", "occurred_at": "now"}]}},
            "lead.events[0].occurred_at",
        ),
    ],
)
def test_what_a_change_cannot_use_is_named(
    client: TestClient, changes: dict[str, Any], field: str
) -> None:
    response = client.post("/v1/explain/change", json=told(**changes))

    assert fields(response) == [field]
    assert "many" not in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'"\xff"', b"[" * 5000])
def test_a_body_that_is_no_change_is_refused(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/explain/change", content=body, headers=headers)

    assert response.status_code in {400, 422}
    assert response.json()["status"] == response.status_code


def test_a_lead_cannot_change_before_it_came(client: TestClient) -> None:
    response = client.get(path_of("L50", "change"), params={"since": "2024-01-01"})

    assert fields(response) == ["since"]


def test_a_change_between_two_models_needs_both_at_hand(client: TestClient) -> None:
    asked = {"since": "2025-12-01", "before_version": "1"}
    assert client.get(path_of("L50", "change"), params=asked).status_code == 200
    problem(client.get(path_of("L50", "change"), params={**asked, "before_version": "0"}), 404)


def test_the_documentation_tells_of_leads_and_changes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, method in (
        ("/v1/leads/{lead_id}/score", "get"),
        ("/v1/leads/{lead_id}/change", "get"),
        ("/v1/explain/change", "post"),
    ):
        assert "200" in document["paths"][path][method]["responses"]
    assert "ChangeRequest" in document["components"]["schemas"]
    example = document["components"]["schemas"]["ChangeRequest"]["examples"][0]
    response = client.post("/v1/explain/change", content=json.dumps(example), headers=JSON)
    assert response.status_code == 200, response.text


JSON = {"Content-Type": "application/json"}
