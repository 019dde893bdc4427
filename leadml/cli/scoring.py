"""What does a registered model say? Commands that score and report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExamplesOption,
    OutOption,
    VersionOption,
)
from leadml.cli.rooms import choose_examples, load_tables, open_scorer, read_settings
from leadml.cli.terminal import warn
from leadml.errors import SignalError

if TYPE_CHECKING:
    from leadml.config import Config
    from leadml.tables import Tables
    from serving.scoring import Scorer, Scores


def score(  # noqa: PLR0917 - typer's options have defaults
    out: OutOption,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    examples: ExamplesOption = None,
    version: VersionOption = "",
    previous: Annotated[
        Path | None,
        typer.Option(help="The last file of scores, so that leads do not flip from day to day."),
    ] = None,
    ask: Annotated[
        int, typer.Option(min=0, max=5, help="How many attributes to name as worth asking for.")
    ] = 0,
) -> None:
    """Scores the leads open at a moment, or given examples: probability, stage, reasons."""
    from leadml.sources import write_file
    from serving.asking import ask as ask_leads

    settings = read_settings(config)
    scorer, scores = _scores(settings, version, as_of, examples, previous=previous)
    table = scores.for_file()
    if ask:
        asked = ask_leads(scorer, scores, most=ask)
        table = table.assign(questions=[" ".join(q.text for q in own) for own in asked])
    write_file(table, out)
    unscored = int((scores.table["unscored_reason"] != "").sum())
    typer.echo(
        f"Wrote {len(scores.table):,} scores to {out} ({unscored:,} unscored, with reasons)."
    )


def report(
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    version: VersionOption = "",
) -> None:
    """Writes the explanation report of a registered model."""
    from training.report.write import write_report

    scorer, scores = _scores(read_settings(config), version, as_of, None, most_reasons=6)
    if scorer.table is not None:
        msg = "A report needs a model, but there are too few outcomes for one. Score by points."
        raise SignalError(msg)
    leads = scores.for_people()
    write_report(out, card=scorer.model.card, version=scorer.version, open_leads=leads)
    typer.echo(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB).")


def _scores(
    config: "Config",
    version: str,
    as_of: str,
    examples: Path | None,
    *,
    most_reasons: int = 3,
    previous: Path | None = None,
) -> "tuple[Scorer, Scores]":
    from serving.evidence import read_previous
    from serving.scoring import score_examples

    tables = load_tables(config)
    scorer = _scorer(config, version, tables)
    chosen = choose_examples(tables, as_of, examples)
    before = None if previous is None else read_previous(previous)
    scores = score_examples(scorer, tables, chosen, most_reasons=most_reasons, before=before)
    return scorer, scores


def _scorer(config: "Config", version: str, tables: "Tables") -> "Scorer":
    """The model asked for; before there are outcomes enough for one, the table of points."""
    from leadml.errors import NoChampionError
    from serving.points import points_scorer
    from training.examples import build_examples, check_labels

    try:
        scorer = open_scorer(config, version)
    except NoChampionError:
        if version:
            raise
        try:
            check_labels(build_examples(tables, config), config)
        except SignalError as few:
            warn(f"these are points, not probabilities, for there is no model yet. {few}")
            return points_scorer(config, clock=tables.clock)
        raise
    if not scorer.model.card["usable"]:
        warn("this model has no usable signal; do not rank by it.")
    return scorer
