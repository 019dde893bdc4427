"""Where the model that scores comes from: fetched once, checked, kept."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from leadml.errors import LeadmlError, ModelError, RegistryError
from leadml.store import database
from leadml.tables import Tables
from serving.models.loading import load_scorer
from serving.scorer import Scorer
from serving.scoring import score_examples
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
    """The copy of a version."""
    (copy,) = (folder / "serving" / NAME).glob(f"{number}-*")
    return copy


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
    left = {path.name for path in kept(folder).parent.iterdir()} - {".lock"}
    assert left == {kept(folder).name}, "no scratch is left"


def test_artifacts_that_are_gone_before_the_first_fetch_are_said_to_be(folder: Path) -> None:
    shutil.rmtree(folder / "artifacts")
    with pytest.raises(RegistryError, match="cannot be fetched"):
        load_scorer(folder, NAME)
    left = {path.name for path in (folder / "serving" / NAME).iterdir()}
    assert left == {".lock"}, "nothing half is kept"


def spoil(folder: Path) -> bytes:
    """Damages the champion's copy; what it was before."""
    path = kept(folder) / "maps.json"
    sound = path.read_bytes()
    path.write_bytes(sound + b" ")
    return sound


def test_a_damaged_copy_is_fetched_again(folder: Path) -> None:
    load_scorer(folder, NAME)
    sound = spoil(folder)
    assert load_scorer(folder, NAME).version == "1"
    assert (kept(folder) / "maps.json").read_bytes() == sound


def test_a_damaged_copy_that_cannot_be_fetched_again_is_refused(folder: Path) -> None:
    load_scorer(folder, NAME)
    spoil(folder)
    shutil.rmtree(folder / "artifacts")
    with pytest.raises(RegistryError, match="cannot be fetched"):
        load_scorer(folder, NAME)


def test_damaged_artifacts_are_refused(folder: Path) -> None:
    for path in (folder / "artifacts").rglob("maps.json"):
        path.write_text(path.read_text().replace('"slope": ', '"slope": 1'))
    with pytest.raises(ModelError, match="damaged"):
        load_scorer(folder, NAME)


def test_a_pickle_among_the_artifacts_is_refused(folder: Path) -> None:
    for path in (folder / "artifacts").rglob("maps.json"):
        path.with_name("model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"model\.pkl"):
        load_scorer(folder, NAME)


@pytest.mark.parametrize("file", ["manifest.json", "policy.json", "MLmodel"])
def test_half_written_artifacts_are_refused(folder: Path, file: str) -> None:
    for path in (folder / "artifacts" / "models").rglob(file):
        path.unlink()
    with pytest.raises(LeadmlError, match=rf"{file}|must hold one model folder"):
        load_scorer(folder, NAME)


def test_a_signature_of_other_features_is_refused(folder: Path, scorer: Scorer) -> None:
    first = scorer.catalog.names[0]
    for path in (folder / "artifacts" / "models").rglob("MLmodel"):
        path.write_text(path.read_text().replace(first, "something_else"))
    with pytest.raises(ModelError, match="its signature names others"):
        load_scorer(folder, NAME)


@pytest.mark.parametrize("version", ["../../etc", "1/../2", "x" * 500, "champion\n", "1.0"])
def test_what_is_no_version_is_refused_before_anything_is_touched(
    tmp_path: Path, version: str
) -> None:
    with pytest.raises(RegistryError, match="A version must be a number, or an alias"):
        load_scorer(tmp_path / "models", NAME, version=version)
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_was_moved_is_served_from_its_new_place(
    folder: Path, scorer: Scorer
) -> None:
    moved = Path(shutil.copytree(folder, folder.with_name("moved")))
    away = folder.rename(folder.with_name("away"))
    try:
        assert load_scorer(moved, NAME, version="2").version == "2"
        shutil.rmtree(moved / "artifacts")
        with pytest.raises(RegistryError, match="cannot be fetched"):
            load_scorer(moved, NAME, version="1")
    finally:
        away.rename(folder)
        shutil.rmtree(moved)


def test_a_registry_that_was_copied_does_not_read_the_original(folder: Path) -> None:
    copied = Path(shutil.copytree(folder, folder.with_name("copied")))
    try:
        for path in (folder / "artifacts").rglob("maps.json"):
            path.write_text("{}")
        assert load_scorer(copied, NAME).version == "1"
    finally:
        shutil.rmtree(copied)


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


def test_a_file_in_the_place_of_the_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    database(tmp_path).write_text("not a database")
    with pytest.raises(RegistryError):
        load_scorer(tmp_path, NAME)
