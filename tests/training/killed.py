"""Trainings that are killed on purpose, each at one point; run as a program of its own.

    python killed.py MODEL REGISTRY POINT …

Every point gets a copy of the registry beside it (REGISTRY-POINT), and a process that records
MODEL there until it kills itself with SIGKILL. The registries are opened in the copies' own
processes, so that nothing but the files is left of them.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow import MlflowClient

from leadml.folder import read_model
from tests.training.results import PASSED, small_result
from training.registry import local as room
from training.registry.local import Registry
from training.registry.versions import Versions

NOW = pd.Timestamp("2026-07-02T09:00", tz="UTC")

POINTS: dict[str, tuple[Any, str, bool]] = {
    "logging": (room, "log_training", False),
    "model_logged": (mlflow.pyfunc, "log_model", True),
    "version": (MlflowClient, "create_model_version", True),
    "challenger": (MlflowClient, "set_registered_model_alias", True),
    "written_down": (MlflowClient, "set_registered_model_tag", True),
    "champion": (Versions, "move", True),
    "registered": (Versions, "add", True),
    "finished": (MlflowClient, "set_terminated", True),
}
"""The function at which a process dies, and whether only after it."""


def arm(point: str) -> None:
    """Lets this process die at a point."""
    owner, name, after = POINTS[point]
    whole: Callable[..., Any] = getattr(owner, name)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if after:
            whole(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


def die(model: Path, folder: Path, point: str) -> None:
    """Records until it is killed; ``fitting`` is before anything is recorded."""
    result = small_result(read_model(model))
    registry = Registry(folder, "lead-scorer")
    with registry.training(now=NOW):
        if point == "fitting":
            os.kill(os.getpid(), signal.SIGKILL)
        arm(point)
        registry.record(result, PASSED, now=NOW)


def main() -> None:
    model, folder, *points = sys.argv[1:]
    warm = Registry(Path(shutil.copytree(folder, f"{folder}-warm")), "lead-scorer")
    warm.record(small_result(read_model(Path(model))), PASSED, now=NOW)  # imports all that is lazy
    children = {}
    for point in points:
        own = Path(f"{folder}-{point}")
        shutil.copytree(folder, own)
        children[point] = os.fork()
        if children[point] == 0:
            die(Path(model), own, point)
            os._exit(1)
    for point, child in children.items():
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), (point, status)
        assert os.WTERMSIG(status) == signal.SIGKILL, (point, status)


if __name__ == "__main__":
    main()
