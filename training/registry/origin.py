"""What was a model made from, and can it be made again?

A run keeps everything it depends on: the resolved configuration, the end and the fingerprint of
its data, the code and the packages. Where they are the same, so are the bytes of the model.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import leadml
from leadml.config import Config, parse_config
from leadml.parsing import without_nothing

ROOMS = ("features", "leadml", "serving", "training")

NOT_REPEATED = ("data", "registry")
"""Where the tables are and where models go is asked of today's configuration: addresses are kept
without their passwords."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a training depends on.

    Attributes:
        config: the resolved configuration, without passwords.
        known_until: the end of its data.
        fingerprint: of its tables.
        code: sha256 over the source files.
        commit: of the checkout they lie in; empty where there is none.
        version: of the package.
        packages: versions by name.
    """

    config: Mapping[str, Any]
    known_until: str
    fingerprint: str
    code: str
    commit: str
    version: str
    packages: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Origin":
        """The inverse of `to_json`."""
        return cls(**data)


def origin_of(card: Mapping[str, Any]) -> Origin:
    """The origin of a model that this code has just trained."""
    root = Path(leadml.__file__).resolve().parents[1]
    return Origin(
        config=card["config"],
        known_until=card["known_until"],
        fingerprint=card["data"]["fingerprint"],
        code=code_fingerprint(root),
        commit=commit_of(root),
        version=leadml.__version__,
        packages=card["packages"],
    )


def config_again(origin: Origin, current: Config) -> Config:
    """The configuration of a run, with today's tables and registry.

    Raises:
        ConfigError: this version of leadml has no such setting any more.
    """
    kept = {name: tree for name, tree in origin.config.items() if name not in NOT_REPEATED}
    return dataclasses.replace(
        parse_config(without_nothing(kept)),
        data=current.data,
        registry=current.registry,
        folder=current.folder,
    )


def code_fingerprint(root: Path) -> str:
    """sha256 over the names and bytes of every source file of the four rooms; hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def commit_of(root: Path) -> str:
    """The commit checked out in ``root``; empty where ``root`` is no checkout of its own."""
    git = root / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).is_file():
            return (git / name).read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
