"""Where do models go, which one is champion, and how does one go back?

The only file of this room that knows MLflow: a SQLite store and its artifacts in one folder. A run
is logged first, the version comes last and the alias after it, so that a training killed halfway
leaves champion and registry as they were.
"""

import fcntl
import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.build import to_frame
from leadml import __version__
from leadml.errors import RegistryError
from leadml.folder import write_model
from leadml.store import (
    BEFORE_TAG,
    CHALLENGER,
    CHAMPION,
    HISTORY_TAG,
    USABLE_TAG,
    database,
    prepare,
    tracking_uri,
)
from training.train import TrainingResult

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """One registered model.

    Attributes:
        number: of the version, as MLflow counts.
        aliases: champion, challenger or none.
        known_until: what its data ended with.
        auc: on its test part.
        usable: whether it has a signal worth selling.
        recipe: how it was made.
    """

    number: str
    aliases: tuple[str, ...]
    known_until: str
    auc: float
    usable: bool
    recipe: str


class Registry:
    """The registry in one folder, for one registered model."""

    def __init__(self, folder: Path, name: str) -> None:
        """Opens the registry, or makes it where there is none."""
        prepare()
        from mlflow import MlflowClient

        self.folder, self.name = folder, name
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if not database(folder).exists():
                _create(database(folder))
        self._client = MlflowClient(tracking_uri(folder), tracking_uri(folder))

    def record(self, result: TrainingResult) -> Version:
        """Logs a training, registers its model as challenger, and as champion where there is none.

        A model without a usable signal is registered and never becomes champion by itself.
        """
        with tempfile.TemporaryDirectory(prefix="leadml-") as scratch:
            model_folder = Path(scratch) / "model"
            write_model(result.model, model_folder)
            with _tracking(self.folder):
                run_id, model_id = self._log(result, model_folder)
                with _locked(self.folder):
                    return self._register(result, run_id, model_id)

    def versions(self) -> list[Version]:
        """Every version, newest first."""
        registered = self._registered()
        if registered is None:
            return []
        aliases: dict[str, list[str]] = {}
        for alias, number in registered.aliases.items():
            aliases.setdefault(str(number), []).append(alias)
        found = self._client.search_model_versions(f"name = '{self.name}'")
        versions = [
            _version(item, tuple(sorted(aliases.get(str(item.version), [])))) for item in found
        ]
        return sorted(versions, key=lambda version: -int(version.number))

    def promote(self, number: str, *, now: pd.Timestamp) -> Version:
        """Makes a version the champion, and remembers which one it replaced.

        Raises:
            RegistryError: there is no such version, or it has no usable signal.
        """
        with _locked(self.folder):
            version = self._find(number)
            if not version.usable:
                msg = (
                    f"A champion must have a usable signal, but version {number} has none. "
                    "Train on more history."
                )
                raise RegistryError(msg)
            before = self._champion()
            if before == number:
                return version
            self._move(number, before or "", now)
            return self._find(number)

    def rollback(self, *, now: pd.Timestamp) -> Version:
        """Makes the champion's predecessor champion again.

        Raises:
            RegistryError: there is no champion, or none before it.
        """
        with _locked(self.folder):
            current = self._champion()
            if current is None:
                msg = (
                    f"There must be a champion to roll back from, got none for '{self.name}'. "
                    "`leadml promote VERSION` makes one."
                )
                raise RegistryError(msg)
            before = self._client.get_model_version(self.name, current).tags.get(BEFORE_TAG, "")
            if not before:
                msg = (
                    f"Version {current} must have replaced another to be rolled back, but it was "
                    "the first champion. Promote a version instead."
                )
                raise RegistryError(msg)
            earlier = self._client.get_model_version(self.name, before).tags.get(BEFORE_TAG, "")
            self._move(before, earlier, now)
            return self._find(before)

    def _log(self, result: TrainingResult, model_folder: Path) -> tuple[str, str]:
        """Logs the run and its model; returns their ids."""
        import mlflow
        from mlflow.data.pandas_dataset import from_pandas

        card = result.model.card
        table = to_frame(result.catalog, result.sample)
        facts = {name: card[name] for name in ("recipe", "known_until")}
        name = f"until {card['known_until'][:10]}"
        with mlflow.start_run(experiment_id=self._experiment(), run_name=name) as run:
            mlflow.log_params(_flat(card["config"]) | facts)
            mlflow.log_metrics(_metrics(result))
            mlflow.log_dict(dict(card), "card.json")
            fingerprint = card["data"]["fingerprint"]
            dataset = from_pandas(table, name="features", digest=fingerprint[:36])
            with _locked(self.folder):
                mlflow.log_input(dataset, context="training")
            mlflow.set_tag("leadml.fingerprint", fingerprint)
            model_id = _log_model(result, model_folder, table)
        return str(run.info.run_id), model_id

    def _experiment(self) -> str:
        """The experiment of this model, made by whoever comes first."""
        with _locked(self.folder):
            found = self._client.get_experiment_by_name(self.name)
            if found is not None:
                return str(found.experiment_id)
            location = (self.folder / "artifacts").resolve().as_uri()
            return str(self._client.create_experiment(self.name, artifact_location=location))

    def _register(self, result: TrainingResult, run_id: str, model_id: str) -> Version:
        card = result.model.card
        tags = {
            USABLE_TAG: json.dumps(result.usable),
            "leadml.known_until": card["known_until"],
            "leadml.recipe": card["recipe"],
            "leadml.auc": f"{result.evaluation.figures['model']['auc'].value:.4f}",
            "leadml.fingerprint": card["data"]["fingerprint"],
        }
        if self._registered() is None:
            self._client.create_registered_model(self.name)
        made = self._client.create_model_version(
            self.name, f"models:/{model_id}", run_id=run_id, tags=tags, model_id=model_id
        )
        number = str(made.version)
        self._client.set_registered_model_alias(self.name, CHALLENGER, number)
        if self._champion() is None and result.usable:
            self._client.set_registered_model_alias(self.name, CHAMPION, number)
        return self._find(number)

    def _champion(self) -> str | None:
        registered = self._registered()
        aliases = registered.aliases if registered else {}
        return str(aliases[CHAMPION]) if CHAMPION in aliases else None

    def _registered(self) -> "RegisteredModel | None":
        """The registered model, None where nothing was registered yet; a broken store raises."""
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            msg = f"The registry in '{self.folder}' must answer, got: {error.error_code}."
            raise RegistryError(msg) from error

    def _find(self, number: str) -> Version:
        for version in self.versions():
            if version.number == number:
                return version
        there = ", ".join(version.number for version in self.versions()) or "none"
        msg = f"The version must be one of {there}, got {number}. `leadml models` lists them."
        raise RegistryError(msg)

    def _move(self, number: str, before: str, now: pd.Timestamp) -> None:
        self._client.set_model_version_tag(self.name, number, BEFORE_TAG, before)
        self._client.set_model_version_tag(self.name, number, HISTORY_TAG, now.isoformat())
        self._client.set_registered_model_alias(self.name, CHAMPION, number)
        log.info("champion of %s is now version %s", self.name, number)


