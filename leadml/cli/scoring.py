"""What does a registered model say? Commands that score and report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import (
    DEFAULT_CONFIG,
    AsOfOption,
    ConfigOption,
    ExamplesOption,
    VersionOption,
)
from leadml.cli.rooms import choose_examples, load_tables, now, open_scorer, read_settings
from leadml.cli.terminal import warn
from leadml.errors import SignalError, listed

if TYPE_CHECKING:
    import pandas as pd

    from features.buckets import BucketedPast
    from features.past import Past
    from leadml.config import Config
    from leadml.tables import Tables
    from serving.scorer import Scorer


def score(  # noqa: PLR0917 - typer's options have defaults
    out: Annotated[
        str,
        typer.Option(
            help="Where to: a .csv, .csv.gz, .parquet or .duckdb file, or a postgresql:// address."
        ),
    ],
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
    table: Annotated[
        str, typer.Option(help="The table of a database, as in crm.scores; scores if not given.")
    ] = "",
) -> None:
    """Scores the leads open at a moment, or given examples: probability, stage, reasons.

    A run that was broken off goes on where it was when the same command is given again.
    """
    from leadml.survey import survey_log
    from serving.bulk.batch import Base, Wanted, score_base
    from serving.bulk.sinks import open_sink
    from serving.evidence import read_previous

    settings = read_settings(config)
    sink = open_sink(out, table=table, folder=settings.folder)
    sink.check()
    before = None if previous is None else read_previous(previous)
    survey = survey_log(settings, now=now())
    tables = load_tables(settings, events=survey is None, survey=survey)
    scorer = choose_scorer(settings, version, tables)
    chosen = choose_examples(tables, as_of, examples)
    late = int((chosen["as_of"] > tables.end).sum()) if tables.dated else 0
    if late:
        warn(f"{late:,} leads are looked at after the end of the data, {tables.end}.")
    wanted = Wanted(most_questions=ask, before=before)
    with _past(settings, tables, chosen, in_parts=survey is not None) as past:
        done = score_base(scorer, Base(tables, chosen, past), sink, wanted)
    if done.stale:
        warn(f"{done.stale} parts of an earlier run were of other data or settings: made anew.")
    if done.kept:
        typer.echo(f"Went on with {done.kept} parts of a run that was broken off.")
    typer.echo(
        f"Wrote {done.scores:,} scores to {sink.said} ({done.unscored:,} unscored, with reasons)."
    )


@contextmanager
def _past(
    config: "Config", tables: "Tables", examples: "pd.DataFrame", *, in_parts: bool
) -> "Iterator[Past | BucketedPast]":
    """The past of examples, its events in memory or dealt out to buckets."""
    from features.buckets import BucketedPast
    from features.past import build_past
    from leadml.survey import log_parts

    if not in_parts:
        yield build_past(tables, examples)
        return
    with BucketedPast(tables.leads, tables.attributes, examples) as past:
        past.read(log_parts(config, rows=past.part_rows, before=tables.end))
        if past.unknown:
            text = f"{past.unknown:,} rows of leads that the leads table lacks are left out."
            warn(f"events: {text}")
        undeclared = set(past.types) - set(config.events)
        if undeclared:
            warn(f"events: [events] does not declare {listed(undeclared)}: these are not used.")
        yield past


def choose_scorer(config: "Config", version: str, tables: "Tables") -> "Scorer":
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
