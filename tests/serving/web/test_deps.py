"""Which model answers a request, and how ready the app says it is."""

import dataclasses
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from leadml.errors import RegistryError
from leadml.service import Key, Serving, sha256_of
from serving.models.source import Named
from serving.scorer import Scorer
from serving.web.app import create_app

LEAD = {"lead_id": "a", "created_at": "2026-05-01", "attributes": {"industry": "Software"}}
ADMIN = "a" * 32


class Three:
    """Versions 3 and 2, and 4 as challenger; away when it is told so."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer, self.away = scorer, ""

    def last(self) -> Named:
        return Named("3")

    def ask(self, *, patient: bool = True) -> Named:
        if self.away:
            raise RegistryError(self.away)
        return Named("3", "4", former=("2",))

    def load(self, name: str) -> Scorer:
        return dataclasses.replace(self.scorer, version=name)

    def close(self) -> None:
        pass


@pytest.fixture
def source(scorer: Scorer) -> Three:
    return Three(scorer)


@pytest.fixture
def client(source: Three) -> Iterator[TestClient]:
    key = Key("ops", sha256_of(ADMIN), ("admin", "score", "read"))
    settings = Serving(poll_seconds=0.02, keys=(key,))
    with TestClient(create_app(settings, source), headers={"X-API-Key": ADMIN}) as opened:
        for _ in range(1000):
            if opened.get("/v1/model?version=2").status_code == 200:
                break
            time.sleep(0.01)
        yield opened


@pytest.mark.parametrize(
    ("asked", "version"), [("", "3"), ("?version=3", "3"), ("?version=2", "2"), ("?version=4", "4")]
)
def test_the_champion_answers_unless_another_is_asked_for(client, asked, version):
    answered = client.post(f"/v1/score{asked}", json={"leads": [LEAD]})
    assert answered.status_code == 200, answered.text
    assert answered.json()["model"]["version"] == version
    assert client.get(f"/v1/model{asked}").json()["version"] == version


@pytest.mark.parametrize("asked", ["1", "9", "", "champion", "..%2F..%2Fetc", "3%00", "3.0", "٣"])
def test_a_version_that_is_not_at_hand_is_not_looked_for(client, asked):
    for answered in (
        client.post(f"/v1/score?version={asked}", json={"leads": [LEAD]}),
        client.get(f"/v1/model?version={asked}"),
    ):
        assert answered.status_code == 404
        said = answered.json()["detail"]
        assert said.startswith("The version must be one that is at hand: ")
        assert set(said.rpartition(": ")[2].rstrip(".").split(", ")) == {"2", "3", "4"}


def test_a_degraded_app_is_ready_and_says_why_to_insiders(client, source):
    assert client.get("/readyz").json() == {
        "status": "ready",
        "degraded": False,
        "version": "3",
        "reason": None,
    }
    source.away = "It is away."
    for _ in range(1000):
        ready = client.get("/readyz")
        if ready.json()["degraded"]:
            break
        time.sleep(0.005)
    assert ready.status_code == 200
    assert ready.json()["reason"] == "Scoring goes on with version 3: It is away."
    stranger = client.get("/readyz", headers={"X-API-Key": ""})
    assert stranger.status_code == 200
    assert stranger.json() == {
        "status": "ready",
        "degraded": True,
        "version": None,
        "reason": None,
    }
