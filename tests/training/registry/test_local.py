"""Where models go, which is champion, and the way back; no pickle, no stray file."""

import dataclasses
import fcntl
import json
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
from leadml.store import (
    BACK_TAG,
    CHAMPIONS_TAG,
    FORCED_TAG,
    GATE_TAG,
    HISTORY_TAG,
    USABLE_TAG,
    tracking_uri,
)
from tests.training.results import PASSED, REFUSED
from training.gate import Gate
from training.registry.local import Registry
from training.registry.origin import origin_of
from training.registry.promotions import Change, read_changes, write_changes
from training.registry.tracking import JUDGED_COLUMNS
from training.train import TrainingResult

NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[3]


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
    """Four versions: usable, usable, without a signal, refused by the gate."""
    folder = shutil.copytree(blank, tmp_path_factory.mktemp("story") / "models")
    opened = Registry(folder, "lead-scorer")
    opened.record(trained, PASSED, now=NOW)
    opened.record(trained, PASSED, now=NOW)
    opened.record(dataclasses.replace(trained, usable=False), PASSED, now=NOW)
    opened.record(trained, REFUSED, now=NOW)
    return opened


@pytest.fixture
def champion(story: Registry) -> Registry:
    """The story as it begins: version 1 is champion and replaced none."""
    client = MlflowClient(tracking_uri=tracking_uri(story.folder))
    client.set_registered_model_alias(story.name, "champion", "1")
    first = write_changes([Change("1", "first", NOW.isoformat())])
    client.set_registered_model_tag(story.name, CHAMPIONS_TAG, first)
    client.set_model_version_tag(story.name, "3", USABLE_TAG, "false")
    return story


def aliases(registry: Registry) -> dict[str, tuple[str, ...]]:
    return {version.number: version.aliases for version in registry.versions()}


def test_the_first_that_passes_is_champion_and_the_next_only_challenges(
    empty: Registry, trained: TrainingResult
) -> None:
    registry = empty
    assert registry.versions() == []
    weak = registry.record(dataclasses.replace(trained, usable=False), PASSED, now=NOW)
    assert (weak.number, weak.aliases, weak.usable) == ("1", ("challenger",), False)
    refused = registry.record(trained, REFUSED, now=NOW)
    assert (refused.aliases, refused.passed) == (("challenger",), False)
    assert registry.record(trained, PASSED, now=NOW).aliases == ("challenger", "champion")
    assert registry.record(trained, PASSED, now=NOW).aliases == ("challenger",)
    assert aliases(registry) == {"4": ("challenger",), "3": ("champion",), "2": (), "1": ()}


def tags(registry: Registry, number: str) -> dict[str, str]:
    client = MlflowClient(tracking_uri=tracking_uri(registry.folder))
    return client.get_model_version(registry.name, number).tags


def history(registry: Registry) -> list[Change]:
    client = MlflowClient(tracking_uri=tracking_uri(registry.folder))
    registered = client.get_registered_model(registry.name)
    return read_changes(registered.tags[CHAMPIONS_TAG], str(registered.aliases["champion"]))


def test_versions_say_what_they_are(champion: Registry, trained: TrainingResult) -> None:
    refused, newest, _, first = champion.versions()
    assert (first.gate, first.passed, refused.passed) == ("passed", True, False)
    assert refused.gate == (
        "log loss: 0.3 against 0.2 of version 1.\nstability: Half of the leads change stage."
    )
    assert first.recipe == trained.model.card["recipe"]
    assert first.known_until == trained.model.card["known_until"]
    value = trained.evaluation.figures["model"]["auc"].value
    assert first.auc == pytest.approx(value, abs=1e-4)
    assert (first.usable, newest.usable) == (True, False)


def test_a_promotion_moves_the_alias_and_writes_it_down(champion: Registry) -> None:
    promoted = champion.promote("2", now=NOW)
    assert (promoted.number, "champion" in promoted.aliases) == ("2", True)
    assert "champion" not in aliases(champion)["1"]
    assert tags(champion, "2")[HISTORY_TAG] == NOW.isoformat()
    assert history(champion)[-1] == Change("2", "promoted", NOW.isoformat())


def test_champions_are_walked_back_however_often_they_took_turns(champion: Registry) -> None:
    for number in ("2", "1", "2"):
        champion.promote(number, now=NOW)
    later = NOW + pd.Timedelta(1, "D")
    assert [champion.rollback(now=later).number for _ in range(3)] == ["1", "2", "1"]
    with pytest.raises(RegistryError, match="first champion"):
        champion.rollback(now=later)
    assert aliases(champion)["1"] == ("champion",)
    assert tags(champion, "2")[BACK_TAG] == later.isoformat()
    assert [change.what for change in history(champion)] == [
        *("first", "promoted", "promoted", "promoted", "rollback", "rollback", "rollback")
    ]


def test_what_the_gate_refused_is_promoted_only_for_a_reason_that_is_kept(
    champion: Registry,
) -> None:
    with pytest.raises(RegistryError, match=r"(?s)0.3 against 0.2 of version 1.*--force"):
        champion.promote("4", now=NOW)
    with pytest.raises(RegistryError, match="--force"):
        champion.promote("4", force="  ", now=NOW)
    assert aliases(champion)["1"] == ("champion",)
    forced = champion.promote("4", force="the old one reads a dead field", now=NOW)
    assert forced.aliases == ("challenger", "champion")
    assert tags(champion, "4")[FORCED_TAG] == "the old one reads a dead field"
    assert tags(champion, "4")[HISTORY_TAG] == NOW.isoformat()
    assert history(champion)[-1].why == "the old one reads a dead field"
    assert champion.rollback(now=NOW).number == "1"


