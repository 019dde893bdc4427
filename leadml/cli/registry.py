"""Which model scores? Commands that list the registered versions and move the champion."""

import os
import sys
from typing import Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, ConfigOption
from leadml.cli.rooms import now, open_registry, read_settings, registry_folder
from leadml.errors import DataError, without_password


def models(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Lists the registered versions, newest first, with what the gate said of them."""
    from leadml.said.training import gate_word

    versions = open_registry(read_settings(config)).versions()
    if not versions:
        typer.echo("No model is registered yet. `leadml train` makes one.")
    for version in versions:
        alias = ", ".join(version.aliases) or "-"
        signal = "" if version.usable else "  NO USABLE SIGNAL"
        typer.echo(
            f"{version.number:>4}  {alias:<22} until {version.known_until[:10]}  "
            f"AUC {version.auc:.3f}  {gate_word(version.gate)}  {version.recipe}{signal}"
        )


def promote(
    version: Annotated[str, typer.Argument(help="The version to make champion.")],
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[
        str, typer.Option("--force", help="Why, though the gate refused it; kept with it.")
    ] = "",
) -> None:
    """Makes a version the champion: the one that scores."""
    promoted = open_registry(read_settings(config)).promote(version, force=force, now=now())
    typer.echo(f"Version {promoted.number} is the champion.")


def rollback(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Makes the champion before this one champion again."""
    restored = open_registry(read_settings(config)).rollback(now=now())
    typer.echo(f"Version {restored.number} is the champion again.")


def ui(
    config: ConfigOption = DEFAULT_CONFIG,
    port: Annotated[int, typer.Option(help="Where to listen, on loopback.")] = 5000,
) -> None:
    """Opens MLflow's pages on the registry, on loopback."""
    from leadml.store import database, prepare, tracking_uri

    settings = read_settings(config)
    if settings.registry.uri:
        typer.echo(f"The registry has its own pages: {without_password(settings.registry.uri)}")
        return
    folder = registry_folder(settings)
    if not database(folder).is_file():
        msg = f"There must be a registry in '{folder}', got none. `leadml train` makes one."
        raise DataError(msg)
    prepare()
    arguments = ["mlflow", "ui", "--backend-store-uri", tracking_uri(folder), "--host", "127.0.0.1"]
    os.execv(sys.executable, [sys.executable, "-m", *arguments, "--port", str(port)])  # noqa: S606
