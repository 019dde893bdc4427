"""Where do the raw tables come from? A folder of files, a DuckDB file or PostgreSQL, into Arrow.

One setting, ``data.source``, names the place; a table in it is named by its stem, its file, a glob
or (in a database) by a SELECT. Columns of CSV files arrive as text, for only their meaning decides
what they are (`leadml.columns`); all other sources keep their types.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from leadml.errors import DataError, listed, nearest, without_password

_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt")
_SELECT = re.compile(r"\s*(select|with|from)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parts:
    """A table in parts, none of them read yet.

    Attributes:
        rows: how many rows there are in all.
        parts: each reads one part when it is called; several may be called at once.
    """

    rows: int
    parts: Iterable[Callable[[], pa.Table]]


class Readable(Protocol):
    """Tables by name."""

    def has(self, table: str) -> bool:
        """Whether a table of that name is there."""
        ...

    def read(self, table: str, missing: Sequence[str]) -> pa.Table:
        """The whole table; ``missing`` are the texts of a CSV that mean "not known".

        Raises:
            DataError: the table is absent, empty of columns or unreadable.
        """
        ...


class Source(Readable, Protocol):
    """A place that holds tables."""

    def in_parts(self, table: str, columns: Mapping[str, str], *, rows: int) -> Parts:
        """Some columns of a table too large to be read at once.

        Args:
            table: as `read` takes it.
            columns: what each column is called there, by what it is called here; those that the
                table lacks are left out.
            rows: about how many rows a part has.

        Raises:
            DataError: the table is absent, or this kind of source cannot be read in parts.
        """
        ...


def open_source(source: str, folder: Path) -> Source:
    """The place that ``data.source`` names; relative paths start at ``folder``."""
    if source.startswith(("postgresql://", "postgres://")):
        return Postgres(source)
    path = (folder / Path(source).expanduser()).resolve()
    if path.suffix in {".duckdb", ".db"}:
        if not path.is_file():
            msg = f"data.source must be a DuckDB file, but '{path}' does not exist."
            raise DataError(msg)
        return DuckDb(path)
    if not path.is_dir():
        msg = (
            "data.source must be a folder, a .duckdb file or a postgresql:// address, "
            f"got '{path}', which is none of them."
        )
        raise DataError(msg)
    return Folder(path)


class Folder:
    """Parquet and CSV files, plain or gzipped."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def has(self, table: str) -> bool:
        """Whether a file of that name, stem or glob is there."""
        return bool(self.files(table))

    def read(self, table: str, missing: Sequence[str]) -> pa.Table:
        """All files that ``table`` names, one after the other."""
        files = self.files(table)
        if not files:
            there = [path.name for path in self.path.iterdir() if path.name.endswith(_SUFFIXES)]
            msg = (
                f"The table '{table}' must be a file in '{self.path}', which holds "
                f"{listed(there) or 'no tables'}.{nearest(table, there)}"
            )
            raise DataError(msg)
        return pa.concat_tables(
            [read_file(file, missing) for file in files], promote_options="default"
        )

    def in_parts(self, table: str, columns: Mapping[str, str], *, rows: int) -> Parts:
        """Row groups of Parquet files, small ones together."""
        files = self.files(table)
        if not files or any(not path.name.endswith(".parquet") for path in files):
            got = listed([path.name for path in files]) or "no such file"
            msg = f"A table read in parts must be Parquet or in DuckDB, got {got}. Convert it."
            raise DataError(msg)
        parts: list[Callable[[], pa.Table]] = []
        total = 0
        for path in files:
            metadata = pa.parquet.read_metadata(path)
            total += metadata.num_rows
            names = metadata.schema.to_arrow_schema().names
            there = {ours: theirs for ours, theirs in columns.items() if theirs in names}
            groups: list[int] = []
            held = 0
            for group in range(metadata.num_row_groups):
                groups.append(group)
                held += metadata.row_group(group).num_rows
                if held >= rows or group == metadata.num_row_groups - 1:
                    parts.append(partial(_read_groups, path, tuple(groups), there))
                    groups, held = [], 0
        return Parts(total, parts)

    def files(self, table: str) -> list[Path]:
        """The files that ``table`` names; none where there are none."""
        if "*" in table:
            return sorted(self.path.glob(table))
        named = [self.path / table, *(self.path / f"{table}{suffix}" for suffix in _SUFFIXES)]
        return [path for path in named if path.is_file()][:1]


