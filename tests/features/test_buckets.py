"""Does a log read in parts and buckets, in memory or in files, say what it says read at once?"""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features import buckets
from features.buckets import BucketedPast
from features.build import build_matrix, iter_matrices
from features.catalog import Catalog, declare_catalog
from features.past import build_past
from leadml.config import Config
from leadml.errors import DataError
from leadml.moments import open_examples
from leadml.sources import DuckDb, Folder, Parts, as_table
from leadml.tables import Tables

COLUMNS = {name: name for name in ("lead_id", "event_type", "occurred_at", "recorded_at", "value")}


@pytest.fixture(scope="module")
def examples(tables: Tables) -> pd.DataFrame:
    months = pd.date_range(tables.end - pd.Timedelta(200, "D"), periods=4, freq="50D")
    found = pd.concat([open_examples(tables, month) for month in months], ignore_index=True)
    return found.sample(frac=1.0, random_state=1).reset_index(drop=True)


@pytest.fixture(scope="module")
def catalog(config: Config, tables: Tables) -> Catalog:
    asked = dataclasses.replace(
        config.features,
        per_kind=("count", "account_count", "account_days_since_last", "sessions"),
        overall=("tenure", "account_tenure", "last_event", "account_active_days"),
    )
    return declare_catalog(tables, dataclasses.replace(config, features=asked))


@pytest.fixture(scope="module")
def log(tables: Tables) -> pa.Table:
    """The events as a source holds them."""
    return as_table(tables.events.rename(columns={"known_at": "recorded_at"}))


def in_parts(log: pa.Table, rows: int) -> Parts:
    parts = [partial(log.slice, start, rows) for start in range(0, len(log), rows)]
    return Parts(len(log), parts)


def bucketed(tables: Tables, examples: pd.DataFrame, **given: Any) -> BucketedPast:
    return BucketedPast(tables.leads, tables.attributes, examples, **given)


@pytest.fixture(scope="module")
def expected(catalog: Catalog, tables: Tables, examples: pd.DataFrame) -> np.ndarray:
    return build_matrix(catalog, build_past(tables, examples))


@pytest.mark.parametrize("size", [1 << 30, 3_000, 200])
def test_buckets_change_no_bit(
    monkeypatch: pytest.MonkeyPatch,
    catalog: Catalog,
    tables: Tables,
    examples: pd.DataFrame,
    log: pa.Table,
    expected: np.ndarray,
    size: int,
) -> None:
    monkeypatch.setattr(buckets, "BLOCK", size)
    with bucketed(tables, examples) as past:
        past.read(in_parts(log, 5_000))
        assert (len(past.blocks()) == 1) == (size == 1 << 30)
        assert np.array_equal(build_matrix(catalog, past, threads=2), expected, equal_nan=True)


def test_files_change_no_bit_and_are_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    catalog: Catalog,
    tables: Tables,
    examples: pd.DataFrame,
    log: pa.Table,
    expected: np.ndarray,
) -> None:
    monkeypatch.setattr(buckets, "BLOCK", 2_000)
    monkeypatch.setattr(buckets.tempfile, "tempdir", str(tmp_path))
    with bucketed(tables, examples, memory=50_000) as past:
        past.read(in_parts(log, 1_500))
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(files) == len(past.blocks()) > 5
        assert sum(path.stat().st_size for path in files) > 50_000
        assert np.array_equal(build_matrix(catalog, past), expected, equal_nan=True)
    assert list(tmp_path.iterdir()) == []


