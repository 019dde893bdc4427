"""Where do models go, which one is champion, and how does one go back?

A SQLite store and its artifacts in one folder, or a tracking server with a folder for the marks of
this machine's trainings. A run is logged first, the version comes after it,
the aliases after that, and the run is called finished last: what a training registered whose run
never finished is taken back, at once where it failed, at the next start where it was killed.
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from leadml.errors import RegistryError
from leadml.folder import read_model
from leadml.store import ATTEMPT_TAG, check_name, prepare
from training.gate import Champion, Gate
from training.registry.attempts import Attempt, begin, locked, unfinished
from training.registry.origin import Origin
from training.registry.place import Place
from training.registry.promotions import Change, champions
from training.registry.tracking import (
    ORIGIN,
    in_words,
    judged_in,
    log_data,
    log_training,
    tracking,
)
from training.registry.versions import Version, Versions, check_promotable, past_champions
from training.train import TrainingResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged of a version.

    Attributes:
        number: of the version.
        run_id: of the run that made it.
        card: of the model.
        gate: the verdict on it.
        origin: what it was made from (`training.registry.origin.Origin.to_json`); may be empty.
        judged: lead_id, as_of, converted, group, probability: its judged examples.
    """

    number: str
    run_id: str
    card: Mapping[str, Any]
    gate: Gate
    origin: Mapping[str, Any]
    judged: pd.DataFrame


