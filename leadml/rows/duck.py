"""Which rows of a DuckDB file are of these leads?

The file is opened read-only for each lookup and closed again: whoever holds it open, even for
reading, keeps the nightly load from writing it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from leadml.errors import SourceError
from leadml.rows.rows import BATCH, Asking, Key
from leadml.rows.values import column_values, is_text
from leadml.sources import asked_of, quoted

if TYPE_CHECKING:
    import duckdb


class DuckDbRows:
    """One DuckDB file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._schemas: dict[str, pa.Schema] = {}

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table, view or SELECT."""
        if table not in self._schemas:
            with self._open() as connection:
                asked = connection.sql(f"{asked_of(table)} LIMIT 0")
                self._schemas[table] = asked.to_arrow_table().schema
        return self._schemas[table]

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """One query, batch by batch."""
        with self._open() as connection:
            asked = connection.sql(asked_of(table, columns))
            for batch in asked.to_arrow_reader(BATCH):
                yield pa.Table.from_batches([batch])

    def key(self, table: str, column: str) -> Key:
        """A column to find rows by; all its texts are looked through for blanks."""
        field = self.schema(table).field(column)
        if not is_text(field.type):
            return Key(table, field, blanks=False)
        with self._open() as connection:
            query = f"{asked_of(table)} WHERE {_trimmed(column)} <> {quoted(column)} LIMIT 1"
            return Key(table, field, blanks=bool(connection.sql(query).fetchall()))

    @contextmanager
    def asking(self) -> Iterator[Asking]:
        """The file, open until the lookup is over."""
        with self._open() as connection:
            yield _Asking(connection)

    def stale(self) -> bool:
        """Whether the file has changed."""
        return _stamp(self._path) != self._stamp

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _open(self) -> "Iterator[duckdb.DuckDBPyConnection]":
        import duckdb

        try:
            with duckdb.connect(self._path, read_only=True) as connection:
                yield connection
        except duckdb.Error as error:
            msg = f"'{self._path}' must answer, got: {str(error).splitlines()[0]}"
            raise SourceError(msg) from error


class _Asking:
    """The file, open."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self._connection = connection

    def where(self, key: Key, texts: Sequence[str], *, most: int) -> pa.Table:
        """The rows of a table, view or SELECT."""
        name, values = key.field.name, column_values(texts, key.field.type)
        asked = quoted(name)
        if values is None or key.blanks:
            asked, values = _trimmed(name), list(texts)
        places = ", ".join("?" * len(values)) or "NULL"
        query = f"{asked_of(key.table)} WHERE {asked} IN ({places}) LIMIT {most}"
        return self._connection.sql(query, params=values).to_arrow_table()


def _trimmed(column: str) -> str:
    return rf"trim(CAST({quoted(column)} AS VARCHAR), E' \t\n\r\f\x0b')"


def _stamp(path: Path) -> tuple[int, int]:
    """When the file was last written, and how large it is; zeros where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
