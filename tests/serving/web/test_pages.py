"""Do people get the report and the card of a lead, each behind a key for reading?"""

import base64
import dataclasses
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from leadml.config import Config
from leadml.people import hidden
from leadml.service import Key, Serving, sha256_of
from leadml.tables import Tables
from serving.lookup import Lookup
from serving.models.source import Fixed
from serving.points import points_scorer
from serving.scorer import Scorer
from serving.scores import Scores
from serving.web.app import build_openapi, create_app
from serving.web.pages import NO_REPORT, policy_of, read_report

PLAIN = {name: f"{name}-{'k' * 40}" for name in ("crm", "board", "ops")}
SCOPES = {"crm": ("score",), "board": ("read",), "ops": ("admin",)}
KEYS = tuple(Key(name, sha256_of(PLAIN[name]), SCOPES[name]) for name in PLAIN)
HOSTILE = "<script>alert(1)</script>"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
REPORT = (
    '<!doctype html><html><head><meta charset="utf-8">'
    '<meta http-equiv="Content-Security-Policy" content="{}"></head>'
    "<body>The report</body></html>"
)
OWN = "default-src 'none'; style-src 'sha256-abc='; script-src 'sha256-def='"


def by_hand(key: str, user: str = "anyone") -> dict[str, str]:
    """What a browser sends once it has asked for name and password."""
    given = base64.b64encode(f"{user}:{key}".encode()).decode()
    return {**BROWSER, "Authorization": f"Basic {given}"}


