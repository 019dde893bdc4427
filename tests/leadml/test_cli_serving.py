"""Does `leadml serve` start, say what it does, keep its workers, and stop in order?"""

import http.client
import http.server
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from leadml.cli.main import main
from tests.served import Served, serving

KEY = "k" * 32
BODY = json.dumps(
    {
        "as_of": "2026-06-01",
        "leads": [
            {"lead_id": "L1", "created_at": "2026-05-04", "attributes": {"employees": 120}},
        ],
    }
).encode()
JSON = {"Content-Type": "application/json"}

Refused = Callable[..., str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The leadml.toml of a company that has said nothing: it scores by points."""
    path = tmp_path / "leadml.toml"
    path.write_text("", encoding="utf-8")
    return path


@pytest.fixture
def refused(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """What `leadml serve` says that does not start."""
    before = signal.getsignal(signal.SIGHUP)

    def call(*options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["leadml", "serve", "-c", str(config), *options])
        with pytest.raises(SystemExit) as caught:
            main()
        assert caught.value.code == 1
        return capsys.readouterr().err

    yield call
    signal.signal(signal.SIGHUP, before)


def score(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("POST", "/v1/score", BODY, JSON)
    return connection.getresponse()


# What is refused.


def test_strangers_are_kept_out_where_there_is_no_key(refused: Refused) -> None:
    assert "serving.host must be of this machine" in refused("--host", "0.0.0.0")


def test_a_short_key_is_refused(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADML_API_KEY", "k" * 31)
    said = refused()
    assert "LEADML_API_KEY must be at least 32 characters, got 31." in said
    assert "kkk" not in said


def test_an_address_that_is_taken_is_named_with_what_to_do(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("--port", str(port))
    assert f"must be able to listen at '127.0.0.1', port {port}, but cannot: Address" in said
    assert "choose another with --port" in said


# What it says at the start.


def test_the_first_line_says_where_how_many_and_who_may_call(config: Path) -> None:
    with serving(config, "--points") as served:
        line = served.log.read_text().splitlines()[0]
    assert line == (
        f"Scoring at http://127.0.0.1:{served.port}/v1/score, 1 worker, no key: everyone may "
        "call, explained at /docs, no log."
    )


def test_the_key_of_the_environment_lets_in_and_takes_the_docs_away(config: Path) -> None:
    with (
        serving(config, "--points", environ={"LEADML_API_KEY": KEY}) as served,
        served.connected() as connection,
    ):
        without = score(connection)
        without.read()
        connection.request("POST", "/v1/score", BODY, {**JSON, "Authorization": f"Bearer {KEY}"})
        let_in = connection.getresponse()
        line = served.log.read_text().splitlines()[0]
        assert (without.status, let_in.status) == (401, 200)
        assert "1 worker, 1 key, no docs page" in line
        assert served.get("/docs")[0] in {401, 404}


# How it stops.


def test_a_connected_client_gets_its_next_answer_and_then_goodbye(config: Path) -> None:
    with serving(config, "--points") as served, served.connected() as connection:
        first = score(connection)
        first.read()
        assert first.getheader("connection") is None

        served.process.send_signal(signal.SIGTERM)
        wait_until_refused(served)
        last = score(connection)

        assert last.status == 200
        assert last.getheader("connection") == "close"
        assert json.loads(last.read())["scores"][0]["points"] is not None
        assert served.process.wait(timeout=10) == 0


def test_a_request_under_way_is_answered_after_the_signal(config: Path) -> None:
    with serving(config, "--points") as served, served.connected() as connection:
        connection.putrequest("POST", "/v1/score")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(BODY)))
        connection.endheaders(BODY[:20])
        time.sleep(0.3)

        served.process.send_signal(signal.SIGTERM)
        wait_until_refused(served)
        time.sleep(1.5)  # longer than a silent connection is kept
        connection.send(BODY[20:])
        answer = connection.getresponse()

        assert answer.status == 200
        assert len(json.loads(answer.read())["scores"]) == 1
        assert served.process.wait(timeout=10) == 0


def test_a_second_signal_waits_for_nobody(config: Path) -> None:
    with serving(config, "--points") as served, served.connected() as connection:
        connection.putrequest("POST", "/v1/score")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(BODY)))
        connection.endheaders(BODY[:20])
        time.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert served.process.poll() is None

        start = time.monotonic()
        assert served.stop(signal.SIGTERM, seconds=5) == 0
        assert time.monotonic() - start < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_status_0(config: Path, number: signal.Signals) -> None:
    with serving(config, "--points", "--workers", 2) as served:
        assert served.stop(number) == 0


def test_a_hangup_stops_nothing(config: Path) -> None:
    with serving(config, "--points", "--workers", 2) as served:
        crew = served.children()
        served.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert served.get("/readyz")[0] == 200
        assert served.children() == crew


# Several processes at one address.


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_no_request_is_lost(config: Path) -> None:
    with serving(config, "--points", "--workers", 2) as served:
        first = until_two_answer(served)
        time.sleep(5)  # a younger worker would rest before it is replaced
        os.kill(first[0], signal.SIGKILL)
        for _ in range(100):
            with served.connected() as connection:
                assert score(connection).status == 200
        second = until_two_answer(served)
        assert first[1] in second
        assert first[0] not in second
        assert f"worker {first[0]} ended with status -9" in served.log.read_text()


def test_whichever_worker_is_asked_tells_the_numbers_of_all(config: Path) -> None:
    with serving(config, "--points", "--workers", 2) as served:
        until_two_answer(served)
        for _ in range(30):  # each over a new connection, which either worker may take
            with served.connected() as connection:
                assert score(connection).status == 200
        told = {served.get("/metrics")[1] for _ in range(10)}
    line = re.compile(rb'^leadml_requests_total{.*route="/v1/score".*} (\S+)$', re.MULTILINE)
    assert {line.findall(numbers)[0] for numbers in told} == {b"30.0"}


def test_workers_end_when_their_parent_is_killed(config: Path) -> None:
    with serving(config, "--points", "--workers", 2) as served:
        crew = until_two_answer(served)
        served.process.kill()
        served.process.wait()
        deadline = time.monotonic() + 10
        while any(is_running(pid) for pid in crew):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def until_two_answer(served: Served) -> list[int]:
    """Two processes that both have the app; a worker has more threads than an interpreter."""
    deadline = time.monotonic() + 30
    while len(crew := [pid for pid in served.children() if has_listened(pid)]) < 2:
        assert time.monotonic() < deadline, served.log.read_text()
        time.sleep(0.1)
    return crew


def has_listened(pid: int) -> bool:
    """Whether a process has an event loop, and so the listening socket in it."""
    try:
        files = list(Path(f"/proc/{pid}/fd").iterdir())
        return any("eventpoll" in str(file.readlink()) for file in files)
    except OSError:
        return False


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_refused(served: Served) -> None:
    """Until nobody new is let in."""
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", served.port), timeout=1).close()
        except OSError:
            return
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes what it is sent."""

    taken: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.taken.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_collector_named_in_the_environment_is_sent_spans(config: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever).start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        with serving(
            config, "--points", environ={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        ) as served:
            assert served.stop() == 0
        collector.shutdown()
    assert set(Collector.taken) == {"/v1/traces"}
