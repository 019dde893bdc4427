"""Who is let in, what each key is for, and what the time of a refusal tells."""

import statistics
import time

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from leadml.service import Key, Serving, new_key, sha256_of
from serving.models.source import Fixed
from serving.web import guard
from serving.web.app import build_openapi, create_app
from serving.web.guard import OPEN, admit, known, names_this_machine, presented, scopes_for
from tests.serving.sources import Loading

PLAIN = {name: f"{name}-{'k' * 40}" for name in ("crm", "board", "ops", "all")}
SCOPES = {
    "crm": ("score",),
    "board": ("read",),
    "ops": ("admin",),
    "all": ("score", "read", "admin"),
}
KEYS = tuple(Key(name, sha256_of(PLAIN[name]), SCOPES[name]) for name in PLAIN)


def status_of(path: str, *headers: tuple[bytes, bytes], keys: tuple[Key, ...] = KEYS) -> int:
    """What the door says: 200, or the status of the refusal."""
    try:
        admit({"path": path, "headers": headers, "state": {}}, keys)
    except HTTPException as refusal:
        return refusal.status_code
    return 200


def bearer(key: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {key}".encode()


@pytest.fixture
def app(scorer) -> FastAPI:
    return create_app(Serving(keys=KEYS, docs="on"), Fixed(scorer))


# What each path needs.


@pytest.mark.parametrize(
    ("path", "crm", "board", "ops"),
    [
        ("/v1/score", 200, 403, 403),
        ("/v1/leads/L-1/score", 200, 403, 403),
        ("/v1/explain/change", 200, 403, 403),
        ("/v1/model", 200, 200, 403),
        ("/metrics", 403, 403, 200),
        ("/healthz", 200, 200, 200),
        ("/readyz", 200, 200, 200),
        ("/anything/else", 403, 403, 200),
    ],
)
def test_a_key_is_for_what_it_names_and_for_nothing_else(path, crm, board, ops):
    found = {name: status_of(path, bearer(PLAIN[name])) for name in PLAIN}
    assert found == {"crm": crm, "board": board, "ops": ops, "all": 200}


def test_a_stranger_reaches_only_what_is_open(app):
    client = TestClient(app)
    paths = [*build_openapi(app, Serving())["paths"], "/metrics", "/docs", "/openapi.json", "/nope"]
    assert {"/v1/score", "/v1/model", "/healthz"} <= set(paths)
    for path in paths:
        statuses = {client.get(path).status_code, client.post(path).status_code}
        if path in OPEN:
            assert 401 not in statuses, path
        else:
            assert statuses == {401}, path


@pytest.mark.parametrize(
    "path",
    ["/V1/score", "//v1/score", "/v1", "/healthz/", "/healthz\n", "/metrics\n", "/docs/x", "", "/"],
)
def test_a_path_that_only_looks_like_an_open_one_is_closed(path):
    assert scopes_for(path) == ("admin",)


@pytest.mark.parametrize("path", ["/report\n", "/report/", "/reports", "/leads/", "/leads/a\nb"])
def test_a_path_that_only_looks_like_a_page_is_none_for_a_key_of_another_scope(path):
    assert scopes_for(path) == ("read",)


def test_no_key_of_another_scope_reads_the_report_by_a_line_feed(scorer, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("secret")
    settings = Serving(keys=KEYS, reports=str(report))
    with TestClient(create_app(settings, Fixed(scorer))) as client:
        asked = {
            name: client.get("/report%0A", headers={"X-API-Key": PLAIN[name]}) for name in PLAIN
        }
    assert (asked["ops"].status_code, asked["crm"].status_code) == (403, 403)
    assert "secret" not in asked["ops"].text + asked["crm"].text


@given(st.text())
def test_no_path_that_is_not_named_is_open(path):
    assert (scopes_for(path) == ()) == (path in OPEN)


# Under which name, where there is no key.

HERE = ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:80", "127.8.9.1:8000", "[::1]:8000"]
ELSEWHERE = [
    *("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"),
    *("evil.example#localhost", "evil.example@localhost", "localhost@evil.example", "localhost "),
    *("localhost:8000.evil.example", "localhost\n", "0.0.0.0", "127.0.0", "::1", "[::1", "[::2]"),
    *("1127.0.0.1", "127.0.0.1,evil.example", "", ":8000", "testserver", "10.0.0.5"),
]


@pytest.mark.parametrize("host", HERE)
def test_an_app_without_keys_answers_under_the_names_of_its_machine(host):
    assert names_this_machine([(b"accept", b"*/*"), (b"host", host.encode())])


@pytest.mark.parametrize("host", ELSEWHERE)
def test_an_app_without_keys_answers_under_no_other_name(host):
    assert not names_this_machine([(b"accept", b"*/*"), (b"host", host.encode())])


def test_a_request_has_one_host():
    assert not names_this_machine([])
    assert not names_this_machine([(b"host", b"localhost"), (b"host", b"evil.example")])


def statuses_under(host: str, settings: Serving, scorer) -> set[int]:
    """Of everything that an app without a source answers."""
    app = create_app(settings, Fixed(scorer))
    with TestClient(app, base_url=f"http://{host}") as client:
        paths = [*build_openapi(app, settings)["paths"], "/metrics", "/docs", "/report", "/leads/a"]
        asked = {client.get(path).status_code for path in paths}
        return asked | {client.post(path, json={"leads": []}).status_code for path in paths}


def test_a_page_whose_name_was_turned_to_this_machine_reads_nothing(scorer):
    assert statuses_under("evil.example:8000", Serving(), scorer) == {421}
    assert 421 not in statuses_under("127.0.0.1:8000", Serving(), scorer)


def test_with_keys_or_open_to_everyone_any_name_will_do(scorer):
    for settings in (Serving(keys=KEYS), Serving(open=True)):
        assert 421 not in statuses_under("leads.example.com", settings, scorer)


def test_who_asks_under_another_name_hears_what_to_do_and_not_the_name(scorer):
    with TestClient(create_app(Serving(), Fixed(scorer)), base_url="http://evil.example") as client:
        said = client.get("/v1/model")
        page = client.get("/report", headers={"Accept": "text/html"})
    assert said.headers["content-type"] == "application/problem+json"
    assert said.json()["title"] == "Misdirected Request"
    assert said.json()["detail"] == (
        "The Host must be localhost, 127.0.0.1 or [::1] as long as the app has no key. "
        "`leadml key` makes one."
    )
    assert page.status_code == 421
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert said.headers["cache-control"] == page.headers["cache-control"] == "no-store"
    assert "evil" not in said.text + page.text


# Which key came.


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([bearer("abc")], "abc"),
        ([(b"authorization", b"bearer   abc ")], "abc"),
        ([(b"x-api-key", b" abc")], "abc"),
        ([(b"x-api-key", b"one"), bearer("two")], "two"),
        ([(b"authorization", b"Basic eDp5"), (b"x-api-key", b"abc")], "abc"),
        ([(b"authorization", b"Basic eDp5")], None),
        ([(b"authorization", b"Bearer")], None),
        ([(b"x-api-key", b"")], ""),
        ([(b"x-api-key", b"\xff\xfe")], "ÿþ"),
        ([], None),
    ],
)
def test_a_key_comes_as_a_bearer_or_in_a_header_of_its_own(headers, key):
    assert presented(headers) == key


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [bearer("")],
        [bearer("x" * 50)],
        [bearer(PLAIN["crm"][:-1])],
        [bearer(PLAIN["crm"] + "x")],
        [bearer(PLAIN["crm"].upper())],
        [bearer(KEYS[0].sha256)],
        [(b"x-api-key", b"\xff" * 40)],
        [(b"authorization", PLAIN["crm"].encode())],
        [(b"authorization", b"Basic " + PLAIN["crm"].encode())],
    ],
)
def test_no_key_and_a_wrong_key_are_refused(headers):
    assert status_of("/v1/score", *headers) == 401


