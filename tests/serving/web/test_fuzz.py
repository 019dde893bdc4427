"""Does anything that a client can send bring the app to its knees, or out of its contract?

schemathesis makes requests out of our own OpenAPI document, such as fit it and such as do not;
Hypothesis bends real bodies. Both are seeded. A few hundred of each run always, thousands under the
marker ``thorough`` (`make fuzz`).
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

from leadml.service import Key, Serving, sha256_of
from serving.models.source import Fixed
from serving.scorer import Scorer
from serving.web.app import build_openapi, create_app
from tests.serving.listening import exchange, listening
from tests.serving.waiting import until_ready

PLAIN = "k" * 40
KEYS = (Key("fuzz", sha256_of(PLAIN), ("score", "read", "admin")),)
LIMITS = Serving(keys=KEYS, max_body_mb=1, max_leads=50)
HEADERS = {"X-API-Key": PLAIN, "content-type": "application/json"}
PERSON = "jane@example.com"
ALLOWED = {200, 400, 413, 415, 422}
"""What /v1/score may answer to whoever has a key and sends a body in time."""

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]

BODY: dict[str, Any] = {
    "as_of": "2025-06-01T12:00:00Z",
    "explain": 3,
    "ask": 2,
    "leads": [
        {
            "lead_id": PERSON,
            "created_at": "2025-05-01T08:00:00+02:00",
            "account_id": "acme",
            "consent": True,
            "attributes": {"industry": PERSON, "employees": 120, "other": None},
            "events": [
                {"event_type": "pricing_page_view", "occurred_at": "2025-05-02", "value": 1.5},
                {"event_type": "demo_request", "occurred_at": "2025-05-03T09:00:00Z"},
            ],
            "previous": {"stage": "mql", "fit_grade": "B", "engagement_grade": 2},
        },
        {"lead_id": "b", "created_at": "2025-05-01"},
    ],
}


def seeded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def port(scorer: Scorer) -> Iterator[int]:
    with listening(create_app(LIMITS, Fixed(scorer))) as own:
        until_ready(lambda: requests.get(f"http://127.0.0.1:{own}/readyz", timeout=10))
        yield own


@pytest.fixture(scope="module")
def client(scorer: Scorer) -> Iterator[TestClient]:
    with TestClient(create_app(LIMITS, Fixed(scorer))) as own:
        until_ready(lambda: own.get("/readyz"))
        yield own


# By the contract.


@pytest.mark.parametrize("examples", [80, pytest.param(1000, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_documented(scorer, port, mode, examples):
    document = build_openapi(create_app(LIMITS, Fixed(scorer)), LIMITS)
    asked, statuses = 0, set()
    with requests.Session() as session:
        session.headers["X-API-Key"] = PLAIN
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = found.ok()

            @seeded(examples)
            @given(case=operation.as_strategy(mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                answer = case.call(base_url=f"http://127.0.0.1:{port}", session=session)
                asked += 1
                statuses.add(answer.status_code)
                assert answer.status_code < 500, answer.text
                case.validate_response(answer, checks=CHECKS)

            if operation.path not in {"/healthz", "/readyz"} or mode is GenerationMode.POSITIVE:
                ask()
    assert asked >= examples
    assert statuses >= ({200} if mode is GenerationMode.POSITIVE else {422})


# By the body.


def send(client: TestClient, body: bytes, **headers: str) -> int:
    """The status of an answer that is a score or a problem that repeats nothing."""
    answer = client.post("/v1/score", content=body, headers={**HEADERS, **headers})
    assert answer.status_code in ALLOWED, (answer.status_code, answer.text, body[:2000])
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert PERSON not in answer.text
    return answer.status_code


def paths(tree: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    inside = tree.items() if isinstance(tree, dict) else ()
    for key, value in enumerate(tree) if isinstance(tree, list) else inside:
        yield from paths(value, (*here, key))


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of a tree with another value at a path."""
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


ODD = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "0.1e1", "1" + "0" * 400),
    *("9223372036854775808", "-9223372036854775809", "1e308", "true", "null", "[]", "{}", '""'),
    *(r'"\u0000"', r'"\ud800"', r'"\udc00\ud800"', '"\x7f"', '"\u202e\ufeff"', '" "', "'a'"),
    *('"9999-12-31T23:59:59.999999Z"', '"0001-01-01"', '"2025-02-30"', '"2025-05-01T24:00:00Z"'),
    *(
        '"1900-01-01"',
        '"2199-12-31T23:59:59-23:59"',
        '"2025-05-01T08:00:00+99:99"',
        '"２０２５-05-01"',
    ),
    *("01", "1.", ".5", "+1", "0x10", "1_000", "/* x */ 1", '"' + "x" * 100_000 + '"'),
    *("[" * 200 + "]" * 200, '{"a":' * 200 + "1" + "}" * 200),
]
"""Texts to stand where a value of JSON should."""


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:20])
def test_an_odd_value_anywhere_in_a_body_is_scored_or_refused(client, odd):
    for path in paths(BODY):
        text = json.dumps(replaced(BODY, path, "HERE")).replace('"HERE"', odd)
        send(client, text.encode("utf-8", "surrogatepass"))