class Registry:
    """The registry in one folder, or on a server, for one registered model."""

    def __init__(self, folder: Path, name: str, *, uri: str = "") -> None:
        """Opens the registry; makes it in ``folder`` where there is none and no server is named.

        Raises:
            RegistryError: it cannot be opened, or the name could be a path.
        """
        check_name(name)
        prepare()
        from mlflow import MlflowClient

        self.folder, self.name = folder, name
        self._place = Place(folder, uri)
        self._attempt: Attempt | None = None
        with in_words(self._place.words):
            self._place.open(name)
            self._client = MlflowClient(self._place.address, self._place.address)
        self._versions = Versions(self._client, name)

    @contextmanager
    def training(self, *, now: pd.Timestamp) -> Iterator[Attempt]:
        """Marks that a training is under way, and takes back what it registered if it fails.

        Raises:
            RegistryError: the registry cannot be written to, said before any work is done.
        """
        with ExitStack() as marked:
            with in_words(self._place.words):
                self._place.check_writable()
                attempt = marked.enter_context(begin(self.folder, now=now))
            self._attempt = attempt
            try:
                yield attempt
            finally:
                self._attempt = None
                self._settle(attempt)

    def mend(self) -> list[str]:
        """Takes back what killed trainings left behind; a sentence for each of them."""
        said = []
        with in_words(self._place.words), locked(self.folder):
            for left in unfinished(self.folder):
                if not self._take_back(left):
                    said.append(left.words)
                left.remove()
        return said

    def record(self, result: TrainingResult, gate: Gate, *, now: pd.Timestamp) -> Version:
        """Logs a training and registers its model as challenger.

        The first model that passes the gate becomes champion by itself; every later one waits to
        be promoted.

        Raises:
            RegistryError: the registry cannot take it; nothing of it is registered then.
        """
        begun = nullcontext(self._attempt) if self._attempt else self.training(now=now)
        with begun as attempt, in_words(self._place.words), tracking(self._place.address):
            return self._versions.find(self._record(result, gate, attempt, now))

    def versions(self) -> list[Version]:
        """Every version, newest first."""
        with in_words(self._place.words):
            return self._versions.all()

    def champion(self) -> Champion | None:
        """The model that scores now, to compare a challenger with; None where there is none.

        Raises:
            RegistryError: the registry lacks its files.
            ModelError: they are damaged.
        """
        with in_words(self._place.words):
            number = self._versions.champion
            if number is None:
                return None
            version = self._client.get_model_version(self.name, number)
            model_id = str(version.source).removeprefix("models:/")
            kept = str(self._client.get_logged_model(model_id).artifact_location)
            run = self._client.get_run(str(version.run_id))
            with (
                self._place.files(kept) as location,
                self._place.files(str(run.info.artifact_uri)) as logged,
            ):
                folders = [path.parent for path in location.rglob("manifest.json")]
                if len(folders) != 1:
                    msg = (
                        f"Version {number} must hold one model folder, got {len(folders)} in "
                        f"'{kept}'. Restore it, or promote another version."
                    )
                    raise RegistryError(msg)
                return Champion(number, read_model(folders[0]), judged_in(logged))

    def logged(self, number: str) -> Logged:
        """What was logged of a version.

        Raises:
            RegistryError: there is no such version, or its run lacks its files.
        """
        with in_words(self._place.words):
            self._versions.find(number)
            run_id = str(self._client.get_model_version(self.name, number).run_id)
            with self._place.files(str(self._client.get_run(run_id).info.artifact_uri)) as folder:
                kept = {
                    name: json.loads((folder / name).read_text(encoding="utf-8"))
                    for name in ("card.json", "gate.json", ORIGIN)
                    if (folder / name).is_file()
                }
                return Logged(
                    number,
                    run_id,
                    kept["card.json"],
                    Gate.from_json(kept["gate.json"]),
                    kept.get(ORIGIN, {}),
                    judged_in(folder),
                )

    def origin(self, asked: str) -> Origin:
        """What a run, or the run of a version, depended on.

        Raises:
            RegistryError: there is no such run, it does not say, or nothing was fitted in it.
        """
        from mlflow.exceptions import MlflowException

        try:
            numbers = [version.number for version in self._versions.all()]
            run_id = asked
            if asked in numbers:
                run_id = str(self._client.get_model_version(self.name, asked).run_id)
            with self._place.files(str(self._client.get_run(run_id).info.artifact_uri)) as folder:
                kept = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
                card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            origin = Origin.from_json(kept)
        except (MlflowException, OSError, ValueError, TypeError) as error:
            msg = (
                f"'{asked}' must be a version or a run that says what it was made from, but the "
                f"registry {self._place.words} has no such. `leadml models` lists the versions."
            )
            raise RegistryError(msg) from error
        revised = card.get("recalibrated") or card.get("chosen")
        if revised:
            source = revised["from_version"]
            msg = (
                f"A run to repeat must have fitted a model, but '{asked}' only revised version "
                f"{source}. Repeat that one: leadml train --from-run {source}."
            )
            raise RegistryError(msg)
        return origin

    def promote(self, number: str, *, force: str = "", now: pd.Timestamp) -> Version:
        """Makes a version the champion.

        Args:
            number: of the version.
            force: why, where the gate has refused it; kept with the version.
            now: kept with it too.

        Raises:
            RegistryError: there is no such version, it has no usable signal, or the gate refused
                it and no reason is given.
        """
        with in_words(self._place.words), locked(self.folder):
            self._place.check_writable()
            check_promotable(self._versions.find(number), force.strip())
            changes = self._versions.changes()
            if champions(changes)[-1:] != [number]:
                change = Change(number, "promoted", now.isoformat(), force.strip())
                self._versions.move([*changes, change])
            return self._versions.find(number)

    def rollback(self, *, now: pd.Timestamp) -> Version:
        """Makes the champion before this one champion again.

        Raises:
            RegistryError: there is no champion, or none before it.
        """
        with in_words(self._place.words), locked(self.folder):
            self._place.check_writable()
            changes = self._versions.changes()
            number = past_champions(changes, self.name)[-2]
            self._versions.move([*changes, Change(number, "rollback", now.isoformat())])
            return self._versions.find(number)

    def _record(
        self, result: TrainingResult, gate: Gate, attempt: Attempt, now: pd.Timestamp
    ) -> str:
        """Logs and registers a training; returns the number of its version."""
        import mlflow

        with (
            tempfile.TemporaryDirectory(dir=attempt.folder) as scratch,
            mlflow.start_run(
                experiment_id=self._experiment(),
                run_name=f"until {result.model.card['known_until'][:10]}",
                tags={ATTEMPT_TAG: attempt.token},
            ) as run,
        ):
            logged = log_training(result, gate, run_id=str(run.info.run_id), scratch=Path(scratch))
            with locked(self.folder):
                log_data(result)
                return self._versions.add(result, gate, logged, now)

    def _experiment(self) -> str:
        """The experiment of this model, made by whoever comes first."""
        with locked(self.folder):
            found = self._client.get_experiment_by_name(self.name)
            if found is not None:
                return str(found.experiment_id)
            made = self._client.create_experiment(
                self.name, artifact_location=self._place.artifacts
            )
            return str(made)

    def _settle(self, attempt: Attempt) -> None:
        """Takes back what a training that failed has registered; if it cannot, the mark stays."""
        try:
            with in_words(self._place.words), locked(self.folder):
                self._take_back(attempt)
        except RegistryError as error:
            log.warning("What the training left is taken back at the next start: %s", error)
        else:
            attempt.remove()

    def _take_back(self, attempt: Attempt) -> bool:
        """Undoes what an unfinished training registered; whether its run had finished."""
        experiment = self._client.get_experiment_by_name(self.name)
        if experiment is None:
            return False
        asked = f"tags.`{ATTEMPT_TAG}` = '{attempt.token}'"
        runs = list(self._client.search_runs([experiment.experiment_id], asked))
        for run in runs:
            if run.info.status != "FINISHED":
                self._versions.drop_run(run.info.run_id)
            if run.info.status == "RUNNING":
                self._client.set_terminated(run.info.run_id, "KILLED")
        return any(run.info.status == "FINISHED" for run in runs)
