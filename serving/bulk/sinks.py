"""Where do scores go? Into a file or a table of a database, whole or not at all.

Until the new scores are all there, whoever looks sees the old ones: a file is written beside its
place and moved there, a table is filled in one transaction. A table is replaced only if it is one
of these, which a comment on it says.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from leadml.drafts import in_place_of
from leadml.errors import DataError, without_password
from leadml.sources import scrubbed

MARK = "Scores, written by leadml: replaced as a whole each time."
"""The comment on a table that this replaces."""

TABLE = "scores"
"""What the table is called where a person does not say."""

_NEEDED = "Scores for a database need the package {0}, which is not there: pip install {0}."
"""Files need no driver."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")


class Sink(Protocol):
    """A place for scores.

    Attributes:
        said: what it is called in a sentence.
        parts: the folder where scores wait until all are made.
    """

    said: str
    parts: Path

    def check(self) -> None:
        """Raises `DataError` where `write` could not do its work, before any scoring is done."""
        ...

    def write(self, scores: pa.RecordBatchReader) -> None:
        """Puts all scores there, in place of earlier ones.

        Raises:
            DataError: they could not all be written; the earlier ones are still there.
        """
        ...


def open_sink(out: str, *, table: str = "", folder: Path) -> Sink:
    """The place that ``--out`` names.

    Args:
        out: a file that ends in .csv, .csv.gz, .parquet or .duckdb, or a postgresql:// address.
        table: the table of a database, with its schema or without; `TABLE` if empty.
        folder: where scores for a server wait.

    Raises:
        DataError: ``out`` is none of these, or the table's name is none.
    """
    if table and not _NAME.fullmatch(table):
        msg = f"--table must be a plain name, as in crm.scores, got '{table}'."
        raise DataError(msg)
    name = table or TABLE
    if out.startswith(("postgresql://", "postgres://")):
        return PostgresSink(out, name, folder)
    path = Path(out)
    if path.suffix in {".duckdb", ".db"}:
        return DuckDbSink(path, name)
    if table:
        msg = f"--table is for a database, got '{path.name}' beside it. Leave it out."
        raise DataError(msg)
    if path.name.endswith(".parquet"):
        return ParquetSink(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return CsvSink(path)
    msg = (
        "The file to write must end in .parquet or .csv, "
        f"got '{path.name}'. A database is a .duckdb file or a postgresql:// address."
    )
    raise DataError(msg)


class CsvSink:
    """A CSV file in UTF-8, plain or gzipped: texts in quotes, times in UTC, nothing where empty."""

    def __init__(self, path: Path) -> None:
        self.path, self.said, self.parts = path, str(path), _beside(path)

    def check(self) -> None:
        """Makes the folder of the file."""
        _check_place(self.path)

    def write(self, scores: pa.RecordBatchReader) -> None:
        """Writes the file."""
        with _whole(self.path) as draft:
            compression = "gzip" if self.path.suffix == ".gz" else None
            with (
                pa.output_stream(draft, compression=compression) as stream,
                pa.csv.CSVWriter(stream, scores.schema) as writer,
            ):
                for batch in scores:
                    writer.write_batch(batch)


class ParquetSink:
    """A Parquet file, a row group for each batch."""

    def __init__(self, path: Path) -> None:
        self.path, self.said, self.parts = path, str(path), _beside(path)

    def check(self) -> None:
        """Makes the folder of the file."""
        _check_place(self.path)

    def write(self, scores: pa.RecordBatchReader) -> None:
        """Writes the file."""
        with (
            _whole(self.path) as draft,
            pa.parquet.ParquetWriter(draft, scores.schema) as writer,
        ):
            for batch in scores:
                writer.write_batch(batch)


class DuckDbSink:
    """A table of a DuckDB file; the file is made where there is none."""

    def __init__(self, path: Path, table: str) -> None:
        self.path, self.table = path, table
        self.said, self.parts = f"{path}, table {table}", _beside(path)

    def check(self) -> None:
        """Opens the file, where there is one, and looks at the table."""
        _check_place(self.path)
        if self.path.exists():
            with self._connected() as connection:
                self._check_table(connection)

    def write(self, scores: pa.RecordBatchReader) -> None:
        """Replaces the table in one transaction."""
        name = _quoted(self.table)
        with self._connected() as connection:
            connection.begin()
            self._check_table(connection)
            connection.register("arriving", scores)
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM arriving")
            connection.execute(f"COMMENT ON TABLE {name} IS '{MARK}'")
            connection.commit()

    def _check_table(self, connection: Any) -> None:
        schema, name = _schema_and_name(self.table)
        found = connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = ? AND schema_name = ? "
            "UNION ALL SELECT '' FROM duckdb_views() WHERE view_name = ? AND schema_name = ?",
            [name, schema or "main", name, schema or "main"],
        ).fetchall()
        _check_ours(self.table, found[0] if found else None, self.said)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            import duckdb
        except ImportError as error:
            raise DataError(_NEEDED.format("duckdb")) from error
        try:
            with duckdb.connect(self.path, config={"memory_limit": "1GB"}) as connection:
                yield connection
        except duckdb.Error as error:
            msg = f"Scores must go to '{self.path}', got: {str(error).splitlines()[0]}"
            raise DataError(msg) from error


