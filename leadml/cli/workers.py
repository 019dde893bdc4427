"""How do several processes answer at one address? Each is started, watched, replaced and stopped.

This process holds the listening socket and serves nothing: what kills a worker leaves it alone, and
a connection waits in the socket until a worker takes it. Workers are new processes that inherit
the socket, never forks: the threads of numerical libraries do not survive a fork. Each reads its
standard input, which ends when this process does, however it dies.
"""

import logging
import os
import queue
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

REST_SECONDS = 5.0
"""A worker that ends sooner than this after its start is replaced only then."""

MARGIN_SECONDS = 5.0
"""How much longer than its requests a worker may take to stop."""

_STOP = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that answers, and when it was started on the monotonic clock."""

    process: "subprocess.Popen[bytes]"
    started: float


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker does.

    Attributes:
        command: what it runs; ``--fd N`` is added, the number of the listening socket.
        listening: where requests arrive.
        numbers: the folder in which all keep their metrics, so that each can tell those of all.
    """

    command: Sequence[str]
    listening: socket.socket
    numbers: str


def keep_answering(
    command: Sequence[str], listening: socket.socket, *, workers: int, stop_seconds: float
) -> None:
    """Keeps ``workers`` processes answering until SIGTERM or SIGINT; a second one ends all at once.

    SIGHUP is passed on to each.

    Args:
        command: what a worker runs, without its socket.
        listening: where requests arrive; closed on return.
        workers: how many processes.
        stop_seconds: how long requests may take to end after the signal.
    """
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (*_STOP, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda got, _: signals.put(got))
    with tempfile.TemporaryDirectory(prefix="leadml-metrics-") as numbers:
        job = Job(command, listening, numbers)
        crew = [_start(job) for _ in range(workers)]
        while (got := _next(signals, seconds=1.0)) not in _STOP:
            if got == signal.SIGHUP:
                for worker in crew:
                    worker.process.send_signal(got)
            crew = [_replaced(worker, job) for worker in crew]
        listening.close()
        _stop(crew, signals, seconds=stop_seconds + MARGIN_SECONDS)


def _start(job: Job) -> Worker:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*job.command, "--fd", str(job.listening.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[job.listening.fileno()],
        env={
            "MALLOC_ARENA_MAX": "2",  # or each thread keeps what it once needed for a batch
            **os.environ,
            "PROMETHEUS_MULTIPROC_DIR": job.numbers,
        },
        start_new_session=True,  # Ctrl-C is told to this process only, which passes it on
    )
    return Worker(process, time.monotonic())


def _replaced(worker: Worker, job: Job) -> Worker:
    """The worker, or another one where it has ended."""
    status = worker.process.poll()
    if status is None or time.monotonic() - worker.started < REST_SECONDS:
        return worker
    _forget(worker, job.numbers)
    another = _start(job)
    log.warning(
        "worker %d ended with status %d; worker %d takes its place",
        worker.process.pid,
        status,
        another.process.pid,
    )
    return another


def _forget(worker: Worker, numbers: str) -> None:
    """Takes what a dead worker said of its present out of the metrics; its counts remain."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.process.pid, numbers)  # type: ignore[no-untyped-call]


def _stop(crew: Sequence[Worker], signals: "queue.SimpleQueue[int]", *, seconds: float) -> None:
    """Lets all workers end what they do; kills those that do not within the time."""
    for worker in crew:
        worker.process.terminate()
    until = time.monotonic() + seconds
    while _left(crew) and time.monotonic() < until:
        if _next(signals, seconds=0.1) in _STOP:
            break
    for worker in _left(crew):
        log.warning("worker %d was ended while it still answered", worker.process.pid)
        worker.process.kill()
        worker.process.wait()


def _left(crew: Sequence[Worker]) -> list[Worker]:
    return [worker for worker in crew if worker.process.poll() is None]


def _next(signals: "queue.SimpleQueue[int]", *, seconds: float) -> int | None:
    """The next signal, or None where none came in time."""
    try:
        return signals.get(timeout=seconds)
    except queue.Empty:
        return None
