"""Does `leadml audit` say what it found, and end with 1 where an answer was wrong?"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from leadml.cli.main import app
from leadml.errors import ConfigError
from leadml.sources import read_file
from leadml.tables import Tables
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from serving.watching.log_files import KEY_FILE
from serving.watching.score_log import Lines, ScoreLog
from tests.training.results import PASSED
from training.registry.local import Registry
from training.train import TrainingResult

SCORED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
AS_OF = pd.Timestamp("2026-03-01", tz="UTC")

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


@pytest.fixture(scope="module")
def place(
    crm: Path, trained: TrainingResult, tables: Tables, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a copy of the CRM, with a champion and the log of its scores of 150 leads."""
    folder = tmp_path_factory.mktemp("audited") / "crm"
    shutil.copytree(crm, folder, ignore=shutil.ignore_patterns("models"))
    Registry(folder / "models", "lead-scorer").record(trained, PASSED, now=AS_OF)
    known = tables.leads["lead_id"][tables.leads["created_at"] < AS_OF][-150:]
    examples = pd.DataFrame({"lead_id": known, "as_of": AS_OF}).reset_index(drop=True)
    scores = score_examples(Scorer.of(trained.model, "1"), tables, examples, most_reasons=0)
    with ScoreLog(folder / "log") as log:
        log.add(lines_of(scores))
    with (folder / "leadml.toml").open("a", encoding="utf-8") as file:
        file.write('\n[serving]\nscore_log = "log"\n')
    return folder


@pytest.fixture
def copy(place: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy whose log may be forged."""
    folder = tmp_path / "crm"
    shutil.copytree(place, folder)
    yield folder
    shutil.rmtree(folder)


def lines_of(scores: Scores) -> Lines:
    return Lines(
        SCORED_AT,
        "q-17",
        "1",
        "champion",
        scores.subjects.lead_ids.tolist(),
        scores.subjects.past.as_of,
        scores.matrix,
        scores.worth.score,
        scores.worth.lower,
        scores.worth.upper,
        scores.points,
        scores.decided.stage.tolist(),
        scores.unscored.tolist(),
    )


def audit(folder: Path, *arguments: object) -> Result:
    texts = ["audit", "-c", str(folder / "leadml.toml"), *map(str, arguments)]
    return CliRunner().invoke(app, texts, catch_exceptions=False)


def forge(folder: Path, column: str, row: int, value: object) -> None:
    """Writes one value of the log over."""
    (path,) = (folder / "log").glob("*.parquet")
    table = pq.ParquetFile(path).read()
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    pq.write_table(table.set_column(place, column, [pa.array(values, table[column].type)]), path)


def scored_row(folder: Path) -> int:
    """A row that has a probability."""
    (path,) = (folder / "log").glob("*.parquet")
    return int(np.flatnonzero(pq.ParquetFile(path).read()["probability"].is_valid())[3])


def test_an_honest_log_is_found_honest(place: Path) -> None:
    found = audit(place)
    assert found.exit_code == 0
    assert (
        "Every answer is what its model makes of the logged features, to the bit." in found.output
    )
    assert "answers again (version 1: 1" in found.output
    assert "Built the features of 150 rows again from the source: 150 are equal, 0 differ." in (
        found.output
    )


def test_a_tampered_answer_ends_with_1_and_is_in_the_file(copy: Path, tmp_path: Path) -> None:
    row = scored_row(copy)
    forge(copy, "probability", row, 0.99)
    found = audit(copy, "--out", tmp_path / "found.parquet")
    assert found.exit_code == 1
    assert "1 answers are NOT what their model makes of the logged features:" in found.output
    assert "2026-03-01 09:30:00 request q-17, version 1: probability 0.99, now 0." in found.output
    table = read_file(tmp_path / "found.parquet").to_pandas()
    assert table["logged"].tolist() == [0.99]


def test_a_tampered_vector_ends_with_1_and_names_the_feature(
    copy: Path, trained: TrainingResult
) -> None:
    row, model = scored_row(copy), trained.model
    (path,) = (copy / "log").glob("*.parquet")
    vector = pq.ParquetFile(path).read()["features"].to_pylist()[row]
    more = np.array([vector]) + 100 * np.eye(len(vector))
    told = np.flatnonzero(model.probability(more) != model.probability(np.array([vector])))[0]
    vector[told] += 100
    forge(copy, "features", row, vector)
    found = audit(copy)
    assert found.exit_code == 1
    assert "149 are equal, 1 differ" in found.output
    assert f"1  {trained.catalog.names[told]}: at most by 100," in found.output


def test_a_changed_attribute_is_told_and_is_no_fault(
    copy: Path, trained: TrainingResult, tables: Tables
) -> None:
    history = set(tables.attributes.columns)
    column = next(
        feature.noun.keys[0]
        for feature in trained.catalog.features
        if feature.word.name == "category" and not history & set(feature.noun.keys)
    )
    leads = pd.read_parquet(copy / "leads.parquet")
    common = leads[column].mode()[0]
    changed = leads[column].where(leads[column] == common, common)
    leads.assign(**{column: changed}).to_parquet(copy / "leads.parquet")
    found = audit(copy)
    assert found.exit_code == 0
    assert "the attribute has no history: the source shows today's value" in found.output
    assert "Where they differ the probability would move by" in found.output


def test_a_sample_of_none_looks_at_no_source(place: Path, tmp_path: Path) -> None:
    bare = tmp_path / "crm"
    shutil.copytree(place, bare, ignore=shutil.ignore_patterns("*.parquet"))
    shutil.copytree(place / "log", bare / "log", dirs_exist_ok=True)
    found = audit(bare, "--sample", 0)
    assert found.exit_code == 0
    assert "again from the source" not in found.output


def test_only_what_was_scored_since_is_audited(place: Path) -> None:
    assert "again (version 1:" in audit(place, "--since", "2026-03-01T09:00+00:00").output
    later = audit(place, "--since", "2026-03-02")
    assert later.exit_code == 0
    assert "Computed 0 answers again (there are none)." in later.output


def test_a_version_that_is_gone_is_told(copy: Path) -> None:
    forge(copy, "version", 0, "77")
    found = audit(copy, "--sample", 0)
    assert found.exit_code == 0
    assert "1 rows of version 77 could not be computed: the registry lacks it." in found.output


def test_without_a_log_it_says_how_to_name_one(copy: Path) -> None:
    toml = copy / "leadml.toml"
    toml.write_text(toml.read_text("utf-8").replace('score_log = "log"', ""), "utf-8")
    with pytest.raises(ConfigError, match="Name one: --log FOLDER"):
        audit(copy)
    assert audit(copy, "--log", copy / "log", "--sample", 0).exit_code == 0
    assert (copy / "log" / KEY_FILE).is_file()
