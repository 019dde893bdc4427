"""Who may call the scoring app? The command that makes a key and the lines that let it in."""

import json
import sys
from typing import Annotated

import typer

from leadml.cli.terminal import say
from leadml.service import SCOPES


def key(
    name: Annotated[str, typer.Argument(help="Who will call: the logs and metrics name it.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"Of {', '.join(SCOPES)}; more than one may be given."),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Take the key from standard input; none is made.")
    ] = False,
) -> None:
    """Makes a key to the scoring app: `leadml key crm >> leadml.toml` lets it in."""
    from leadml.parsing import parse_value
    from leadml.service import Serving, check_key, check_serving, new_key, sha256_of

    plain = sys.stdin.readline().strip() if stdin else new_key()
    check_key(plain, "The key")
    kept = {"name": name, "sha256": sha256_of(plain), "scopes": scopes or ["score"]}
    check_serving(parse_value(Serving, {"keys": [kept]}, "serving"))
    if not stdin:
        typer.echo(f"The key, shown this once: {plain}", err=True)
    say(
        ["", "[[serving.keys]]", *(f"{item} = {json.dumps(value)}" for item, value in kept.items())]
    )
