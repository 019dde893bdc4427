"""Which rows of a table are of these leads? A source asked for some rows instead of whole tables.

Ids are told apart as `leadml.columns.as_text` writes them, and never become part of a query: they
are parameters of the type that the column has there, so that an index on it serves.

| source | what finding a lead takes | what stays open |
|---|---|---|
| PostgreSQL | an index scan, where there is an index on the column | a few connections |
| DuckDB | a scan of the column, or of its index | nothing, so that others may write the file |
| Parquet | the row groups that may hold it: one or two in a file sorted by lead | the footers |
| CSV | a scan of the table in memory | the whole table |
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from leadml.errors import DataError
from leadml.sources import DuckDb, Folder, Postgres, Source

BATCH = 1 << 16
"""About how many rows a batch has."""


@dataclass(frozen=True, slots=True)
class Key:
    """A column that rows are found by.

    Attributes:
        field: its name and type in the source.
        blanks: whether any of its texts has blanks around it, which no index looks past.
    """

    table: str
    field: pa.Field
    blanks: bool


class Asking(Protocol):
    """A source, open for the time of one lookup."""

    def where(self, key: Key, texts: Sequence[str], *, most: int) -> pa.Table:
        """The rows, all columns, whose key is one of ``texts``; at most so many.

        Raises:
            SourceError: the source cannot be asked now.
        """
        ...


class Rows(Protocol):
    """The tables of a source by rows; may be used by many threads at once."""

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table, view, file or SELECT."""
        ...

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of all rows, batch by batch."""
        ...

    def key(self, table: str, column: str) -> Key:
        """A column to find rows by; looks through all its texts for blanks."""
        ...

    def asking(self) -> AbstractContextManager[Asking]:
        """The source, open for one lookup."""
        ...

    def stale(self) -> bool:
        """Whether the source has changed so that what was learnt of it must be learnt anew."""
        ...

    def close(self) -> None:
        """Lets go of what stays open."""
        ...


def open_rows(source: Source, missing: Sequence[str]) -> Rows:
    """The tables of a source, to be asked for some of their rows.

    Args:
        source: of `leadml.sources.open_source`.
        missing: the texts of a CSV that mean "not known".

    Raises:
        DataError: it is another kind of source.
    """
    from leadml.rows.duck import DuckDbRows
    from leadml.rows.files import FileRows
    from leadml.rows.postgres import PostgresRows

    if isinstance(source, Postgres):
        return PostgresRows(source.address)
    if isinstance(source, DuckDb):
        return DuckDbRows(source.path)
    if isinstance(source, Folder):
        return FileRows(source, missing)
    msg = f"Rows must be in files, DuckDB or PostgreSQL, got {type(source).__name__}."
    raise DataError(msg)
