"""Does every command do what it says, and end with a sentence where it cannot?"""

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from leadml.cli.main import app, main
from leadml.sources import read_file
from tests.tracking import TrackingServer
from tests.training.results import PASSED, REFUSED
from training.registry.local import Registry
from training.train import TrainingResult

AS_OF = "2026-04-01"
COMMAND = Path(sys.executable).parent / "leadml"
TABLES = {
    "leads": "created_at",
    "events": "recorded_at",
    "outcomes": "closed_at",
    "attributes": "valid_from",
    "spend": "month",
}

pytestmark = [
    # MLflow's own, when it is imported with SQLAlchemy 2.1 and when it reads our pyfunc.
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]

Fails = Callable[..., tuple[int, str]]


def run(*arguments: object) -> str:
    """The output of a command that must succeed."""
    result = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fails:
    """The exit status and the error output of a command that must not succeed."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["leadml", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return int(str(caught.value.code)), said

    return call


@pytest.fixture(scope="module")
def place(crm: Path, trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The leadml.toml of a copy of the CRM, with three registered versions; 1 is the champion.

    The gate refused version 3.
    """
    folder = tmp_path_factory.mktemp("place") / "crm"
    shutil.copytree(crm, folder, ignore=shutil.ignore_patterns("models"))
    registry = Registry(folder / "models", "lead-scorer")
    for gate in (PASSED, PASSED, REFUSED):
        registry.record(trained, gate, now=pd.Timestamp("2026-11-01", tz="UTC"))
    return folder / "leadml.toml"


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """The leadml.toml of 800 leads whose size decides: trained in a moment."""
    days = pd.date_range("2024-01-01", periods=800, freq="D")
    rng = np.random.default_rng(0)
    size = rng.normal(size=800)
    won = rng.random(800) < 1 / (1 + np.exp(-1.2 * size))
    leads = {"lead_id": range(800), "created_at": days.astype(str), "size": size.round(3)}
    outcomes = {
        "lead_id": range(800),
        "outcome": np.where(won, "won", "lost"),
        "closed_at": (days + pd.Timedelta(3, "D")).astype(str),
    }
    pd.DataFrame(leads).to_csv(tmp_path / "leads.csv", index=False)
    pd.DataFrame(outcomes).to_csv(tmp_path / "outcomes.csv", index=False)
    (tmp_path / "leadml.toml").write_text(
        "[label]\nhorizon_days = 14\n[training]\nthreads = 1\n[attributes]\nallow = ['size']\n",
        encoding="utf-8",
    )
    return tmp_path / "leadml.toml"


@pytest.fixture(scope="module")
def undated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undated")
    rows = "".join(f"{k},{k % 3},{k % 2}\n" for k in range(200))
    (folder / "all.csv").write_text("lead_id,size,outcome\n" + rows, encoding="utf-8")
    (folder / "leadml.toml").write_text('[data]\ntable = "all.csv"\n', encoding="utf-8")
    return folder / "leadml.toml"


def test_the_cut_crm_differs_from_the_whole_in_what_leads_say(crm: Path) -> None:
    tables = {name: pd.read_parquet(crm / f"{name}.parquet") for name in TABLES}

    cut = leads_without(tables, pd.Timestamp(AS_OF, tz="UTC"))

    assert cut["revenue_eur"].isna().sum() > tables["leads"]["revenue_eur"].isna().sum()


# What works.


def test_simulate_writes_a_company_and_the_next_command(tmp_path: Path) -> None:
    said = run("simulate", tmp_path / "crm", "--leads", 200, "--months", 8)

    assert said.startswith("Wrote 200 leads,")
    assert f"Next: leadml train -c {tmp_path}/crm/leadml.toml" in said
    assert (tmp_path / "crm" / "leads.parquet").is_file()


def test_check_says_what_was_read_and_what_looks_like_a_leak(crm: Path) -> None:
    said = run("check", "-c", crm / "leadml.toml")

    assert "2,000 rows" in said
    assert "mature examples of" in said
    assert "leak  last_call_outcome: " in said


