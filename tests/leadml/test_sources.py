"""Does the same CRM read alike wherever it is kept: CSV, Parquet, DuckDB, PostgreSQL?"""

import dataclasses
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from leadml.checks import read_tables
from leadml.config import parse_config
from leadml.errors import DataError
from leadml.sources import open_source, read_file, write_file
from leadml.tables import Tables
from tests.postgres import postgres

NOW = pd.Timestamp("2026-11-01", tz="UTC")
TABLES = ("leads", "events", "outcomes", "attributes", "spend")


def small_crm() -> dict[str, pd.DataFrame]:
    """Four leads, with what text files find hard: a comma, a quote, a missing number, a bool."""
    times = pd.to_datetime(
        [
            "2026-01-05T09:00:00Z",
            "2026-01-06T10:30:00.25Z",
            "2026-01-07T11:00:00Z",
            "2026-01-08T08:00:00Z",
        ],
        format="ISO8601",
    ).as_unit("us")
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2", "L3", "L4"],
            "created_at": times,
            "account_id": ["A1", None, "A2", "A2"],
            "consent": [True, False, True, True],
            "employees": [12.0, None, 3.5, 800.0],
            "country": ['Köln, "NRW"', "FR", None, "US"],
        }
    )
    events = pd.DataFrame(
        {
            "lead_id": ["L1", "L1", "L3"],
            "occurred_at": times[:3] + pd.Timedelta(1, "h"),
            "event_type": ["view", "demo", "view"],
            "value": [1.5, None, 2.0],
        }
    )
    outcomes = pd.DataFrame(
        {
            "lead_id": ["L1", "L2"],
            "outcome": ["closed_won", "closed_lost"],
            "closed_at": times[:2] + pd.Timedelta(5, "D"),
            "amount": [1200.0, None],
        }
    )
    attributes = pd.DataFrame({"lead_id": ["L1"], "valid_from": times[1:2], "employees": [14.0]})
    spend = pd.DataFrame(
        {"source": ["ads"], "month": pd.to_datetime(["2026-01-01"], utc=True), "cost": [99.5]}
    )
    return dict(zip(TABLES, (leads, events, outcomes, attributes, spend), strict=True))


def read_from(source: str, folder: Path) -> Tables:
    config = parse_config({"data": {"source": source}})
    return read_tables(dataclasses.replace(config, folder=folder), now=NOW)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server that holds the small CRM."""
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        fill_postgres(address)
        yield address


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """By way of Parquet: `Table.from_pandas` warns on times with a zone in pandas 3.1."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return pyarrow.parquet.read_table(buffer).replace_schema_metadata()


def fill_postgres(address: str) -> None:
    import adbc_driver_postgresql.dbapi as postgresql

    with postgresql.connect(address) as connection, connection.cursor() as cursor:
        for name, frame in small_crm().items():
            cursor.adbc_ingest(name, arrow_of(frame))
        connection.commit()


def fill_duckdb(path: Path) -> Path:
    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        for name, frame in small_crm().items():
            arrow = arrow_of(frame)
            connection.register("arrow", arrow)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow")
            connection.unregister("arrow")
    return path


def write_crm(folder: Path, suffix: str) -> Path:
    for name, frame in small_crm().items():
        write_file(frame, folder / f"{name}{suffix}")
    return folder


def assert_same_tables(got: Tables, expected: Tables) -> None:
    assert got.clock == expected.clock
    assert got.end == expected.end
    for name in TABLES:
        ours, theirs = getattr(got, name), getattr(expected, name)
        pd.testing.assert_frame_equal(ours, theirs, obj=name)


# The same tables by one setting.


