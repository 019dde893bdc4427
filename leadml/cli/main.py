"""What does ``leadml`` run? All commands, and how a problem is told.

Exit status: 0 done, 1 found something wrong and says what, 2 wrong use.
"""

import logging
import sys
import warnings
from collections.abc import Callable

import typer

from leadml.cli import (
    audit,
    data,
    deciding,
    demo,
    keys,
    learning,
    registry,
    reporting,
    scoring,
    serving,
)
from leadml.errors import LeadmlError

app = typer.Typer(
    help="How likely each lead is to become a customer, why, and what to do next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS: tuple[Callable[..., None], ...] = (
    data.simulate,
    data.init,
    data.check,
    data.features,
    learning.train,
    learning.backtest,
    scoring.score,
    deciding.why,
    reporting.report,
    reporting.review,
    registry.models,
    deciding.compare,
    deciding.thresholds,
    deciding.lift,
    learning.recalibrate,
    registry.promote,
    registry.rollback,
    serving.serve,
    keys.key,
    audit.audit,
    registry.ui,
    demo.demo,
)
"""In the order of the help."""

for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Runs the command line; a problem a person can mend is told in a sentence."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for room in ("leadml", "features", "training", "serving"):
        logging.getLogger(room).setLevel(logging.INFO)
    warnings.filterwarnings("ignore", module=r"(mlflow|shap|sqlalchemy|starlette|alembic)\b")
    try:
        app()
    except LeadmlError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(f"Error: {error.strerror or error}: '{error.filename}'.", err=True)
        sys.exit(1)
