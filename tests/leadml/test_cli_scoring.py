"""Does `leadml score` say what it does, wherever the scores go and however large the log is?"""

import shutil
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet
import pytest
from click.testing import Result
from typer.testing import CliRunner

from leadml.cli.main import app, main
from leadml.survey import LARGE
from training.registry.local import Registry

pytestmark = [
    # MLflow's own, when it is imported with SQLAlchemy 2.1 and when it reads our pyfunc.
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def place(crm: Path, registry: Registry, tmp_path: Path) -> Path:
    """The leadml.toml of a copy of the simulated company, with a champion."""
    return Path(shutil.copytree(crm, tmp_path / "crm")) / "leadml.toml"


def test_a_table_of_duckdb_holds_what_a_file_does(place: Path, tmp_path: Path) -> None:
    run("score", "-c", place, "--out", tmp_path / "s.parquet")
    said = run("score", "-c", place, "--out", tmp_path / "s.duckdb", "--table", "nightly").stdout

    assert f" scores to {tmp_path / 's.duckdb'}, table nightly (" in said
    with duckdb.connect(tmp_path / "s.duckdb", read_only=True) as connection:
        table = connection.sql("FROM nightly").to_arrow_table()
    assert table.cast(pyarrow.parquet.read_schema(tmp_path / "s.parquet")).equals(
        pyarrow.parquet.read_table(tmp_path / "s.parquet")
    )


def test_a_run_that_broke_off_goes_on_and_says_so(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("score", "-c", place, "--out", tmp_path / "undisturbed.csv")
    asked = ["score", "-c", str(place), "--out", str(tmp_path / "s.csv")]
    (tmp_path / ".s.csv.draft").mkdir()
    monkeypatch.setattr(sys, "argv", ["leadml", *asked])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "s.csv' must be written whole" in capsys.readouterr().err
    (tmp_path / ".s.csv.draft").rmdir()

    assert "Went on with 1 parts of a run that was broken off." in run(*asked).stdout

    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()
    (tmp_path / ".s.csv.draft").mkdir()
    with pytest.raises(SystemExit):
        main()
    (tmp_path / ".s.csv.draft").rmdir()
    other = run(*asked, "--as-of", "2026-05-01")
    assert "1 parts of an earlier run were of other data or settings" in other.stderr


def test_a_moment_after_the_end_of_the_data_is_warned_of(place: Path, tmp_path: Path) -> None:
    late = run("score", "-c", place, "--out", tmp_path / "s.csv", "--as-of", "2026-08-01")
    leads = len(pd.read_csv(tmp_path / "s.csv"))
    assert (
        f"Warning: {leads:,} leads are looked at after the end of the data, 2026-07-01"
        in late.stderr
    )

    within = run("score", "-c", place, "--out", tmp_path / "s.csv", "--as-of", "2026-07-01")
    assert "Warning" not in within.stderr


def test_a_large_log_is_read_in_parts_and_gives_the_same_scores(
    place: Path, tmp_path: Path
) -> None:
    """The log is made large by events of leads that nobody knows, and of types not declared."""
    run("score", "-c", place, "--out", tmp_path / "whole.csv")
    events = pd.read_parquet(place.parent / "events.parquet")
    more = events.iloc[[0] * LARGE].assign(lead_id="nobody", event_type="other")
    pd.concat([events, more]).to_parquet(place.parent / "events.parquet", row_group_size=100_000)

    said = run("score", "-c", place, "--out", tmp_path / "parts.csv")

    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert f"{LARGE:,} rows of leads that the leads table lacks are left out" in said.stderr
    assert "[events] does not declare other: these are not used" in said.stderr
