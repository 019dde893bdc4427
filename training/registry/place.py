"""Where is the registry, and where are its files? In a folder of this machine, or on a server.

In a folder it is a SQLite store with its artifacts beside it; on a server the folder only holds the
marks of this machine's trainings.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from leadml.errors import without_password
from leadml.store import ARTIFACTS, database, located, tracking_uri
from training.registry.attempts import locked

BUSY_SECONDS = 60.0
"""How long one waits for another program that writes to the database."""

_MOVES = tuple(
    f"UPDATE {table} SET {column} = :here || substr({column}, length(:before) + 1) "  # noqa: S608
    f"WHERE substr({column} || '/', 1, length(:before) + 1) = :before || '/'"
    for table, column in (
        ("experiments", "artifact_location"),
        ("runs", "artifact_uri"),
        ("logged_models", "artifact_location"),
        ("model_versions", "storage_location"),
    )
)
"""Where MLflow keeps the addresses of artifacts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry is.

    Attributes:
        folder: of the store and its artifacts; on a server, of the marks alone.
        uri: of a tracking server; empty for the store in ``folder``.
    """

    folder: Path
    uri: str = ""

    @property
    def address(self) -> str:
        """What MLflow opens."""
        return tracking_uri(self.folder, self.uri)

    @property
    def words(self) -> str:
        """Where it is, in a sentence about the registry."""
        return f"at {without_password(self.uri)}" if self.uri else f"in '{self.folder}'"

    @property
    def artifacts(self) -> str | None:
        """Where new artifacts go; None where the server decides."""
        return None if self.uri else (self.folder / ARTIFACTS).resolve().as_uri()

    def open(self, name: str) -> None:
        """Makes the store where there is none; one that was moved finds its files again.

        Args:
            name: of the registered model.

        Raises:
            OSError, sqlite3.Error: it cannot be made, or cannot be read.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.uri:
            return
        with locked(self.folder):
            if not database(self.folder).exists():
                _create(database(self.folder))
            # MLflow would try for minutes where it cannot be read.
            _ask(self.folder, "SELECT count(*) FROM sqlite_master")
            _relocate(self.folder, name)

    def check_writable(self) -> None:
        """Raises `sqlite3.Error` where the store cannot be written to, before any work is lost."""
        if not self.uri:
            _ask(self.folder, "BEGIN IMMEDIATE")

    @contextmanager
    def files(self, address: str) -> Iterator[Path]:
        """The artifacts that MLflow keeps at an address, as a folder, fetched where they must be.

        Raises:
            MlflowException, OSError: they cannot be fetched.
        """
        import mlflow

        if not self.uri:
            yield located(self.folder, address)
            return
        with tempfile.TemporaryDirectory() as scratch:
            fetched = mlflow.artifacts.download_artifacts(
                artifact_uri=address, dst_path=scratch, tracking_uri=self.uri
            )
            yield Path(fetched)


def _ask(folder: Path, statement: str) -> None:
    opened = sqlite3.connect(database(folder), timeout=BUSY_SECONDS, isolation_level=None)
    with closing(opened) as found:
        found.execute(statement)


def _create(path: Path) -> None:
    """Makes the store beside its place and moves it there whole: a half-made one is unusable."""
    from mlflow import MlflowClient

    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments()
    draft.replace(path)


def _relocate(folder: Path, name: str) -> None:
    """Lets a registry that was moved or copied find its artifacts where they lie now.

    MLflow keeps absolute addresses, and no call of it changes them.

    Args:
        folder: of the registry, as it is now.
        name: of the registered model, and so of its experiment.
    """
    here = (folder / ARTIFACTS).resolve().as_uri()
    opened = sqlite3.connect(database(folder), timeout=BUSY_SECONDS)
    with closing(opened), opened:
        asked = "SELECT artifact_location FROM experiments WHERE name = ?"
        (before,) = opened.execute(asked, (name,)).fetchone() or (here,)
        if before == here or not (before.startswith("file:") and before.endswith(f"/{ARTIFACTS}")):
            return
        for change in _MOVES:
            opened.execute(change, {"here": here, "before": before})