json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)
field_trees = st.dictionaries(
    st.sampled_from(["leads", "as_of", "explain", "ask", "horizon", "lead_id", "events"]),
    json_trees,
)


@pytest.mark.parametrize("examples", [300, pytest.param(5000, marks=pytest.mark.thorough)])
def test_any_json_is_scored_or_refused(client, examples):
    @seeded(examples)
    @given(json_trees | field_trees, st.sampled_from(list(paths(BODY))), st.booleans())
    def ask(tree: Any, path: tuple[Any, ...], inside: bool) -> None:  # noqa: FBT001
        send(client, json.dumps(replaced(BODY, path, tree) if inside else tree).encode())

    ask()


@pytest.mark.parametrize("examples", [300, pytest.param(5000, marks=pytest.mark.thorough)])
def test_a_body_with_bytes_changed_lost_or_doubled_is_scored_or_refused(client, examples):
    body = json.dumps(BODY).encode()
    places = st.integers(0, len(body))

    @seeded(examples)
    @given(st.lists(st.tuples(places, st.integers(0, 40), st.binary(max_size=8)), max_size=4))
    def ask(changes: list[tuple[int, int, bytes]]) -> None:
        bent = body
        for place, lost, put in changes:
            bent = bent[:place] + put + bent[place + lost :]
        send(client, bent)

    ask()


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037"])
def test_another_encoding_is_refused(client, coding):
    assert send(client, json.dumps(BODY).encode(coding)) in {400, 422}


def test_latin_1_is_refused_and_a_charset_is_not_believed(client):
    text = json.dumps({"leads": [{"lead_id": "Müller", "created_at": "2025-05-01"}]})
    unescaped = text.replace(r"\u00fc", "ü")
    assert send(client, unescaped.encode("latin-1")) == 400
    declared = {"content-type": "application/json; charset=latin-1"}
    assert send(client, unescaped.encode("latin-1"), **declared) == 400
    assert send(client, unescaped.encode("utf-8"), **declared) == 200


@pytest.mark.parametrize("depth", [100, 1000, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"leads":[', '{"leads":[{"attributes":{"a":'])
def test_deep_nesting_is_refused(client, opening, depth):
    assert send(client, opening.encode() * depth) in {400, 413, 422}


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_not_unpacked(client, pack):
    packed = pack(json.dumps(BODY).encode() + b" " * 200 * 2**20)
    assert len(packed) < 2**20
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP", "x"):
        assert send(client, packed, **{"content-encoding": coding}) == 415
    assert send(client, packed) == 400, "nor where nobody says that it is one"


def test_the_last_of_two_equal_keys_counts_as_in_any_json(client):
    text = json.dumps(BODY).replace('"explain": 3', '"explain": 3, "explain": 0')
    answer = client.post("/v1/score", content=text, headers=HEADERS)
    assert [score["reasons"] for score in answer.json()["scores"]] == [[], []]


# By the connection.


def request(*headers: str) -> bytes:
    head = ["POST /v1/score HTTP/1.1", "host: localhost", f"x-api-key: {PLAIN}", *headers]
    return "\r\n".join([*head, "content-type: application/json", "", ""]).encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    for k in range(0, len(body), size):
        part = body[k : k + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_body_in_chunks_is_scored(port, size):
    body = json.dumps(BODY).encode()
    parts = b"".join(chunks(body, size))
    assert status_of(exchange(port, request("transfer-encoding: chunked"), parts)) == 200


def test_a_body_in_chunks_is_held_to_the_limit(port):
    parts = b"".join(chunks(b" " * (2**20 + 1), 2**16))
    assert status_of(exchange(port, request("transfer-encoding: chunked"), parts)) == 413


@pytest.mark.parametrize(
    "sent",
    [
        request("transfer-encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n",
        request("transfer-encoding: chunked", "content-length: 3") + b"0\r\n\r\n",
        request("content-length: -1"),
        request("content-length: 1", "content-length: 2") + b"{}",
        request("content-length: 99999999999999999999999999"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
    ],
    ids=["chunk", "both", "negative", "two", "huge", "tls", "long", "version", "h2", "nul"],
)
def test_what_is_no_http_is_refused_and_the_app_lives_on(port, sent):
    answer = exchange(port, sent, limit=2.0)
    assert not answer or 400 <= status_of(answer) < 500, answer[:500]
    assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_no_place_taken(scorer):
    small = Serving(max_at_once=2, request_seconds=60)
    with listening(create_app(small, Fixed(scorer))) as own:
        until_ready(lambda: requests.get(f"http://127.0.0.1:{own}/readyz", timeout=10))
        head = request("content-length: 1000")
        for _ in range(6):
            exchange(own, head, b"{", limit=0.05)
        answer = requests.post(f"http://127.0.0.1:{own}/v1/score", json=BODY, timeout=10)
        assert answer.status_code == 200
