"""Where is the registry, and what do we call things in it? Shared by those who write and read it.

The store is an MLflow SQLite file with its artifacts beside it. Versions move by alias:
``champion`` scores, ``challenger`` is the newest candidate. Nothing here imports MLflow.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

CHAMPION = "champion"
CHALLENGER = "challenger"

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


def tracking_uri(folder: Path) -> str:
    """The address MLflow opens."""
    return f"sqlite:///{database(folder)}"


def quieten(environ: MutableMapping[str, str]) -> None:
    """Keeps MLflow from calling home and from waiting minutes for a server that is away."""
    environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    environ.setdefault("DO_NOT_TRACK", "true")
    environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")


def prepare() -> None:
    """`quieten` for this process; to be called before MLflow is imported."""
    quieten(os.environ)
