"""Which scores are made already? Parts of them wait in files until all are there.

A part is a file that is there whole or not at all, and says by its key what it was made of: the
same model, settings and data give the same key, and what has another key is made anew. So nothing
is lost when a run is killed but what was just being made, and the same command goes on with it.
"""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadml.arrays import Ints
from leadml.drafts import in_place_of
from leadml.errors import DataError

WINDOW = 1 << 16
"""How many rows are put in order at a time."""

_KEY = b"leadml.key"


class PartFolder:
    """The parts of a table, in a folder that one process at a time may use.

    A context manager, which holds the folder; `remove` takes it away when all is done.
    """

    def __init__(self, folder: Path, rows: Sequence[Ints]) -> None:
        """Names the folder and what its parts hold.

        Args:
            folder: made where there is none.
            rows: of every part, the places of its rows in the whole table, ascending.
        """
        self.folder, self._rows = folder, rows
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Takes the folder.

        Raises:
            DataError: another process has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._held.enter_context((self.folder / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._held.close()
            msg = (
                f"The folder '{self.folder}' must be free, but another run is making scores in it. "
                "Wait until it has finished, or write them somewhere else."
            )
            raise DataError(msg) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def found(self) -> int:
        """How many parts an earlier run left, of whatever key."""
        return len(list(self.folder.glob("*.arrow")))

    def has(self, part: int, key: str) -> bool:
        """Whether a part is there and made of the same."""
        path = self._path(part)
        if not path.exists():
            return False
        try:
            with pa.memory_map(str(path)) as file:
                schema = pa.ipc.open_file(file).schema
        except (OSError, pa.ArrowInvalid):
            return False
        return (schema.metadata or {}).get(_KEY) == key.encode()

    def put(self, part: int, key: str, table: pa.Table) -> None:
        """Keeps a part: when this returns it is on the disk.

        Raises:
            DataError: there is no room.
        """
        path = self._path(part)
        marked = table.combine_chunks().replace_schema_metadata({_KEY: key.encode()})
        try:
            with (
                in_place_of(path, path.with_suffix(".draft")) as draft,
                pa.OSFile(str(draft), "wb") as file,
                pa.ipc.new_file(file, marked.schema) as writer,
            ):
                writer.write_table(marked)
        except OSError as error:
            msg = (
                f"Scores must be kept in '{self.folder}' until all are made, got: "
                f"{error.strerror or error}. Make room, and give the command again: it goes on "
                "with what is there."
            )
            raise DataError(msg) from error

    def merged(self) -> pa.RecordBatchReader:
        """All rows in their order in the whole table, some at a time; every part must be there."""
        with pa.memory_map(str(self._path(0))) as file:
            schema = pa.ipc.open_file(file).schema.remove_metadata()
        rows = sum(map(len, self._rows))
        return pa.RecordBatchReader.from_batches(schema, self._windows(schema, rows))

    def remove(self) -> None:
        """Takes the folder away, with all in it."""
        shutil.rmtree(self.folder)

    def _windows(self, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
        for first in range(0, rows, WINDOW):
            yield self._window(schema, first, min(first + WINDOW, rows))

    def _window(self, schema: pa.Schema, first: int, last: int) -> pa.RecordBatch:
        """The rows at the places ``first:last``, of whichever parts they are."""
        pieces: list[pa.RecordBatch] = []
        places: list[Ints] = []
        with ExitStack() as files:
            for part, rows in enumerate(self._rows):
                start, stop = np.searchsorted(rows, [first, last])
                if start < stop:
                    file = files.enter_context(pa.memory_map(str(self._path(part))))
                    whole = pa.ipc.open_file(file).get_batch(0)
                    pieces.append(whole.slice(start, stop - start))
                    places.append(rows[start:stop])
            table = pa.Table.from_batches(pieces, pieces[0].schema).combine_chunks()
            order = pc.array_sort_indices(pa.array(np.concatenate(places)))
            batch = table.take(order).combine_chunks().to_batches()[0]
        return batch.replace_schema_metadata(schema.metadata)

    def _path(self, part: int) -> Path:
        return self.folder / f"{part:05d}.arrow"
