"""Where the registry is: a folder that may be moved or copied, or a tracking server."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from leadml.errors import RegistryError
from leadml.store import CHAMPION, database, tracking_uri
from tests.tracking import TrackingServer
from tests.training.results import PASSED, small_result
from training.registry.local import Registry
from training.train import TrainingResult

NAME = "lead-scorer"
NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory, trained: TrainingResult) -> Path:
    """A registry with a champion and a challenger, in a place that it will leave."""
    folder = tmp_path_factory.mktemp("first") / "models"
    registry = Registry(folder, NAME)
    for _ in range(2):
        registry.record(trained, PASSED, now=NOW)
    return folder


@pytest.fixture
def moved(master: Path, tmp_path: Path) -> Iterator[Path]:
    """The registry elsewhere; nothing can be read where it was."""
    new = Path(shutil.copytree(master, tmp_path / "artifacts" / "models"))
    away = master.rename(master.with_name("away"))
    yield new
    away.rename(master)


def test_a_moved_registry_knows_its_models_and_takes_new_ones(
    moved: Path, trained: TrainingResult
) -> None:
    registry = Registry(moved, NAME)
    champion = registry.champion()
    assert champion is not None
    assert champion.number == "1"
    assert len(champion.judged) == len(trained.judged)
    assert registry.origin("2").fingerprint == trained.model.card["data"]["fingerprint"]
    assert registry.promote("2", now=NOW).number == "2"
    assert registry.rollback(now=NOW).number == "1"
    third = registry.record(trained, PASSED, now=NOW)
    assert registry.promote(third.number, now=NOW).number == "3"
    found = registry.champion()
    assert found is not None
    assert found.number == "3"
    assert len(list((moved / "artifacts" / "models").iterdir())) == 3


def test_anyone_loads_a_model_of_a_moved_registry_with_mlflow(
    moved: Path, trained: TrainingResult
) -> None:
    registry = Registry(moved, NAME)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tracking_uri(registry.folder))
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/{NAME}@{CHAMPION}")
    finally:
        mlflow.set_tracking_uri(before)
    assert loaded.metadata.signature.inputs.input_names() == trained.catalog.names


def test_a_copied_registry_and_its_original_go_their_own_ways(
    master: Path, tmp_path: Path, trained: TrainingResult
) -> None:
    copied = Path(shutil.copytree(master, tmp_path / "models"))
    kept = sorted(path.name for path in (master / "artifacts").rglob("*"))
    Registry(copied, NAME).record(trained, PASSED, now=NOW)
    assert [version.number for version in Registry(copied, NAME).versions()] == ["3", "2", "1"]
    assert [version.number for version in Registry(master, NAME).versions()] == ["2", "1"]
    assert sorted(path.name for path in (master / "artifacts").rglob("*")) == kept


def test_addresses_that_are_not_of_this_model_are_left_alone(master: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(master, tmp_path / "models"))
    client = MlflowClient(tracking_uri(copied), tracking_uri(copied))
    client.create_experiment("theirs", artifact_location="file:///data/artifacts")
    client.create_experiment("cloud", artifact_location="s3://bucket/artifacts")
    Registry(copied, "cloud")
    Registry(copied, NAME)
    with closing(sqlite3.connect(database(copied))) as opened:
        kept = dict(opened.execute("SELECT name, artifact_location FROM experiments").fetchall())
    assert kept["theirs"] == "file:///data/artifacts"
    assert kept["cloud"] == "s3://bucket/artifacts"
    assert kept[NAME] == (copied / "artifacts").as_uri()


def test_a_name_that_could_be_a_path_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"registry\.name must be"):
        Registry(tmp_path / "models", "../elsewhere")
    assert list(tmp_path.iterdir()) == []


# A tracking server.


def test_a_server_takes_trainings_promotions_and_rollbacks(
    tracking_server: TrackingServer, tmp_path: Path, trained: TrainingResult
) -> None:
    registry = Registry(tmp_path, NAME, uri=tracking_server.uri)
    assert registry.versions() == []
    assert registry.champion() is None
    first = registry.record(trained, PASSED, now=NOW)
    assert (first.number, first.aliases) == ("1", ("challenger", "champion"))
    registry.record(small_result(trained.model, usable=False), PASSED, now=NOW)
    registry.record(trained, PASSED, now=NOW)
    champion = registry.champion()
    assert champion is not None
    assert (champion.number, len(champion.judged)) == ("1", len(trained.judged))
    expected = trained.model.probability(trained.sample)
    assert (champion.model.probability(trained.sample) == expected).all()
    assert registry.origin("3").known_until == trained.model.card["known_until"]
    with pytest.raises(RegistryError, match="must have a usable signal"):
        registry.promote("2", now=NOW)
    assert registry.promote("3", now=NOW).aliases == ("challenger", "champion")
    assert registry.rollback(now=NOW).number == "1"
    assert not database(tmp_path).exists(), "the folder holds marks alone"


def test_a_training_that_fails_is_taken_back_from_the_server(
    tracking_server: TrackingServer,
    tmp_path: Path,
    trained: TrainingResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = Registry(tmp_path, "failing", uri=tracking_server.uri)

    def broken(*_: object) -> None:
        msg = "the connection broke"
        raise MlflowException(msg)

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "set_registered_model_alias", broken)
        with pytest.raises(RegistryError, match="connection broke"):
            registry.record(trained, PASSED, now=NOW)
    assert registry.versions() == []
    assert registry.record(trained, PASSED, now=NOW).aliases == ("challenger", "champion")


def test_a_server_that_is_away_is_said_to_be_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = Registry(tmp_path, NAME, uri="http://user:secret@127.0.0.1:9")
    with pytest.raises(RegistryError, match=r"The registry at http://user:\*\*\*@") as said:
        registry.versions()
    assert "secret" not in str(said.value)