def test_check_lists_the_errors_and_exits_1(undated: Path, tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("lead_id,outcome\n1,1\n1,0\n", encoding="utf-8")
    shutil.copy(undated, tmp_path)

    result = CliRunner().invoke(app, ["check", "-c", str(tmp_path / "leadml.toml")])

    assert result.exit_code == 1
    assert "error  leads: lead_id must be unique" in result.output
    assert "cannot be used until the errors are mended" in result.output


def test_features_writes_a_row_for_each_open_lead(crm: Path, tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"

    said = run("features", "-c", crm / "leadml.toml", "--as-of", AS_OF, "--out", out)

    table = pd.read_parquet(out)
    assert f"features of {len(table):,} examples to {out}" in said
    assert table["lead_id"].is_unique
    assert set(table["as_of"]) == {pd.Timestamp(AS_OF, tz="UTC")}
    assert "page_view_count_30d" in table


def test_features_in_parts_are_those_of_the_log_read_at_once(crm: Path, tmp_path: Path) -> None:
    asked = ("features", "-c", crm / "leadml.toml", "--as-of", AS_OF, "--out")
    run(*asked, tmp_path / "whole.parquet")

    said = run(*asked, tmp_path / "parts.parquet", "--in-parts")

    whole, parts = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
    assert f"features of {len(parts):,} examples" in said
    in_order = parts.set_index("lead_id").loc[whole["lead_id"]].reset_index()
    pd.testing.assert_frame_equal(in_order[list(whole)], whole)


def test_features_in_parts_are_written_as_parquet_only(
    fails: Fails, crm: Path, tmp_path: Path
) -> None:
    code, said = fails(
        *("features", "-c", crm / "leadml.toml", "--as-of", AS_OF),
        *("--in-parts", "--out", tmp_path / "parts.csv"),
    )

    assert code == 1
    assert "must end in .parquet, got 'parts.csv'" in said
    assert list(tmp_path.iterdir()) == []


def test_deleting_the_future_changes_no_feature(crm: Path, tmp_path: Path) -> None:
    moment = pd.Timestamp(AS_OF, tz="UTC")
    past = tmp_path / "past"
    past.mkdir()
    shutil.copy(crm / "leadml.toml", past)
    tables = {name: pd.read_parquet(crm / f"{name}.parquet") for name in TABLES}
    tables["leads"] = leads_without(tables, moment)
    dropped = 0
    for name, time_column in TABLES.items():
        frame = tables[name]
        kept = frame[pd.to_datetime(frame[time_column], utc=True) < moment]
        dropped += len(frame) - len(kept)
        kept.to_parquet(past / f"{name}.parquet", index=False)

    for folder in (crm, past):
        out = tmp_path / f"{folder.name}.csv"
        run("features", "-c", folder / "leadml.toml", "--as-of", AS_OF, "--out", out)

    assert dropped > 1_000
    whole = (tmp_path / f"{crm.name}.csv").read_text(encoding="utf-8")
    assert whole == (tmp_path / "past.csv").read_text(encoding="utf-8")
    assert whole.count("\n") > 100


def leads_without(tables: dict[str, pd.DataFrame], moment: pd.Timestamp) -> pd.DataFrame:
    """The leads as a CRM showed them at ``moment``: blank where only later history tells."""
    leads, changes = tables["leads"].set_index("lead_id"), tables["attributes"]
    for column in set(changes) & set(leads):
        told = changes[changes[column].notna()].groupby("lead_id")["valid_from"].min()
        leads.loc[told.index[told >= moment], column] = None
    return leads.reset_index()


def test_train_registers_a_model_that_knows_nothing_from_its_moment_on(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    said = run("train", "-c", quick, "--as-of", "2026-01-01")

    assert "Sorting: of a won and a lost lead" in said
    assert "The gate lets it pass.\n      ok  signal: It has a usable signal" in said
    assert "Registered as version 1, the champion: it scores." in said
    assert "until 2026-01-01" in run("models", "-c", quick)

    second = run("train", "-c", quick)
    assert "beside version 1.\n" in second
    assert "  log loss: 0." in second
    assert "  stability: " in second
    assert "Registered as version 2, the challenger." in second
    newest = run("models", "-c", quick).splitlines()[0]
    assert "until 2026-03-14" in newest
    assert "  gate " in newest
    assert list(elsewhere.iterdir()) == []

    first, later = ((quick.parent / "reports" / f"version-{k}.html").read_text() for k in (1, 2))
    assert "1 January 2026" in first
    assert "This is the first model" in first
    assert "This is the first model" not in later
    assert (quick.parent / "reports" / "version-2.md").is_file()


def test_every_command_works_beside_a_tracking_server(
    quick: Path, tracking_server: TrackingServer
) -> None:
    uri = f'[registry]\nname = "by-server"\nuri = "{tracking_server.uri}"\n'
    quick.write_text(quick.read_text(encoding="utf-8") + uri, encoding="utf-8")
    for moment in ("2025-06-01", "2026-01-01"):
        said = run("train", "-c", quick, "--as-of", moment)
    assert "Registered as version 2, the challenger." in said
    assert "This is the first model" not in (quick.parent / "reports/version-2.html").read_text()
    assert "open leads" in run("compare", "1", "2", "-c", quick)
    run("promote", "2", "-c", quick, "--force", "to see it move")
    assert "champion" in run("models", "-c", quick).splitlines()[0]
    out = quick.with_name("scores.csv")
    run("score", "-c", quick, "--out", out, "--as-of", "2026-02-01")
    assert set(pd.read_csv(out)["model_version"]) == {2}
    assert "champion" in run("rollback", "-c", quick)


def folders(config: Path) -> list[dict[str, bytes]]:
    """The files of every model folder, oldest first."""
    found = sorted(
        (path.parent for path in (config.parent / "models" / "artifacts").rglob("manifest.json")),
        key=lambda folder: folder.stat().st_mtime_ns,
    )
    return [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in found]


def test_a_repeated_run_makes_the_same_bytes_from_the_same_data(quick: Path) -> None:
    run("train", "-c", quick, "--as-of", "2026-01-01")
    text = quick.read_text(encoding="utf-8")
    quick.write_text(text.replace("horizon_days = 14", "horizon_days = 30"), encoding="utf-8")

    said = run("train", "-c", quick, "--from-run", "1")

    assert "Data: the same as in the run repeated" in said
    assert "Code: the same as in the run repeated" in said
    assert "Packages: the same." in said
    first, second = folders(quick)
    assert first == second
    assert len(first) > 5

    leads = pd.read_csv(quick.parent / "leads.csv")
    leads.assign(size=leads["size"] + (leads["lead_id"] == 5)).to_csv(
        quick.parent / "leads.csv", index=False
    )
    run_id = next((quick.parent / "models" / "artifacts").glob("*/artifacts/gate.json")).parts[-3]
    other = run("train", "-c", quick, "--from-run", run_id)
    assert "Data: NOT the same as in the run repeated" in other
    assert folders(quick)[-1] != first


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--from-run", "9"), "'9' must be a version or a run"),
        (("--from-run", "1", "--as-of", AS_OF), "A repeated run has its own moment"),
    ],
)
def test_a_run_that_cannot_be_repeated_is_refused(
    fails: Fails, place: Path, flags: tuple[str, ...], said: str
) -> None:
    status, error = fails("train", "-c", place, *flags)

    assert (status, said in error) == (1, True), error


def test_a_training_that_was_killed_is_told_at_the_next_start(quick: Path) -> None:
    run("train", "-c", quick, "--as-of", "2026-01-01")
    before = run("models", "-c", quick)
    running = subprocess.Popen(
        [str(COMMAND), "train", "-c", str(quick)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    marks = quick.parent / "models" / ".training"
    end = time.monotonic() + 60
    while not list(marks.glob("*/started.json")) and time.monotonic() < end:
        time.sleep(0.02)
    running.kill()
    assert running.wait(timeout=60) == -9

    told = run("models", "-c", quick)

    assert f"(process {running.pid} on " in told
    assert "did not finish; champion and registry are as they were." in told
    assert told.endswith(before)
    assert run("models", "-c", quick) == before
    assert list(marks.iterdir()) == []


def test_backtest_says_writes_and_registers_nothing(quick: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "out" / "past.html", tmp_path / "out" / "past.csv"

    said = run(
        *("backtest", "-c", quick, "--by", "quarter", "--periods", 2, "--as-of", "2026-01-01"),
        *("--out", page, "--csv", table),
    )

    assert said.startswith("2 past periods replayed: ")
    lines = [line.split() for line in said.splitlines()]
    assert [line[:2] for line in lines if line[:1] == ["2025"]] == [["2025", "Q3"], ["2025", "Q4"]]
    assert said.endswith(f"Wrote {page} and {table}.\n")
    assert "quarter by quarter" in page.read_text(encoding="utf-8")
    figures = pd.read_csv(table)
    assert len(figures) == 2 * figures["scorer"].nunique()
    assert (figures["auc_lower"] <= figures["auc"]).all()
    model = figures[figures["scorer"] == "model"].iloc[-1]
    assert f"{model['auc']:.3f} ({model['auc_lower']:.3f} to" in said
    assert not (quick.parent / "models").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--by", "week"), "A past week can be replayed where 20 won and 20 other examples"),
        (("--periods", "0"), "training.periods must be above 0, got 0"),
        (("--out", "past.pdf"), "must end in .html or .htm, got 'past.pdf'"),
        (("--csv", "past.xlsx"), "must end in .csv or .csv.gz or .parquet, got 'past.xlsx'"),
    ],
)
def test_a_past_that_cannot_be_replayed_is_refused(
    fails: Fails, quick: Path, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    out = () if "--out" in flags else ("--out", tmp_path / "past.html")

    status, error = fails("backtest", "-c", quick, *flags, *out)

    assert (status, said in error) == (1, True), error
    assert not (tmp_path / "past.html").exists()


def test_a_past_without_dates_has_no_months_and_carries_its_warning(
    fails: Fails, undated: Path
) -> None:
    status, error = fails("backtest", "-c", undated, "--by", "month")

    assert (status, "A month needs dates, but the table has none" in error) == (1, True), error
    assert "OPTIMISTIC" in error


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_score_writes_every_open_lead(place: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name

    said = run("score", "-c", place, "--as-of", "2026-06-01", "--out", out)

    table = read_file(out).to_pandas()
    assert f"Wrote {len(table):,} scores to {out}" in said
    scored = table[table["unscored_reason"].fillna("") == ""]
    assert pd.to_numeric(scored["probability"]).between(0, 1).all()
    assert len(scored) > 50


def test_score_takes_the_examples_of_a_file_in_their_order(place: Path, tmp_path: Path) -> None:
    examples = tmp_path / "examples.csv"
    examples.write_text(
        "lead_id,as_of\nL000200,2026-06-01\nL000100,2026-05-01T09:00+02:00\n", encoding="utf-8"
    )
    out = tmp_path / "scores.parquet"

    run("score", "-c", place, "--examples", examples, "--out", out)

    assert pd.read_parquet(out)["lead_id"].tolist() == ["L000200", "L000100"]


def test_features_of_a_version_are_those_it_was_trained_on(place: Path, tmp_path: Path) -> None:
    said = run(
        *("features", "-c", place, "--as-of", AS_OF, "--version", "1"),
        *("--out", tmp_path / "features.csv"),
    )

    assert said.startswith("Wrote ")


def test_report_writes_one_html_file(place: Path, tmp_path: Path) -> None:
    pytest.importorskip("training.report.write")
    out = tmp_path / "report.html"

    run("report", "-c", place, "--out", out)

    assert out.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_models_promote_and_rollback_move_the_champion(place: Path) -> None:
    first = run("models", "-c", place).splitlines()
    assert [line.split()[:2] for line in first] == [
        ["3", "challenger"],
        ["2", "-"],
        ["1", "champion"],
    ]
    assert "  gate refused (log loss, stability)  " in first[0]
    assert "  gate passed  " in first[1]

    assert run("promote", "2", "-c", place) == "Version 2 is the champion.\n"
    assert run("models", "-c", place).splitlines()[1].split()[1] == "champion"
    assert run("rollback", "-c", place) == "Version 1 is the champion again.\n"
    assert run("models", "-c", place).splitlines() == first


def test_what_the_gate_refused_is_promoted_only_by_force(fails: Fails, place: Path) -> None:
    status, error = fails("promote", "3", "-c", place)
    assert status == 1
    assert "log loss: 0.3 against 0.2 of version 1." in error
    assert 'leadml promote 3 --force "why"' in error

    said = run("promote", "3", "-c", place, "--force", "the old one reads a dead field")
    assert said == "Version 3 is the champion.\n"
    assert run("rollback", "-c", place) == "Version 1 is the champion again.\n"


def test_models_says_when_there_is_none(undated: Path) -> None:
    assert "No model is registered yet" in run("models", "-c", undated)


def test_init_writes_a_draft_that_check_can_follow(crm: Path, tmp_path: Path) -> None:
    files = [crm / f"{name}.parquet" for name in TABLES]

    said = run("init", *files, "--out", tmp_path / "leadml.toml")

    assert f"Wrote {tmp_path}/leadml.toml. Read it, mend it, then: leadml check -c" in said
    assert "mature examples of" in run("check", "-c", tmp_path / "leadml.toml")


# What does not, and what is said.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "-c", "nowhere.toml"), "`leadml init` writes one."),
        (("init", "nowhere.csv", "--out", "x.toml"), "'nowhere.csv' must be a file"),
        (("simulate", "x", "--leads", "3"), "needs at least 100 leads, got 3"),
    ],
)
def test_an_error_is_a_sentence_and_status_1(
    fails: Fails, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    status, error = fails(*arguments)

    assert status == 1
    assert error.startswith("Error: ")
    assert said in error


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("check", "--nonsense"), ("score", "-c", "x.toml"), ("promote",), ("init",)],
)
def test_wrong_use_is_status_2(fails: Fails, arguments: tuple[str, ...]) -> None:
    status, error = fails(*arguments)

    assert status == 2
    assert "Usage" in error


def test_init_does_not_write_over_a_file(fails: Fails, crm: Path) -> None:
    status, error = fails("init", crm / "leads.parquet", "--out", crm / "leadml.toml")

    assert (status, "must not exist yet" in error) == (1, True)


@pytest.mark.parametrize("command", ["features", "score"])
def test_a_file_to_write_must_be_a_table(
    fails: Fails, place: Path, tmp_path: Path, command: str
) -> None:
    status, error = fails(command, "-c", place, "--as-of", AS_OF, "--out", tmp_path / "scores.xlsx")

    assert (status, "must end in .parquet or .csv, got 'scores.xlsx'" in error) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lead_id,as_of\nL000001,2026-06-01\nX1,2026-06-01\n", "got 1 of 2 that are not (X1)"),
        ("lead_id\nL000001\n", "must have the columns lead_id and as_of, got lead_id"),
        ("lead_id,as_of\nL000001,2026-06-01T09:00\n", "or a time with its zone"),
        ("lead_id,as_of\nL000001,soon\n", "must be a date"),
    ],
)
def test_examples_that_cannot_be_scored_are_refused(
    fails: Fails, crm: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "examples.csv").write_text(text, encoding="utf-8")

    status, error = fails(
        *("features", "-c", crm / "leadml.toml", "--out", tmp_path / "x.csv"),
        *("--examples", tmp_path / "examples.csv"),
    )

    assert (status, said in error) == (1, True), error


