"""How do others reach the model? The command that serves it over HTTP."""

import dataclasses
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, ConfigOption
from leadml.cli.rooms import read_settings, registry_folder
from leadml.cli.sockets import listen, url_of

if TYPE_CHECKING:
    from leadml.config import Config
    from leadml.service import Serving
    from serving.models.source import Source


HOLD_SECONDS = 10.0
"""So long one of several workers waits for its first model before it takes requests."""


def serve(  # noqa: PLR0917 - typer's options have defaults
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[
        str, typer.Option(help="Where to listen; from the configuration if not given.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port; from the configuration if not given.")] = 0,
    workers: Annotated[
        int,
        typer.Option(min=0, help="How many processes; from the configuration if not given."),
    ] = 0,
    points: Annotated[
        bool, typer.Option("--points", help="Score by the table of points, without a model.")
    ] = False,
    fd: Annotated[int, typer.Option(hidden=True, help="The socket a worker inherits.")] = -1,
) -> None:
    """Serves the champion over HTTP: SIGTERM stops it in order, SIGHUP looks for a new model."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to look for
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core a worker: others answer meanwhile
    settings = _with_options(read_settings(config), host=host, port=port, workers=workers)
    if fd >= 0:
        _answer(settings, socket.socket(fileno=fd), points=points, parent=sys.stdin.fileno())
        return
    listening = listen(settings.serving.host, settings.serving.port)
    typer.echo(_started(settings, listening), err=True)
    if settings.serving.workers == 1:
        _answer(settings, listening, points=points)
        return
    from leadml.cli.workers import keep_answering

    keep_answering(
        _command(config, settings.serving, points=points),
        listening,
        workers=settings.serving.workers,
        stop_seconds=settings.serving.request_seconds,
    )


def _with_options(config: "Config", *, host: str, port: int, workers: int) -> "Config":
    """The configuration, with what the command line and the environment say.

    Raises:
        ConfigError: strangers could reach the app, or the key of the environment is too short.
    """
    from leadml.service import check_exposure, check_serving, keys_from

    serving = config.serving
    serving = dataclasses.replace(
        serving,
        host=host or serving.host,
        port=port or serving.port,
        workers=workers or serving.workers,
        keys=(*serving.keys, *keys_from(os.environ)),
        score_log=str(config.path(serving.score_log)) if serving.score_log else "",
        reports=str(config.path(serving.reports)),
    )
    check_serving(serving)
    check_exposure(serving)
    return dataclasses.replace(config, serving=serving)


def _answer(
    config: "Config", listening: socket.socket, *, points: bool, parent: int | None = None
) -> None:
    """Answers in this process."""
    from serving.lookup import Lookup
    from serving.web.app import create_app
    from serving.web.log_lines import write_json_lines
    from serving.web.server import run

    write_json_lines(sys.stderr)
    models = _points(config) if points else _registered(config)
    hold = HOLD_SECONDS if parent is not None else 0.0
    app = create_app(config.serving, models, Lookup(config), hold_seconds=hold)
    collector = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if collector:
        from serving.web.tracing import add_tracing

        add_tracing(app, collector)
    run(app, listening, stop_seconds=config.serving.request_seconds, parent=parent)


def _registered(config: "Config") -> "Source":
    """The models of the registry."""
    from serving.models.registered import Registered

    return Registered(
        registry_folder(config),
        config.registry.name,
        uri=config.registry.uri,
        keep=config.serving.keep_versions,
    )


def _points(config: "Config") -> "Source":
    """The table of points instead of a model."""
    from serving.models.source import Fixed
    from serving.points import points_scorer

    return Fixed(points_scorer(config))


def _command(config: Path, serving: "Serving", *, points: bool) -> list[str]:
    """What a worker runs."""
    command = [sys.executable, "-P", "-m", "leadml.cli", "serve", "--config", str(config)]
    command += ["--host", serving.host, "--port", str(serving.port), "--workers", "1"]
    return [*command, "--points"] if points else command


def _started(config: "Config", listening: socket.socket) -> str:
    """What an operator wants to know at the start."""
    serving = config.serving
    count = len(serving.keys)
    keys = f"{count} key{'' if count == 1 else 's'}" if count else "no key: everyone may call"
    log = f"scores logged to {serving.score_log}" if serving.score_log else "no log"
    parts = (
        f"Scoring at {url_of(listening)}/v1/score",
        f"{serving.workers} worker{'' if serving.workers == 1 else 's'}",
        keys,
        "explained at /docs" if serving.has_docs else "no docs page",
        f"{log}.",
    )
    return ", ".join(parts)
