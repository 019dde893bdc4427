"""Does a span tell what a request was, and nothing that a client sent?"""

import gzip
import http.server
import json
import sys
import threading
import time
from typing import ClassVar

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leadml.errors import ConfigError
from leadml.service import Serving
from serving.models.source import Fixed
from serving.scorer import Scorer
from serving.web.app import create_app
from serving.web.tracing import add_tracing, trace_to

memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traced(app: FastAPI) -> memory.InMemorySpanExporter:  # type: ignore[name-defined]
    exporter = memory.InMemorySpanExporter()
    trace_to(app, exporter, wait=False)
    return exporter


def test_a_request_is_one_span_told_by_its_route(scorer: Scorer) -> None:
    app = create_app(Serving(), Fixed(scorer))
    exporter = traced(app)
    with TestClient(app, base_url="http://localhost") as client:
        client.get("/healthz?who=anna@example.com")
        client.get("/nowhere/anna@example.com", headers={"X-Who": "anna@example.com"})
    health, lost = exporter.get_finished_spans()
    assert health.name == "GET /healthz"
    assert dict(health.attributes) == {
        "http.request.method": "GET",
        "http.route": "/healthz",
        "http.response.status_code": 200,
        "leadml.leads": 0,
    }
    assert lost.name == "GET -"
    assert "anna" not in json.dumps([json.loads(span.to_json()) for span in (health, lost)])


def test_a_span_continues_the_trace_of_its_caller(scorer: Scorer) -> None:
    app = create_app(Serving(), Fixed(scorer))
    exporter = traced(app)
    with TestClient(app, base_url="http://localhost") as client:
        client.get("/healthz", headers={"traceparent": PARENT})
        client.get("/healthz")
    followed, alone = exporter.get_finished_spans()
    assert f"{followed.context.trace_id:032x}" == PARENT[3:35]
    assert f"{followed.parent.span_id:016x}" == PARENT[36:52]
    assert alone.parent is None


def test_an_error_of_ours_is_an_error_of_the_span() -> None:
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        msg = "anna@example.com"
        raise ValueError(msg)

    exporter = traced(app)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        client.get("/broken")
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code.name == "ERROR"
    assert "anna" not in span.to_json()


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes what it is sent."""

    taken: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_collector_is_sent_the_spans(scorer: Scorer) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever).start()
        app = create_app(Serving(), Fixed(scorer))
        add_tracing(app, f"http://127.0.0.1:{server.server_port}/")
        with TestClient(app, base_url="http://localhost") as client:
            client.get("/healthz")
        server.shutdown()
    ((path, body),) = Collector.taken
    assert path == "/v1/traces"
    assert b"GET /healthz" in (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)


def test_a_collector_that_is_away_stops_nobody(scorer: Scorer) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    app = create_app(Serving(), Fixed(scorer))
    add_tracing(app, "http://127.0.0.1:9")
    started = time.monotonic()
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
    assert time.monotonic() - started < 15


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"Install leadml\[otel\]"):
        add_tracing(FastAPI(), "http://localhost:4318")