class PostgresSink:
    """A table of a PostgreSQL database; readers see the old scores until the new are all there."""

    def __init__(self, address: str, table: str, folder: Path) -> None:
        self.address, self.table = address, table
        self.said = f"{without_password(address)}, table {table}"
        self.parts = folder / f".{table}.parts"

    def check(self) -> None:
        """Connects and looks at the table."""
        with self._connected() as cursor:
            self._columns(cursor)

    def write(self, scores: pa.RecordBatchReader) -> None:
        """Replaces the rows in one transaction; grants, views and indexes stay.

        Where the columns are others than before, the table is made anew.
        """
        schema, name = _schema_and_name(self.table)
        quoted, names = _quoted(self.table), scores.schema.names
        with self._connected() as cursor:
            found = self._columns(cursor)
            if found == names:
                # Another run that commits meanwhile would otherwise leave its rows beside ours.
                cursor.execute(f"LOCK TABLE {quoted} IN SHARE ROW EXCLUSIVE MODE")
                cursor.execute(f"DELETE FROM {quoted}")  # noqa: S608 - a plain name, see _NAME
            elif found:
                cursor.execute(f"DROP TABLE {quoted}")
            mode = "append" if found == names else "create"
            cursor.adbc_ingest(name, scores, mode=mode, db_schema_name=schema)
            cursor.execute(f"COMMENT ON TABLE {quoted} IS '{MARK}'")
            cursor.connection.commit()

    def _columns(self, cursor: Any) -> list[str]:
        """The table's columns, in order; none where there is no table."""
        named = [_quoted(self.table)]
        cursor.execute("SELECT obj_description(to_regclass($1), 'pg_class')", named)
        comment = cursor.fetchone()
        cursor.execute(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) "
            "AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            named,
        )
        names = [str(row[0]) for row in cursor.fetchall()]
        _check_ours(self.table, comment if names else None, self.said)
        return names

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A cursor in a transaction that is rolled back unless it is committed."""
        try:
            import adbc_driver_postgresql.dbapi as driver
        except ImportError as error:
            raise DataError(_NEEDED.format("adbc-driver-postgresql")) from error
        try:
            with driver.connect(self.address) as connection, connection.cursor() as cursor:
                yield cursor
        except driver.Error as error:
            first = scrubbed(str(error).splitlines()[0], self.address)
            msg = f"Scores must go to '{self.said}', got: {first}"
            # The cause is left out: its text may repeat the password.
            raise DataError(msg) from None


def _check_ours(table: str, found: Sequence[Any] | None, said: str) -> None:
    """Raises `DataError` where there is a table that something else made."""
    if found is not None and found[0] != MARK:
        msg = (
            f"The table '{table}' must be absent or hold scores of leadml, got one of something "
            f"else in '{said}'. Name another with --table."
        )
        raise DataError(msg)


def _check_place(path: Path) -> None:
    if path.is_dir():
        msg = f"Scores must go into a file, got the folder '{path}'. Name a file in it."
        raise DataError(msg)
    path.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A draft beside a file, which takes its place once it is written and on the disk."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with in_place_of(path, draft):
            yield draft
    except OSError as error:
        msg = (
            f"'{path}' must be written whole, got: {error.strerror or error}. Make room, and give "
            "the command again: what is scored is kept."
        )
        raise DataError(msg) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.parts")


def _schema_and_name(table: str) -> tuple[str | None, str]:
    schema, _, name = table.rpartition(".")
    return schema or None, name


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))
