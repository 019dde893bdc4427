"""Where are the rows of a score log, and how are they read? Its files, their schema and its key.

    2026-11-22T13-1f3a9c02.arrows    journal: the rows of one hour, of one process that writes
    2026-11-22T13-1f3a9c02.parquet   the same, sealed: compressed and never touched again

A journal is a stream of record batches, readable up to the last whole one whenever its process
dies. It is locked while its process lives; journals without an owner are sealed by whoever opens
the log next. A seal is written beside and renamed, and where a journal lies beside its seal the
seal holds, so that no row is there twice.

A lead is named by an HMAC-SHA256 of its id under the key in ``lead.key``: who has the log alone
cannot name anyone, who has the key and the source can find each lead again
(`serving.watching.rebuild`), and destroying the key makes the log anonymous.
"""

import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadml.arrays import Floats, Matrix
from leadml.errors import DataError

_TIME = pa.timestamp("us", tz="UTC")

SCHEMA = pa.schema(
    [
        ("scored_at", _TIME),
        ("request_id", pa.string()),
        ("lead", pa.string()),
        ("as_of", pa.timestamp("ns", tz="UTC")),
        ("version", pa.string()),
        ("role", pa.string()),
        ("features", pa.list_(pa.float64())),
        ("probability", pa.float64()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("points", pa.float64()),
        ("stage", pa.string()),
        ("unscored", pa.string()),
    ]
)
"""The columns of the log. ``lead`` is a hash; ``features`` are in the order of the version's
catalogue, bit by bit; numbers that an answer does not have are null; ``unscored`` says why."""

KEY_FILE = "lead.key"


def mend(folder: Path) -> None:
    """Seals every journal whose process is gone."""
    for path in sorted(folder.glob("*.arrows")):
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seal(path)


def seal(journal: Path) -> None:
    """Writes the whole rows of a journal as Parquet, then removes it."""
    rows = _read_journal(journal)
    if len(rows):
        beside = journal.with_suffix(".tmp")
        with beside.open("wb") as file:
            pq.write_table(rows, file, compression="zstd", row_group_size=50_000)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(journal.with_suffix(".parquet"))
    journal.unlink(missing_ok=True)


def read_log(folder: Path, *, since: datetime | None = None) -> Iterator[pa.Table]:
    """The rows of a log, oldest hour first, a table a file; also while it is being written.

    Args:
        folder: of the log.
        since: only rows scored at or after this moment.

    Raises:
        DataError: there is no log, or a file of it cannot be read.
    """
    if not (folder / KEY_FILE).is_file():
        msg = (
            f"There must be a score log in '{folder}', got none. Set serving.score_log; "
            "`leadml serve` then writes one."
        )
        raise DataError(msg)
    stems = {path.stem for path in (*folder.glob("*.arrows"), *folder.glob("*.parquet"))}
    for stem in sorted(stems):
        if since is None or _ends(stem) > since:
            table = _read(folder / stem)
            if since is not None:
                recent = pc.greater_equal(table["scored_at"], pa.scalar(since, _TIME))
                table = table.filter(recent)
            if len(table):
                yield table


def read_key(folder: Path) -> bytes:
    """The key that the leads of a log are hashed with."""
    return bytes.fromhex((folder / KEY_FILE).read_text(encoding="ascii"))


def hash_lead(lead_id: str, key: bytes) -> str:
    """How the log names a lead: 32 hexadecimal digits."""
    return hmac.digest(key, lead_id.encode(errors="surrogatepass"), "sha256").hex()[:32]


def features_of(rows: pa.Table) -> Matrix:
    """The features of some rows of one version; shape (n, n_features)."""
    lists = rows["features"].combine_chunks()
    values: Floats = lists.flatten().to_numpy()
    return values.reshape(len(rows), -1) if len(rows) else np.zeros((0, 0))


def make_key(folder: Path) -> bytes:
    """The key of the log, drawn by the first process that opens it."""
    if not (folder / KEY_FILE).is_file():
        drawn = folder / f".{KEY_FILE}-{secrets.token_hex(4)}"
        with open(drawn, "x", encoding="ascii", opener=_private) as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(drawn, folder / KEY_FILE)
        drawn.unlink()
    return read_key(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _ends(stem: str) -> datetime:
    """The moment before which all rows of a file were scored."""
    begins = datetime.strptime(stem[:13], "%Y-%m-%dT%H").replace(tzinfo=UTC)
    return begins + timedelta(hours=1)


def _read(place: Path) -> pa.Table:
    """The rows of a file of the log, given without its ending: the seal where there is one."""
    try:
        try:
            return pq.ParquetFile(place.with_suffix(".parquet")).read()
        except FileNotFoundError:
            return _read_journal(place.with_suffix(".arrows"))
    except FileNotFoundError:
        return pq.ParquetFile(place.with_suffix(".parquet")).read()
    except (OSError, pa.ArrowInvalid) as error:
        msg = f"'{place.with_suffix('.parquet')}' must be as the log wrote it, but it is damaged."
        raise DataError(msg) from error


def _read_journal(path: Path) -> pa.Table:
    """The rows of every whole batch; what a dying process left half written is passed over."""
    batches = []
    with path.open("rb") as file, suppress(pa.ArrowInvalid, OSError, StopIteration):
        stream = pa.ipc.open_stream(file)
        while True:
            batches.append(stream.read_next_batch())
    return pa.Table.from_batches(batches, SCHEMA)
