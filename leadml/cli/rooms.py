"""What do the commands open? The configuration, the tables, the registry, a model, the clock."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leadml.cli.terminal import warn

if TYPE_CHECKING:
    import pandas as pd

    from leadml.config import Config
    from leadml.survey import Survey
    from leadml.tables import Tables
    from serving.scorer import Scorer
    from training.registry.local import Registry
    from training.registry.origin import Origin


def now() -> "pd.Timestamp":
    """The moment at which a person gives a command, in UTC."""
    import pandas as pd

    return pd.Timestamp(datetime.now(UTC))


def read_settings(path: Path) -> "Config":
    """The configuration of a leadml.toml and the environment.

    Raises:
        ConfigError: the file is absent, is no TOML, or says what cannot be followed.
    """
    from leadml.config import read_config

    return read_config(path, os.environ)


def load_tables(
    config: "Config", *, events: bool = True, survey: "Survey | None" = None
) -> "Tables":
    """The checked tables, with or without events; what was found in them is warned of.

    Args:
        config: where they are.
        events: whether to read the events.
        survey: what is known of a log that is not read.

    Raises:
        DataError: a table is absent or does not hold what it must; all that is wrong, one a line.
    """
    from leadml.checks import read_tables

    tables = read_tables(config, now=now(), events=events, survey=survey)
    for finding in tables.findings:
        if finding.level == "warning":
            warn(f"{finding.table}: {finding.text}")
    return tables


def registry_folder(config: "Config") -> Path:
    """Where the registered models are."""
    return config.path(config.registry.folder)


def open_registry(config: "Config") -> "Registry":
    """The registry; what an interrupted command left half done is mended and warned of."""
    from training.registry.local import Registry

    settings = config.registry
    registry = Registry(registry_folder(config), settings.name, uri=settings.uri)
    for line in registry.mend():
        warn(line)
    return registry


def open_scorer(config: "Config", version: str) -> "Scorer":
    """A registered model by version or alias, ready to score; the champion if empty.

    Raises:
        RegistryError: there is no registry, no such model, version or alias.
        ModelError: what the registry holds is damaged.
    """
    from serving.models.loading import load_scorer

    settings = config.registry
    return load_scorer(registry_folder(config), settings.name, version=version, uri=settings.uri)


def choose_examples(tables: "Tables", as_of: str, examples: Path | None) -> "pd.DataFrame":
    """The open leads at a moment, or the examples of a file: columns lead_id, as_of.

    Raises:
        DataError: the moment is none, or the file names what cannot be looked at.
    """
    from leadml.moments import moment_of, open_examples, read_examples

    if examples is not None:
        return read_examples(examples, tables)
    return open_examples(tables, moment_of(as_of, tables))


def take_known(tables: "Tables", as_of: str, origin: "Origin | None" = None) -> "Tables":
    """What was known at a moment asked for, or at the end of a run that is repeated.

    Raises:
        DataError: the moment is none, or the tables have no dates.
    """
    import pandas as pd

    from leadml.moments import moment_of

    if as_of:
        return tables.upto(moment_of(as_of, tables))
    if origin is not None and tables.dated:
        return tables.upto(pd.Timestamp(origin.known_until))
    return tables
