"""How is the app put together? Routes, problems, the model in the background, and the docs page.

Nothing here happens at import: `create_app` builds an app, its lifespan starts loading the model
and the app answers ``/healthz`` at once. FastAPI's own docs page takes its scripts from the
network; ours is one static page, rendered from the same OpenAPI document.
"""

import asyncio
import html
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic.json_schema import models_json_schema

from leadml.service import Serving
from serving.lookup import Lookup
from serving.models.keeper import Keeper
from serving.models.shadow import Shadow
from serving.models.source import Source
from serving.watching.metrics import Metrics
from serving.watching.watch import Watch
from serving.web import routes
from serving.web.boundary import add_boundary
from serving.web.contract import with_layers
from serving.web.deps import State, read_clock
from serving.web.lead_routes import leads
from serving.web.metrics_route import numbers
from serving.web.pages import Readable, people
from serving.web.request_log import RequestLog
from serving.web.threads import Threads
from serving.wire.answering import warm_up
from serving.wire.lead_schemas import ChangeRequest
from serving.wire.problems import REF, add_problems
from serving.wire.schemas import Problem, ScoreRequest

THREADS = 2
"""How many large requests are scored at once; each keeps a core busy."""

LOOKUP_THREADS = 4
"""How many leads are looked up at once; they wait for the source more than they work."""


def create_app(
    settings: Serving,
    source: Source,
    lookup: Lookup | None = None,
    *,
    clock: Callable[[], datetime] = read_clock,
    hold_seconds: float = 0.0,
) -> FastAPI:
    """The scoring app.

    Args:
        settings: limits, whether there is a docs page, and the folder of the score log.
        source: of the models; asked in a thread, again and again.
        lookup: where leads are looked up by their ids; None for nowhere.
        clock: the current moment.
        hold_seconds: how long the door stays closed while there is no model yet, where others
            answer at the same address.
    """
    requests, metrics = RequestLog(clock), Metrics()
    folder = Path(settings.score_log) if settings.score_log else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        with (
            Keeper(
                source,
                warm_up=warm_up,
                poll_seconds=settings.poll_seconds,
                shadow=settings.shadow,
            ) as keeper,
            Watch(metrics, keeper, clock, folder) as watch,
            Threads(THREADS) as threads,
            Threads(LOOKUP_THREADS) as lookup_threads,
            lookup or nullcontext(),
        ):
            if hold_seconds:
                await asyncio.to_thread(keeper.wait, hold_seconds)
            async with Shadow(watch.scored, metrics.shadowed) as shadow:
                yield State(
                    keeper=keeper,
                    settings=settings,
                    clock=clock,
                    threads=threads,
                    watch=watch,
                    shadow=shadow,
                    lookup=lookup,
                    lookup_threads=lookup_threads,
                )
        requests.flush()

    app = FastAPI(
        title="leadml",
        lifespan=lifespan,
        redirect_slashes=False,  # they would name the Host that was given
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(routes.v1)
    app.include_router(leads)
    app.include_router(routes.health)
    app.include_router(numbers)
    app.include_router(people)
    add_problems(app)
    add_boundary(app, settings, on_begin=(metrics.began,), on_end=(requests.add, metrics.ended))
    app.add_middleware(Readable)
    if settings.has_docs:
        _add_docs(app, settings)
    return app


def build_openapi(app: FastAPI, settings: Serving) -> dict[str, Any]:
    """The OpenAPI document of an app, with the limits it runs with."""
    document = get_openapi(
        title="leadml",
        version="1",
        summary="How likely each lead is to become a customer, why, and what to do next.",
        description=(
            "Stateless: a request brings leads and their events, the answer brings their scores. "
            f"A request holds at most {settings.max_leads:,} leads and {settings.max_body_bytes:,} "
            "bytes. Every error is a problem (RFC 9457) that names the field and never repeats "
            "its value. Where the app has keys, a request needs one; where it has none, it answers "
            "under the names of its own machine only, as localhost, and 421 under others."
        ),
        routes=app.routes,
        tags=[
            {"name": "scores", "description": "Leads in, probabilities and reasons out."},
            {"name": "leads", "description": "Leads by their id, and why a score changed."},
            {"name": "model", "description": "What answers, and how good it is."},
            {"name": "health", "description": "For what keeps the app running."},
        ],
    )
    _, schemas = models_json_schema(
        [(ScoreRequest, "validation"), (ChangeRequest, "validation"), (Problem, "serialization")],
        ref_template=REF,
    )
    parts = {**document["components"]["schemas"], **schemas["$defs"]}
    leads = {**parts["ScoreRequest"]["properties"]["leads"], "maxItems": settings.max_leads}
    asked = {**parts["ScoreRequest"]["properties"], "leads": leads}
    parts["ScoreRequest"] = {**parts["ScoreRequest"], "properties": asked}
    return with_layers({**document, "components": {"schemas": dict(sorted(parts.items()))}})


def _add_docs(app: FastAPI, settings: Serving) -> None:
    """Adds ``/openapi.json`` and ``/docs``, both made once."""
    document = build_openapi(app, settings)
    page = render_docs(document)

    async def openapi() -> Response:
        return JSONResponse(document)

    async def docs() -> Response:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    app.add_api_route("/openapi.json", openapi, include_in_schema=False)
    app.add_api_route("/docs", docs, include_in_schema=False)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>leadml API</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2430; }}
