"""Where does a request spend its time, across services? OpenTelemetry spans, where they are wanted.

One span a request, told by the template of its route: no path, no query, no header, no body, for
each may hold what a client sent. A caller's ``traceparent`` is followed. The packages are optional
(``pip install leadml[otel]``) and imported only where `leadml serve` finds an endpoint.
"""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadml.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "leadml"

SECONDS = 2
"""How long a collector may take; the app stops without what it did not take by then."""


def add_tracing(app: FastAPI, endpoint: str) -> None:
    """Sends a span of every request to a collector.

    Args:
        app: is changed; before it answers.
        endpoint: of the collector, as ``http://collector:4318``; OTLP over HTTP.

    Raises:
        ConfigError: the packages are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        msg = (
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, but the packages for them are not "
            "installed. Install leadml[otel], or leave the variable out."
        )
        raise ConfigError(msg) from error
    address = f"{endpoint.rstrip('/')}/v1/traces"
    trace_to(app, OTLPSpanExporter(address, timeout=SECONDS), wait=True)


def trace_to(app: FastAPI, exporter: "SpanExporter", *, wait: bool) -> None:
    """Gives a span of every request to an exporter.

    Args:
        app: is changed.
        exporter: takes spans.
        wait: whether spans are gathered and sent beside the requests, or at once, one by one.
    """
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: SERVICE}))
    processor = BatchSpanProcessor(exporter) if wait else SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    app.add_middleware(Tracing, provider=provider)


class Tracing:
    """A layer that opens a span for each request."""

    def __init__(self, app: ASGIApp, *, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.app = app
        self.provider = provider
        self.tracer = provider.get_tracer(SERVICE)
        self.propagator = TraceContextTextMapPropagator()
        self.kind = SpanKind.SERVER
        self.failed = StatusCode.ERROR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request within a span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            if scope["type"] == "lifespan":
                self.provider.shutdown()
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self.tracer.start_as_current_span(
            scope["method"],
            self.propagator.extract(_caller(scope)),
            self.kind,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self.app(scope, receive, watched)
            finally:
                route = getattr(scope.get("route"), "path", "-")
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes(
                    {
                        "http.request.method": scope["method"],
                        "http.route": route,
                        "http.response.status_code": status,
                        "leadml.leads": scope.get("state", {}).get("n_leads", 0),
                    }
                )
                if not 0 < status < 500:
                    span.set_status(self.failed)


def _caller(scope: Scope) -> dict[str, str]:
    """What a caller says of the trace that it is in."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in {b"traceparent", b"tracestate"}
    }
