"""Which rows of a PostgreSQL database are of these leads?"""

import contextlib
import queue
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from leadml.errors import SourceError, without_password
from leadml.rows.rows import Asking, Key
from leadml.rows.values import Value, column_values, is_text
from leadml.sources import asked_of, quoted, scrubbed

CONNECTIONS = 4
"""So many connections are kept for the next lookup."""

SECONDS = 5
"""Within so many PostgreSQL must let us in, and answer each query of a lookup."""

_INDEXED = {"int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "uuid"}
"""Types whose values are compared as they are; others as they are written."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PostgresRows:
    """One PostgreSQL database."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._schemas: dict[str, pa.Schema] = {}
        self._free: queue.LifoQueue[Any] = queue.LifoQueue(CONNECTIONS)

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table, view or SELECT."""
        if table not in self._schemas:
            with self._connection() as connection:
                self._schemas[table] = _fetch(connection, f"{asked_of(table)} LIMIT 0").schema
        return self._schemas[table]

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """One query, batch by batch, however long it takes."""
        with self._unhurried() as connection, connection.cursor() as cursor:
            cursor.execute(asked_of(table, columns))
            for batch in cursor.fetch_record_batch():
                yield pa.Table.from_batches([batch])

    def key(self, table: str, column: str) -> Key:
        """A column to find rows by; all its texts are looked through for blanks."""
        field = self.schema(table).field(column)
        if not is_text(field.type) or _type(field) == "bpchar":
            return Key(table, field, blanks=False)
        query = f"{asked_of(table)} WHERE {_trimmed(column)} <> {quoted(column)} LIMIT 1"
        with self._unhurried() as connection:
            return Key(table, field, blanks=bool(_fetch(connection, query).num_rows))

    @contextmanager
    def asking(self) -> Iterator[Asking]:
        """A connection, given back after the lookup."""
        with self._connection() as connection:
            yield _Asking(connection)

    def stale(self) -> bool:
        """What was learnt holds until a query fails."""
        return False

    def close(self) -> None:
        """Closes the connections that are not in use."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection that answers; kept for the next one unless something goes wrong."""
        with self._as_source_errors():
            connection = self._take()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            try:
                self._free.put_nowait(connection)
            except queue.Full:
                connection.close()

    @contextmanager
    def _unhurried(self) -> Iterator[Any]:
        """A connection of its own, whose queries may take as long as they need."""
        with self._as_source_errors(), self._connect() as connection:
            yield connection

    def _take(self) -> Any:
        """A free connection, unless the server has ended it meanwhile; else a new one."""
        import adbc_driver_postgresql.dbapi as postgresql

        with contextlib.suppress(queue.Empty):
            while True:
                connection = self._free.get_nowait()
                try:
                    _fetch(connection, "SELECT 1")
                except postgresql.Error:
                    connection.close()
                else:
                    return connection
        connection = self._connect()
        _fetch(connection, f"SELECT set_config('statement_timeout', '{SECONDS}s', false)")
        return connection

    def _connect(self) -> Any:
        import adbc_driver_postgresql.dbapi as postgresql

        patience = f"connect_timeout={SECONDS}&tcp_user_timeout={SECONDS * 1000}"
        joined = "&" if "?" in self._address else "?"
        return postgresql.connect(f"{self._address}{joined}{patience}", autocommit=True)

    @contextmanager
    def _as_source_errors(self) -> Iterator[None]:
        import adbc_driver_postgresql.dbapi as postgresql

        try:
            yield
        except postgresql.Error as error:
            first = scrubbed(str(error).splitlines()[0], self._address)
            msg = f"'{without_password(self._address)}' must answer, got: {first}"
            # The cause is left out: its text may repeat the password.
            raise SourceError(msg) from None


class _Asking:
    """A connection, for the time of one lookup."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def where(self, key: Key, texts: Sequence[str], *, most: int) -> pa.Table:
        """The rows of a table, view or SELECT."""
        column, kind = quoted(key.field.name), _type(key.field)
        values = _values(texts, key.field)
        if values is None or key.blanks:
            column, kind = _trimmed(key.field.name), "text"
            values = [text for text in texts if "\0" not in text]
        query = f"{asked_of(key.table)} WHERE {column} = ANY(CAST($1 AS {kind}[])) LIMIT {most}"
        return _fetch(self._connection, query, [[str(value) for value in values]])


def _fetch(connection: Any, query: str, parameters: Sequence[object] = ()) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return cursor.fetch_arrow_table()


def _type(field: pa.Field) -> str:
    """What PostgreSQL calls the type of a column."""
    return str((field.metadata or {}).get(b"POSTGRESQL:type", b"").decode().strip("'"))


def _values(texts: Sequence[str], field: pa.Field) -> list[Value] | None:
    """The values to compare a column with; None where they must be compared as texts."""
    kind = _type(field)
    if kind not in _INDEXED:
        return None
    if kind == "uuid":
        return [text for text in texts if _UUID.fullmatch(text)]
    values = column_values(texts, field.type)
    return values and [value for value in values if "\0" not in str(value)]


def _trimmed(column: str) -> str:
    return rf"btrim(CAST({quoted(column)} AS text), E' \t\n\r\f\x0b')"
