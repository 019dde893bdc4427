"""How is a training told to MLflow? Its run, what the run holds, and what is said when it cannot.

| artifact | holds |
|---|---|
| card.json, card.md | the model's card, for machines and for people |
| gate.json | the verdict beside the champion |
| judged.parquet | the test examples, as the model that had not seen them judged them |
| origin.json | what it takes to make the model again |
| model | the model folder, as a pyfunc |
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from features.build import to_frame
from leadml import __version__
from leadml.errors import RegistryError, without_password
from leadml.folder import write_model
from training.gate import Gate
from training.registry.card import build_card
from training.registry.origin import origin_of
from training.registry.versions import Logged
from training.train import TrainingResult

JUDGED, ORIGIN = "judged.parquet", "origin.json"
"""Artifacts that are read again."""

JUDGED_COLUMNS = ("lead_id", "as_of", "converted", "group", "probability")
"""What is kept of each test example, for the next challenger to be compared on."""


def log_training(result: TrainingResult, gate: Gate, *, run_id: str, scratch: Path) -> Logged:
    """Logs a training to the active run.

    Args:
        result: the training.
        gate: the verdict on it.
        run_id: of the active run.
        scratch: an empty folder.
    """
    import mlflow

    card = result.model.card
    facts = {name: card[name] for name in ("recipe", "known_until")}
    mlflow.log_params(_flat(card["config"]) | facts)
    mlflow.log_metrics(_metrics(result))
    mlflow.log_dict(dict(card), "card.json")
    mlflow.log_dict(gate.to_json(), "gate.json")
    origin = origin_of(card)
    mlflow.log_dict(origin.to_json(), ORIGIN)
    page = build_card(card, gate, origin, run_id=run_id)
    mlflow.log_text(page, "card.md")
    result.judged[list(JUDGED_COLUMNS)].to_parquet(scratch / JUDGED, index=False)
    mlflow.log_artifact(str(scratch / JUDGED))
    mlflow.set_tags(
        {
            "leadml.fingerprint": origin.fingerprint,
            "leadml.code": origin.code,
            "leadml.commit": origin.commit,
            "leadml.version": origin.version,
        }
    )
    return Logged(run_id, _log_model(result, scratch / "model"), page)


def log_data(result: TrainingResult) -> None:
    """Names the data of the active run; MLflow bears no two that do so at once."""
    import mlflow
    from mlflow.data.pandas_dataset import from_pandas

    fingerprint = result.model.card["data"]["fingerprint"]
    table = to_frame(result.catalog, result.sample)
    dataset = from_pandas(table, name="features", digest=fingerprint[:36])
    mlflow.log_input(dataset, context="training")


def _log_model(result: TrainingResult, folder: Path) -> str:
    """Logs the model folder as a pyfunc that anyone can load; returns the model's id."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    write_model(result.model, folder)
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(
            DataType.string if feature.is_category else DataType.double,
            feature.name,
            required=not feature.is_category,
        )
        for feature in result.catalog.features
    ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.double, name) for name in ("probability", "lower", "upper")
    ]
    info = mlflow.pyfunc.log_model(
        name="model",
        loader_module="serving.pyfunc",
        data_path=str(folder),
        signature=ModelSignature(Schema(inputs), Schema(outputs)),
        input_example=to_frame(result.catalog, result.sample[:2]),
        pip_requirements=[f"leadml=={__version__}"],
    )
    return str(info.model_id)


@contextmanager
def tracking(address: str) -> Iterator[None]:
    """Points MLflow's fluent calls at the registry at an address, and back."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(address)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Says in a sentence what the store or the disk refuses; MLflow would log a traceback.

    Raises:
        RegistryError: the registry cannot be read or written.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    talker = logging.getLogger("mlflow.store.db.utils")
    level = talker.level
    talker.setLevel(logging.CRITICAL)
    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        msg = (
            f"The registry {place} must take what is written to it, but {_trouble(error)}. "
            "Champion and registry are as they were."
        )
        raise RegistryError(msg) from error
    finally:
        talker.setLevel(level)


def judged_in(folder: Path) -> pd.DataFrame:
    """The judged examples in a run's artifacts; empty where it was logged without."""
    if (folder / JUDGED).is_file():
        return pd.read_parquet(folder / JUDGED)
    columns = {"lead_id": "str", "as_of": "datetime64[us, UTC]", "probability": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def _trouble(error: BaseException) -> str:
    text = str(error).lower()
    if "locked" in text:
        return "another program holds its database. Close it, or wait, and try again"
    signs = ("no space", "disk is full", "disk i/o", "file too large", "quota")
    if any(sign in text for sign in signs):
        return "its disk is full. Make room, and try again"
    if "readonly" in text or "read-only" in text or "permission" in text:
        return "it may only be read. Mend its permissions, and try again"
    first = without_password(str(error)).strip().splitlines() or [type(error).__name__]
    return f"it failed: {first[0][:200].rstrip('.')}"


def _metrics(result: TrainingResult) -> dict[str, float]:
    """Every figure with its interval, the model's under its own name, a rival's under its."""
    metrics = {}
    for scorer, figures in result.evaluation.figures.items():
        prefix = "" if scorer == "model" else f"{scorer.replace(' ', '_')}."
        for name, figure in figures.items():
            metrics[f"{prefix}{name}"] = figure.value
            metrics[f"{prefix}{name}_lower"] = figure.lower
            metrics[f"{prefix}{name}_upper"] = figure.upper
    return metrics


def _flat(config: Mapping[str, Any]) -> dict[str, str]:
    """The settings as dotted names; long values are cut at what MLflow keeps."""
    return {
        f"{section}.{key}": str(value)[:500]
        for section, settings in config.items()
        if section not in {"events", "columns"}
        for key, value in (settings or {}).items()
    }
