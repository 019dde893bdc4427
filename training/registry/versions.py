"""Which versions are registered, which one is champion, and which were before it?

What the registry keeps in MLflow: versions with their tags, two aliases, and the log of changes.
Whoever calls holds the lock where something is changed.
"""

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from leadml.errors import RegistryError
from leadml.store import (
    BACK_TAG,
    CHALLENGER,
    CHAMPION,
    CHAMPIONS_TAG,
    FORCED_TAG,
    GATE_TAG,
    HISTORY_TAG,
    USABLE_TAG,
)
from training.gate import Gate
from training.registry.promotions import Change, champions, read_changes, write_changes
from training.train import TrainingResult

if TYPE_CHECKING:
    from mlflow import MlflowClient
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
        gate: ``passed``, or a line for each rule that refused it; empty where none was asked.
    """

    number: str
    aliases: tuple[str, ...]
    known_until: str
    auc: float
    usable: bool
    recipe: str
    gate: str

    @property
    def passed(self) -> bool:
        """Whether the gate let it pass."""
        return self.gate == "passed"


@dataclass(frozen=True, slots=True)
class Logged:
    """A run that is logged and not yet registered.

    Attributes:
        page: its model card as Markdown.
    """

    run_id: str
    model_id: str
    page: str


class Versions:
    """The versions of one registered model, and who of them is champion."""

    def __init__(self, client: "MlflowClient", name: str) -> None:
        self._client, self._name = client, name

    def all(self) -> list[Version]:
        """Every version, newest first."""
        registered = self._registered()
        if registered is None:
            return []
        aliases: dict[str, list[str]] = {}
        for alias, number in registered.aliases.items():
            aliases.setdefault(str(number), []).append(alias)
        found = self._client.search_model_versions(f"name = '{self._name}'")
        versions = [
            _version(item, tuple(sorted(aliases.get(str(item.version), [])))) for item in found
        ]
        return sorted(versions, key=lambda version: -int(version.number))

    def find(self, number: str) -> Version:
        """One version.

        Raises:
            RegistryError: there is no such version.
        """
        versions = self.all()
        for version in versions:
            if version.number == number:
                return version
        there = ", ".join(version.number for version in versions) or "none"
        msg = f"The version must be one of {there}, got {number}. `leadml models` lists them."
        raise RegistryError(msg)

    @property
    def champion(self) -> str | None:
        """The number of the version that scores."""
        registered = self._registered()
        aliases = registered.aliases if registered else {}
        return str(aliases[CHAMPION]) if CHAMPION in aliases else None

    def changes(self) -> list[Change]:
        """The log of champions, as far as the alias bears it out."""
        registered = self._registered()
        tags = registered.tags if registered else {}
        return read_changes(tags.get(CHAMPIONS_TAG, ""), self.champion)

    def add(self, result: TrainingResult, gate: Gate, logged: Logged, now: pd.Timestamp) -> str:
        """Registers a version as challenger; the first that passes becomes champion.

        Returns:
            its number.
        """
        if self._registered() is None:
            self._client.create_registered_model(self._name)
        made = self._client.create_model_version(
            self._name,
            f"models:/{logged.model_id}",
            run_id=logged.run_id,
            tags=_tags(result, gate),
            description=logged.page,
            model_id=logged.model_id,
        )
        number = str(made.version)
        self._client.set_registered_model_alias(self._name, CHALLENGER, number)
        if self.champion is None and result.usable and gate.passed:
            self.move([Change(number, "first", now.isoformat())])
        return number

    def move(self, changes: list[Change]) -> None:
        """Lets the last change take effect: it is written down before the alias moves."""
        last, before = changes[-1], self.champion
        text = write_changes(changes)
        self._client.set_registered_model_tag(self._name, CHAMPIONS_TAG, text)
        self._client.set_model_version_tag(self._name, last.number, HISTORY_TAG, last.at)
        if last.why:
            self._client.set_model_version_tag(self._name, last.number, FORCED_TAG, last.why)
        if last.what == "rollback" and before:
            self._client.set_model_version_tag(self._name, before, BACK_TAG, last.at)
        self._client.set_registered_model_alias(self._name, CHAMPION, last.number)
        log.info("champion of %s is now version %s", self._name, last.number)

    def drop_run(self, run_id: str) -> None:
        """Deletes what a run registered, after the aliases went back to whom they belonged."""
        found = self._client.search_model_versions(f"run_id = '{run_id}'")
        numbers = {str(version.version) for version in found}
        if not numbers:
            return
        earlier = [change for change in self.changes() if change.number not in numbers]
        rest = [version.number for version in self.all() if version.number not in numbers]
        if earlier and self.champion in numbers:
            self.move(earlier)
        if rest:
            self._client.set_registered_model_alias(self._name, CHALLENGER, rest[0])
        for number in numbers:
            self._client.delete_model_version(self._name, number)

    def _registered(self) -> "RegisteredModel | None":
        """The registered model, None where nothing was registered yet; a broken store raises."""
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_registered_model(self._name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise


def check_promotable(version: Version, force: str) -> None:
    """Raises `RegistryError` where a version may not be champion; noise is not even by force."""
    if not version.usable:
        msg = (
            f"A champion must have a usable signal, but version {version.number} has none. "
            "Train on more history."
        )
        raise RegistryError(msg)
    if not version.passed and not force:
        said = version.gate or "it was registered without one"
        msg = (
            f"A champion must pass the gate, but version {version.number} did not: {said}\n"
            f'Train again, or say why all the same: leadml promote {version.number} --force "why".'
        )
        raise RegistryError(msg)


def past_champions(changes: list[Change], name: str) -> list[str]:
    """The champions one can go back through, the current one last; at least two.

    Raises:
        RegistryError: there is no champion, or none before it.
    """
    past = champions(changes)
    if not past:
        msg = (
            f"There must be a champion to roll back from, got none for '{name}'. "
            "`leadml promote VERSION` makes one."
        )
        raise RegistryError(msg)
    if len(past) == 1:
        msg = (
            f"Version {past[0]} must have replaced another to be rolled back, but it was the "
            "first champion. Promote a version instead."
        )
        raise RegistryError(msg)
    return past


def _tags(result: TrainingResult, gate: Gate) -> dict[str, str]:
    card = result.model.card
    return {
        USABLE_TAG: json.dumps(result.usable),
        GATE_TAG: gate.verdict,
        "leadml.known_until": card["known_until"],
        "leadml.recipe": card["recipe"],
        "leadml.auc": f"{result.evaluation.figures['model']['auc'].value:.4f}",
        "leadml.fingerprint": card["data"]["fingerprint"],
    }


def _version(item: Any, aliases: tuple[str, ...]) -> Version:
    tags = item.tags
    return Version(
        str(item.version),
        aliases,
        tags.get("leadml.known_until", ""),
        float(tags.get("leadml.auc", "nan")),
        tags.get(USABLE_TAG) == "true",
        tags.get("leadml.recipe", ""),
        tags.get(GATE_TAG, ""),
    )
