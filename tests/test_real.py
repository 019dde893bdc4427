"""Data nobody here wrote: the public sets, walked from the tables to the report."""

import dataclasses
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from leadml.checks import inspect_tables
from leadml.cli.telling import tell
from leadml.config import Config, read_config
from leadml.moments import open_examples
from leadml.tables import Tables
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from tests.browser import open_page, overflow, serious_problems
from tests.training.report.explained import unexplained
from tests.training.results import PASSED
from training.examples import build_examples
from training.leaks.report import ColumnReport, refused, report_leaks
from training.registry.local import Registry
from training.report.write import write_report
from training.train import TrainingResult, train

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LEADML_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()
NOW = pd.Timestamp("2026-11-01", tz="UTC")

TRAPS = {
    "bank_marketing": {"duration"},
    "bpi2012": set(),
    "x_education": {
        "Tags",
        "Lead Quality",
        "Lead Profile",
        "Last Activity",
        "Last Notable Activity",
        "Asymmetrique Activity Index",
        "Asymmetrique Profile Index",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Score",
    },
}
"""What each set's page says is written after the outcome."""

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(
        not all((DATA / name).is_dir() for name in TRAPS),
        reason=f"the public sets are not in '{DATA}': set LEADML_REAL_DATA to their folder",
    ),
]


@dataclass(frozen=True)
class Walk:
    """What came of one set, from its tables to its scores."""

    name: str
    config: Config
    tables: Tables
    leaks: list[ColumnReport]
    result: TrainingResult
    scores: Scores


@pytest.fixture(scope="module", params=sorted(TRAPS))
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name) / "models"
    read = read_config(ROOT / "examples" / f"{name}.toml", {"LEADML_REAL_DATA": str(DATA)})
    config = dataclasses.replace(
        read,
        registry=dataclasses.replace(read.registry, folder=str(folder)),
        training=dataclasses.replace(read.training, threads=1),
    )
    tables = inspect_tables(config, now=NOW)
    mature = build_examples(tables, config).mature
    leaks = report_leaks(tables, mature, config)
    result = train(config, tables)
    chosen = open_examples(tables, tables.end)
    if not len(chosen):  # every lead of bank_marketing is closed the day it comes
        chosen = mature[["lead_id", "as_of"]].tail(2_000).reset_index(drop=True)
    scores = score_examples(Scorer.of(result.model, "1"), tables, chosen.head(2_000))
    return Walk(name, config, tables, leaks, result, scores)


def test_the_tables_are_read_without_an_error(walk: Walk) -> None:
    assert [finding for finding in walk.tables.findings if finding.level == "error"] == []
    leads = {"bank_marketing": 45_211, "bpi2012": 7_455, "x_education": 9_240}
    won = {"bank_marketing": 5_289, "bpi2012": 1_130, "x_education": 3_561}
    assert len(walk.tables.leads) == leads[walk.name]
    assert (walk.tables.outcomes["outcome"] == "closed_won").sum() == won[walk.name]


def test_the_leak_report_finds_exactly_the_known_traps(walk: Walk) -> None:
    assert set(refused(walk.leaks)) == TRAPS[walk.name]
    used = {column.lower() for column in walk.result.catalog.attribute_columns}
    assert not used & {column.lower() for column in TRAPS[walk.name]}


def test_running_totals_of_an_undated_export_are_suspects(walk: Walk) -> None:
    suspects = {leak.column for leak in walk.leaks if leak.verdict == "suspect"}
    if walk.name == "x_education":
        assert {"Total Time Spent on Website", "Page Views Per Visit"} <= suspects
    else:
        assert suspects == set()


def test_the_model_beats_the_floors_on_the_newest_quarter(walk: Walk) -> None:
    figures = walk.result.evaluation.figures
    model, base = figures["model"], figures["base rate"]
    assert walk.result.usable
    assert model["auc"].lower > 0.5
    assert model["log_loss"].value < base["log_loss"].value
    reached = {
        "bank_marketing": (0.725, 0.60),
        "x_education": (0.885, 0.415),
        "bpi2012": (0.765, 0.480),
    }
    auc, log_loss = reached[walk.name]
    assert model["auc"].value >= auc
    assert model["log_loss"].value <= log_loss


def test_scores_are_probabilities_with_intervals_and_reasons(walk: Walk) -> None:
    table = walk.scores.table
    scored = table[table["unscored_reason"] == ""]
    assert len(scored) > 100
    assert scored["probability"].between(0, 1).all()
    assert (scored["lower"] <= scored["probability"]).all()
    assert (scored["probability"] <= scored["upper"]).all()
    assert scored["probability"].nunique() > 50
    assert table.loc[table["unscored_reason"] != "", "probability"].isna().all()
    reasons = walk.scores.for_file().loc[scored.index, "reasons"]
    assert (reasons != "").mean() > 0.99


def test_the_report_says_all_and_everybody_can_read_it(walk: Walk, tmp_path: Path) -> None:
    settings = walk.config.registry
    Registry(walk.config.path(settings.folder), settings.name).record(walk.result, PASSED, now=NOW)
    page = tmp_path / "report.html"
    write_report(page, tell(walk.config))
    text = page.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    assert 200_000 < len(text) < 5_000_000
    assert unexplained(text) == set()
    for trap in TRAPS[walk.name]:
        assert trap in text
    for width in (360, 1440):
        with open_page(page, width) as opened:
            assert overflow(opened) == 0
            assert not serious_problems(opened)


def test_the_command_line_walks_the_same_way(tmp_path: Path) -> None:
    settings = (ROOT / "examples" / "bpi2012.toml").read_text()
    settings = re.sub(r'folder = "[^"]*"', 'folder = "models"', settings)
    (tmp_path / "leadml.toml").write_text(settings + "\n[training]\nthreads = 1\n")
    environment = {**os.environ, "LEADML_REAL_DATA": str(DATA), "PYTHONPATH": str(ROOT)}
    said = {}
    for arguments in (["check"], ["train"], ["score", "--out", "s.csv"], ["report"], ["models"]):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "leadml"), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        said[arguments[0]] = done.stdout
    assert "7,455 rows" in said["check"]
    assert "the champion: it scores" in said["train"]
    assert "champion" in said["models"]
    scores = pd.read_csv(tmp_path / "s.csv")
    assert len(scores) > 500
    assert scores["probability"].notna().sum() > 400
    assert (tmp_path / "report.html").stat().st_size > 50_000