@pytest.mark.parametrize("command", ["features", "train"])
def test_a_moment_of_an_undated_table_is_refused(
    fails: Fails, undated: Path, tmp_path: Path, command: str
) -> None:
    out = ("--out", tmp_path / "x.csv") if command == "features" else ()

    status, error = fails(command, "-c", undated, "--as-of", AS_OF, *out)

    assert (status, "A moment needs dates, but the table has none" in error) == (1, True)


@pytest.mark.parametrize("moment", ["soon", "2026-04-01T09:00", "01/04/2026"])
def test_a_moment_that_is_none_is_refused(
    fails: Fails, crm: Path, tmp_path: Path, moment: str
) -> None:
    status, error = fails(
        *("features", "-c", crm / "leadml.toml", "--as-of", moment, "--out", tmp_path / "x.csv")
    )

    assert (status, "Write 2026-0" in error) == (1, True)


def test_training_on_one_outcome_only_is_refused_with_the_numbers(
    fails: Fails, tmp_path: Path
) -> None:
    rows = "".join(f"{k},0\n" for k in range(200))
    (tmp_path / "all.csv").write_text("lead_id,outcome\n" + rows, encoding="utf-8")
    (tmp_path / "leadml.toml").write_text('[data]\ntable = "all.csv"\n', encoding="utf-8")

    status, error = fails("train", "-c", tmp_path / "leadml.toml")

    assert (status, "got 0 and 200" in error) == (1, True)