def _log_model(result: TrainingResult, model_folder: Path, table: pd.DataFrame) -> str:
    """Logs the model folder as a pyfunc that anyone can load; returns the model's id."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

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
        data_path=str(model_folder),
        signature=ModelSignature(Schema(inputs), Schema(outputs)),
        input_example=table.head(2),
        pip_requirements=[f"leadml=={__version__}"],
    )
    return str(info.model_id)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the registry for one writer at a time, across processes."""
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _tracking(folder: Path) -> Iterator[None]:
    """Points MLflow's fluent calls at this registry, and back."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tracking_uri(folder))
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def _create(path: Path) -> None:
    """Makes the store beside its place and moves it there whole: a half-made one is unusable."""
    from mlflow import MlflowClient

    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments()
    draft.replace(path)


def _version(item: Any, aliases: tuple[str, ...]) -> Version:
    tags = item.tags
    return Version(
        str(item.version),
        aliases,
        tags.get("leadml.known_until", ""),
        float(tags.get("leadml.auc", "nan")),
        tags.get(USABLE_TAG) == "true",
        tags.get("leadml.recipe", ""),
    )


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


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The settings as dotted names; long values are cut at what MLflow keeps."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if name in {"events", "columns"}:
            continue
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = str(value)[:500]
    return flat
