"""How do the commands speak? Results to standard output, warnings to standard error."""

from collections.abc import Iterable

import typer


def say(lines: Iterable[str]) -> None:
    """Writes a result, line by line."""
    for line in lines:
        typer.echo(line)


def warn(text: str) -> None:
    """Writes what a person should know before trusting the result."""
    typer.echo(f"Warning: {text}", err=True)