@pytest.mark.parametrize(("command", "out"), [("score", "x.csv"), ("report", "x.html")])
def test_scoring_without_a_model_names_the_command_that_makes_one(
    fails: Fails, undated: Path, tmp_path: Path, command: str, out: str
) -> None:
    bare = shutil.ignore_patterns("models")
    config = shutil.copytree(undated.parent, tmp_path / "own", ignore=bare) / "leadml.toml"

    status, error = fails(command, "-c", config, "--out", tmp_path / out)

    assert (status, "leadml train" in error) == (1, True), error
    assert not (config.parent / "models").exists()


def test_promoting_a_version_that_is_not_there_names_those_that_are(
    fails: Fails, place: Path
) -> None:
    status, error = fails("promote", "99", "-c", place)

    assert (status, "must be one of 3, 2, 1, got 99" in error) == (1, True)


def test_rolling_back_without_a_champion_is_refused(fails: Fails, undated: Path) -> None:
    status, error = fails("rollback", "-c", undated)

    assert (status, error.startswith("Error: ")) == (1, True)


# As a process.


def process(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(item) for item in arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_process_exits_as_its_command_did(crm: Path, tmp_path: Path) -> None:
    done = process(COMMAND, "simulate", tmp_path / "crm", "--leads", 100, "--months", 6)
    wrong = process(COMMAND, "check", "-c", tmp_path / "nowhere.toml")
    misused = process(COMMAND, "check", "--nonsense")

    assert (done.returncode, wrong.returncode, misused.returncode) == (0, 1, 2)
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("Error: The configuration must be a readable file")
    assert "Traceback" not in done.stderr + wrong.stderr + misused.stderr


def test_help_lists_the_commands_in_the_order_of_their_use() -> None:
    assert re.findall(r"^│ (\w+)", run("--help"), flags=re.MULTILINE) == [
        *("simulate", "init", "check", "features", "train", "backtest", "score", "why", "report"),
        *(
            "review",
            "models",
            "compare",
            "thresholds",
            "lift",
            "recalibrate",
            "promote",
            "rollback",
        ),
        *("serve", "key", "audit", "ui", "demo"),
    ]


def test_help_is_instant() -> None:
    def seconds(*arguments: object) -> float:
        start = time.perf_counter()
        assert process(*arguments).returncode == 0
        return time.perf_counter() - start

    bare = statistics.median(seconds(sys.executable, "-c", "pass") for _ in range(3))
    helped = statistics.median(seconds(COMMAND, "--help") for _ in range(3))

    assert helped < max(0.3, 12 * bare)


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys, leadml.cli.main; "
        "print(sorted({'pandas', 'numpy', 'pyarrow', 'lightgbm', 'mlflow'} & set(sys.modules)))"
    )

    assert process(sys.executable, "-c", code).stdout == "[]\n"
