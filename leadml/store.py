"""Where is the registry, and what do we call things in it? Shared by those who write and read it.

The store is an MLflow SQLite file with its artifacts beside it, or an MLflow tracking server where
one is named. Versions move by alias: ``champion`` scores, ``challenger`` is the newest candidate.
Nothing here imports MLflow.
"""

import os
import re
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from leadml.errors import RegistryError

CHAMPION = "champion"
CHALLENGER = "challenger"

ARTIFACTS = "artifacts"
"""The folder beside the database that holds the files of runs and models."""

_NAME = re.compile(r"[^\W_][\w .\-]{0,199}")
_VERSION = re.compile(r"[0-9]{1,9}|[A-Za-z_\-][A-Za-z0-9_\-]{0,99}")

USABLE_TAG = "leadml.usable"
"""Whether a version has a signal worth selling: "true" or "false"."""

GATE_TAG = "leadml.gate"
"""What the gate said of a version: "passed", or a line for each rule that refused it."""

HISTORY_TAG = "leadml.promoted_at"
"""On a version that was made champion: when last, in UTC."""

FORCED_TAG = "leadml.forced"
"""On a version promoted although the gate had refused it: the reason given."""

BACK_TAG = "leadml.rolled_back_at"
"""On a version that a rollback took the place from: when last, in UTC."""

CHAMPIONS_TAG = "leadml.champions"
"""On the registered model: every change of the champion (see `training.registry.promotions`)."""

ATTEMPT_TAG = "leadml.attempt"
"""On a run: the training that logged it, so that what a killed one left is found."""


def database(folder: Path) -> Path:
    """The SQLite file of the registry in ``folder``."""
    return folder / "mlflow.db"


def tracking_uri(folder: Path, uri: str = "") -> str:
    """The address MLflow opens: a tracking server's, or that of the database in ``folder``."""
    return uri or f"sqlite:///{database(folder)}"


def located(folder: Path, address: str) -> Path:
    """Where artifacts of the registry in ``folder`` lie, wherever it was when they were made.

    Args:
        folder: of the registry, as it is now.
        address: of the artifacts, as MLflow keeps it: absolute.
    """
    recorded = url2pathname(urlsplit(address).path)
    _, _, inside = recorded.rpartition(f"/{ARTIFACTS}/")
    here = folder / ARTIFACTS / inside
    return here if here.exists() else Path(recorded)


def check_name(name: str) -> None:
    """Raises `RegistryError` where a model's name could be a path."""
    if not _NAME.fullmatch(name):
        msg = (
            "registry.name must be up to 200 letters, digits, spaces, dots, dashes and underscores "
            "and start with a letter or digit, got another. Rename it in leadml.toml."
        )
        raise RegistryError(msg)


def check_version(version: str) -> None:
    """Raises `RegistryError` where a text is neither a version number nor an alias."""
    if not _VERSION.fullmatch(version):
        msg = (
            "A version must be a number, or an alias of up to 100 letters, digits, dashes and "
            "underscores, got something else. `leadml models` lists what there is."
        )
        raise RegistryError(msg)


def quieten(environ: MutableMapping[str, str]) -> None:
    """Keeps MLflow from calling home and from waiting minutes for a server that is away."""
    environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    environ.setdefault("DO_NOT_TRACK", "true")
    environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def prepare() -> None:
    """`quieten` for this process; to be called before MLflow is imported."""
    quieten(os.environ)
