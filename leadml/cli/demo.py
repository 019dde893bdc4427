"""What does all of it look like at once? A company that never was, from its CRM to a report."""

from pathlib import Path
from typing import Annotated

import typer

from leadml.cli.data import simulate
from leadml.cli.learning import train_and_register, write_newest_report
from leadml.cli.rooms import read_settings
from leadml.cli.scoring import score
from leadml.cli.terminal import say

CAPACITY = """
[capacity]                         # what sales can do, and what it is worth
people = 2
conversations_per_week = 3
value_per_win = 9000
cost_per_contact = 80
"""


def demo(
    folder: Annotated[Path, typer.Argument(help="Where everything goes.")] = Path("demo"),
) -> None:
    """Simulates a company, trains, scores and reports, and says in short what came of it."""
    config = folder / "leadml.toml"
    if not config.is_file():
        simulate(folder, leads=6_000, months=30, seed=1)
        with config.open("a", encoding="utf-8") as settings:
            settings.write(CAPACITY)
    lines = train_and_register(read_settings(config), "")
    scored = folder / "scores.csv"
    score(str(scored), config)
    page = write_newest_report(read_settings(config))
    say(["", *lines, f"Scores of the open leads: {scored}", f"The report: {page}"])
    typer.echo(f"Serve it: .venv/bin/leadml serve -c {config}")
