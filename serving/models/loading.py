"""Where does the model that scores come from? The registry's alias, kept as a checked local copy.

The only file of this room that knows MLflow, and none of it on a request's path: a version is
fetched once, checked, and kept beside the registry.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from leadml.errors import (
    ModelError,
    NoChampionError,
    NotRegisteredError,
    RegistryError,
    without_password,
)
from leadml.store import CHAMPION, check_version, database, located, prepare, tracking_uri
from serving.models.copies import Copies, copy_name, read_scorer
from serving.scorer import Scorer

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""What MLflow answers where a model, version or alias is not there."""


def load_scorer(folder: Path, name: str, *, version: str = "", uri: str = "") -> Scorer:
    """The champion, or the version asked for, ready to score.

    Args:
        folder: of the registry, or of the copies where the registry is a server.
        name: of the registered model.
        version: a number or an alias; empty for the champion.
        uri: of a tracking server; empty for the database in ``folder``.

    Raises:
        NoChampionError: the champion was asked for, and there is none.
        NotRegisteredError: there is no such version or alias.
        RegistryError: the registry does not answer, or lacks its files.
        ModelError: what the registry holds is damaged.
    """
    return fetch(folder, name, version=version, uri=uri)[1]


def fetch(folder: Path, name: str, *, version: str = "", uri: str = "") -> tuple[str, Scorer]:
    """As `load_scorer`, with the name of the copy."""
    check_version(version or CHAMPION)
    copies = Copies(folder, name)
    if not uri and not database(folder).is_file():
        msg = f"There must be a registry in '{folder}', got none. `leadml train` makes one."
        raise NoChampionError(msg)
    prepare()
    client, found = _find(tracking_uri(folder, uri), name, version or CHAMPION)
    number = str(found.version)
    copy = copy_name(number, str(found.source))
    with suppress(RegistryError, ModelError):
        return copy, copies.load(copy)
    with copies.locked():
        with suppress(RegistryError, ModelError):  # another process was faster
            return copy, copies.load(copy)
        return copy, _fetch(client, folder, copies, found)


def _find(address: str, name: str, version: str) -> "tuple[MlflowClient, ModelVersion]":
    """The version behind a number or alias, and who was asked."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(address, address)
        if version.isdecimal():
            return client, client.get_model_version(name, version)
        return client, client.get_model_version_by_alias(name, version)
    except (MlflowException, SQLAlchemyError) as error:
        if getattr(error, "error_code", "") not in ABSENT:
            msg = (
                f"The registry at {without_password(address)} must say what '{name}' {version} is, "
                f"but it does not ({type(error).__name__}). See that it runs and is whole."
            )
            raise RegistryError(msg) from error
        msg = (
            f"The registry must hold '{name}' {version}, but it does not. "
            "`leadml models` lists what there is, `leadml promote` makes a champion."
        )
        raise (NoChampionError if version == CHAMPION else NotRegisteredError)(msg) from error


def _fetch(client: "MlflowClient", folder: Path, copies: Copies, found: "ModelVersion") -> Scorer:
    """Keeps a copy of a version, whole and checked or not at all; to be called while locked."""
    import mlflow
    from mlflow.exceptions import MlflowException

    number = str(found.version)
    with copies.scratch() as scratch:
        try:
            source = _artifacts(client, folder, found)
            fetched = mlflow.artifacts.download_artifacts(
                artifact_uri=source, dst_path=str(scratch), tracking_uri=client.tracking_uri
            )
        except (MlflowException, OSError) as error:
            msg = (
                f"The registry must hold the files of '{found.name}' {number}, but they cannot be "
                f"fetched ({type(error).__name__}). Train again, or restore its artifacts."
            )
            raise RegistryError(msg) from error
        manifests = sorted(Path(fetched).rglob("manifest.json"))
        if len(manifests) != 1:
            msg = (
                f"Version {number} of '{found.name}' must hold one model folder, got "
                f"{len(manifests)}. Train again."
            )
            raise RegistryError(msg)
        model = manifests[0].parent
        scorer = read_scorer(model, number)
        _check_signature(scorer, Path(fetched))
        copies.put(model, copy_name(number, str(found.source)))
    return scorer


def _check_signature(scorer: Scorer, fetched: Path) -> None:
    """Raises `ModelError` unless what MLflow says of a model names the features it has."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    try:
        signature = Model.load(str(fetched)).signature
        names = [] if signature is None else signature.inputs.input_names()
    except (MlflowException, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        msg = (
            f"Version {scorer.version} must say in MLmodel what it takes, but that cannot be read "
            f"({type(error).__name__}). Train again, or restore its artifacts."
        )
        raise ModelError(msg) from error
    if names != scorer.catalog.names:
        msg = (
            f"Version {scorer.version} must take the {len(scorer.catalog.names)} features of its "
            f"catalogue, but its signature names others, {len(names)} of them. Train again."
        )
        raise ModelError(msg)


def _artifacts(client: "MlflowClient", folder: Path, found: "ModelVersion") -> str:
    """Where the files of a version are: it points to a logged model, and that to them."""
    model_id = str(found.source).removeprefix("models:/")
    address = str(client.get_logged_model(model_id).artifact_location)
    if str(client.tracking_uri).startswith("sqlite:"):
        return str(located(folder, address))
    return address
