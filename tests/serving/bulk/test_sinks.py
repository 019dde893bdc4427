"""Do scores arrive whole, in place of earlier ones only, wherever they go?"""

import gzip
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from leadml.columns import as_times
from leadml.errors import DataError
from serving.bulk.sinks import Sink, open_sink
from tests.postgres import postgres

SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("as_of", pa.timestamp("us", "UTC")),
        ("probability", pa.float64()),
        ("engagement_grade", pa.int64()),
        ("explored", pa.bool_()),
        ("reasons", pa.string()),
    ]
)
AS_OF = pd.Timestamp("2026-07-01T09:00:00.000001", tz="UTC")


def scores(*names: str) -> pa.Table:
    """A row for each lead; text that files find hard, a number that decimals cannot hold."""
    n = len(names)
    columns = [
        list(names),
        [AS_OF] * n,
        [0.1 + 0.2] * n,
        [None] * n,
        [True] * n,
        ['for: city: Köln, "NRW"\n2 views'] * n,
    ]
    return pa.table(columns, SCHEMA)


def reader(table: pa.Table, *, rows: int = 2) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(rows))


def breaking(table: pa.Table) -> pa.RecordBatchReader:
    """Scores that end in an error after the first batch."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield table.to_batches()[0]
        msg = "the disk is gone"
        raise OSError(msg)

    return pa.RecordBatchReader.from_batches(table.schema, batches())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def address(server: str) -> str:
    """The server, with nothing in it."""
    run(server, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return server


def run(address: str, *statements: str) -> None:
    with postgresql.connect(address) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def table_of(address: str, query: str) -> pa.Table:
    with postgresql.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


KINDS = ("scores.csv", "scores.csv.gz", "scores.parquet", "scores.duckdb", "postgresql")


@pytest.fixture(params=KINDS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    """Each kind of place."""
    if request.param == "postgresql":
        return open_sink(request.getfixturevalue("address"), folder=tmp_path)
    return open_sink(str(tmp_path / "out" / request.param), folder=tmp_path)


def read_back(sink: Sink, place: str) -> list[dict[str, object]]:
    """The rows that are there now, by lead."""
    if place.startswith("postgresql"):
        found = table_of(place, "SELECT * FROM scores")
    elif place.endswith(".duckdb"):
        with duckdb.connect(place, read_only=True) as connection:
            found = connection.sql("FROM scores").to_arrow_table()
    elif place.endswith(".parquet"):
        found = pa.parquet.read_table(place)
    else:
        convert = pa.csv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=False)
        parse = pa.csv.ParseOptions(newlines_in_values=True)
        found = pa.csv.read_csv(place, convert_options=convert, parse_options=parse)
    return sorted(found.cast(SCHEMA).to_pylist(), key=lambda row: row["lead_id"])


def place_of(sink: Sink) -> str:
    return str(getattr(sink, "path", "") or getattr(sink, "address", ""))


def test_what_is_written_reads_back_bit_for_bit(sink: Sink) -> None:
    sink.check()
    sink.write(reader(scores("L1", "L2", "L3")))

    assert read_back(sink, place_of(sink)) == scores("L1", "L2", "L3").to_pylist()


def test_new_scores_take_the_place_of_all_old_ones(sink: Sink) -> None:
    sink.check()
    sink.write(reader(scores("L1", "L2", "L3")))
    sink.check()
    sink.write(reader(scores("L2", "L9")))

    assert read_back(sink, place_of(sink)) == scores("L2", "L9").to_pylist()


def test_a_write_that_breaks_off_leaves_the_old_scores(sink: Sink) -> None:
    sink.check()
    sink.write(reader(scores("L1")))

    with pytest.raises((DataError, OSError)):
        sink.write(breaking(scores("L2")))

    assert read_back(sink, place_of(sink)) == scores("L1").to_pylist()
    assert not list(Path(sink.parts).parent.glob(".*.draft"))


def test_no_scores_are_an_empty_table(sink: Sink) -> None:
    sink.check()
    sink.write(reader(scores()))

    assert read_back(sink, place_of(sink)) == []


# Files.


def test_the_same_scores_are_the_same_bytes_however_they_are_batched(tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.gz"):
        sink = open_sink(str(tmp_path / name), folder=tmp_path)
        written = set()
        for rows in (1, 2, 3):
            sink.write(reader(scores("L1", "L2", "L3"), rows=rows))
            written.add((tmp_path / name).read_bytes())
        assert len(written) == 1
    unpacked = gzip.decompress((tmp_path / "a.csv.gz").read_bytes())
    assert unpacked == (tmp_path / "a.csv").read_bytes()


def test_times_of_a_csv_are_read_back_as_times(tmp_path: Path) -> None:
    open_sink(str(tmp_path / "s.csv"), folder=tmp_path).write(reader(scores("L1")))

    times = as_times(pd.read_csv(tmp_path / "s.csv")["as_of"])

    assert times.values.tolist() == [AS_OF]


@pytest.mark.parametrize(
    ("out", "table", "said"),
    [
        ("s.xlsx", "", r"must end in \.parquet or \.csv, got 's\.xlsx'"),
        ("s.csv", "scores", "--table is for a database, got 's.csv'"),
        ("s.duckdb", 'x"; DROP TABLE leads; --', "--table must be a plain name"),
        ("postgresql://h/d", "a.b.c", "--table must be a plain name"),
        ("mysql://h/d.sql", "", "A database is a .duckdb file or a postgresql:// address"),
    ],
)
def test_a_place_that_is_none_is_refused(tmp_path: Path, out: str, table: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_sink(out, table=table, folder=tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "s.csv").mkdir()

    with pytest.raises(DataError, match="must go into a file, got the folder"):
        open_sink(str(tmp_path / "s.csv"), folder=tmp_path).check()


# Databases.


def test_a_table_of_someone_else_is_left_alone_in_duckdb(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "s.duckdb") as connection:
        connection.execute("CREATE TABLE scores AS SELECT 1 AS lead_id")
        connection.execute("CREATE VIEW looks AS SELECT 1 AS lead_id")

    for name in ("scores", "looks"):
        sink = open_sink(str(tmp_path / "s.duckdb"), table=name, folder=tmp_path)
        with pytest.raises(DataError, match=f"'{name}' must be absent or hold scores of leadml"):
            sink.check()
        with pytest.raises(DataError, match="Name another with --table"):
            sink.write(reader(scores("L1")))


def test_a_table_of_someone_else_is_left_alone_in_postgres(address: str, tmp_path: Path) -> None:
    run(address, "CREATE TABLE scores (lead_id text)", "INSERT INTO scores VALUES ('kept')")
    run(address, "CREATE VIEW looks AS SELECT * FROM scores")

    for name in ("scores", "looks", "public.scores"):
        sink = open_sink(address, table=name, folder=tmp_path)
        with pytest.raises(DataError, match=f"'{name}' must be absent or hold scores of leadml"):
            sink.check()
        with pytest.raises(DataError, match="Name another with --table"):
            sink.write(reader(scores("L1")))
    assert table_of(address, "SELECT * FROM scores").to_pylist() == [{"lead_id": "kept"}]


def test_a_table_may_have_a_schema(address: str, tmp_path: Path) -> None:
    run(address, "CREATE SCHEMA crm")
    open_sink(address, table="crm.scored", folder=tmp_path).write(reader(scores("L1")))

    found = table_of(address, "SELECT lead_id FROM crm.scored").to_pylist()
    run(address, "DROP SCHEMA crm CASCADE")

    assert found == [{"lead_id": "L1"}]


def test_a_schema_that_is_absent_is_said(address: str, tmp_path: Path) -> None:
    sink = open_sink(address, table="nowhere.scored", folder=tmp_path)
    with pytest.raises(DataError, match=r"Scores must go to .*nowhere"):
        sink.write(reader(scores("L1")))


def test_views_and_grants_outlive_the_scores_beneath_them(address: str, tmp_path: Path) -> None:
    sink = open_sink(address, folder=tmp_path)
    sink.write(reader(scores("L1")))
    run(address, "CREATE VIEW best AS SELECT lead_id FROM scores")

    sink.write(reader(scores("L2")))

    assert table_of(address, "SELECT * FROM best").to_pylist() == [{"lead_id": "L2"}]


def test_other_columns_make_the_table_anew(address: str, tmp_path: Path) -> None:
    sink = open_sink(address, folder=tmp_path)
    sink.write(reader(scores("L1")))
    wider = scores("L2").append_column("probability_30d", pa.array([0.5]))

    sink.write(reader(wider))
    sink.write(reader(wider))

    assert table_of(address, "SELECT lead_id, probability_30d FROM scores").to_pylist() == [
        {"lead_id": "L2", "probability_30d": 0.5}
    ]


def test_readers_see_the_old_scores_until_the_new_are_all_there(
    address: str, tmp_path: Path
) -> None:
    sink = open_sink(address, folder=tmp_path)
    sink.write(reader(scores("L1")))
    seen = []

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in scores("L2", "L3").to_batches(1):
            seen.append(table_of(address, "SELECT lead_id FROM scores")["lead_id"].to_pylist())
            yield batch

    sink.write(pa.RecordBatchReader.from_batches(SCHEMA, batches()))

    assert seen == [["L1"], ["L1"]]


def test_two_runs_at_once_leave_the_scores_of_one(address: str, tmp_path: Path) -> None:
    sink = open_sink(address, folder=tmp_path)
    sink.write(reader(scores("L0")))
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[pa.RecordBatch]:
        begun.set()
        assert go_on.wait(30)
        yield from scores("L1").to_batches()

    first = threading.Thread(
        target=lambda: sink.write(pa.RecordBatchReader.from_batches(SCHEMA, slowly()))
    )
    second = threading.Thread(target=lambda: sink.write(reader(scores("L2"))))
    first.start()
    assert begun.wait(30)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    go_on.set()
    first.join(30)
    second.join(30)

    assert table_of(address, "SELECT lead_id FROM scores").to_pylist() == [{"lead_id": "L2"}]


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://sales:s3cret@127.0.0.1:1/crm",
        "postgresql://127.0.0.1:1/crm?user=sales&password=s3cret",
        "postgresql://sales:p@s3cret@127.0.0.1:1/crm",
    ],
)
def test_a_password_never_appears(place: str, tmp_path: Path) -> None:
    sink = open_sink(place, folder=tmp_path)

    with pytest.raises(DataError) as caught:
        sink.check()

    assert "s3cret" not in f"{caught.value} {caught.value.__cause__} {sink.said} {sink.parts}"


def test_a_file_that_is_no_duckdb_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.duckdb").write_bytes(b"no database" * 1_000)

    with pytest.raises(DataError, match=r"Scores must go to .*s\.duckdb', got: "):
        open_sink(str(tmp_path / "s.duckdb"), folder=tmp_path).check()


def test_a_duckdb_file_that_another_process_has_open_is_said(tmp_path: Path) -> None:
    sink = open_sink(str(tmp_path / "s.duckdb"), folder=tmp_path)
    with closing(duckdb.connect(tmp_path / "s.duckdb")), pytest.raises(DataError, match="got: "):
        sink.check()
