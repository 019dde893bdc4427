"""Which rows of a folder's Parquet and CSV files are of these leads?"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet

from leadml.errors import SourceError
from leadml.rows.rows import BATCH, Asking, Key
from leadml.rows.values import column_values, is_text
from leadml.sources import Folder, read_file


class FileRows:
    """The files of a folder: Parquet as it lies there, CSV in memory."""

    def __init__(self, folder: Folder, missing: Sequence[str]) -> None:
        """Opens nothing yet; ``missing`` are the texts of a CSV that mean "not known"."""
        self._folder, self._missing = folder, tuple(missing)
        self._opened: dict[str, ds.Dataset] = {}
        self._stamps: dict[str, list[tuple[Path, int, int]]] = {}

    def schema(self, table: str) -> pa.Schema:
        """The columns of all files that ``table`` names; those of a CSV are texts."""
        with _asked(table):
            return self._dataset(table).schema

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The files, batch by batch."""
        with _asked(table):
            for batch in self._dataset(table).to_batches(columns=list(columns), batch_size=BATCH):
                yield pa.Table.from_batches([batch])

    def key(self, table: str, column: str) -> Key:
        """A column to find rows by; all its texts are looked through for blanks."""
        field = self.schema(table).field(column)
        if not is_text(field.type):
            return Key(table, field, blanks=False)
        texts = (batch[column] for batch in self.batches(table, [column]))
        blanks = any(
            pc.any(pc.not_equal(own, pc.utf8_trim_whitespace(own))).as_py() for own in texts
        )
        return Key(table, field, blanks=blanks)

    @contextmanager
    def asking(self) -> Iterator[Asking]:
        """Itself: a file is open only while it is read."""
        yield self

    def where(self, key: Key, texts: Sequence[str], *, most: int) -> pa.Table:
        """The rows of all files, in their order."""
        with _asked(key.table):
            dataset = self._dataset(key.table)
            field, values = ds.field(key.field.name), column_values(texts, key.field.type)
            if values is None or key.blanks:
                field, values = pc.utf8_trim_whitespace(field.cast(pa.string())), list(texts)
            if not values:
                return dataset.schema.empty_table()
            return dataset.head(most, filter=field.isin(values))

    def stale(self) -> bool:
        """Whether any file has changed since it was read."""
        return any(stamp != self._stamp(table) for table, stamp in self._stamps.items())

    def close(self) -> None:
        """Forgets the files."""
        self._opened.clear()

    def _dataset(self, table: str) -> ds.Dataset:
        """All files of a table as one."""
        if table not in self._opened:
            self._stamps[table] = self._stamp(table)
            self._opened[table] = self._open(self._folder.files(table), table)
        return self._opened[table]

    def _open(self, files: Sequence[Path], table: str) -> ds.Dataset:
        if not files:
            msg = f"The table '{table}' must be a file in '{self._folder.path}', got none."
            raise SourceError(msg)
        if all(path.name.endswith(".parquet") for path in files):
            schemas = [pa.parquet.read_schema(path).remove_metadata() for path in files]
            schema = pa.unify_schemas(schemas, promote_options="default")
            return ds.dataset([str(path) for path in files], schema=schema, format="parquet")
        tables = [read_file(path, self._missing) for path in files]
        return ds.dataset(pa.concat_tables(tables, promote_options="default"))

    def _stamp(self, table: str) -> list[tuple[Path, int, int]]:
        """The files of a table, when each was last written, and how large it is."""
        with _asked(table):
            found = [(path, path.stat()) for path in self._folder.files(table)]
        return [(path, own.st_mtime_ns, own.st_size) for path, own in found]


@contextmanager
def _asked(table: str) -> Iterator[None]:
    """Says of a file that is gone, or half written, that it cannot be asked now."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        msg = f"The table '{table}' must be readable, got: {str(error).splitlines()[0]}"
        raise SourceError(msg) from error