def test_a_version_the_gate_never_saw_needs_a_reason(champion: Registry) -> None:
    client = MlflowClient(tracking_uri=tracking_uri(champion.folder))
    client.delete_model_version_tag(champion.name, "2", GATE_TAG)
    try:
        with pytest.raises(RegistryError, match="registered without one"):
            champion.promote("2", now=NOW)
    finally:
        client.set_model_version_tag(champion.name, "2", GATE_TAG, "passed")


def test_the_champion_is_read_with_what_it_said_of_its_test_part(
    champion: Registry, trained: TrainingResult
) -> None:
    found = champion.champion()
    assert found is not None
    assert found.number == "1"
    pd.testing.assert_frame_equal(found.judged, trained.judged[list(JUDGED_COLUMNS)])
    assert (
        found.model.probability(trained.sample) == trained.model.probability(trained.sample)
    ).all()


def test_a_champion_recorded_before_judgements_were_kept_has_none(
    champion: Registry, empty: Registry
) -> None:
    assert empty.champion() is None
    kept = list(champion.folder.rglob("judged.parquet"))
    moved = [path.rename(path.with_suffix(".away")) for path in kept]
    try:
        found = champion.champion()
        assert found is not None
        assert found.judged.empty
        assert list(found.judged) == ["lead_id", "as_of", "probability"]
    finally:
        for path in moved:
            path.rename(path.with_suffix(".parquet"))


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
    with pytest.raises(RegistryError, match=r"one of 4, 3, 2, 1, got 9"):
        champion.promote("9", now=NOW)


def test_a_version_without_a_signal_is_never_champion(champion: Registry) -> None:
    for reason in ("", "we want it all the same"):
        with pytest.raises(RegistryError, match="usable signal"):
            champion.promote("3", force=reason, now=NOW)
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


def test_a_run_holds_the_verdict_the_card_and_what_it_takes_to_repeat_it(
    champion: Registry, trained: TrainingResult
) -> None:
    client = MlflowClient(tracking_uri=tracking_uri(champion.folder))
    version = client.get_model_version("lead-scorer", "4")
    run = client.get_run(version.run_id)
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    assert Gate.from_json(json.loads((folder / "gate.json").read_text())) == REFUSED
    kept = pd.read_parquet(folder / "judged.parquet")
    pd.testing.assert_frame_equal(kept, trained.judged[list(JUDGED_COLUMNS)])
    assert version.description == (folder / "card.md").read_text()
    assert f"`leadml train --from-run {version.run_id}`" in version.description
    origin = champion.origin("4")
    assert origin == champion.origin(version.run_id)
    assert origin == origin_of(trained.model.card)
    assert run.data.tags["leadml.code"] == origin.code
    assert run.info.status == "FINISHED"


def test_what_was_logged_of_a_version_is_read_back(
    champion: Registry, trained: TrainingResult
) -> None:
    passed, refused = champion.logged("2"), champion.logged("4")
    assert (passed.number, refused.number) == ("2", "4")
    assert (passed.gate, refused.gate) == (PASSED, REFUSED)
    assert passed.card == json.loads(json.dumps(trained.model.card))
    with pytest.raises(RegistryError, match="version"):
        champion.logged("9")


def test_the_origin_of_what_is_not_there_is_refused(champion: Registry) -> None:
    with pytest.raises(RegistryError, match="'nonsense' must be a version or a run"):
        champion.origin("nonsense")


def test_a_recalibration_cannot_be_trained_again(empty: Registry, trained: TrainingResult) -> None:
    card = {**trained.model.card, "recalibrated": {"from_version": "7"}}
    moved = dataclasses.replace(trained, model=dataclasses.replace(trained.model, card=card))
    number = empty.record(moved, PASSED, now=NOW).number
    with pytest.raises(RegistryError, match=r"only revised version 7. Repeat that one"):
        empty.origin(number)


def test_what_is_registered_is_the_model_folder(
    champion: Registry, trained: TrainingResult, tmp_path: Path
) -> None:
    write_model(trained.model, tmp_path / "model")
    kept = [path.parent for path in champion.folder.rglob("manifest.json")]
    assert len(kept) == 4
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
    Registry(folder, "lead-scorer").record(trained, PASSED, now=NOW)
    assert list(work.iterdir()) == []
    assert mlflow.get_tracking_uri() == uri
    assert mlflow.active_run() is None
    changed = {key for key in {*before, *os.environ} if before.get(key) != os.environ.get(key)}
    assert not {key for key in changed if key.startswith("MLFLOW_TRACKING")}


_RECORD = """
import sys, time
from pathlib import Path
import mlflow.pyfunc
import pandas as pd
from leadml.folder import read_model
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

source, folder, own, other = (Path(argument) for argument in sys.argv[1:])
now = pd.Timestamp("2026-07-01T09:00", tz="UTC")
result = small_result(read_model(source))
registry = Registry(folder, "lead-scorer")
own.touch()
while not other.exists():
    time.sleep(0.005)
with registry.training(now=now):
    assert registry.mend() == [], "the other one lives"
    print(registry.record(result, PASSED, now=now).number)
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
    assert registry.mend() == []
    assert list((registry.folder / ".training").iterdir()) == []
    folders = [path.parent for path in registry.folder.rglob("manifest.json")]
    assert len(folders) == 2
    for folder in folders:
        assert np.isfinite(read_model(folder).probability(trained.sample)).all()
    assert not (tmp_path / "mlflow.db").exists()
