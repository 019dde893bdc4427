"""How is a server started to be measured? Pinned to a core, asked until it is ready, then stopped.

Servers run as an operator runs them (deploy/leadml.service), with one thread for numerical
libraries, two arenas of memory and compiled bytecode.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from load import SERVER_CORE

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60.0

ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready, and how long that took from the start of its process."""

    url: str
    pid: int
    ready_seconds: float

    def memory_mb(self) -> float:
        """Resident memory, with that of the processes it has started."""
        return sum(_resident(pid) for pid in _family(self.pid)) / 2**20


@contextlib.contextmanager
def running(command: Sequence[str], *, ready: str, log: Path) -> Iterator[Server]:
    """Starts a command and waits until it answers 200 at a path; SIGTERM ends it.

    Args:
        command: `{port}` stands for the port to listen at.
        ready: the path.
        log: where it may write.

    Raises:
        RuntimeError: it ended, or was not ready in time.
    """
    port = _free_port()
    full = [part.replace("{port}", str(port)) for part in command]
    with log.open("w", encoding="utf-8") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *full],
            env=ENVIRONMENT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            while not _answers(port, ready):
                if process.poll() is not None or time.perf_counter() - start > READY_SECONDS:
                    message = f"{full[0]} must answer at {ready}:\n{log.read_text()[-2000:]}"
                    raise RuntimeError(message)
                time.sleep(0.01)
            taken = time.perf_counter() - start
            yield Server(f"http://127.0.0.1:{port}", process.pid, taken)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _family(pid: int) -> list[int]:
    """A process and all that come from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(other for child in children for other in _family(int(child)))]


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
