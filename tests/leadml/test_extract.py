"""Do a few rows mean what they mean among all the others?"""

import dataclasses
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from leadml.checks import inspect_tables
from leadml.columns import as_times, settled
from leadml.config import Config, parse_config
from leadml.extract import Extract, Whole, read_whole
from leadml.rows.rows import open_rows
from leadml.sources import open_source

NOW = pd.Timestamp("2026-06-01", tz="UTC")


def config_of(folder: Path, **data: str) -> Config:
    return dataclasses.replace(parse_config({"data": data}), folder=folder)


def whole_of(folder: Path, **data: str) -> Whole:
    config = config_of(folder, **data)
    rows = open_rows(open_source(".", folder), config.data.missing)
    names = {path.stem: path.stem for path in folder.iterdir()}
    return read_whole(config, rows, names)


def test_one_text_among_numbers_makes_a_column_of_texts(tmp_path: Path) -> None:
    rows = "".join(f"{k},2026-01-01,{k},{k},,NA\n" for k in range(70_000))
    (tmp_path / "leads.csv").write_text(
        f"lead_id,created_at,size,code,empty,gone\n{rows}x,2026-01-01,7,1 A,,\n", encoding="utf-8"
    )

    numbers = whole_of(tmp_path).numbers
    assert numbers == {"leads.size": True, "leads.code": False}


def test_one_time_of_day_among_midnights_makes_a_column_of_times(tmp_path: Path) -> None:
    rows = "".join(f"{k},2026-01-01T00:00,2026-01-02\n" for k in range(70_000))
    (tmp_path / "leads.csv").write_text(
        f"lead_id,created_at,born\n{rows}x,2026-01-01T08:00,\n", encoding="utf-8"
    )
    (tmp_path / "outcomes.csv").write_text(
        "lead_id,outcome,closed_at\n1,won,2026-01-01\n2,won,\n", encoding="utf-8"
    )

    days = whole_of(tmp_path, timezone="Europe/Amsterdam").days
    assert days == {"leads.created_at": False, "outcomes.closed_at": True}


def test_a_type_that_says_it_all_is_not_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"lead_id": ["a"], "n": [1], "x": [0.5], "yes": [True]})
    frame.assign(created_at=pd.to_datetime(["2026-01-01T08:00Z"])).to_parquet(
        tmp_path / "leads.parquet"
    )

    numbers = whole_of(tmp_path).numbers
    assert numbers == {"leads.n": True, "leads.x": True, "leads.yes": False}


LEADS = pa.table({"lead_id": ["1"], "created_at": ["2026-03-01 00:00:00"], "size": ["7"]})
OUTCOMES = pa.table(
    {name: pa.array([], pa.string()) for name in ("lead_id", "outcome", "closed_at")}
)


@pytest.mark.parametrize(
    ("whole", "created_at", "size", "clock"),
    [
        (Whole({}, {}), "2026-03-01T00:00Z", 7.0, "days"),
        (
            Whole({"leads.created_at": False}, {"leads.size": False}),
            "2026-02-28T23:00Z",
            "7",
            "times",
        ),
        (
            Whole({"leads.created_at": True}, {"leads.size": True}),
            "2026-03-01T00:00Z",
            7.0,
            "days",
        ),
        (Whole({"events.occurred_at": True}, {}), "2026-03-01T00:00Z", 7.0, "days"),
    ],
)
def test_a_row_is_read_by_what_the_whole_table_tells(
    tmp_path: Path, whole: Whole, created_at: str, size: object, clock: str
) -> None:
    config = config_of(tmp_path, timezone="Europe/Amsterdam")
    extract = Extract({"leads": LEADS, "outcomes": OUTCOMES}, whole)
    tables = inspect_tables(config, now=NOW, extract=extract)

    assert tables.leads["created_at"].tolist() == [pd.Timestamp(created_at)]
    assert tables.leads["size"].tolist() == [size]
    assert tables.clock == clock
    assert not len(tables.outcomes)


def test_the_data_of_a_lead_end_now_and_not_with_its_last_event(tmp_path: Path) -> None:
    history = pa.table({"lead_id": ["1"], "valid_from": ["2026-05-01"], "size": ["9"]})
    tables = inspect_tables(
        config_of(tmp_path),
        now=NOW,
        extract=Extract(
            {"leads": LEADS, "outcomes": OUTCOMES, "attributes": history},
            Whole({"leads.created_at": True, "attributes.valid_from": True}, {}),
        ),
    )

    assert tables.end > NOW
    assert tables.attributes["size"].tolist() == [9.0]
    assert tables.leads["size"].tolist() == [7.0]


def test_a_midnight_among_times_of_day_is_one_in_its_zone() -> None:
    midnight = pd.Series(["2026-07-01 00:00:00"])

    alone = as_times(midnight, timezone="Europe/Amsterdam")
    among = as_times(midnight, timezone="Europe/Amsterdam", days=False)
    assert alone.values.tolist() == [pd.Timestamp("2026-07-01T00:00Z")]
    assert among.values.tolist() == [pd.Timestamp("2026-06-30T22:00Z")]


def test_what_is_known_of_a_column_settles_it() -> None:
    digits = pd.Series(["7", "007", None], dtype="str")

    assert settled(digits).tolist()[:2] == [7.0, 7.0]
    assert settled(digits, numbers=False).tolist()[:2] == ["7", "007"]
    assert settled(pd.Series(["x", None], dtype="str"), numbers=True).isna().all()
