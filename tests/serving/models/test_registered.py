"""The registry from beside the app: what it names, and what happens when it is away or wrong."""

import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pytest

from leadml.errors import ModelError, RegistryError
from leadml.store import database
from serving.models.registered import Registered
from serving.scorer import Scorer
from tests.serving.models.kept import rewrite, small_forest
from tests.tracking import TrackingServer
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

NAME = "lead-scorer"
NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def master(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a champion, a challenger, and the champion already served from it."""
    folder = tmp_path_factory.mktemp("registry") / "models"
    registry = Registry(folder, NAME)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    Registered(folder, NAME).ask()
    return folder


@pytest.fixture
def folder(master: Path, tmp_path: Path) -> Path:
    """A copy, for a test to do with as it likes; it was asked when it lay elsewhere."""
    return Path(shutil.copytree(master, tmp_path / "models"))


@pytest.fixture
def fresh(master: Path, tmp_path: Path) -> Path:
    """A copy from which nothing was served yet."""
    ignored = shutil.ignore_patterns("serving")
    return Path(shutil.copytree(master, tmp_path / "models", ignore=ignored))


def number(copy: str) -> str:
    return copy.partition("-")[0]


def numbers(source: Registered) -> tuple[str, str, tuple[str, ...]]:
    named = source.last()
    return number(named.champion), number(named.challenger), tuple(map(number, named.former))


def version_folder(folder: Path, version: str) -> Path:
    """Where the registry keeps the model folder of a version."""
    with closing(sqlite3.connect(database(folder))) as opened:
        asked = "SELECT source FROM model_versions WHERE version = ?"
        (source,) = opened.execute(asked, (version,)).fetchone()
    kept = folder / "artifacts" / "models" / source.removeprefix("models:/")
    (manifest,) = kept.rglob("manifest.json")
    return manifest.parent


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The database as another program holds it: whoever asks waits."""
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as opened:
        opened.execute("BEGIN EXCLUSIVE")
        yield


# What it names.


def test_champion_and_challenger_are_fetched_checked_and_named(fresh: Path) -> None:
    source = Registered(fresh, NAME)
    assert source.last().champion == ""
    named = source.ask()
    assert named == source.last()
    assert numbers(source) == ("1", "2", ())
    assert named.trouble == ""
    assert [source.load(copy).version for copy in (named.champion, named.challenger)] == ["1", "2"]
    with held(fresh):  # as it looks as it did, nothing is asked of it again
        start = time.monotonic()
        assert source.ask() == source.ask(patient=False) == Registered(fresh, NAME).ask() == named
        assert time.monotonic() - start < 1


# What goes wrong.


def test_without_a_registry_the_last_good_model_is_there_all_the_same(folder: Path) -> None:
    database(folder).unlink()
    shutil.rmtree(folder / "artifacts")
    source = Registered(folder, NAME)
    assert source.load(source.last().champion).version == "1"
    with pytest.raises(RegistryError, match="There must be a registry"):
        source.ask()
    assert not database(folder).exists(), "asking makes none"


def test_a_corrupt_champion_is_not_named_until_it_is_mended(folder: Path) -> None:
    Registry(folder, NAME).promote("2", now=NOW)
    shutil.rmtree(next((folder / "serving" / NAME).glob("2-*")))
    path = version_folder(folder, "2") / "maps.json"
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b'"slope": ', b'"slope": 1'))
    source = Registered(folder, NAME)
    named = source.ask()
    assert numbers(source) == ("1", "", ())
    assert "maps.json' must be as it was written, but its sha256 differs" in named.trouble
    path.write_bytes(sound)
    start = time.monotonic()
    assert source.ask() == named, "it is left alone for a while"
    assert time.monotonic() - start < 0.5
    assert source.ask(patient=False).trouble == ""
    assert numbers(source) == ("2", "", ("1",))


def test_a_model_that_kills_whoever_reads_it_kills_nobody_who_answers(
    folder: Path, scorer: Scorer
) -> None:
    """LightGBM dies of trees whose sizes are not as they say, whatever their hash."""
    Registry(folder, NAME).promote("2", now=NOW)
    shutil.rmtree(next((folder / "serving" / NAME).glob("2-*")))
    deadly = version_folder(folder, "2")
    (deadly / "linear.json").rename(deadly / "trees.txt")
    listing = deadly / "manifest.json"
    listing.write_text(listing.read_text().replace("linear.json", "trees.txt"))
    trees = small_forest(len(scorer.catalog.features)).model_to_string()
    rewrite(deadly, "trees.txt", lambda _: trees.replace("tree_sizes=", "tree_sizes=9"))
    source = Registered(folder, NAME)
    for _ in range(2):
        with pytest.raises(RegistryError, match=r"Fetching a model ended unexpectedly \(-\d+\)"):
            source.ask()
    assert numbers(source) == ("1", "2", ())
    assert source.load(source.last().champion).version == "1"


