"""How is every answer kept? One row a scored lead, in an append-only log that outlives a crash.

Scoring only puts answers into a bounded queue; a thread takes them out every `WRITE_SECONDS` and
appends them to the journal of the hour, which is sealed as Parquet when the hour is over
(`serving.watching.log_files`). What a killed process loses is what still waited. Where the queue is
full or the disk fails, rows are lost and counted: scoring never waits for the log.
"""

import fcntl
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal, Self

import numpy as np
import pyarrow as pa

from leadml.arrays import Floats, Matrix, Nanos
from leadml.errors import ConfigError
from serving.watching.log_files import SCHEMA, hash_lead, make_key, mend, seal

log = logging.getLogger(__name__)

Role = Literal["champion", "asked", "shadow"]
"""Why a model was asked: it answers, it was named by the request, it is tried in silence."""

WRITE_SECONDS = 1.0
"""How long an answer waits at most before it is written."""

MOST_WAITING = 50_000
"""So many leads may wait; of 150 features they take 60 MB."""

MOST_BYTES = 64 * 2**20
"""A journal that has grown to this is sealed before its hour is over."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The answers of one request; arrays of shape (n,).

    Attributes:
        scored_at: when it came in.
        request_id: which one it was.
        version: of the model.
        role: why it was asked.
        lead_ids: texts, as the source has them.
        as_of: the moments that were looked from.
        matrix: the features, shape (n, n_features).
        probability, lower, upper, points: NaN where there is none.
        stages: of the policy.
        unscored: why a lead has no score; "" where it has one.
    """

    scored_at: datetime
    request_id: str
    version: str
    role: Role
    lead_ids: Sequence[str]
    as_of: Nanos
    matrix: Matrix
    probability: Floats
    lower: Floats
    upper: Floats
    points: Floats
    stages: Sequence[str]
    unscored: Sequence[str]

    def __len__(self) -> int:
        return len(self.lead_ids)


class ScoreLog:
    """A log that is being written by this process; one thread writes, any may add."""

    def __init__(
        self,
        folder: Path,
        *,
        on_lost: Callable[[int], object] = lambda _: None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Opens the log, seals what dead processes left, and starts the thread.

        Args:
            folder: of the log; made where it is not there.
            on_lost: told how many rows were lost when some were.
            most_waiting: how many leads may wait.

        Raises:
            ConfigError: the folder cannot be written.
        """
        self._folder, self._on_lost, self._most_waiting = folder, on_lost, most_waiting
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._key = make_key(folder)
            mend(folder)
        except OSError as error:
            msg = (
                f"serving.score_log must be a folder that can be written, got '{folder}' "
                f"({error.strerror}). Make it, or leave the setting out."
            )
            raise ConfigError(msg) from error
        self._waiting: list[Lines] = []
        self._n_waiting = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._journal: _Journal | None = None
        self._thread = threading.Thread(target=self._run, name="score-log", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, lines: Lines) -> None:
        """Takes answers in, or loses them where too many wait; never blocks."""
        with self._lock:
            fits = self._n_waiting + len(lines) <= self._most_waiting
            if fits:
                self._waiting.append(lines)
                self._n_waiting += len(lines)
        if not fits:
            self._on_lost(len(lines))

    def close(self) -> None:
        """Writes what waits and seals the journal; nothing may be added afterwards."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stop.wait(WRITE_SECONDS)
            with self._lock:
                taken, self._waiting, self._n_waiting = self._waiting, [], 0
            for hour, lines in _by_hour(taken).items():
                self._write(hour, lines)
        self._seal()

    def _write(self, hour: str, lines: list[Lines]) -> None:
        try:
            if self._journal is not None and not self._journal.takes(hour):
                self._seal()
            if self._journal is None:
                self._journal = _Journal(self._folder, hour)
            self._journal.write(_batch(lines, self._key))
        except OSError as error:
            self._journal = None
            self._on_lost(sum(map(len, lines)))
            log.error("the score log cannot be written: %s", error.strerror)  # noqa: TRY400

    def _seal(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            with suppress(OSError):  # then it stays a journal, which the next process seals
                journal.seal()


class _Journal:
    """The rows of one hour, being written; locked as long as it is open."""

    def __init__(self, folder: Path, hour: str) -> None:
        self._hour = hour
        self._path = folder / f"{hour}-{secrets.token_hex(4)}.arrows"
        new = self._path.with_suffix(".new")
        self._file: IO[bytes] = new.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(self._path)  # only now, locked, can `mend` see it
        self._stream = pa.ipc.new_stream(self._file, SCHEMA)

    def takes(self, hour: str) -> bool:
        """Whether rows of an hour belong here, and it is not full."""
        return hour == self._hour and self._file.tell() < MOST_BYTES

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows and hands them to the system, so that they outlive the process."""
        self._stream.write_batch(batch)
        self._file.flush()

    def seal(self) -> None:
        """Ends it, and lets go of the lock once the seal is in its place."""
        with self._file:
            self._stream.close()
            self._file.flush()
            seal(self._path)


def _by_hour(taken: Sequence[Lines]) -> dict[str, list[Lines]]:
    """Answers by the hour they were given in."""
    hours: dict[str, list[Lines]] = {}
    for lines in taken:
        hour = lines.scored_at.astimezone(UTC).strftime("%Y-%m-%dT%H")
        hours.setdefault(hour, []).append(lines)
    return hours


def _batch(lines: Sequence[Lines], key: bytes) -> pa.RecordBatch:
    """Answers as rows of the log."""

    def each(values: Sequence[Any]) -> list[Any]:
        """One value an answer, for each of its leads."""
        return [v for v, own in zip(values, lines, strict=True) for _ in range(len(own))]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(own, name) for own in lines])

    widths = np.repeat([own.matrix.shape[1] for own in lines], [len(own) for own in lines])
    offsets = np.concatenate(([0], np.cumsum(widths))).astype(np.int32)
    features = pa.ListArray.from_arrays(offsets, np.concatenate([o.matrix.ravel() for o in lines]))
    columns = {
        "scored_at": pa.array(
            each([own.scored_at for own in lines]), SCHEMA.field("scored_at").type
        ),
        "request_id": each([own.request_id for own in lines]),
        "lead": [hash_lead(str(lead), key) for own in lines for lead in own.lead_ids],
        "as_of": pa.array(joined("as_of").astype("datetime64[ns]")).cast(
            SCHEMA.field("as_of").type
        ),
        "version": each([own.version for own in lines]),
        "role": each([own.role for own in lines]),
        "features": features,
        **{
            name: pa.array(joined(name), from_pandas=True)
            for name in ("probability", "lower", "upper", "points")
        },
        "stage": [str(stage) for own in lines for stage in own.stages],
        "unscored": [str(reason) for own in lines for reason in own.unscored],
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)
