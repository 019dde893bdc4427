"""How do others reach the model? The command that serves it over HTTP."""

from typing import Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, ConfigOption
from leadml.cli.rooms import open_scorer, read_settings


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[
        str, typer.Option(help="Where to listen; from the configuration if not given.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port; from the configuration if not given.")] = 0,
    points: Annotated[
        bool, typer.Option("--points", help="Score by the table of points, without a model.")
    ] = False,
) -> None:
    """Serves the champion over HTTP."""
    import dataclasses

    import uvicorn

    from serving.app import create_app
    from serving.points import points_scorer

    settings = read_settings(config)
    listening = dataclasses.replace(
        settings.serving,
        host=host or settings.serving.host,
        port=port or settings.serving.port,
    )
    made = create_app(
        listening,
        lambda: points_scorer(settings) if points else open_scorer(settings, ""),
    )
    typer.echo(
        f"Scoring at http://{listening.host}:{listening.port}/v1/score, explained at /docs",
        err=True,
    )
    uvicorn.run(
        made, host=listening.host, port=listening.port, log_level="warning", access_log=False
    )
