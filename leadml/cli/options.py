"""Which options do several commands have, and what is checked of them?"""

from pathlib import Path
from typing import Annotated

import typer

from leadml.errors import DataError

ConfigOption = Annotated[Path, typer.Option("-c", "--config", help="The leadml.toml to follow.")]
AsOfOption = Annotated[
    str,
    typer.Option("--as-of", help="The moment to look from: 2026-07-01 or 2026-07-01T09:00+02:00."),
]
OutOption = Annotated[Path, typer.Option("--out", help="The file to write: .parquet or .csv.")]
ExamplesOption = Annotated[
    Path | None, typer.Option("--examples", help="A table with lead_id and as_of to use instead.")
]
VersionOption = Annotated[
    str, typer.Option("--version", help="A version or alias; the champion if not given.")
]

DEFAULT_CONFIG = Path("leadml.toml")


def check_ending(path: Path | None, *ends: str) -> None:
    """Refuses a file of another kind, which would fail only after minutes of work.

    Raises:
        DataError: the name ends in none of ``ends``.
    """
    if path is not None and not path.name.endswith(ends):
        msg = f"The file to write must end in {' or '.join(ends)}, got '{path.name}'."
        raise DataError(msg)
