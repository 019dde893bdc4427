"""A real `leadml serve` in a process of its own, that a test may ask, stop and kill."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
"""How long a start may take on a machine that is busy with other tests."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running app: its process, port, and the file with what it says."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that is kept until the end of the block."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and body of an answer, over a connection of its own."""
        with self.connected() as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 30.0) -> int:
        """The exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(k) for k in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def serving(
    config: Path, *options: object, environ: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Starts `leadml serve` on a free port of loopback and waits until it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "leadml.cli", "serve", "-c", str(config)]
    command += ["--port", str(port), *map(str, options)]
    log = config.parent / f"serve-{port}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, env={**os.environ, **(environ or {})}, stdout=told, stderr=told
        )
    served = Served(process, port, log)
    try:
        served.wait_until_ready()
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
