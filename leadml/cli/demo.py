"""What does all of it look like at once? A company that never was, from its CRM to a report."""

from pathlib import Path
from typing import Annotated

import typer

from leadml.cli.data import simulate
from leadml.cli.learning import train_and_register
from leadml.cli.reporting import report
from leadml.cli.rooms import read_settings
from leadml.cli.scoring import score
from leadml.cli.terminal import say


def demo(
    folder: Annotated[Path, typer.Argument(help="Where everything goes.")] = Path("demo"),
) -> None:
    """Simulates a company, trains, scores and reports, and says in ten lines what came of it."""
    config = folder / "leadml.toml"
    if not config.is_file():
        simulate(folder, leads=6_000, months=30, seed=1)
    lines = train_and_register(read_settings(config), "")
    scored, page = folder / "scores.csv", folder / "report.html"
    score(str(scored), config)
    report(page, config)
    say(["", *lines, f"Scores of the open leads: {scored}", f"The report: {page}"])
    typer.echo(f"Serve it: .venv/bin/leadml serve -c {config}")
