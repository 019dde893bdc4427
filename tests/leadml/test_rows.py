"""Are the right rows found, and are ids only ever values?"""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from leadml.errors import SourceError
from leadml.rows.rows import Rows, open_rows
from leadml.rows.values import column_values
from leadml.sources import asked_of, open_source


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (pa.string(), ["1", "01", "1.0", "1.5", "-3", "x", "", "9999999999"]),
        (pa.int8(), [1, -3]),
        (pa.uint8(), [1]),
        (pa.int64(), [1, -3, 9_999_999_999]),
        (pa.float64(), [1.0, 1.5, -3.0, 9_999_999_999.0]),
    ],
)
def test_a_text_is_the_value_that_is_written_so(kind: pa.DataType, found: list[object]) -> None:
    texts = ["1", "01", "1.0", "1.5", "-3", "x", "", "9999999999"]

    assert column_values(texts, kind) == found


def test_a_type_that_is_written_otherwise_has_no_values() -> None:
    assert column_values(["1"], pa.decimal128(9, 2)) is None
    assert column_values(["true"], pa.bool_()) is None


def test_a_text_that_is_no_unicode_is_no_value() -> None:
    assert column_values(["\ud800", "a"], pa.string()) == ["a"]


def test_a_select_is_asked_as_a_table_whatever_it_ends_in() -> None:
    assert asked_of("SELECT 1 AS a -- one") == "SELECT * FROM (\nSELECT 1 AS a -- one\n) AS asked"
    assert asked_of("SELECT 1;") == "SELECT * FROM (\nSELECT 1\n) AS asked"
    assert asked_of('a"b', ["c"]) == 'SELECT "c" FROM (\nSELECT * FROM "a""b"\n) AS asked'


@pytest.fixture(params=["csv", "parquet", "duckdb"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Rows:
    frame = pd.DataFrame({"id": ["a", " b ", "a", "%", "a' OR 'a' = 'a"], "n": range(5)})
    if request.param == "duckdb":
        with duckdb.connect(tmp_path / "x.db") as connection:
            connection.register("frame", pa.table({"id": list(frame["id"]), "n": list(frame["n"])}))
            connection.execute("CREATE TABLE t AS SELECT * FROM frame")
    elif request.param == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
    else:
        frame.to_parquet(tmp_path / "t.parquet", index=False)
    return open_rows(open_source("x.db" if request.param == "duckdb" else ".", tmp_path), [""])


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a"], ["0", "2"]),
        (["a", "b"], ["0", "1", "2"]),
        (["a' OR 'a' = 'a"], ["4"]),
        (["%"], ["3"]),
        ([" b "], []),
        (["A"], []),
        (["\0"], []),
        ([], []),
    ],
)
def test_rows_are_found_by_whole_ids(rows: Rows, texts: list[str], found: list[str]) -> None:
    key = rows.key("t", "id")
    with rows.asking() as asking:
        table = asking.where(key, texts, most=9)

    assert key.blanks
    assert sorted(map(str, table["n"].to_pylist())) == found
    assert table.column_names == ["id", "n"]


def test_no_more_rows_are_found_than_asked_for(rows: Rows) -> None:
    with rows.asking() as asking:
        assert len(asking.where(rows.key("t", "id"), ["a"], most=1)) == 1


def test_a_table_that_is_gone_cannot_be_asked(rows: Rows) -> None:
    with pytest.raises(SourceError):
        rows.schema("nothing")


def test_a_half_written_parquet_file_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and then nothing")
    rows = open_rows(open_source(".", tmp_path), [""])

    with pytest.raises(SourceError, match="must be readable"):
        rows.key("t", "id")