class DuckDb:
    """One DuckDB file, opened read-only for each table."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def has(self, table: str) -> bool:
        """Whether the file holds a table or view of that name; a SELECT always counts as there."""
        return bool(_SELECT.match(table)) or table in self._names()

    def read(self, table: str, missing: Sequence[str]) -> pa.Table:  # noqa: ARG002 - a database has NULL
        """The table, view or SELECT."""
        import duckdb

        if not self.has(table):
            raise DataError(_no_table(table, str(self.path), self._names()))
        with duckdb.connect(self.path, read_only=True) as connection:
            try:
                return connection.sql(query_of(table)).to_arrow_table()
            except duckdb.Error as error:
                msg = f"'{self.path}' must answer '{query_of(table)}', got: {error}"
                raise DataError(msg) from error

    def in_parts(self, table: str, columns: Mapping[str, str], *, rows: int) -> Parts:
        """Batches of one query."""
        import duckdb

        if not self.has(table):
            raise DataError(_no_table(table, str(self.path), self._names()))
        connection = duckdb.connect(self.path, read_only=True)
        asked = connection.sql(query_of(table))
        there = {ours: theirs for ours, theirs in columns.items() if theirs in asked.columns}
        chosen = ", ".join(f"{quoted(theirs)} AS {ours}" for ours, theirs in there.items())
        counted = connection.execute(f"SELECT count(*) FROM ({query_of(table)})").fetchall()  # noqa: S608 - the user's own
        reader = asked.project(chosen).to_arrow_reader(rows)

        def batches() -> Iterator[Callable[[], pa.Table]]:
            with connection:
                for batch in reader:
                    yield partial(pa.Table.from_batches, [batch])

        return Parts(int(counted[0][0]), batches())

    def _names(self) -> list[str]:
        import duckdb

        try:
            with duckdb.connect(self.path, read_only=True) as connection:
                rows = connection.execute(
                    "SELECT table_name FROM information_schema.tables"
                ).fetchall()
        except duckdb.Error as error:
            msg = f"data.source must be a DuckDB file that can be read, got: {error}"
            raise DataError(msg) from error
        return [str(row[0]) for row in rows]


class Postgres:
    """A PostgreSQL database, read through ADBC straight into Arrow."""

    def __init__(self, address: str) -> None:
        self.address = address

    def has(self, table: str) -> bool:
        """Whether the search path holds a table or view of that name; a SELECT always counts."""
        return bool(_SELECT.match(table)) or table in self._names()

    def read(self, table: str, missing: Sequence[str]) -> pa.Table:  # noqa: ARG002 - a database has NULL
        """The table, view or SELECT."""
        if not self.has(table):
            raise DataError(_no_table(table, self._said(), self._names()))
        return self._ask(query_of(table))

    def in_parts(self, table: str, columns: Mapping[str, str], *, rows: int) -> Parts:  # noqa: ARG002 - says so
        """PostgreSQL is not read in parts."""
        msg = (
            f"A table read in parts must be Parquet or in DuckDB, got '{table}' in PostgreSQL. "
            "Export it to Parquet."
        )
        raise DataError(msg)

    def _names(self) -> list[str]:
        found = self._ask(
            "SELECT table_name::text AS name FROM information_schema.tables "
            "WHERE table_schema = ANY (current_schemas(false))"
        )
        return [str(name) for name in found["name"].to_pylist()]

    def _ask(self, query: str) -> pa.Table:
        import adbc_driver_postgresql.dbapi as postgresql

        try:
            with postgresql.connect(self.address) as connection, connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetch_arrow_table()
        except postgresql.Error as error:
            first = scrubbed(str(error).splitlines()[0], self.address)
            msg = f"'{self._said()}' must answer '{query}', got: {first}"
            # The cause is left out: its text may repeat the password.
            raise DataError(msg) from None

    def _said(self) -> str:
        return without_password(self.address)


def scrubbed(text: str, address: str) -> str:
    """A message of a driver without any part of the address's password that it repeats."""
    secret = re.search(r"://[^:/@]*:([^/]*)@", address)
    for part in filter(None, secret[1].split("@") if secret else ()):
        text = text.replace(part, "***")
    return without_password(text)


def query_of(table: str) -> str:
    """What is asked of a database for a table: its SELECT, or all of what it names."""
    if _SELECT.match(table):
        return table
    return f"SELECT * FROM {'.'.join(map(quoted, table.split('.')))}"  # noqa: S608 - quoted above; the user's own file