def test_without_keys_everyone_may_ask_everything():
    assert status_of("/v1/score", keys=()) == status_of("/metrics", keys=()) == 200


def test_a_refusal_says_how_to_come_in_and_not_what_came(app):
    client = TestClient(app)
    none = client.post("/v1/score")
    wrong = client.post("/v1/score", headers={"Authorization": "Bearer a-guess"})
    other = client.post("/v1/score", headers={"X-API-Key": PLAIN["board"]})
    assert (none.status_code, wrong.status_code, other.status_code) == (401, 401, 403)
    assert none.headers["www-authenticate"] == 'Bearer realm="leadml"'
    assert wrong.headers["www-authenticate"] == 'Bearer realm="leadml", error="invalid_token"'
    assert 'error="insufficient_scope", scope="score"' in other.headers["www-authenticate"]
    for answer in (none, wrong, other):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert "guess" not in answer.text
        assert "board" not in answer.text


def test_a_stranger_is_refused_before_anything_else_is_looked_at(app):
    headers = {"content-type": "text/plain", "content-length": str(2**40)}
    assert TestClient(app).post("/v1/score", content=b"[", headers=headers).status_code == 401


# What a stranger hears of what is wrong inside.


def test_only_an_insider_hears_why_there_is_no_model():
    def load():
        raise FileNotFoundError("/srv/secret/models")  # noqa: EM101

    app = create_app(Serving(keys=KEYS), Loading(load))
    with TestClient(app) as client:
        for _ in range(1000):
            told = client.get("/readyz", headers={"X-API-Key": PLAIN["ops"]}).json()["detail"]
            if "FileNotFoundError" in told:
                break
            time.sleep(0.005)
        else:
            pytest.fail("the reason was never told")
        for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": PLAIN["crm"]}):
            ready = client.get("/readyz", headers=headers)
            assert ready.status_code == 503
            assert ready.json()["detail"] == "There is no model to score with."
        assert client.get("/healthz").json() == {"status": "ok"}


