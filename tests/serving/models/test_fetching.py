"""What is learned from the registry and written down: the last good stays until another is checked.

The errand is run here in the process of the test; `test_registered` runs it in one of its own.
"""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from leadml.store import database
from serving.models.copies import Copies
from serving.models.fetching import Errand, run_errand
from serving.models.source import Named
from serving.scorer import Scorer
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

NAME = "lead-scorer"
NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def master(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion and a challenger, asked once."""
    folder = tmp_path_factory.mktemp("registry") / "models"
    registry = Registry(folder, NAME)
    for _ in range(2):
        registry.record(small_result(scorer.model), PASSED, now=NOW)
    fetched(folder)
    return folder


@pytest.fixture
def folder(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(master, tmp_path / "models"))


def fetched(folder: Path, *, keep: int = 3, mark: str = "") -> Named:
    """What is written down after an errand."""
    run_errand(Errand(str(folder), NAME, "", mark, keep))
    kept = Copies(folder, NAME).read()
    assert kept.mark == mark
    return kept.named


def numbers(named: Named) -> tuple[str, str, tuple[str, ...]]:
    """The versions of champion, challenger and former champions."""
    champion, challenger, *former = (
        copy.partition("-")[0] for copy in (named.champion, named.challenger, *named.former)
    )
    return champion, challenger, tuple(former)


def source_of(folder: Path, version: str) -> Path:
    """Where the registry keeps the model folder of a version."""
    with closing(sqlite3.connect(database(folder))) as opened:
        asked = "SELECT source FROM model_versions WHERE version = ?"
        (source,) = opened.execute(asked, (version,)).fetchone()
    kept = folder / "artifacts" / "models" / source.removeprefix("models:/")
    (manifest,) = kept.rglob("manifest.json")
    return manifest.parent


def forget(folder: Path, version: str) -> None:
    """Removes the copy of a version."""
    shutil.rmtree(next((folder / "serving" / NAME).glob(f"{version}-*")))


def move_alias(folder: Path, version: str) -> None:
    """Lets the champion be a version, which need not be there."""
    with closing(sqlite3.connect(database(folder))) as opened, opened:
        change = "UPDATE registered_model_aliases SET version = ? WHERE alias = 'champion'"
        assert opened.execute(change, (version,)).rowcount == 1


def test_a_promotion_is_followed_and_former_champions_stay_named(folder: Path) -> None:
    registry = Registry(folder, NAME)
    assert numbers(fetched(folder, mark="looks so")) == ("1", "2", ())
    registry.promote("2", now=NOW)
    assert numbers(fetched(folder)) == ("2", "", ("1",)), "the challenger is the champion now"
    assert numbers(fetched(folder)) == ("2", "", ("1",)), "nothing has happened since"
    registry.rollback(now=NOW)
    assert numbers(fetched(folder)) == ("1", "2", ("2",))
    registry.promote("2", now=NOW)
    assert numbers(fetched(folder, keep=0)) == ("2", "", ())


def test_a_version_made_anew_under_an_old_number_is_another_model(folder: Path) -> None:
    before = fetched(folder).champion
    with closing(sqlite3.connect(database(folder))) as opened, opened:
        opened.execute(
            "UPDATE model_versions SET source ="
            " (SELECT source FROM model_versions WHERE version = 2) WHERE version = 1"
        )
    after = fetched(folder)
    assert numbers(after) == ("1", "2", ("1",))
    assert after.former == (before,)
    assert after.champion != before


def test_without_a_registry_the_champion_stays_named(folder: Path) -> None:
    database(folder).unlink()
    named = fetched(folder)
    assert numbers(named) == ("1", "", ())
    assert named.trouble.startswith("There must be a registry in")


def test_without_a_champion_nobody_is_named(master: Path, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("serving")
    folder = Path(shutil.copytree(master, tmp_path / "models", ignore=ignored))
    with closing(sqlite3.connect(database(folder))) as opened, opened:
        opened.execute("DELETE FROM registered_model_aliases WHERE alias = 'champion'")
    named = fetched(folder)
    assert numbers(named) == ("", "", ())
    assert "`leadml promote` makes a champion" in named.trouble


def test_an_alias_on_a_missing_version_leaves_the_champion_named(folder: Path) -> None:
    move_alias(folder, "9")
    named = fetched(folder)
    assert "must hold 'lead-scorer' champion, but it does not" in named.trouble
    assert numbers(named)[0] == "1"


def test_a_corrupt_challenger_holds_no_champion_back(folder: Path) -> None:
    forget(folder, "2")
    (source_of(folder, "2") / "model.pkl").write_bytes(b"\x80\x04.")
    named = fetched(folder)
    assert numbers(named)[:2] == ("1", "")
    assert "got model.pkl" in named.trouble


@pytest.mark.parametrize("file", ["maps.json", "manifest.json"])
def test_a_half_written_champion_leaves_the_one_before_it_named(folder: Path, file: str) -> None:
    Registry(folder, NAME).promote("2", now=NOW)
    forget(folder, "2")
    path = source_of(folder, "2") / file
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    named = fetched(folder)
    assert numbers(named)[0] == "1"
    assert file in named.trouble
    assert not list((folder / "serving" / NAME).glob("2-*")), "nothing half is kept"
    path.write_bytes(whole)
    assert numbers(fetched(folder))[0] == "2"


# Processes that die.

DYING = """
import os, signal, sys
from pathlib import Path
from serving.models import copies
from serving.models import fetching
from serving.models import loading

POINTS = {
    "asked": (loading, "_find", True),
    "fetched": (loading, "_check_signature", False),
    "before the rename": (copies.Copies, "put", False),
    "after the rename": (copies.Copies, "put", True),
    "before it is written down": (copies.Copies, "write", False),
    "written, not in place": (Path, "replace", False),
}

def arm(point):
    owner, name, after = POINTS[point]
    whole = getattr(owner, name)

    def deadly(*arguments, **named):
        if after:
            whole(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)

def errand(folder):
    fetching.run_errand(fetching.Errand(folder, "lead-scorer", "", "", 3))

warm, *folders = sys.argv[1:]
errand(warm)  # imports all that is lazy
for point, folder in zip(POINTS, folders, strict=True):
    child = os.fork()
    if child == 0:
        arm(point)
        errand(folder)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (point, status)
"""


def test_a_process_that_dies_while_fetching_leaves_the_last_good(
    folder: Path, tmp_path: Path
) -> None:
    Registry(folder, NAME).promote("2", now=NOW)
    forget(folder, "2")
    copied = [Path(shutil.copytree(folder, tmp_path / f"at-{k}")) for k in range(7)]
    command = [sys.executable, "-c", DYING, *map(str, copied)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    for died in copied[1:]:
        copies = Copies(died, NAME)
        named = copies.read().named
        assert numbers(named) == ("1", "2", ())
        assert copies.load(named.champion).version == "1"
        after = fetched(died)
        assert numbers(after) == ("2", "", ("1",))
        assert copies.load(after.champion).version == "2"
        left = {path.name for path in copies.folder.iterdir()}
        assert left == {".lock", "named.json", after.champion, *after.former}
