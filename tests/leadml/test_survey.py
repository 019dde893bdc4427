"""Is a log that is read in parts known as well as one that is read whole?"""

import dataclasses
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from leadml.checks import read_tables
from leadml.config import Config, parse_config
from leadml.errors import DataError
from leadml.sources import write_file
from leadml.survey import Survey, log_parts, survey_log

NOW = pd.Timestamp("2026-11-01", tz="UTC")


def times(*texts: str) -> pd.DatetimeIndex:
    return pd.to_datetime(list(texts), utc=True, format="ISO8601").as_unit("us")


LEADS = pd.DataFrame(
    {"lead_id": ["L1", "L2"], "created_at": times("2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z")}
)
OUTCOMES = pd.DataFrame(
    {"lead_id": ["L1"], "outcome": ["closed_won"], "closed_at": times("2026-02-01T08:00:00Z")}
)
EVENTS = pd.DataFrame(
    {
        "lead_id": ["L1", "L2", "L1"],
        "occurred_at": times(
            "2026-01-05T00:00:00Z", "2026-03-01T10:30:00Z", "2026-02-01T00:00:00Z"
        ),
        "event_type": ["view", "demo", "view"],
        "recorded_at": times(
            "2026-01-06T00:00:00Z", "2026-03-01T11:00:00Z", "2026-04-01T09:00:00Z"
        ),
    }
)


def kept(folder: Path, events: pd.DataFrame, *, suffix: str = ".parquet", **data: object) -> Config:
    """A configuration of the two leads and some events."""
    folder.mkdir(exist_ok=True)
    for name, frame in {"leads": LEADS, "events": events, "outcomes": OUTCOMES}.items():
        write_file(frame, folder / f"{name}{suffix}")
    settings = parse_config({"data": data, "columns": {"events": {"occurred_at": "occurred_at"}}})
    return dataclasses.replace(settings, folder=folder)


def test_the_end_of_the_data_is_that_of_the_log_read_whole(tmp_path: Path) -> None:
    config = kept(tmp_path, EVENTS)

    survey = survey_log(config, now=NOW, least=0)

    assert survey == Survey(pd.Timestamp("2026-04-01T09:00", tz="UTC"), days_only=False)
    bare = read_tables(config, now=NOW, events=False, survey=survey)
    whole = read_tables(config, now=NOW)
    assert (bare.end, bare.clock) == (whole.end, whole.clock)
    assert whole.end == pd.Timestamp("2026-04-01T09:00:00.000001", tz="UTC")


def test_a_log_of_bare_dates_makes_a_source_know_days_only(tmp_path: Path) -> None:
    dates = EVENTS.drop(columns="recorded_at").assign(
        occurred_at=EVENTS["occurred_at"].dt.normalize()
    )
    config = kept(tmp_path, dates)

    survey = survey_log(config, now=NOW, least=0)

    assert survey == Survey(pd.Timestamp("2026-03-01", tz="UTC"), days_only=True)
    bare = read_tables(config, now=NOW, events=False, survey=survey)
    whole = read_tables(config, now=NOW)
    assert (bare.end, bare.clock) == (whole.end, whole.clock)
    assert whole.clock == "days"


def test_midnights_in_another_zone_are_no_bare_dates(tmp_path: Path) -> None:
    local = EVENTS.drop(columns="recorded_at").assign(
        occurred_at=EVENTS["occurred_at"].dt.normalize().dt.tz_localize(None)
    )
    local["occurred_at"] = local["occurred_at"].dt.tz_localize("Europe/Berlin")

    survey = survey_log(kept(tmp_path, local), now=NOW, least=0)

    assert survey is not None
    assert not survey.days_only


def test_duckdb_is_looked_through_like_parquet(tmp_path: Path) -> None:
    folder = kept(tmp_path / "files", EVENTS).folder
    with duckdb.connect(tmp_path / "crm.duckdb") as connection:
        for path in folder.glob("*.parquet"):
            connection.execute(f"CREATE TABLE {path.stem} AS FROM '{path}'")
    config = dataclasses.replace(parse_config({"data": {"source": "crm.duckdb"}}), folder=tmp_path)

    survey = survey_log(config, now=NOW, least=0)

    assert survey == Survey(pd.Timestamp("2026-04-01T09:00", tz="UTC"), days_only=False)


def test_a_log_without_events_to_speak_of_is_read_whole(tmp_path: Path) -> None:
    assert survey_log(kept(tmp_path / "few", EVENTS), now=NOW, least=3) is None
    assert survey_log(kept(tmp_path / "some", EVENTS), now=NOW, least=2) is not None
    bare = kept(tmp_path / "bare", EVENTS)
    (bare.folder / "events.parquet").unlink()
    assert survey_log(bare, now=NOW, least=0) is None


@pytest.mark.parametrize(
    "change",
    [
        {"lead_id": [1, 2, 1]},
        {"event_type": [1, 2, 1]},
        {"occurred_at": EVENTS["occurred_at"].dt.tz_localize(None)},
        {"recorded_at": EVENTS["recorded_at"].dt.tz_localize(None)},
        {"occurred_at": EVENTS["occurred_at"].astype("str")},
    ],
)
def test_what_only_reading_it_whole_settles_is_read_whole(
    tmp_path: Path, change: dict[str, object]
) -> None:
    assert survey_log(kept(tmp_path, EVENTS.assign(**change)), now=NOW, least=0) is None


def test_csv_is_read_whole(tmp_path: Path) -> None:
    assert survey_log(kept(tmp_path, EVENTS, suffix=".csv"), now=NOW, least=0) is None


def test_an_event_of_tomorrow_is_refused(tmp_path: Path) -> None:
    before = pd.Timestamp("2026-03-15", tz="UTC")

    with pytest.raises(DataError, match=r"No event may lie in the future \(now 2026-03-15 00:00"):
        survey_log(kept(tmp_path, EVENTS), now=before, least=0)


def test_parts_hold_what_was_known_before_a_moment(tmp_path: Path) -> None:
    config = kept(tmp_path, EVENTS)

    def lead_ids(moment: str) -> list[str]:
        parts = log_parts(config, rows=1, before=pd.Timestamp(moment, tz="UTC")).parts
        return [lead for part in parts for lead in part()["lead_id"].to_pylist()]

    assert lead_ids("2026-01-06T00:00") == []  # known exactly then: not before
    assert lead_ids("2026-01-06T00:00:00.000001") == ["L1"]
    assert lead_ids("2026-03-15") == ["L1", "L2"]
    assert lead_ids("2026-04-02") == ["L1", "L2", "L1"]


def test_an_event_that_was_never_recorded_is_known_when_it_occurs(tmp_path: Path) -> None:
    events = EVENTS.assign(recorded_at=EVENTS["recorded_at"].where([False, True, True]))
    parts = log_parts(
        kept(tmp_path, events), rows=9, before=pd.Timestamp("2026-01-05T12:00", tz="UTC")
    )

    assert [part()["lead_id"].to_pylist() for part in parts.parts] == [["L1"]]