h2 {{ margin-top: 3rem; border-top: 1px solid #d5dae1; padding-top: 1rem; }}
pre {{ background: #f3f5f8; padding: .8rem; overflow-x: auto; font-size: 14px; }}
table {{ border-collapse: collapse; width: 100%; font-size: 15px; }}
td, th {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid #e6e9ee; }}
</style>
<h1>leadml API</h1>
<p>{summary}</p>
<p>{description}</p>
<p>The same as a machine reads it: <a href="openapi.json">openapi.json</a>.</p>
{operations}
<h2>Shapes</h2>
{shapes}
</html>
"""


def render_docs(document: Mapping[str, Any]) -> str:
    """The OpenAPI document as one page of HTML that loads nothing."""
    operations = [
        _render_operation(document, path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document["components"]["schemas"]
    return _PAGE.format(
        summary=html.escape(document["info"]["summary"]),
        description=html.escape(document["info"]["description"]),
        operations="\n".join(operations),
        shapes="\n".join(_render_shape(name, shape) for name, shape in schemas.items()),
    )


def _render_operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> str:
    responses = operation["responses"]
    rows = "".join(
        f"<tr><td>{status}</td><td>{html.escape(said['description'])}</td></tr>"
        for status, said in responses.items()
    )
    sent = _example(document, operation.get("requestBody"))
    answered = _example(document, responses["200"])
    parts = [
        f"<h2>{method.upper()} {html.escape(path)}</h2>",
        f"<p><b>{html.escape(operation['summary'])}</b></p>",
        f"<p>{html.escape(operation['description'])}</p>",
        f"<pre>{html.escape(_curl(path, sent))}</pre>",
        f"<p>answers</p><pre>{html.escape(_pretty(answered))}</pre>" if answered else "",
        f"<table><tr><th>Status</th><th>Meaning</th></tr>{rows}</table>",
    ]
    return "\n".join(part for part in parts if part)


def _render_shape(name: str, shape: Mapping[str, Any]) -> str:
    needed = shape.get("required", [])
    rows = "".join(
        f"<tr><td>{html.escape(key)}{'' if key in needed else ' (optional)'}</td>"
        f"<td>{html.escape(_kind(own))}</td><td>{html.escape(own.get('description', ''))}</td></tr>"
        for key, own in shape.get("properties", {}).items()
    )
    said = html.escape(shape.get("description", ""))
    head = "<tr><th>Field</th><th>Type</th><th></th></tr>"
    return f'<h3 id="{name}">{name}</h3><p>{said}</p><table>{head}{rows}</table>'


def _kind(shape: Mapping[str, Any]) -> str:
    """A JSON schema's type as a person says it."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "anyOf" in shape:
        return " or ".join(_kind(part) for part in shape["anyOf"])
    if "enum" in shape:
        return " or ".join(str(value) for value in shape["enum"])
    kind = shape.get("type", "any")
    if kind == "array":
        return f"list of {_kind(shape['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(shape.get("format", kind))


def _example(document: Mapping[str, Any], message: Mapping[str, Any] | None) -> Any:
    """The example of a request or response body; None where it has none."""
    if message is None:
        return None
    name = message["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    examples = document["components"]["schemas"][name].get("examples", [None])
    return examples[0]


def _curl(path: str, sent: Any) -> str:
    if sent is None:
        return f"curl http://localhost:8000{path}"
    head = f"curl http://localhost:8000{path} -H 'Content-Type: application/json' -d"
    return f"{head} '{_pretty(sent)}'"


def _pretty(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
