"""Where does the model that scores come from? The registry's alias, kept as a checked local copy.

The only file of this room that knows MLflow, and none of it on a request's path: a version is
fetched once, verified against its manifest, and kept beside the registry.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

from leadml.errors import NoChampionError, RegistryError
from leadml.folder import read_model
from leadml.store import CHAMPION, database, prepare, tracking_uri
from serving.scoring import Scorer


def load_scorer(folder: Path, name: str, *, version: str = "") -> Scorer:
    """The champion, or the version asked for, ready to score.

    Args:
        folder: of the registry.
        name: of the registered model.
        version: a number or an alias; empty for the champion.

    Raises:
        NoChampionError: the champion was asked for, and there is none.
        RegistryError: there is no such version or alias.
        ModelError: what the registry holds is damaged.
    """
    if not database(folder).is_file():
        msg = f"There must be a registry in '{folder}', got none. `leadml train` makes one."
        raise NoChampionError(msg)
    prepare()
    number = _number(folder, name, version or CHAMPION)
    kept = folder / "serving" / name / number
    if not kept.is_dir():
        _fetch(folder, name, number, kept)
    return Scorer.of(read_model(kept), number)


def _number(folder: Path, name: str, version: str) -> str:
    """The version number behind a number or alias."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(tracking_uri(folder), tracking_uri(folder))
        if version.isdecimal():
            return str(client.get_model_version(name, version).version)
        return str(client.get_model_version_by_alias(name, version).version)
    except (MlflowException, SQLAlchemyError) as error:
        msg = (
            f"The registry must hold '{name}' {version}, but it does not. "
            "`leadml models` lists what there is, `leadml promote` makes a champion."
        )
        raise (NoChampionError if version == CHAMPION else RegistryError)(msg) from error


def _fetch(folder: Path, name: str, number: str, kept: Path) -> None:
    """Copies a version's model folder to ``kept``, whole or not at all."""
    import mlflow
    from mlflow.exceptions import MlflowException

    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetch-") as scratch:
        try:
            source = _artifacts(folder, name, number)
            fetched = mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=scratch)
        except (MlflowException, OSError) as error:
            msg = (
                f"The registry must hold the files of '{name}' {number}, but they cannot be "
                f"fetched ({type(error).__name__}). Train again, or restore '{folder}'."
            )
            raise RegistryError(msg) from error
        manifests = sorted(Path(fetched).rglob("manifest.json"))
        if len(manifests) != 1:
            msg = (
                f"Version {number} of '{name}' must hold one model folder, got {len(manifests)}. "
                "Train again."
            )
            raise RegistryError(msg)
        # Where another process was faster, the same files lie there already.
        with suppress(OSError):
            manifests[0].parent.rename(kept)


def _artifacts(folder: Path, name: str, number: str) -> str:
    """Where the files of a version lie: a version points to a logged model, and that to them."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(folder), tracking_uri(folder))
    source = str(client.get_model_version(name, number).source)
    model_id = source.removeprefix("models:/")
    return str(client.get_logged_model(model_id).artifact_location)
