"""What is kept on this machine of the registry's models? Checked copies, and who was named last.

| in ``FOLDER/serving/NAME`` | holds |
|---|---|
| 3-5f2c… | the model folder of version 3; the rest tells it from another version 3 |
| named.json | who was champion and challenger when the registry was last asked |
| .lock, .asking | held by whoever writes, by whoever asks |
| .fetch-… | what is being fetched, or was when its process died |

A copy comes into place whole, by one rename, after every check; so does ``named.json``. Processes
that die leave everything as it was.
"""

import dataclasses
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightgbm.basic import LightGBMError

from leadml.errors import ModelError, RegistryError
from leadml.folder import read_model
from leadml.known import check_known
from leadml.model import LeadModel
from leadml.store import check_name
from serving.models.source import Named
from serving.scorer import Scorer

_COPY = re.compile(r"([0-9]{1,9})-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was learned when the registry was last asked.

    Attributes:
        named: the copies it named.
        mark: how the registry looked then: as long as it looks so, it names the same.
    """

    named: Named
    mark: str = ""


def copy_name(number: str, source: str) -> str:
    """What the copy of a version is called.

    Args:
        number: of the version.
        source: what the version points to in the registry: a version made anew has another.
    """
    return f"{number}-{hashlib.sha256(source.encode()).hexdigest()[:12]}"


class Copies:
    """The copies of one registered model's versions, beside the registry."""

    def __init__(self, folder: Path, name: str) -> None:
        """Names the place; nothing is read or written yet.

        Args:
            folder: of the registry.
            name: of the registered model.

        Raises:
            RegistryError: the name could be a path.
        """
        check_name(name)
        self.folder = folder / "serving" / name

    def load(self, copy: str) -> Scorer:
        """A copy, ready to score, after every check.

        Raises:
            RegistryError: there is no such copy.
            ModelError: it is damaged.
        """
        found = _COPY.fullmatch(copy)
        if found is None or not (self.folder / copy).is_dir():
            msg = (
                f"There must be a copy of the model in '{self.folder}', got none of that name. "
                "It is fetched as soon as the registry answers."
            )
            raise RegistryError(msg)
        return read_scorer(self.folder / copy, found[1])

    def read(self) -> Kept:
        """Who was named last; nobody where that was never written, or cannot be read."""
        try:
            data = json.loads((self.folder / "named.json").read_text(encoding="utf-8"))
            kept = Kept(Named(**data["named"]), data["mark"])
        except (OSError, ValueError, KeyError, TypeError):
            return Kept(Named())
        return dataclasses.replace(
            kept, named=dataclasses.replace(kept.named, former=tuple(kept.named.former))
        )

    def written(self) -> int:
        """When ``named.json`` was written, by the file system's clock; 0 where it never was."""
        try:
            return (self.folder / "named.json").stat().st_mtime_ns
        except OSError:
            return 0

    def write(self, kept: Kept) -> None:
        """Puts down who is named; to be called while it is `locked`."""
        draft = self.folder / f".named-{os.getpid()}.json"
        with draft.open("w", encoding="utf-8") as handle:
            json.dump(dataclasses.asdict(kept), handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(self.folder / "named.json")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one process, until it ends or dies; what dead ones left is removed.

        Raises:
            RegistryError: the folder cannot be written to.
        """
        with self._held(".lock"):
            for left in self.folder.glob(".fetch-*"):
                shutil.rmtree(left, ignore_errors=True)
            for draft in self.folder.glob(".named-*.json"):
                draft.unlink(missing_ok=True)
            yield

    def asking(self) -> AbstractContextManager[None]:
        """Lets one process at a time ask the registry; raises as `locked` does."""
        return self._held(".asking")

    @contextmanager
    def _held(self, lock: str) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / lock).open("w")
        except OSError as error:
            msg = (
                f"Models must be kept in '{self.folder}', but it cannot be written to "
                f"({type(error).__name__}). Mend its permissions, or make room."
            )
            raise RegistryError(msg) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside the copies; to be opened while it is `locked`."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetch-") as path:
            yield Path(path)

    def put(self, fetched: Path, copy: str) -> None:
        """Moves a model folder into the place of a copy; a damaged one there gives way."""
        place = self.folder / copy
        if place.exists():
            place.rename(fetched.with_name("damaged"))
        fetched.rename(place)


def read_scorer(folder: Path, version: str) -> Scorer:
    """A model folder, ready to score: its hashes, parts, catalogue and known answers checked.

    Raises:
        ModelError: it is damaged; the text says what of it.
    """
    try:
        model = read_model(folder)
        scorer = Scorer.of(model, version)
        _check_parts(model)
        check_known(model)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, LightGBMError) as error:
        msg = (
            f"Version {version} must be a model that this leadml can read, but its files do not "
            f"parse ({type(error).__name__}). Use the leadml version that wrote it, or train again."
        )
        raise ModelError(msg) from error
    return scorer


def _check_parts(model: LeadModel) -> None:
    """Raises `ModelError` unless every part of a model has the features of its catalogue."""
    expected = len(model.catalog["features"])
    parts: dict[str, Any] = {}
    if model.linear is not None and model.linear.terms:
        parts["linear part"] = len(model.linear.terms)
    if model.trees is not None:
        parts["trees"] = model.trees.num_feature()
    for part, width in parts.items():
        if width != expected:
            msg = (
                f"Every part of a model must have the {expected} features of its catalogue, but "
                f"its {part} has {width}. Train again."
            )
            raise ModelError(msg)
