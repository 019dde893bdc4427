"""Which trainings started here and never finished? And who may write now?

A training makes a folder in the registry, with a mark that its process holds locked and room for
its scratch. A process that is killed lets go of the lock and leaves the folder: so it is known
for dead, whatever became of its number since.
"""

import fcntl
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd

from leadml.errors import RegistryError

LOCK_SECONDS = 60.0
"""How long one waits for the writer before."""

_FOLDER = ".training"
_MARK = "started.json"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A training that has started.

    Attributes:
        folder: its own, inside the registry; named by its token.
        started: when, in UTC; empty where it died before it could say.
        pid, host: of its process.
    """

    folder: Path
    started: str
    pid: int
    host: str

    @property
    def token(self) -> str:
        """What names it in the registry."""
        return self.folder.name

    @property
    def words(self) -> str:
        """What became of it, in a sentence."""
        return (
            f"A training started {self.started[:16] or 'some time ago'} (process {self.pid} on "
            f"{self.host}) did not finish; champion and registry are as they were."
        )

    def remove(self) -> None:
        """Takes its mark and its scratch away."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def begin(registry: Path, *, now: pd.Timestamp) -> Iterator[Attempt]:
    """Marks that a training has started, for as long as this process lives; removes nothing."""
    folder = registry / _FOLDER / uuid.uuid4().hex
    attempt = Attempt(folder, now.isoformat(), os.getpid(), socket.gethostname())
    with locked(registry):
        folder.mkdir(parents=True)
        mark = (folder / _MARK).open("w", encoding="utf-8")
        fcntl.flock(mark, fcntl.LOCK_EX)
    with mark:
        facts = {"started": attempt.started, "pid": attempt.pid, "host": attempt.host}
        mark.write(json.dumps(facts))
        mark.flush()
        yield attempt


def unfinished(registry: Path) -> list[Attempt]:
    """The trainings whose process is gone; to be called while the registry is locked."""
    left = []
    for folder in sorted((registry / _FOLDER).glob("*")):
        mark = folder / _MARK
        if not mark.is_file():
            left.append(Attempt(folder, "", 0, ""))
            continue
        with mark.open("r+", encoding="utf-8") as handle:
            if _taken(handle):
                left.append(_read(folder, handle.read()))
    return left


def _read(folder: Path, text: str) -> Attempt:
    try:
        facts = json.loads(text)
    except ValueError:
        return Attempt(folder, "", 0, "an unknown host")
    return Attempt(folder, facts["started"], facts["pid"], facts["host"])


@contextmanager
def locked(registry: Path) -> Iterator[None]:
    """Holds the registry for one writer at a time, across processes.

    Raises:
        RegistryError: another holds it for longer than `LOCK_SECONDS`.
    """
    with (registry / ".lock").open("w") as handle:
        start = time.monotonic()
        while not _taken(handle):
            if time.monotonic() - start > LOCK_SECONDS:
                msg = (
                    f"The registry in '{registry}' must be free to write to, but another process "
                    f"has held it for {LOCK_SECONDS:.0f} seconds. Wait until it has finished."
                )
                raise RegistryError(msg)
            time.sleep(0.05)
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