# What time tells.


def test_every_key_is_compared_in_full_whether_or_not_one_matched(monkeypatch):
    compared = []
    real = guard.hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(guard.hmac, "compare_digest", compare)
    for sent in (PLAIN["crm"], PLAIN["all"], "wrong", ""):
        compared.clear()
        known(KEYS, sent)
        assert compared == [(64, 64)] * len(KEYS)


def test_the_time_of_a_wrong_key_does_not_tell_how_wrong_it_is():
    right = new_key()
    keys = (Key("a", sha256_of(right)), *(Key(f"k{n}", sha256_of(str(n))) for n in range(9)))
    first, last = "X" + right[1:], right[:-1] + ("X" if right[-1] != "X" else "Y")
    assert known(keys, first) is known(keys, last) is None

    assert 0.8 < _times_longer(lambda: known(keys, last), lambda: known(keys, first)) < 1.25

    naive = _times_longer(lambda: _early_exit(right, last), lambda: _early_exit(right, first))
    assert naive > 1.6, "the same measure sees a comparison that stops at the first difference"


def _times_longer(one, other, *, pairs: int = 400, runs: int = 20) -> float:
    """How many times as long a call takes as another.

    The median of many runs in turn, so that what else the machine does weighs on both alike.
    """

    def seconds(call) -> float:
        started = time.perf_counter()
        for _ in range(runs):
            call()
        return time.perf_counter() - started

    taken = [(seconds(one), seconds(other)) for _ in range(pairs)]
    return statistics.median(a for a, _ in taken) / statistics.median(b for _, b in taken)


def _early_exit(right: str, sent: str) -> bool:
    return all(a == b for a, b in zip(right, sent, strict=True))
