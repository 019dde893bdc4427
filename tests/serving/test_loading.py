"""Where the model that scores comes from: fetched once, checked, kept."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from leadml.errors import ModelError, RegistryError
from leadml.store import database
from leadml.tables import Tables
from serving.loading import _fetch, load_scorer
from serving.scoring import Scorer, score_examples
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

NAME = "lead-scorer"
NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")


@pytest.fixture(scope="module")
def master(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion and a challenger; every test copies what lies in it."""
    folder = tmp_path_factory.mktemp("registry") / "models"
    registry = Registry(folder, NAME)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    return folder


@pytest.fixture
def folder(master: Path) -> Iterator[Path]:
    """The registry as it was recorded: nothing fetched yet, nothing missing."""
    spare = shutil.copytree(master / "artifacts", master.with_name("spare"))
    yield master
    shutil.rmtree(master / "serving", ignore_errors=True)
    shutil.rmtree(master / "artifacts", ignore_errors=True)
    shutil.move(spare, master / "artifacts")


def kept(folder: Path, number: str = "1") -> Path:
    return folder / "serving" / NAME / number


def test_without_a_version_the_champion_is_loaded_and_scores_as_it_did(
    folder: Path, scorer: Scorer, tables: Tables
) -> None:
    loaded = load_scorer(folder, NAME)
    assert loaded.version == "1"
    examples = pd.DataFrame({"lead_id": tables.leads["lead_id"].head(20), "as_of": tables.end})
    one, two = (score_examples(own, tables, examples) for own in (scorer, loaded))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    assert one.reasons == two.reasons


@pytest.mark.parametrize(("asked", "number"), [("2", "2"), ("challenger", "2"), ("champion", "1")])
def test_a_number_or_an_alias_is_loaded_when_asked_for(
    folder: Path, asked: str, number: str
) -> None:
    assert load_scorer(folder, NAME, version=asked).version == number


def test_a_version_is_fetched_once_and_kept_without_the_artifacts(folder: Path) -> None:
    load_scorer(folder, NAME)
    written = {path.name: path.stat().st_mtime_ns for path in kept(folder).iterdir()}
    shutil.rmtree(folder / "artifacts")
    assert load_scorer(folder, NAME).version == "1"
    assert {path.name: path.stat().st_mtime_ns for path in kept(folder).iterdir()} == written
    assert [path.name for path in kept(folder).parent.iterdir()] == ["1"], "no scratch is left"


def test_artifacts_that_are_gone_before_the_first_fetch_are_said_to_be(folder: Path) -> None:
    shutil.rmtree(folder / "artifacts")
    with pytest.raises(RegistryError, match="cannot be fetched"):
        load_scorer(folder, NAME)
    assert not kept(folder).exists(), "nothing half is kept"


@pytest.mark.parametrize("file", ["card.json", "maps.json", "catalog.json"])
def test_a_damaged_copy_is_refused(folder: Path, file: str) -> None:
    load_scorer(folder, NAME)
    path = kept(folder) / file
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelError, match=file):
        load_scorer(folder, NAME)


def test_damaged_artifacts_are_refused(folder: Path) -> None:
    for path in (folder / "artifacts").rglob("maps.json"):
        path.write_text(path.read_text().replace('"slope": ', '"slope": 1'))
    with pytest.raises(ModelError, match="damaged"):
        load_scorer(folder, NAME)


def test_a_copy_that_lost_a_file_is_refused(folder: Path) -> None:
    load_scorer(folder, NAME)
    (kept(folder) / "policy.json").unlink()
    with pytest.raises(ModelError, match=r"policy\.json"):
        load_scorer(folder, NAME)


def test_without_a_registry_there_is_nothing_to_load_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="There must be a registry"):
        load_scorer(tmp_path / "models", NAME)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("name", "version"), [("other", ""), (NAME, "9"), (NAME, "nobody")], ids=str
)
def test_what_the_registry_lacks_is_refused_by_name(folder: Path, name: str, version: str) -> None:
    with pytest.raises(RegistryError, match=version or name):
        load_scorer(folder, name, version=version)


def test_a_registry_without_a_champion_says_so(folder: Path, scorer: Scorer) -> None:
    weak = small_result(scorer.model, usable=False)
    Registry(folder, "weak").record(weak, PASSED, now=NOW)
    with pytest.raises(RegistryError, match="champion"):
        load_scorer(folder, "weak")


def test_a_promotion_is_followed(folder: Path) -> None:
    registry = Registry(folder, NAME)
    try:
        registry.promote("2", now=NOW)
        assert load_scorer(folder, NAME).version == "2"
    finally:
        registry.promote("1", now=NOW)
    assert load_scorer(folder, NAME).version == "1"


def test_a_process_that_fetches_second_leaves_the_first_ones_copy_as_it_is(folder: Path) -> None:
    load_scorer(folder, NAME)
    names = {path.name for path in kept(folder).iterdir()}
    _fetch(folder, NAME, "1", kept(folder))  # it looked before the first had finished
    assert {path.name for path in kept(folder).iterdir()} == names
    assert load_scorer(folder, NAME).version == "1"


def test_a_file_in_the_place_of_the_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    database(tmp_path).write_text("not a database")
    with pytest.raises(RegistryError):
        load_scorer(tmp_path, NAME)
