"""How much is taken on at once, and how long it may take; slow clients are real ones."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import anyio
import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from leadml.service import Serving
from serving.web.boundary import add_boundary
from serving.wire.problems import add_problems
from tests.serving.listening import exchange, listening

SECONDS = 1.0
"""How long a request may take here."""

MOST = 3


class Gate:
    """Where requests of an app wait until they may go on."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.open = threading.Event()

    async def pass_through(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            while not self.open.is_set():
                await asyncio.sleep(0.005)
        finally:
            self.inside -= 1


def app_with(gate: Gate, **limits: float) -> FastAPI:
    app = FastAPI()
    add_problems(app)

    @app.get("/gate")
    async def at_gate() -> str:
        await gate.pass_through()
        return "through"

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    @app.get("/thread")
    async def thread() -> str:
        await anyio.to_thread.run_sync(time.sleep, 3 * SECONDS)
        return "done"

    @app.get("/late")
    async def late() -> None:
        raise TimeoutError

    @app.get("/large")
    async def large() -> Response:
        return Response(bytes(64 * 2**20))

    @app.get("/parts")
    async def parts() -> StreamingResponse:
        async def some() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield bytes(2**20)

        return StreamingResponse(some())

    @app.get("/healthz")
    async def healthz() -> str:
        return "ok"

    add_boundary(app, Serving(max_at_once=MOST, **limits))
    return app


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def port(gate: Gate) -> Iterator[int]:
    with listening(app_with(gate, request_seconds=SECONDS)) as own:
        yield own


@pytest.fixture
def patient(gate: Gate) -> Iterator[int]:
    """A server that has all the time."""
    with listening(app_with(gate, request_seconds=60.0)) as own:
        yield own


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()


def post(length: int) -> bytes:
    return f"POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n".encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def in_background(port: int, *parts: bytes, count: int) -> tuple[list[threading.Thread], list[int]]:
    found: list[int] = []

    def ask() -> None:
        found.append(status_of(exchange(port, *parts)))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, found


def until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it never came to that")


# How many.


def test_more_requests_than_allowed_are_asked_to_come_back(patient, gate):
    threads, found = in_background(patient, get("/gate"), count=MOST)
    until(lambda: gate.inside == MOST)

    answer = exchange(patient, get("/gate"))
    assert status_of(answer) == 429
    assert b"\r\nretry-after: 1\r\n" in answer
    assert b"application/problem+json" in answer
    assert b"At most 3 requests may be under way at once" in answer

    gate.open.set()
    for thread in threads:
        thread.join(10)
    assert (found, gate.most) == ([200] * MOST, MOST)


def test_health_answers_when_nothing_else_does(patient, gate):
    threads, _ = in_background(patient, get("/gate"), count=MOST)
    until(lambda: gate.inside == MOST)
    assert status_of(exchange(patient, get("/healthz"))) == 200
    gate.open.set()
    for thread in threads:
        thread.join(10)


def test_every_place_is_given_back_whatever_became_of_the_request(patient, gate):
    gate.open.set()
    for _ in range(3 * MOST):
        found = [status_of(exchange(patient, get(p))) for p in ("/gate", "/late", "/nope")]
        assert found == [200, 500, 404]


# How long.


def test_a_body_that_trickles_in_is_not_waited_for(port):
    started = time.perf_counter()
    answer = exchange(port, post(1000), *[b"x"] * 8, pause=0.2)
    assert status_of(answer) == 408
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert time.perf_counter() - started < 8 * SECONDS


def test_slow_clients_do_not_keep_others_out(port):
    threads, found = in_background(port, post(1000), count=MOST)
    time.sleep(SECONDS / 4)
    assert status_of(exchange(port, get("/gate"))) == 429
    for thread in threads:
        thread.join(10)
    assert found == [408] * MOST
    assert status_of(exchange(port, get("/nope"))) == 404


def test_a_body_that_comes_in_parts_in_time_is_read(port):
    answer = exchange(port, post(4), b"ab", b"cd", pause=0.1)
    assert (status_of(answer), answer[-1:]) == (200, b"4")


def test_an_answer_that_takes_too_long_is_given_up(port, gate):
    answer = exchange(port, get("/gate"))
    assert status_of(answer) == 503
    assert b"\r\nretry-after: 1\r\n" in answer
    assert b"must be answered within 1 seconds" in answer
    until(lambda: gate.inside == 0)


def test_work_in_a_thread_is_given_up_while_it_goes_on(port):
    started = time.perf_counter()
    assert status_of(exchange(port, get("/thread"))) == 503
    assert time.perf_counter() - started < 2.5 * SECONDS


def test_a_reader_that_does_not_read_keeps_its_place_no_longer_than_others(port):
    """64 MiB fit in no buffer: sending them in parts waits for the reader, and is ended."""
    with ExitStack() as readers:
        for _ in range(MOST):
            reader = readers.enter_context(socket.create_connection(("127.0.0.1", port)))
            reader.sendall(get("/parts"))
        time.sleep(SECONDS / 2)
        assert status_of(exchange(port, get("/nope"))) == 429
        time.sleep(SECONDS)
        assert status_of(exchange(port, get("/nope"))) == 404


def test_an_answer_in_one_piece_keeps_no_place_though_nobody_reads_it(patient):
    with ExitStack() as readers:
        for _ in range(2 * MOST):
            reader = readers.enter_context(socket.create_connection(("127.0.0.1", patient)))
            reader.sendall(get("/large"))
        time.sleep(SECONDS / 2)
        assert status_of(exchange(patient, get("/nope"))) == 404


def test_a_timeout_of_the_route_itself_is_not_taken_for_ours(port):
    assert status_of(exchange(port, get("/late"))) == 500