def test_block_by_block_gives_every_row_once(
    monkeypatch: pytest.MonkeyPatch,
    catalog: Catalog,
    tables: Tables,
    examples: pd.DataFrame,
    log: pa.Table,
    expected: np.ndarray,
) -> None:
    monkeypatch.setattr(buckets, "BLOCK", 2_000)
    found = np.full_like(expected, -9.0)
    with bucketed(tables, examples) as past:
        past.read(in_parts(log, 5_000))
        parts = list(iter_matrices(catalog, past))
    assert sorted(np.concatenate([rows for rows, _ in parts])) == list(range(len(examples)))
    for rows, matrix in parts:
        found[rows] = matrix
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("place", ["parquet", "duckdb"])
def test_parquet_and_duckdb_are_read_in_parts(
    tmp_path: Path,
    catalog: Catalog,
    tables: Tables,
    examples: pd.DataFrame,
    log: pa.Table,
    expected: np.ndarray,
    place: str,
) -> None:
    theirs = log.rename_columns([f"their {name}" for name in log.column_names])
    columns = {ours: f"their {ours}" for ours in COLUMNS}
    if place == "parquet":
        pa.parquet.write_table(theirs, tmp_path / "events.parquet", row_group_size=2_000)
        parts = Folder(tmp_path).in_parts("events", columns, rows=5_000)
        assert len(list(parts.parts)) > 2
    else:
        with duckdb.connect(tmp_path / "crm.duckdb") as connection:
            connection.register("arrow", theirs)
            connection.execute("CREATE TABLE events AS SELECT * FROM arrow")
        parts = DuckDb(tmp_path / "crm.duckdb").in_parts("events", columns, rows=5_000)
    assert parts.rows == len(log)
    with bucketed(tables, examples) as past:
        past.read(parts)
        assert np.array_equal(build_matrix(catalog, past), expected, equal_nan=True)


def test_events_no_example_may_see_are_not_kept_and_unknown_leads_are_counted(
    tables: Tables, examples: pd.DataFrame
) -> None:
    last = examples["as_of"].max()
    lead = examples["lead_id"].iloc[0]
    rows = [
        (lead, "seen", last - pd.Timedelta(1, "ns"), 2.0),
        (lead, "future", last, np.nan),
        ("nobody", "other", last - pd.Timedelta(1, "D"), 5.0),
    ]
    log = pd.DataFrame(rows, columns=["lead_id", "event_type", "occurred_at", "value"])
    with bucketed(tables, examples) as past:
        past.read(in_parts(as_table(log), 10))
        kept = sum(len(past.records(k)) for k in range(len(past.blocks())))
        assert (kept, past.unknown) == (1, 1)
        assert past.seen["seen"]
        assert not past.seen["future"]


def test_an_empty_log_and_no_examples_are_nothing(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, log: pa.Table
) -> None:
    empty = dataclasses.replace(tables, events=tables.events[:0])
    none = build_matrix(catalog, build_past(empty, examples))
    with bucketed(tables, examples) as past:
        past.read(Parts(0, []))
        assert np.array_equal(build_matrix(catalog, past), none, equal_nan=True)
    with bucketed(tables, examples[:0]) as past:
        past.read(in_parts(log, 5_000))
        assert build_matrix(catalog, past).shape == (0, len(catalog.features))


Spoil = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop(columns="event_type"), "got no event_type"),
        (lambda f: f.assign(occurred_at=f["occurred_at"].dt.tz_localize(None)), "with a zone"),
        (lambda f: f.assign(occurred_at=f["occurred_at"].where(f.index > 0)), "1 empty ones"),
        (lambda f: f.assign(lead_id=f["lead_id"].where(f.index > 0)), "must have a lead_id"),
        (lambda f: f.assign(value="much"), "must be numbers"),
        (lambda f: f.assign(value=np.inf), "must be finite"),
        (
            lambda f: f.assign(occurred_at=pd.Timestamp("1760-01-01", tz="UTC").as_unit("us")),
            "between 1900 and 2200",
        ),
    ],
)
def test_bad_events_are_refused_in_words(
    tables: Tables, examples: pd.DataFrame, log: pa.Table, spoil: Spoil, message: str
) -> None:
    frame = spoil(log.to_pandas().head(50))
    with (
        bucketed(tables, examples) as past,
        pytest.raises(DataError, match=message),
    ):
        past.read(in_parts(as_table(frame), 10))


def test_csv_is_not_read_in_parts(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("lead_id\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"must be Parquet or in DuckDB, got events\.csv"):
        Folder(tmp_path).in_parts("events", COLUMNS, rows=10)
    with pytest.raises(DataError, match="no such file"):
        Folder(tmp_path).in_parts("log", COLUMNS, rows=10)
