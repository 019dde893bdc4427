"""What does the app show to people? The newest report, and the card of each lead, as pages.

Both need a key that is for reading. Browsers cannot send headers of one's choice, so that the key
may come as the password they ask for (`serving.web.guard`), and what goes wrong is told to them in
a page instead of JSON.
"""

import base64
import hashlib
import html
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadml.pages.card import About, build_card
from leadml.pages.environment import pages
from leadml.pages.reasons import MOST_REASONS
from leadml.people import hide_people
from leadml.service import REPORTS
from serving.scorer import Scorer
from serving.web.deps import CurrentScorer, state_of
from serving.web.guard import LEADS, REPORT, wants_page
from serving.web.lead_routes import WantedLead
from serving.web.routes import note
from serving.wire.answering import Answer
from serving.wire.lead_answers import score_found
from serving.wire.problems import MEDIA_TYPE

NO_REPORT = (
    "There is no report to show: `leadml train` writes one into the folder that serving.reports "
    "in leadml.toml names."
)

_GONE = (FileNotFoundError, NotADirectoryError)

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_META = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]*)">')
_HASH = "'sha256-[A-Za-z0-9+/]+={0,2}'"
_STRICT = re.compile(
    rf"default-src 'none'(; (style-src( 'unsafe-inline'| {_HASH})+|script-src( {_HASH})+))*"
)
_HEAD_BYTES = 65_536
"""A report tells its own policy within so many of its first bytes."""

people = APIRouter(include_in_schema=False)


@people.get(REPORT)
async def report(request: Request) -> Response:
    """The newest report, as it was written."""
    state = state_of(request)
    content = await state["threads"].run(partial(read_report, state["settings"].reports))
    return HTMLResponse(content, headers={"Content-Security-Policy": policy_of(content)})


@people.get(LEADS + "{lead_id:path}")
async def lead(request: Request, scorer: CurrentScorer, wanted: WantedLead) -> Response:
    """The card of a lead of the configured source."""
    work = partial(score_found, scorer, wanted, explain=MOST_REASONS, horizon=None)
    answered = await state_of(request)["lookup_threads"].run(work)
    request.state.n_leads = 1
    note(request, scorer, answered, now=wanted.now)
    return _page(render_lead(scorer, answered))


def read_report(place: str) -> bytes:
    """The report at a path, or the newest one of a folder, of those that trainings wrote.

    Raises:
        HTTPException: 404, there is none.
    """
    path = Path(place)
    found = [path] if path.is_file() else _reports(path) if place else []
    for one in found:
        with suppress(*_GONE):
            return one.read_bytes()
    raise HTTPException(404, NO_REPORT)


def _reports(folder: Path) -> list[Path]:
    """The reports of a folder, the newest first; links, which may lead out of it, are none."""
    found = []
    with suppress(*_GONE), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(*_GONE):
                if fnmatchcase(entry.name, REPORTS.format("*")) and entry.is_file(
                    follow_symlinks=False
                ):
                    found.append((entry.stat().st_mtime_ns, Path(entry)))
    return [path for _, path in sorted(found, reverse=True)]


def policy_of(content: bytes) -> str:
    """What browsers may run and load of a report: what its own policy allows, and no framing.

    A report without a policy that begins with ``default-src 'none'`` may show its style, and that
    is all.
    """
    found = _META.search(content[:_HEAD_BYTES])
    own = html.unescape(found[1].decode("latin-1")) if found else ""
    if not _STRICT.fullmatch(own):
        own = "default-src 'none'; style-src 'unsafe-inline'"
    told = {part.split()[0] for part in own.split(";") if part.strip()}
    ours = [part for part in _NOTHING.split("; ") if part.split()[0] not in told]
    return "; ".join([own, *ours])


def render_lead(scorer: Scorer, answered: Answer) -> str:
    """The page of the one lead of an answer."""
    scores = answered.scores
    (record,) = scores.for_people().to_dict("records")
    (said,) = json.loads(answered.content)["scores"]
    row = {str(key): value for key, value in record.items()}
    row |= {"missing": said["missing"], "warnings": said["warnings"]}
    about = About.of(scorer.model.card, scores.base)
    return _site().lead.render(
        style=_site().style,
        lead=build_card(hide_people(row), about),
        model=scorer.model.card["name"],
        version=scorer.version,
    )


@dataclass(frozen=True, slots=True)
class _Site:
    """The pages, read once.

    Attributes:
        style: of every page.
        policy: that lets it be shown, and nothing else.
    """

    lead: jinja2.Template
    trouble: jinja2.Template
    style: Markup
    policy: str


@cache
def _site() -> _Site:
    environment = pages(Path(__file__).parent)
    sheets = (environment.get_template(name).render() for name in ("page.css", "card.css"))
    style = "\n".join(sheets)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _Site(
        environment.get_template("lead.html"),
        environment.get_template("trouble.html"),
        Markup(style),  # noqa: S704 - our own style sheets
        f"{_NOTHING}; style-src 'sha256-{digest}'",
    )


def _page(text: str) -> Response:
    content = text.encode("utf-8", "replace")
    return HTMLResponse(content, headers={"Content-Security-Policy": _site().policy})


class Readable:
    """Lies around all else, and tells browsers of problems in a page they can show."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and wants_page(scope):
            send = _Problems(send).send
        await self.app(scope, receive, send)


class _Problems:
    """Passes an answer on, a problem as a page."""

    __slots__ = ("_body", "_send", "_start")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Takes the next part of the answer."""
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._tell(self._start)

    async def _tell(self, start: Message) -> None:
        problem = json.loads(self._body)
        answer = _page(
            _site().trouble.render(
                style=_site().style,
                title=HTTPStatus(start["status"]).phrase,
                status=start["status"],
                detail=problem["detail"],
                errors=[f"{own['field']} {own['message']}" for own in problem["errors"]],
            )
        )
        ours = {name for name, _ in answer.raw_headers}
        kept = [header for header in start["headers"] if header[0] not in ours]
        await self._send({**start, "headers": [*kept, *answer.raw_headers]})
        await self._send({"type": "http.response.body", "body": answer.body})


def _is_problem(start: Message) -> bool:
    return (b"content-type", MEDIA_TYPE.encode()) in list(start["headers"])
