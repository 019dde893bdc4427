"""A training that is killed, a disk that is full, a store that is held: nothing is half there."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from leadml.errors import RegistryError
from leadml.folder import write_model
from leadml.store import database, tracking_uri
from tests.training.results import PASSED, small_result
from training.registry import attempts, place
from training.registry.local import Registry
from training.train import TrainingResult

NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[3]
BEFORE = ("logging", "model_logged", "version", "challenger", "registered")
WITH_CHAMPION = ("fitting", *BEFORE, "finished")
WITHOUT = ("written_down", "champion", "registered")


@pytest.fixture(scope="module")
def model(trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "model"
    write_model(trained.model, folder)
    return folder


@pytest.fixture(scope="module")
def master(trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion; beside it one with nothing in it."""
    folder = tmp_path_factory.mktemp("master")
    Registry(folder / "empty", "lead-scorer")
    shutil.copytree(folder / "empty", folder / "held")
    Registry(folder / "held", "lead-scorer").record(small_result(trained.model), PASSED, now=NOW)
    return folder


def python(*arguments: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def killed(master: Path, model: Path) -> Path:
    """Copies of both registries, in each of which a training was killed at one point."""
    program = ROOT / "tests" / "training" / "killed.py"
    for name, points in (("held", WITH_CHAMPION), ("empty", WITHOUT)):
        done = python(program, model, master / name, *points, cwd=master)
        assert done.returncode == 0, done.stderr
    return master


def aliases(registry: Registry) -> dict[str, tuple[str, ...]]:
    return {version.number: version.aliases for version in registry.versions()}


def runs(registry: Registry) -> list[str]:
    client = MlflowClient(tracking_uri=tracking_uri(registry.folder))
    experiment = client.get_experiment_by_name(registry.name)
    found = client.search_runs([experiment.experiment_id]) if experiment else []
    return sorted(run.info.status for run in found)


def left(registry: Registry) -> list[Path]:
    return list((registry.folder / ".training").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("point", ["fitting", *BEFORE])
def test_a_killed_training_leaves_champion_and_registry_as_they_were(
    killed: Path, point: str
) -> None:
    registry = Registry(killed / f"held-{point}", "lead-scorer")
    (mark,) = left(registry)
    facts = json.loads((mark / "started.json").read_text())

    (said,) = registry.mend()

    assert said == (
        f"A training started 2026-07-02T09:00 (process {facts['pid']} on {facts['host']}) did not "
        "finish; champion and registry are as they were."
    )
    assert aliases(registry) == {"1": ("challenger", "champion")}
    assert runs(registry) == (["FINISHED"] if point == "fitting" else ["FINISHED", "KILLED"])
    assert left(registry) == []
    assert registry.mend() == [], "it is told once"


@pytest.mark.slow
@pytest.mark.parametrize("point", WITHOUT)
def test_a_first_champion_that_was_not_finished_is_none(killed: Path, point: str) -> None:
    registry = Registry(killed / f"empty-{point}", "lead-scorer")

    (said,) = registry.mend()

    assert "did not finish" in said
    assert registry.versions() == []
    assert registry.champion() is None
    assert (runs(registry), left(registry)) == (["KILLED"], [])


@pytest.mark.slow
def test_one_killed_after_its_last_step_had_finished(killed: Path) -> None:
    registry = Registry(killed / "held-finished", "lead-scorer")
    assert registry.mend() == []
    assert aliases(registry) == {"2": ("challenger",), "1": ("champion",)}
    assert left(registry) == []


@pytest.mark.slow
def test_a_mended_registry_takes_the_next_training(
    killed: Path, trained: TrainingResult, tmp_path: Path
) -> None:
    registry = Registry(killed / "empty-champion", "lead-scorer")
    registry.mend()
    made = registry.record(small_result(trained.model), PASSED, now=NOW)
    assert made.aliases == ("challenger", "champion")
    assert [change.what for change in registry._versions.changes()] == ["first"]


def test_a_training_that_lives_is_left_alone(master: Path, tmp_path: Path) -> None:
    registry = Registry(shutil.copytree(master / "held", tmp_path / "models"), "lead-scorer")
    with registry.training(now=NOW):
        assert Registry(registry.folder, "lead-scorer").mend() == []
        assert len(left(registry)) == 1
    assert left(registry) == []


def test_a_training_that_fails_takes_its_mark_away_and_says_its_own_trouble(
    master: Path, tmp_path: Path
) -> None:
    registry = Registry(shutil.copytree(master / "held", tmp_path / "models"), "lead-scorer")
    with pytest.raises(ZeroDivisionError), registry.training(now=NOW):
        raise ZeroDivisionError
    assert left(registry) == []
    assert registry.mend() == []


# A store that is held, a disk that is full.


@pytest.fixture
def registry(master: Path, tmp_path: Path) -> Registry:
    return Registry(shutil.copytree(master / "held", tmp_path / "models"), "lead-scorer")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(place, "BUSY_SECONDS", 0.2)


@pytest.fixture
def busy(registry: Registry) -> Iterator[None]:
    """Another program writes to the database and does not come to an end."""
    held = sqlite3.connect(database(registry.folder), isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    yield
    held.execute("ROLLBACK")
    held.close()


@pytest.mark.usefixtures("impatient", "busy")
@pytest.mark.parametrize("ask", ["open", "train", "record", "promote", "rollback"])
def test_a_database_that_is_held_is_said_in_a_sentence(
    registry: Registry, trained: TrainingResult, ask: str
) -> None:
    asked = {
        "open": lambda: Registry(registry.folder, "lead-scorer"),
        "train": lambda: registry.training(now=NOW).__enter__(),
        "record": lambda: registry.record(small_result(trained.model), PASSED, now=NOW),
        "promote": lambda: registry.promote("1", now=NOW),
        "rollback": lambda: registry.rollback(now=NOW),
    }
    with pytest.raises(RegistryError, match="another program holds its database"):
        asked[ask]()
    assert not (registry.folder / ".training").exists() or left(registry) == []


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_is_not_let_go_is_said_in_a_sentence(registry: Registry) -> None:
    with (registry.folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RegistryError, match="another process has held it"):
            registry.promote("1", now=NOW)
    assert registry.promote("1", now=NOW).number == "1"


_FULL = """
import resource, sys
from pathlib import Path
import mlflow.pyfunc
import pandas as pd
from leadml.folder import read_model
from leadml.errors import RegistryError
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

model, folder, spare = sys.argv[1:]
result = small_result(read_model(Path(model)))
registry = Registry(Path(folder), "lead-scorer")
now = pd.Timestamp("2026-07-01T09:00", tz="UTC")
if spare:
    size = int(spare) + (Path(folder) / "mlflow.db").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
try:
    registry.record(result, PASSED, now=now)
except RegistryError as error:
    print(error)
"""


@pytest.mark.parametrize("spare", [-900_000, 0])
def test_no_file_can_grow_any_further(
    registry: Registry, model: Path, tmp_path: Path, spare: int
) -> None:
    script = tmp_path / "full.py"
    script.write_text(_FULL)
    done = python(script, model, registry.folder, spare, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "its disk is full. Make room, and try again" in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    registry.mend()
    assert aliases(registry) == {"1": ("challenger", "champion")}
    assert left(registry) == []


@pytest.mark.parametrize("spare", [0, 40_000])
def test_a_full_disk_leaves_no_half_version(
    registry: Registry, model: Path, tmp_path: Path, spare: int
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        folder = shutil.copytree(registry.folder, small / "models")
        with closing(sqlite3.connect(database(folder), isolation_level=None)) as db:
            location = (folder / "artifacts").as_uri()
            db.execute("UPDATE experiments SET artifact_location = ?", (location,))
        filler = small / "filler"
        with filler.open("wb") as full:
            free = os.statvfs(small)
            full.write(b"x" * (free.f_bavail * free.f_frsize - spare))
        script = tmp_path / "full.py"
        script.write_text(_FULL)
        done = python(script, model, folder, "", cwd=tmp_path)
        assert "its disk is full" in done.stdout, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        filler.unlink()
        mended = Registry(folder, "lead-scorer")
        mended.mend()
        assert aliases(mended) == {"1": ("challenger", "champion")}
        assert left(mended) == []
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def test_no_run_stays_open_in_this_process() -> None:
    assert mlflow.active_run() is None