@pytest.fixture(scope="module")
def folder(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny company, its first lead of a hostile id, and a report."""
    folder = tmp_path_factory.mktemp("company")
    for name in ("leads", "events", "outcomes"):
        frame = getattr(tables, name)
        frame = frame.assign(lead_id=frame["lead_id"].replace({"L0": HOSTILE, "L1": "a/b"}))
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "report.html").write_text(REPORT.format(OWN), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def placed(config: Config, folder: Path, tables: Tables) -> Config:
    # The last leads are still open at the end of the data.
    end = tables.leads["created_at"].max().to_pydatetime()
    data = dataclasses.replace(config.data, end=end)
    return dataclasses.replace(config, folder=folder, data=data)


def running(settings: Serving, scorer: Scorer, placed: Config | None) -> Iterator[TestClient]:
    lookup = None if placed is None else Lookup(placed)
    app = create_app(settings, Fixed(scorer), lookup)
    with TestClient(app, base_url="http://localhost") as client:
        for _ in range(600):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.05)
        yield client


@pytest.fixture(scope="module")
def client(placed: Config, folder: Path, scorer: Scorer) -> Iterator[TestClient]:
    settings = Serving(keys=KEYS, reports=str(folder / "report.html"))
    yield from running(settings, scorer, placed)


def open_lead(tables: Tables) -> str:
    """One of the newest, so that it is still open."""
    return str(tables.leads["lead_id"].iloc[-3])


# The pages.


def test_the_report_is_shown_as_it_was_written(client: TestClient) -> None:
    answer = client.get("/report", headers=by_hand(PLAIN["board"]))

    assert answer.status_code == 200
    assert answer.text == REPORT.format(OWN)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == (
        f"{OWN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_card_of_a_lead_says_what_its_score_says(client: TestClient, tables: Tables) -> None:
    lead_id = open_lead(tables)
    key = {"X-API-Key": PLAIN["crm"]}
    (score,) = client.get(f"/v1/leads/{lead_id}/score", headers=key).json()["scores"]
    page = client.get(f"/leads/{lead_id}", headers=by_hand(PLAIN["board"]))

    assert page.status_code == 200
    assert score["probability"] is not None
    assert page.text.startswith("<!doctype html>")
    shown = re.search(r"<strong>([\d.]+)\xa0%</strong>", page.text)
    assert shown is not None
    assert float(shown[1]) == pytest.approx(100 * score["probability"], rel=0.05)
    for reason in score["reasons"]:
        assert reason["text"][1:] in page.text
    assert "that it becomes a customer within 30 days" in page.text
    assert "The average lead" in page.text
    for name in score["missing"]:
        assert name in page.text


def test_a_card_tells_no_person_but_by_the_id_that_was_asked_for(
    client: TestClient, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Scores.for_people
    owner = [{"text": "owner is jane@example.com", "group": "fit", "effect": 0.1}]
    monkeypatch.setattr(Scores, "for_people", lambda own: told(own).assign(reasons=[owner]))
    page = client.get(f"/leads/{open_lead(tables)}", headers=by_hand(PLAIN["board"]))

    assert page.status_code == 200
    assert f"Owner is {hidden('jane@example.com')}" in page.text
    assert "jane" not in page.text


def test_what_a_page_may_do_is_to_show_its_own_style(client: TestClient, tables: Tables) -> None:
    page = client.get(f"/leads/{open_lead(tables)}", headers=by_hand(PLAIN["board"]))
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert page.headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{digest}'"
    )
    assert "style=" not in page.text, "a hash allows no style of a single element"
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=", page.text)


@pytest.mark.parametrize("lead_id", [HOSTILE, "a/b"])
def test_a_hostile_id_is_shown_and_never_run(client: TestClient, lead_id: str) -> None:
    page = client.get(f"/leads/{quote(lead_id, safe='')}", headers=by_hand(PLAIN["board"]))

    assert page.status_code == 200
    assert "<script" not in page.text
    assert lead_id.replace("<", "&lt;").replace(">", "&gt;") in page.text


def test_points_are_shown_before_there_is_a_model(
    config: Config, placed: Config, tables: Tables
) -> None:
    for client in running(Serving(), points_scorer(config), placed):
        page = client.get(f"/leads/{open_lead(tables)}").text
        assert re.search(r"<strong>[\d.]+ points</strong>", page)
        assert "No points" in page
        assert "%" not in re.sub(r"<style>.*</style>|<svg.*</svg>", "", page, flags=re.DOTALL)


def test_a_lead_without_a_score_says_why(client: TestClient) -> None:
    page = client.get(f"/leads/{quote(HOSTILE, safe='')}", headers=by_hand(PLAIN["board"])).text

    assert "No score" in page
    assert "already" in page
    assert '<table class="waterfall">' not in page


# The door.


@pytest.mark.parametrize("path", ["/report", "/leads/L50"])
@pytest.mark.parametrize(
    ("key", "status"), [("board", 200), ("crm", 403), ("ops", 403), (None, 401)]
)
def test_pages_are_for_keys_that_may_read(
    client: TestClient, path: str, key: str | None, status: int
) -> None:
    ways = (
        [{}]
        if key is None
        else [
            {"Authorization": f"Bearer {PLAIN[key]}"},
            {"X-API-Key": PLAIN[key]},
            by_hand(PLAIN[key]),
        ]
    )
    assert [client.get(path, headers=way).status_code for way in ways] == [status] * len(ways)


def test_a_key_as_a_password_opens_nothing_but_pages(client: TestClient) -> None:
    for key, path in (("crm", "/v1/leads/L50/score"), ("board", "/v1/model"), ("ops", "/metrics")):
        assert client.get(path, headers=by_hand(PLAIN[key])).status_code == 401
        assert client.get(path, headers={"X-API-Key": PLAIN[key]}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "!!!",
        "=",
        base64.b64encode(PLAIN["board"].encode()).decode(),
        base64.b64encode(f"{PLAIN['board']}:".encode()).decode(),
        base64.b64encode(f"a:{PLAIN['board']}x".encode()).decode(),
        base64.b64encode(f"a:b:{PLAIN['board']}".encode()).decode(),
        base64.b64encode(b"a:\xff\xfe").decode(),
        "é",
    ],
)
def test_a_password_that_is_no_key_is_refused(client: TestClient, given: str) -> None:
    headers = {**BROWSER, "Authorization": f"Basic {given}".encode()}

    assert client.get("/report", headers=headers).status_code == 401


def test_a_browser_without_a_key_is_asked_for_one(client: TestClient) -> None:
    answer = client.get("/report", headers=BROWSER)

    assert answer.headers["www-authenticate"] == 'Basic realm="leadml", charset="UTF-8"'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "A key must be given as the password" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-request-id"]


def test_a_program_without_a_key_is_told_as_everywhere(client: TestClient) -> None:
    answer = client.get("/report", headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="leadml"'
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_keys_everyone_may_read(
    placed: Config, folder: Path, scorer: Scorer, tables: Tables
) -> None:
    for client in running(Serving(reports=str(folder / "report.html")), scorer, placed):
        assert client.get("/report").status_code == 200
        assert client.get(f"/leads/{open_lead(tables)}").status_code == 200


# What goes wrong.


@pytest.mark.parametrize(
    "lead_id", ["nobody", "", "%", "\0", "x" * 10_000, "../v1/score", HOSTILE[1:]]
)
def test_trouble_is_told_to_browsers_in_a_page_and_to_programs_as_a_problem(
    client: TestClient, lead_id: str
) -> None:
    path = f"/leads/{quote(lead_id, safe='')}"
    page = client.get(path, headers=by_hand(PLAIN["board"]))
    problem = client.get(path, headers={"X-API-Key": PLAIN["board"]})

    assert page.status_code == problem.status_code
    assert page.status_code in {404, 422}
    assert problem.headers["content-type"] == "application/problem+json"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].endswith("='")
    assert problem.json()["title"].split()[0] in page.text
    assert problem.json()["detail"] in page.text.replace("&#39;", "'")
    assert "xxxx" not in page.text
    assert "script" not in page.text


def test_a_page_has_no_other_method(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, "/report", headers=by_hand(PLAIN["board"])).status_code == 405


def test_without_a_report_the_app_says_how_to_write_one(scorer: Scorer, tmp_path: Path) -> None:
    for place in ("", str(tmp_path / "none.html"), str(tmp_path)):
        for client in running(Serving(reports=place), scorer, None):
            answer = client.get("/report")
            assert answer.status_code == 404
            assert "`leadml train` writes one" in answer.json()["detail"]
            assert str(tmp_path) not in answer.text


def put(path: Path, *, age: float) -> Path:
    """A file that holds its own name, so many seconds old."""
    path.write_text(path.name)
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def refused(place: Path | str) -> bool:
    """Whether there is no report to show."""
    with pytest.raises(HTTPException) as none:
        read_report(str(place))
    return (none.value.status_code, none.value.detail) == (404, NO_REPORT)


def test_of_a_folder_the_newest_report_of_a_training_is_shown(tmp_path: Path) -> None:
    put(tmp_path / "version-2.html", age=100)
    put(tmp_path / "version-10.html", age=10)
    for name in ("report.html", ".version-11.html", "version-10.md", "version-11.html.tmp"):
        put(tmp_path / name, age=0)
    (tmp_path / "version-12.html").mkdir()

    assert read_report(str(tmp_path)) == b"version-10.html"


def test_what_lies_outside_the_folder_is_no_report(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "version-1.html").symlink_to(put(tmp_path / "secret.html", age=0))
    (folder / "version-2.html").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "version-3.html")

    assert refused(folder)
    put(folder / "version-4.html", age=50)
    assert read_report(str(folder)) == b"version-4.html"


def test_a_report_that_vanishes_while_it_is_looked_for_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "version-1.html", age=50)
    newest = put(tmp_path / "version-2.html", age=0)
    real = Path.read_bytes

    def read(path: Path) -> bytes:
        newest.unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert read_report(str(tmp_path)) == b"version-1.html"
    assert refused(put(newest, age=0))


def test_a_folder_that_vanishes_while_it_is_looked_into_holds_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    put(folder / "version-1.html", age=0)
    real = os.scandir

    def look(place: Path) -> object:
        monkeypatch.setattr(os, "scandir", real)
        shutil.rmtree(place)
        return real(place)

    monkeypatch.setattr(os, "scandir", look)
    assert refused(folder)


def test_no_folder_is_not_the_folder_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "version-1.html", age=0)
    monkeypatch.chdir(tmp_path)
    assert refused("")


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "script-src *",
        "default-src *; default-src 'none'",
        "default-src 'none'\r\nX-Evil: 1",
        "default-src 'none' \u00e9",
    ],
)
def test_a_report_without_a_strict_policy_may_show_its_style_and_no_more(policy: str) -> None:
    assert policy_of(REPORT.format(policy).encode()) == (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_a_policy_that_only_a_text_of_the_data_tells_is_none() -> None:
    meta = REPORT.format("default-src 'none'; script-src *")
    told = meta.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")

    assert "script-src" not in policy_of(told.encode())
    assert "script-src 'sha256-a'" in policy_of(
        REPORT.format("default-src &#39;none&#39;; script-src &#39;sha256-a&#39;").encode()
    )


def test_an_app_without_a_source_says_so_to_a_browser(scorer: Scorer) -> None:
    for client in running(Serving(), scorer, None):
        page = client.get("/leads/L1", headers=BROWSER)
        assert page.status_code == 404
        assert "This app has no source" in page.text


def test_pages_are_no_part_of_the_described_api(client: TestClient) -> None:
    paths = build_openapi(client.app, Serving())["paths"]
    assert not [path for path in paths if path.startswith(("/report", "/leads"))]
