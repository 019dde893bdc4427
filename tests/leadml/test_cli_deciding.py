"""Do the commands about stages, lines and changed scores say what people must know?"""

import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from leadml.cli.main import app, main
from tests.training.results import PASSED
from training.registry.local import Registry
from training.train import TrainingResult

NOW = pd.Timestamp("2026-11-01", tz="UTC")

pytestmark = [
    # MLflow's own, when it is imported with SQLAlchemy 2.1 and when it reads our pyfunc.
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


def run(*arguments: object) -> str:
    """The output of a command that must succeed."""
    result = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> str:
    """The error of a command that must not succeed."""
    monkeypatch.setattr(sys, "argv", ["leadml", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    return capsys.readouterr().err


@pytest.fixture(scope="module")
def place(crm: Path, trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The leadml.toml of a copy of the CRM with a champion."""
    folder = tmp_path_factory.mktemp("place") / "crm"
    shutil.copytree(crm, folder, ignore=shutil.ignore_patterns("models"))
    Registry(folder / "models", "lead-scorer").record(trained, PASSED, now=NOW)
    return folder / "leadml.toml"


@pytest.fixture(scope="module")
def chosen(place: Path) -> str:
    """What is said when version 2 is made: the champion with the line that sales can work on."""
    asked = ("--people", 2, "--per-week", 1, "--choose", "capacity")
    return run("thresholds", "-c", place, *asked, "--because", "two reps")


def test_a_chosen_line_becomes_a_version_that_says_why_and_waits(place: Path, chosen: str) -> None:
    assert "because: two reps" in chosen
    assert "Registered as version 2." in chosen
    line = float(re.search(r"sql_probability = ([\d.e-]+)", chosen)[1])  # type: ignore[index]
    models = run("models", "-c", place)
    assert re.search(r"1\s+champion", models)
    for version, expected in (("2", line), ("1", None)):
        out = place.parent / f"{version}.csv"
        run("score", "-c", place, "--version", version, "--out", out)
        scores = pd.read_csv(out)
        lowest = scores.loc[scores["stage"] == "sql", "probability"].min()
        if expected is None:
            assert lowest < line  # the champion's own line lies lower, and did not move
        else:
            assert not lowest < expected - 1e-9


def test_thresholds_tell_what_lines_yield_and_what_they_yielded(place: Path) -> None:
    out = place.parent / "plan.csv"
    asked = ("--people", 2, "--per-week", 3, "--value", 9000, "--cost", 80, "--out", out)
    said = run("thresholds", "-c", place, *asked)
    assert "Counted are looks at leads that have all else that sales needs" in said
    assert "2 people with 3 conversations a week can take on 6 leads a week" in said
    everybody = run("thresholds", "-c", place, *asked[:8], "--everybody")
    leads = [
        int(re.search(r"Tried on ([\d,]+) leads", text)[1].replace(",", ""))
        for text in (said, everybody)
    ]  # type: ignore[index]
    assert leads[0] < leads[1]
    assert "One more person" in said
    table = pd.read_csv(out).set_index("name")
    assert {"capacity", "value", "best F1", "fixed 0.1"} <= set(table.index)
    assert table.loc["capacity", "contacts_per_week"] <= 6
    assert table.loc["value", "probability"] == pytest.approx(80 / 9000)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((), "Lines need to know what sales can do"),
        (("--people", 2, "--per-week", 3, "--choose", "luck"), "A line must be one of capacity"),
        (("--people", 2, "--per-week", 3, "--choose", "capacity"), "A line is chosen for a reason"),
        (("--people", 0, "--per-week", 3), "people and conversations a week above 0"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(
    asked: tuple[object, ...],
    expected: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert expected in fails(monkeypatch, capsys, "thresholds", "-c", place, *asked)


def test_compare_lists_every_lead_that_moves(place: Path, chosen: str) -> None:
    assert "version 2" in chosen
    out = place.parent / "moved.csv"
    said = run("compare", "champion", "2", "-c", place, "--out", out)
    share = re.search(r"Of ([\d,]+) open leads (\d+) \(", said)
    assert share is not None
    moved = pd.read_csv(out)
    assert len(moved) == int(share[2]) > 0
    assert set(moved["stage_before"]) == {"sql"}
    assert (moved["stage"] != "sql").all()
    assert (moved["probability"] == moved["probability_before"]).all()
    same = run("compare", "1", "champion", "-c", place)
    assert " 0 (0%) change stage and 0 (0%) change grade" in same


def test_why_parts_a_change_exactly(place: Path) -> None:
    out = place.parent / "now.csv"
    run("score", "-c", place, "--out", out)
    scores = pd.read_csv(out)
    lead = scores.loc[scores["probability"].notna(), "lead_id"].iloc[0]
    said = run("why", lead, "--since", "2026-06-28", "-c", place)
    numbers = [float(n) for n in re.findall(r"^ *([+-][\d.]+)  ", said, flags=re.MULTILINE)]
    *parts, total = numbers
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(total, abs=0.03)  # five figures of two digits


def test_leads_keep_what_they_were_in_the_last_file(place: Path) -> None:
    first = place.parent / "first.csv"
    run("score", "-c", place, "--out", first)
    scores = pd.read_csv(first)
    line = scores.loc[scores["stage"] == "mql", "probability"].min()
    near = scores["probability"].between(0.93 * line, line, inclusive="left")
    near &= scores["fit_grade"].isin(["A", "B", "C"]) & scores["engagement_grade"].le(2)
    near &= scores["stage"].isin(["iql", "lead", "service_qualified"])
    assert near.any()
    scores.loc[near, "stage"] = "mql"
    scores.to_csv(place.parent / "held.csv", index=False)
    again = place.parent / "again.csv"
    run("score", "-c", place, "--out", again, "--previous", place.parent / "held.csv")
    kept = pd.read_csv(again)
    assert (kept.loc[near, "stage"] == "mql").all()
    assert (kept.loc[~near, "stage"] == scores.loc[~near, "stage"]).all()


def test_a_grade_that_is_none_is_no_earlier_score(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = place.parent / "graded.csv"
    row = {"lead_id": ["L1"], "stage": ["sql"], "fit_grade": ["A"], "engagement_grade": ["A"]}
    pd.DataFrame(row).to_csv(other, index=False)
    asked = ("--out", place.parent / "x.csv", "--previous", other)
    said = fails(monkeypatch, capsys, "score", "-c", place, *asked)
    assert "1 rows have another stage or engagement grade (lead_id L1)" in said


def test_without_a_model_there_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("simulate", tmp_path / "few", "--leads", 150, "--months", 12)
    asked = ("report", "-c", tmp_path / "few/leadml.toml", "--out", tmp_path / "r.html")
    assert "A report needs a model" in fails(monkeypatch, capsys, *asked)


@pytest.mark.parametrize(
    ("lead", "since", "expected"),
    [("nobody", "2026-06-01", "must be in the leads table"), ("", "2024-01-01", "came only on")],
)
def test_why_says_what_is_wrong_with_the_question(
    lead: str,
    since: str,
    expected: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = str(pd.read_parquet(place.parent / "leads.parquet")["lead_id"].iloc[0])
    asked = ("why", lead or known, "--since", since, "-c", place)
    assert expected in fails(monkeypatch, capsys, *asked)


def test_a_file_of_other_things_is_no_earlier_score(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = place.parent / "other.csv"
    pd.DataFrame({"lead_id": ["L1"]}).to_csv(other, index=False)
    asked = ("--out", place.parent / "x.csv", "--previous", other)
    said = fails(monkeypatch, capsys, "score", "-c", place, *asked)
    assert "must be a file of scores, but has no engagement_grade, fit_grade, stage" in said


def test_questions_are_of_attributes_that_a_lead_lacks(place: Path) -> None:
    out = place.parent / "asked.csv"
    run("score", "-c", place, "--out", out, "--ask", 2)
    asked = pd.read_csv(out)["questions"].dropna()
    assert len(asked) > 0
    assert asked.str.startswith("Ask for the ").all()


def test_before_there_are_outcomes_enough_points_score(tmp_path: Path) -> None:
    run("simulate", tmp_path / "few", "--leads", 150, "--months", 12)
    result = CliRunner().invoke(
        app, ["score", "-c", str(tmp_path / "few/leadml.toml"), "--out", str(tmp_path / "few.csv")]
    )
    assert result.exit_code == 0
    assert "Warning: these are points, not probabilities" in result.stderr
    scores = pd.read_csv(tmp_path / "few.csv")
    assert "probability" not in scores
    assert scores["points"].notna().sum() > 50
    assert (scores["model_version"] == "points").all()


def test_with_outcomes_enough_a_model_is_asked_for(
    crm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(crm, tmp_path / "crm", ignore=shutil.ignore_patterns("models"))
    asked = ("score", "-c", tmp_path / "crm/leadml.toml", "--out", tmp_path / "x.csv")
    assert "`leadml train` makes one" in fails(monkeypatch, capsys, *asked)


def test_leads_passed_at_random_tell_what_calls_bring(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(place.parent, tmp_path / "crm")
    config = tmp_path / "crm/leadml.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write("\n[policy]\nexplore_share = 0.5\n")
    run("train", "-c", config, "--as-of", "2026-03-01")
    number = re.findall(r"^ +(\d+) ", run("models", "-c", config), flags=re.MULTILINE)[0]
    out = tmp_path / "then.csv"
    run("score", "-c", config, "--as-of", "2026-03-01", "--version", number, "--out", out)
    scores = pd.read_csv(out)
    below = scores[scores["propensity"] == 0.5]
    assert 0.4 < below["explored"].mean() < 0.6
    assert (below.loc[below["explored"], "action"] == "call").all()
    assert (scores.loc[scores["stage"].isin(["sql", "pql"]), "propensity"] == 1).all()
    said = run("lift", out, "-c", config)
    above = (scores["propensity"] == 1).sum()
    assert f"became customers, of {above:,} leads" in said
    assert f"became customers, of {scores['explored'].sum():,} leads" in said
    scores.drop(columns="propensity").to_csv(out, index=False)
    assert "has no propensity" in fails(monkeypatch, capsys, "lift", "-c", config, out)