def test_a_copy_that_is_damaged_here_is_fetched_again(folder: Path) -> None:
    source = Registered(folder, NAME)
    copy = source.ask().champion
    path = folder / "serving" / NAME / copy / "card.json"
    path.write_text("{")
    with pytest.raises(ModelError, match=r"card\.json"):
        source.load(copy)
    assert source.ask().champion == copy
    assert source.load(copy).version == "1"


def test_a_slow_registry_is_hung_up_on(folder: Path) -> None:
    Registry(folder, NAME).promote("2", now=NOW)
    source = Registered(folder, NAME, deadline_seconds=1)
    with held(folder):
        start = time.monotonic()
        with pytest.raises(RegistryError, match="must answer within 1 seconds"):
            source.ask()
        assert time.monotonic() - start < 4
        with pytest.raises(RegistryError, match="must answer within 1 seconds"):
            source.ask()
    assert numbers(source)[0] == "1"


def test_closing_ends_what_is_under_way(folder: Path) -> None:
    Registry(folder, NAME).promote("2", now=NOW)
    source = Registered(folder, NAME)
    with held(folder):
        threading.Timer(0.5, source.close).start()
        start = time.monotonic()
        with pytest.raises(RegistryError, match="the app is stopping"):
            source.ask()
        assert time.monotonic() - start < 4


def test_a_folder_that_cannot_be_written_to_is_said_to_be(fresh: Path) -> None:
    (fresh / "serving").write_text("a file")
    with pytest.raises(RegistryError, match="cannot be written to"):
        Registered(fresh, NAME).ask()


# Several processes, and those that die.


def run(program: str, *arguments: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


ASKING = """
import sys
from pathlib import Path
from serving.models.registered import Registered
source = Registered(Path(sys.argv[1]), "lead-scorer")
source.load(source.ask().champion)
"""


def test_two_processes_that_fetch_at_once_keep_one_copy(fresh: Path) -> None:
    both = [run(ASKING, fresh) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert numbers(Registered(fresh, NAME)) == ("1", "2", ())
    kept = {path.name.partition("-")[0] for path in (fresh / "serving" / NAME).iterdir()}
    assert kept == {"1", "2", "named.json", ".lock", ".asking"}


# A tracking server.


@pytest.fixture(scope="module")
def served(scorer: Scorer, tracking_server: TrackingServer, tmp_path_factory) -> Registry:  # type: ignore[no-untyped-def]
    """A registry on a server, with a champion and a challenger."""
    folder = tmp_path_factory.mktemp("marks")
    registry = Registry(folder, "served", uri=tracking_server.uri)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    registry.record(small_result(scorer.model), PASSED, now=NOW)
    return registry


def test_a_server_is_followed_through_sleep_and_absence(
    served: Registry, tracking_server: TrackingServer, tmp_path: Path
) -> None:
    source = Registered(tmp_path, "served", uri=tracking_server.uri)
    assert source.ask().trouble == ""
    assert numbers(source) == ("1", "2", ())
    assert not database(tmp_path).exists(), "the folder holds copies alone"
    served.promote("2", now=NOW)
    source.ask()
    assert numbers(source) == ("2", "", ("1",))
    tracking_server.sleep()
    start = time.monotonic()
    with pytest.raises(RegistryError, match="must say what 'served' is, but it does not"):
        source.ask()
    assert time.monotonic() - start < 8
    tracking_server.wake()
    served.rollback(now=NOW)
    source.ask()
    assert numbers(source) == ("1", "2", ("2",))
    tracking_server.stop()
    try:
        start = time.monotonic()
        with pytest.raises(RegistryError, match="but it does not"):
            source.ask()
        assert time.monotonic() - start < 1
        assert source.load(Registered(tmp_path, "served").last().champion).version == "1"
    finally:
        tracking_server.start()
    assert numbers(source) == ("1", "2", ("2",))
    assert source.ask().trouble == ""


def test_a_server_without_the_model_is_said_to_have_none(
    tracking_server: TrackingServer, tmp_path: Path
) -> None:
    source = Registered(tmp_path, "nobody", uri=tracking_server.uri)
    with pytest.raises(RegistryError, match=r"'nobody' is, but it does not .*404"):
        source.ask()


def test_a_server_that_says_nothing_or_nonsense_is_given_up_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        uri = f"http://user:secret@127.0.0.1:{deaf.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(RegistryError, match="TimeoutError") as said:
            Registered(tmp_path, "m", uri=uri).ask()
        assert 4 < time.monotonic() - start < 8
    assert "secret" not in str(said.value)
    assert list(tmp_path.iterdir()) == []
