"""Where models go, which is champion, and the way back; no pickle, no stray file."""

import dataclasses
import fcntl
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from leadml.errors import RegistryError
from leadml.folder import read_model, write_model
from leadml.store import BEFORE_TAG, HISTORY_TAG, USABLE_TAG, tracking_uri
from training.registry import Registry
from training.train import TrainingResult

NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with nothing in it, to be copied: making one takes seconds."""
    return Registry(tmp_path_factory.mktemp("blank") / "models", "lead-scorer").folder


@pytest.fixture
def empty(blank: Path, tmp_path: Path) -> Registry:
    return Registry(shutil.copytree(blank, tmp_path / "models"), "lead-scorer")


@pytest.fixture(scope="module")
def story(
    blank: Path, tmp_path_factory: pytest.TempPathFactory, trained: TrainingResult
) -> Registry:
    """Three versions: usable, usable, without a signal."""
    folder = shutil.copytree(blank, tmp_path_factory.mktemp("story") / "models")
    opened = Registry(folder, "lead-scorer")
    opened.record(trained)
    opened.record(trained)
    opened.record(dataclasses.replace(trained, usable=False))
    return opened


@pytest.fixture
def champion(story: Registry) -> Registry:
    """The story as it begins: version 1 is champion and replaced none."""
    client = MlflowClient(tracking_uri=tracking_uri(story.folder))
    client.set_registered_model_alias(story.name, "champion", "1")
    for number in ("1", "2"):
        client.set_model_version_tag(story.name, number, BEFORE_TAG, "")
    client.set_model_version_tag(story.name, "3", USABLE_TAG, "false")
    return story


def aliases(registry: Registry) -> dict[str, tuple[str, ...]]:
    return {version.number: version.aliases for version in registry.versions()}


def test_the_first_usable_version_is_champion_and_the_next_only_challenges(
    empty: Registry, trained: TrainingResult
) -> None:
    registry = empty
    assert registry.versions() == []
    weak = registry.record(dataclasses.replace(trained, usable=False))
    assert (weak.number, weak.aliases, weak.usable) == ("1", ("challenger",), False)
    assert registry.record(trained).aliases == ("challenger", "champion")
    assert registry.record(trained).aliases == ("challenger",)
    assert aliases(registry) == {"3": ("challenger",), "2": ("champion",), "1": ()}


def test_versions_say_what_they_are(champion: Registry, trained: TrainingResult) -> None:
    newest, _, first = champion.versions()
    assert first.recipe == trained.model.card["recipe"]
    assert first.known_until == trained.model.card["known_until"]
    value = trained.evaluation.figures["model"]["auc"].value
    assert first.auc == pytest.approx(value, abs=1e-4)
    assert (first.usable, newest.usable) == (True, False)


def test_a_promotion_moves_the_alias_and_remembers_whom_it_replaced(champion: Registry) -> None:
    promoted = champion.promote("2", now=NOW)
    assert (promoted.number, "champion" in promoted.aliases) == ("2", True)
    assert "champion" not in aliases(champion)["1"]
    client = MlflowClient(tracking_uri=tracking_uri(champion.folder))
    tags = client.get_model_version("lead-scorer", "2").tags
    assert tags[BEFORE_TAG] == "1"
    assert tags[HISTORY_TAG] == NOW.isoformat()


def test_a_rollback_goes_back_and_stops_at_the_first_champion(champion: Registry) -> None:
    champion.promote("2", now=NOW)
    assert champion.rollback(now=NOW).number == "1"
    assert aliases(champion)["1"] == ("champion",)
    with pytest.raises(RegistryError, match="first champion"):
        champion.rollback(now=NOW)
    assert aliases(champion)["1"] == ("champion",)


def test_rollbacks_walk_back_one_champion_at_a_time(champion: Registry) -> None:
    client = MlflowClient(tracking_uri=tracking_uri(champion.folder))
    client.set_model_version_tag(champion.name, "3", USABLE_TAG, "true")
    champion.promote("2", now=NOW)
    champion.promote("3", now=NOW)
    assert [champion.rollback(now=NOW).number for _ in range(2)] == ["2", "1"]
    with pytest.raises(RegistryError):
        champion.rollback(now=NOW)


def test_promoting_the_champion_again_changes_nothing(champion: Registry) -> None:
    champion.promote("2", now=NOW)
    champion.promote("2", now=NOW)
    assert champion.rollback(now=NOW).number == "1", "it did not replace itself"


def test_a_writer_waits_until_the_one_before_has_finished(champion: Registry) -> None:
    with (champion.folder / ".lock").open("w") as held, ThreadPoolExecutor(1) as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        promoting = pool.submit(champion.promote, "2", now=NOW)
        time.sleep(0.3)
        assert not promoting.done()
        assert "champion" in aliases(champion)["1"]
        fcntl.flock(held, fcntl.LOCK_UN)
        assert "champion" in promoting.result(timeout=20).aliases


def test_an_unknown_version_is_refused_with_those_there_are(champion: Registry) -> None:
    with pytest.raises(RegistryError, match=r"one of 3, 2, 1, got 9"):
        champion.promote("9", now=NOW)


def test_a_version_without_a_signal_is_never_champion(champion: Registry) -> None:
    with pytest.raises(RegistryError, match="usable signal"):
        champion.promote("3", now=NOW)
    assert aliases(champion)["1"] == ("champion",)


@pytest.mark.parametrize("ask", ["promote", "rollback"])
def test_an_empty_registry_says_so(empty: Registry, ask: str) -> None:
    with pytest.raises(RegistryError):
        empty.promote("1", now=NOW) if ask == "promote" else empty.rollback(now=NOW)


def test_a_run_holds_parameters_metrics_data_signature_and_example(
    champion: Registry, trained: TrainingResult
) -> None:
    client = MlflowClient(tracking_uri=tracking_uri(champion.folder))
    version = client.get_model_version("lead-scorer", "1")
    run = client.get_run(version.run_id)
    assert run.data.params["label.horizon_days"] == "90"
    assert run.data.params["recipe"] == trained.model.card["recipe"]
    auc = trained.evaluation.figures["model"]["auc"]
    assert run.data.metrics["auc"] == auc.value
    assert run.data.metrics["auc_lower"] == auc.lower
    assert run.data.metrics["base_rate.log_loss"] > run.data.metrics["log_loss"]
    (dataset,) = run.inputs.dataset_inputs
    assert trained.model.card["data"]["fingerprint"].startswith(dataset.dataset.digest)
    assert run.data.tags["leadml.fingerprint"] == trained.model.card["data"]["fingerprint"]
    location = client.get_logged_model(version.source.removeprefix("models:/")).artifact_location
    location = location.removeprefix("file://")
    model = mlflow.models.Model.load(location.removeprefix("file://"))
    assert model.signature.inputs.input_names() == trained.catalog.names
    assert model.signature.outputs.input_names() == ["probability", "lower", "upper"]
    example = model.load_input_example(location.removeprefix("file://"))
    assert list(example.columns) == trained.catalog.names
    assert len(example) == 2


def test_what_is_registered_is_the_model_folder(
    champion: Registry, trained: TrainingResult, tmp_path: Path
) -> None:
    write_model(trained.model, tmp_path / "model")
    kept = [path.parent for path in champion.folder.rglob("manifest.json")]
    assert len(kept) == 3
    for folder in kept:
        names = {path.name for path in folder.iterdir()}
        assert names == {path.name for path in (tmp_path / "model").iterdir()}
        assert all(
            (folder / n).read_bytes() == (tmp_path / "model" / n).read_bytes() for n in names
        )
        found = read_model(folder).probability(trained.sample)
        assert (found == trained.model.probability(trained.sample)).all()


def test_there_is_no_pickle_anywhere(champion: Registry) -> None:
    files = [path for path in champion.folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert path.suffix not in {".pkl", ".pickle", ".joblib", ".dill", ".npy", ".pt"}, path
        if path.name in {"MLmodel", "conda.yaml", "requirements.txt", "python_env.yaml"}:
            assert "pickle" not in path.read_text(), path


def test_recording_leaves_no_file_and_no_setting_behind(
    blank: Path, tmp_path: Path, trained: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(blank, tmp_path / "models")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    before = dict(os.environ)
    uri = mlflow.get_tracking_uri()
    Registry(folder, "lead-scorer").record(trained)
    assert list(work.iterdir()) == []
    assert mlflow.get_tracking_uri() == uri
    assert mlflow.active_run() is None
    changed = {key for key in {*before, *os.environ} if before.get(key) != os.environ.get(key)}
    assert not {key for key in changed if key.startswith("MLFLOW_TRACKING")}


_RECORD = """
import sys, time, dataclasses
from pathlib import Path
import numpy as np, pandas as pd
from features.catalog import Catalog
from leadml.folder import read_model
from training.evaluate import evaluate
from training.registry import Registry
from training.train import TrainingResult

