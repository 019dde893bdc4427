"""A real server on loopback, for what a test client cannot do: be slow, be cut off."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def listening(app: ASGIApp) -> Iterator[int]:
    """The port at which ``app`` answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as own:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield own.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


def exchange(port: int, *parts: bytes, pause: float = 0.0, limit: float = 20.0) -> bytes:
    """What the server answers to bytes sent as they are, with a pause between the parts."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit) as own:
        for part in parts:
            try:
                own.sendall(part)
            except OSError:
                break
            time.sleep(pause)
        answer = b""
        while data := _some(own):
            answer += data
            if _is_whole(answer):
                break
        return answer


def _some(own: socket.socket) -> bytes:
    try:
        return own.recv(65536)
    except (ConnectionError, TimeoutError):
        return b""


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if found and line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return False