def asked_of(table: str, columns: Sequence[str] = ()) -> str:
    """What is asked of a database for some columns, by default all; a WHERE may follow it."""
    chosen = ", ".join(map(quoted, columns)) or "*"
    return f"SELECT {chosen} FROM (\n{query_of(table).rstrip().rstrip(';')}\n) AS asked"  # noqa: S608 - quoted above; the user's own file


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _read_groups(path: Path, groups: Sequence[int], columns: Mapping[str, str]) -> pa.Table:
    texts = [columns[name] for name in ("lead_id", "event_type") if name in columns]
    with pa.parquet.ParquetFile(path, read_dictionary=texts) as file:
        wanted = list(columns.values())
        table = file.read_row_groups(groups, columns=wanted, use_threads=False)
    return table.select(wanted).rename_columns(list(columns))


def _no_table(table: str, place: str, names: Sequence[str]) -> str:
    there = listed(names) or "no tables"
    return f"The table '{table}' must be in '{place}', which holds {there}.{nearest(table, names)}"


def read_file(path: Path, missing: Sequence[str] = ("",)) -> pa.Table:
    """One Parquet or CSV file; every column of a CSV is text.

    Raises:
        DataError: the file is absent, empty or unreadable.
    """
    if not path.is_file():
        msg = f"'{path}' must be a file, but it does not exist."
        raise DataError(msg)
    if path.stat().st_size == 0:
        msg = f"'{path}' must be a table, got an empty file. Export it again."
        raise DataError(msg)
    try:
        if path.name.endswith(".parquet"):
            return pa.parquet.read_table(path)
        return _read_csv(path, missing)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError, OSError) as error:
        first = str(error).splitlines()[0]
        msg = f"'{path}' must be a readable table in UTF-8, got: {first}"
        raise DataError(msg) from error


def _read_csv(path: Path, missing: Sequence[str]) -> pa.Table:
    """A CSV, every column as text; its delimiter is the commonest in line one, quotes apart."""
    with pa.input_stream(path, compression="detect") as stream:
        start = stream.read(65_536).decode("utf-8-sig", errors="replace")
    head = re.sub(r'"[^"]*"', "", start).split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    parse = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa.csv.open_csv(path, parse_options=parse) as reader:
        names = reader.schema.names
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=list(missing),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    return pa.csv.read_csv(path, parse_options=parse, convert_options=convert)


def write_file(frame: pd.DataFrame, path: Path) -> None:
    """Writes a table as its suffix says, whole or not at all.

    Raises:
        DataError: the suffix is neither .parquet nor .csv.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    if path.name.endswith(".parquet"):
        frame.to_parquet(draft, index=False)
    elif path.name.endswith((".csv", ".csv.gz")):
        frame.to_csv(draft, index=False, compression="gzip" if path.suffix == ".gz" else None)
    else:
        msg = f"The file to write must end in .parquet or .csv, got '{path.name}'."
        raise DataError(msg)
    draft.replace(path)


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame, its texts as dtype ``str``, UUIDs as they are written."""
    for k, field in enumerate(table.schema):
        if isinstance(field.type, pa.UuidType):
            texts = [None if own is None else str(own) for own in table[k].to_pylist()]
            table = table.set_column(k, field.name, pa.array(texts, pa.string()))
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, types_mapper=_text_dtype)
    return frame


def _text_dtype(arrow_type: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    is_text = pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type)
    return pd.StringDtype(na_value=np.nan) if is_text else None


def as_table(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table, without its index."""
    columns = {}
    for name in frame:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            naive = pa.array(column.dt.tz_convert(None).to_numpy(), from_pandas=True)
            columns[str(name)] = naive.cast(pa.timestamp(naive.type.unit, tz="UTC"))
        else:
            columns[str(name)] = pa.array(column, from_pandas=True)
    return pa.table(columns)


class ParquetWriter:
    """Writes a Parquet file part by part, whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet.

        Raises:
            DataError: the suffix is not .parquet.
        """
        if path.suffix != ".parquet":
            msg = f"A table written in parts must end in .parquet, got '{path.name}'."
            raise DataError(msg)
        self._path = path
        self._draft = path.with_name(f".{path.name}.draft")
        self._writer: pa.parquet.ParquetWriter | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Appends rows; the first call fixes the columns."""
        table = as_table(frame)
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._draft, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if kind is None and self._writer is not None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink(missing_ok=True)