@pytest.fixture(scope="session")
def from_parquet(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return read_from(".", write_crm(tmp_path_factory.mktemp("parquet"), ".parquet"))


def test_parquet_holds_the_small_crm(from_parquet: Tables) -> None:
    assert from_parquet.leads["country"].tolist()[0] == 'Köln, "NRW"'
    assert from_parquet.leads["consent"].tolist() == [1.0, 0.0, 1.0, 1.0]
    assert from_parquet.events["value"].dropna().tolist() == [1.5, 2.0]
    assert from_parquet.outcomes["amount"].dropna().tolist() == [1200.0]
    assert from_parquet.spend["cost"].tolist() == [99.5]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_csv_reads_as_parquet_does(from_parquet: Tables, tmp_path: Path, suffix: str) -> None:
    assert_same_tables(read_from(".", write_crm(tmp_path, suffix)), from_parquet)


def test_duckdb_reads_as_parquet_does(from_parquet: Tables, tmp_path: Path) -> None:
    fill_duckdb(tmp_path / "crm.duckdb")

    assert_same_tables(read_from("crm.duckdb", tmp_path), from_parquet)


def test_postgres_reads_as_parquet_does(from_parquet: Tables, server: str, tmp_path: Path) -> None:
    assert_same_tables(read_from(server, tmp_path), from_parquet)


# CSV.


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(f"lead_id{delimiter}note\nL1{delimiter}a b\n", encoding="utf-8")

    assert read_file(path).to_pylist() == [{"lead_id": "L1", "note": "a b"}]


def test_a_tsv_is_found_by_its_stem(tmp_path: Path) -> None:
    (tmp_path / "leads.tsv").write_text("lead_id\tn\nL1\t2\n", encoding="utf-8")

    assert open_source(".", tmp_path).read("leads", [""]).to_pylist() == [
        {"lead_id": "L1", "n": "2"}
    ]


def test_a_delimiter_inside_quoted_names_is_not_taken_for_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text('"lead_id";"x, y, z"\nL1;2\n', encoding="utf-8")

    assert read_file(path).column_names == ["lead_id", "x, y, z"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,n\nL1,2\n", encoding="utf-8-sig")

    assert read_file(path).column_names == ["lead_id", "n"]


def test_quoted_text_may_hold_line_breaks_and_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text('lead_id,note\nL1,"one,\ntwo ""three"""\nL2,x\n', encoding="utf-8")

    assert read_file(path)["note"].to_pylist() == ['one,\ntwo "three"', "x"]


def test_line_breaks_in_quotes_do_not_split_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    note = '"' + "a line\n" * 100 + '"'
    rows = "".join(f"L{k},{note}\n" for k in range(4_000))
    path.write_text("lead_id,note\n" + rows, encoding="utf-8")

    assert read_file(path)["note"].to_pylist() == ["a line\n" * 100] * 4_000


def test_every_column_of_a_csv_is_text_so_that_ids_keep_their_zeros(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,yes\n007,true\n", encoding="utf-8")

    assert read_file(path).to_pylist() == [{"lead_id": "007", "yes": "true"}]


def test_texts_declared_missing_are_null_even_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text('lead_id,city\nL1,Select\nL2,"Select"\nL3,Oslo\n', encoding="utf-8")

    assert read_file(path, ["", "Select"])["city"].to_pylist() == [None, None, "Oslo"]


def test_a_gzipped_csv_reads_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv.gz"
    path.write_bytes(gzip.compress(b"lead_id,n\nL1,2\n"))

    assert read_file(path).to_pylist() == [{"lead_id": "L1", "n": "2"}]


def test_latin_1_is_refused_and_utf_8_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes("lead_id,city\nL1,Köln\n".encode("latin-1"))

    with pytest.raises(DataError, match=r"leads\.csv' must be a readable table in UTF-8"):
        read_file(path)


def test_a_row_with_a_field_too_many_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,n\nL1,2\nL2,3,4\n", encoding="utf-8")

    with pytest.raises(DataError, match="Expected 2 columns, got 3"):
        read_file(path)


@pytest.mark.parametrize(
    "name",
    [
        "leads.parquet",
        "leads.csv.gz",
    ],
)
def test_a_file_that_is_not_what_its_suffix_says_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is neither")

    with pytest.raises(DataError, match="must be a readable table"):
        read_file(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").touch()

    with pytest.raises(DataError, match=r"got an empty file. Export it again"):
        read_file(tmp_path / "leads.csv")


# Folders.


def test_a_glob_reads_all_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "events_2.csv").write_text("lead_id,extra\nL2,x\n", encoding="utf-8")
    (tmp_path / "events_1.csv").write_text("lead_id\nL1\n", encoding="utf-8")

    read = open_source(".", tmp_path).read("events_*.csv", [""])

    assert read.to_pylist() == [{"lead_id": "L1", "extra": None}, {"lead_id": "L2", "extra": "x"}]


def test_a_table_in_a_folder_may_lie_deeper(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "leads.csv").write_text("lead_id\nL1\n", encoding="utf-8")

    assert open_source(".", tmp_path).read("crm/leads.csv", [""]).num_rows == 1


def test_a_missing_file_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "leeds.csv").write_text("lead_id\nL1\n", encoding="utf-8")

    with pytest.raises(DataError, match=r"holds leeds\.csv\. Did you mean 'leeds\.csv'\?"):
        open_source(".", tmp_path).read("leads.csv", [""])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "which is none of them"),
        ("crm.duckdb", "does not exist"),
        ("mysql://localhost/crm", "a folder, a .duckdb file or a postgresql:// address"),
    ],
)
def test_a_source_that_is_no_place_is_refused(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_source(source, tmp_path)


# Writing.


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must end in \.parquet or \.csv, got 'x\.xlsx'"):
        write_file(pd.DataFrame({"n": [1]}), tmp_path / "x.xlsx")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
def test_what_is_written_reads_back(tmp_path: Path, name: str) -> None:
    write_file(pd.DataFrame({"n": ["1", "2"]}), tmp_path / name)

    assert read_file(tmp_path / name)["n"].to_pylist() == ["1", "2"]


# Databases.


def test_a_select_stands_for_a_table_in_duckdb(tmp_path: Path) -> None:
    source = open_source(str(fill_duckdb(tmp_path / "crm.duckdb")), tmp_path)

    read = source.read("SELECT lead_id FROM leads WHERE employees > 10 ORDER BY lead_id", [])

    assert read["lead_id"].to_pylist() == ["L1", "L4"]


def test_a_select_stands_for_a_table_in_postgres(server: str) -> None:
    read = open_source(server, Path()).read(
        "select lead_id from leads where employees > 10 order by lead_id", []
    )

    assert read["lead_id"].to_pylist() == ["L1", "L4"]


def test_a_column_of_postgres_numeric_is_a_number(server: str) -> None:
    config = {
        "data": {
            "source": server,
            "leads": "select lead_id, created_at, 1.25::numeric as size from leads",
        }
    }

    leads = read_tables(parse_config(config), now=NOW).leads

    assert leads["size"].tolist() == [1.25] * 4


def test_a_table_that_duckdb_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    source = open_source(str(fill_duckdb(tmp_path / "crm.duckdb")), tmp_path)

    with pytest.raises(DataError, match=r"attributes, events, leads, outcomes, spend.*'leads'"):
        source.read("leds", [])


def test_a_table_that_postgres_lacks_is_named_with_those_it_has(server: str) -> None:
    with pytest.raises(DataError, match=r"attributes, events, leads, outcomes, spend.*'leads'"):
        open_source(server, Path()).read("leds", [])


@pytest.mark.parametrize("query", ["SELECT nothing FROM nowhere", "SELECT"])
def test_a_query_that_fails_is_repeated_with_the_answer(
    server: str, tmp_path: Path, query: str
) -> None:
    duck = open_source(str(fill_duckdb(tmp_path / "crm.duckdb")), tmp_path)

    with pytest.raises(DataError, match=r"must answer|must be in"):
        duck.read(query, [])
    with pytest.raises(DataError, match=r"must answer|must be in"):
        open_source(server, Path()).read(query, [])


def test_a_quote_in_a_table_name_is_a_name_and_no_query(server: str) -> None:
    with pytest.raises(DataError, match="must be in"):
        open_source(server, Path()).read('leads" ; DROP TABLE leads; --', [])

    assert open_source(server, Path()).has("leads")


def test_a_file_that_is_no_duckdb_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "crm.duckdb").write_bytes(b"no database" * 1_000)

    with pytest.raises(DataError, match="must be a DuckDB file that can be read"):
        open_source("crm.duckdb", tmp_path).has("leads")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://sales:s3cret@127.0.0.1:1/crm",
        "postgres://sales:s3cret@127.0.0.1:1/crm",
        "postgresql://127.0.0.1:1/crm?user=sales&password=s3cret",
        "postgresql://sales:p@s3cret@127.0.0.1:1/crm",
    ],
)
def test_a_password_never_appears_in_an_error(address: str) -> None:
    with pytest.raises(DataError) as caught:
        open_source(address, Path()).has("leads")

    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in str(caught.value.__cause__)