source, folder, own, other = (Path(argument) for argument in sys.argv[1:])
model = read_model(source)
rng = np.random.default_rng(0)
ids = pd.Series([str(k) for k in range(60)], dtype="str")
frame = pd.DataFrame({"lead_id": ids, "converted": np.arange(60) % 2 == 0, "group": ids})
p = rng.random(60)
judged = evaluate(frame, p, {"base rate": np.full(60, 0.5)}, seed=0)
catalog = Catalog.from_json(model.catalog)
result = TrainingResult(model, catalog, judged, np.zeros((3, len(catalog.features))), True)
registry = Registry(folder, "lead-scorer")
import mlflow.pyfunc
own.touch()
while not other.exists():
    time.sleep(0.005)
print(registry.record(result).number)
"""


def test_two_processes_that_record_at_once_make_two_whole_versions(
    blank: Path, tmp_path: Path, trained: TrainingResult
) -> None:
    shutil.copytree(blank, tmp_path / "models")
    write_model(trained.model, tmp_path / "model")
    script = tmp_path / "record.py"
    script.write_text(_RECORD)
    command = [sys.executable, "-W", "ignore", str(script)]
    command += [str(tmp_path / "model"), str(tmp_path / "models")]
    ready = [str(tmp_path / "ready 1"), str(tmp_path / "ready 2")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [*command, *flags],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for flags in (ready, ready[::-1])
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    registry = Registry(tmp_path / "models", "lead-scorer")
    assert [version.number for version in registry.versions()] == ["2", "1"]
    assert aliases(registry) == {"2": ("challenger",), "1": ("champion",)}
    folders = [path.parent for path in registry.folder.rglob("manifest.json")]
    assert len(folders) == 2
    for folder in folders:
        assert np.isfinite(read_model(folder).probability(trained.sample)).all()
    assert not (tmp_path / "mlflow.db").exists()
