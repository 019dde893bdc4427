"""Does every client get an answer, whatever happens to the registry and the model meanwhile?

A real `leadml serve` answers sixteen clients while its champion changes, its registry goes away and
comes back, and it is told to look again; then it is stopped under load. Every answer must be that
of one model version, to the byte. ``LEADML_LOAD_SECONDS=60`` makes it last a minute.
"""

import dataclasses
import http.client
import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leadml.store import database
from serving.models.copies import Copies
from serving.models.loading import fetch
from serving.scorer import Scorer
from serving.wire.answering import answer
from tests.served import Served, serving
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

SECONDS = float(os.environ.get("LEADML_LOAD_SECONDS", "20"))
CLIENTS = 16
NOW = pd.Timestamp("2026-01-01", tz="UTC")
NAME = "lead-scorer"
JSON = {"Content-Type": "application/json"}

pytestmark = [
    pytest.mark.slow,
    # MLflow's own, when it is imported with SQLAlchemy 2.1 and when it reads our pyfunc.
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.fixture(scope="module")
def project(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leadml.toml whose registry holds a model and a more hopeful one; the first is champion."""
    folder = tmp_path_factory.mktemp("project")
    toml = folder / "leadml.toml"
    toml.write_text("[serving]\npoll_seconds = 0.2\n", encoding="utf-8")
    own = scorer.model.calibration
    hopeful = dataclasses.replace(own, offset=own.offset + 0.25)
    registry = Registry(folder / "models", NAME)
    for calibration in (own, hopeful):
        model = dataclasses.replace(scorer.model, calibration=calibration)
        registry.record(small_result(model), PASSED, now=NOW)
    return toml


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    """Requests of one lead, and of some that are scored in a thread: larger than 64 kB."""
    rng = np.random.default_rng(3)
    return [_body(rng, leads) for leads in (1, 1, 1, 1, 5, 120)]


def _body(rng: np.random.Generator, leads: int) -> bytes:
    def lead(k: int) -> dict[str, object]:
        days = rng.uniform(0, 9, rng.integers(0, 12))
        moments = pd.Timestamp("2025-10-01", tz="UTC") + pd.to_timedelta(days, unit="D")
        types = rng.choice(["pricing_page_view", "demo_request"], len(days))
        return {
            "lead_id": f"L{k}",
            "created_at": "2025-10-01",
            "attributes": {"employees": int(rng.integers(1, 500)), "industry": "Software"},
            "events": [
                {"event_type": name, "occurred_at": moment.isoformat()}
                for name, moment in zip(types, moments, strict=True)
            ],
        }

    asked = {"as_of": "2025-10-10", "explain": 3, "leads": [lead(k) for k in range(leads)]}
    return json.dumps(asked).encode()


@pytest.fixture(scope="module")
def expected(project: Path, bodies: list[bytes]) -> list[dict[bytes, str]]:
    """To each body, what each version answers: found offline, from the registry's own files."""
    folder = project.parent / "models"
    answers: list[dict[bytes, str]] = [{} for _ in bodies]
    for version in ("1", "2"):
        copy, _ = fetch(folder, NAME, version=version)
        scorer = Copies(folder, NAME).load(copy)
        for k, body in enumerate(bodies):
            answers[k][offline(scorer, body)] = version
    assert all(len(own) == 2 for own in answers)
    return answers


def offline(scorer: Scorer, body: bytes) -> bytes:
    return answer(scorer, body, now=datetime(2026, 1, 1, tzinfo=UTC), max_leads=1_000).content


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the place of the body that was sent, the status, the body that came."""

    asked: int
    status: int
    content: bytes


class Client(threading.Thread):
    """Asks over one connection again and again, over a new one when told, until none is made."""

    def __init__(self, served: Served, bodies: list[bytes], *, first: int) -> None:
        super().__init__(daemon=True)
        self.answers: list[Answered] = []
        self.lost: list[str] = []
        self.enough = threading.Event()
        self._served, self._bodies, self._next = served, bodies, first

    def run(self) -> None:
        """Until there is enough, or nobody listens any more."""
        while not self.enough.is_set():
            with self._served.connected() as connection:
                try:
                    connection.connect()
                except OSError:
                    return
                self._ask_on(connection)

    def _ask_on(self, connection: http.client.HTTPConnection) -> None:
        """Until the server says goodbye; what gets no answer is lost."""
        goodbye = False
        while not goodbye and not self.enough.is_set():
            asked = self._next % len(self._bodies)
            try:
                connection.request("POST", "/v1/score", self._bodies[asked], JSON)
                answered = connection.getresponse()
                self.answers.append(Answered(asked, answered.status, answered.read()))
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(f"{type(error).__name__}: {error}")
                return
            self._next += 1
            goodbye = answered.getheader("connection") == "close"


@contextmanager
def asking(served: Served, bodies: list[bytes]) -> Iterator[list[Client]]:
    """Clients that have all had an answer, at work until the end of the block."""
    clients = [Client(served, bodies, first=k) for k in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        while not all(client.answers or client.lost for client in clients):
            time.sleep(0.05)
        yield clients
    finally:
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(timeout=60)
            assert not client.is_alive()


def versions_of(clients: list[Client], expected: list[dict[bytes, str]]) -> set[str]:
    """The versions that answered; every answer is one of theirs, to the byte, and none is lost."""
    versions = set()
    for client in clients:
        assert client.lost == []
        for each in client.answers:
            assert each.status == 200, each.content
            versions.add(expected[each.asked][each.content])
    return versions


def wait_for_version(served: Served, version: str) -> None:
    wait(served, lambda: json.loads(served.get("/v1/model")[1])["version"] == version)


def wait_until_degraded(served: Served) -> None:
    """Until it says that it scores without the registry."""
    wait(served, lambda: json.loads(served.get("/readyz")[1])["degraded"] is True)


def wait(served: Served, so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline, served.log.read_text()[-2_000:]
        time.sleep(0.1)


def test_every_answer_is_one_versions_while_the_registry_changes_goes_and_returns(
    project: Path, bodies: list[bytes], expected: list[dict[bytes, str]]
) -> None:
    registry, store = Registry(project.parent / "models", NAME), database(project.parent / "models")
    with serving(project) as served, asking(served, bodies) as clients:
        until = time.monotonic() + SECONDS
        for version in itertools.cycle(("2", "1")):
            registry.promote(version, now=NOW)
            served.process.send_signal(signal.SIGHUP)
            wait_for_version(served, version)

            away = store.rename(store.with_suffix(".away"))
            served.process.send_signal(signal.SIGHUP)
            wait_until_degraded(served)
            away.rename(store)

            if version == "1" and time.monotonic() > until:
                break
    assert versions_of(clients, expected) == {"1", "2"}


def test_stopping_under_load_loses_no_request(
    project: Path, bodies: list[bytes], expected: list[dict[bytes, str]]
) -> None:
    with serving(project, "--workers", 2) as served, asking(served, bodies) as clients:
        assert served.stop() == 0
        for client in clients:
            client.join(timeout=10)
            assert not client.is_alive()
            assert not client.enough.is_set()
    assert len(versions_of(clients, expected)) == 1
