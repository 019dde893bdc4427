"""What is in the tables? Commands that write a CRM, configure, check and make features of it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, AsOfOption, ConfigOption, ExamplesOption, OutOption
from leadml.cli.rooms import choose_examples, load_tables, now, open_scorer, read_settings
from leadml.cli.terminal import say, warn
from leadml.errors import DataError, SignalError

if TYPE_CHECKING:
    from features.catalog import Catalog
    from leadml.config import Config
    from leadml.tables import Tables
    from training.examples import ExampleSet


def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")],
    leads: Annotated[int, typer.Option(help="How many leads.")] = 5_000,
    months: Annotated[int, typer.Option(help="Over how many months they come.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same company.")] = 0,
) -> None:
    """Writes a simulated company's CRM, with the true probabilities beside it."""
    from leadml.simulate.crm import simulate as simulate_crm
    from leadml.simulate.crm import write_simulation

    simulation = simulate_crm(leads=leads, months=months, seed=seed)
    write_simulation(simulation, folder)
    typer.echo(
        f"Wrote {len(simulation.leads):,} leads, {len(simulation.events):,} events and "
        f"{len(simulation.outcomes):,} outcomes to {folder}. "
        f"Next: leadml train -c {folder}/leadml.toml"
    )


def init(
    files: Annotated[list[Path], typer.Argument(help="Your tables: CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="The configuration to write.")] = DEFAULT_CONFIG,
) -> None:
    """Writes a first leadml.toml from your own files."""
    from leadml.draft.draft import draft_config

    if out.exists():
        msg = f"'{out}' must not exist yet, for it would be overwritten. Name another with --out."
        raise DataError(msg)
    draft = draft_config(files, out.parent)
    out.write_text(draft.toml, encoding="utf-8")
    for line in draft.said:
        typer.echo(line)
    typer.echo(f"Wrote {out}. Read it, mend it, then: leadml check -c {out}")


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Reads and checks the tables: what was read, what is wrong, what looks like a leak."""
    from features.firmographics import unused_columns
    from leadml.checks import inspect_tables
    from leadml.said.tables import column_lines, leak_lines, read_lines
    from training.examples import build_examples, label_line
    from training.leaks.overlaps import report_duplicates
    from training.leaks.report import report_leaks

    settings = read_settings(config)
    tables = inspect_tables(settings, now=now())
    say(read_lines(tables))
    say(f"{finding.level:>8}  {finding.table}: {finding.text}" for finding in tables.findings)
    if any(finding.level == "error" for finding in tables.findings):
        typer.echo("The tables cannot be used until the errors are mended.", err=True)
        raise typer.Exit(1)
    unused = unused_columns(tables, settings.attributes)
    say(f"  unused  {column}: {reason}." for column, reason in unused.items())
    say(f" doubled  {text}" for text in report_duplicates(tables, settings.attributes))
    examples = build_examples(tables, settings)
    typer.echo(label_line(examples, settings))
    say(f" overlap  {text}" for text in _overlaps(tables, examples, settings))
    leaks = [asdict(leak) for leak in report_leaks(tables, examples.mature, settings)]
    say([*leak_lines(leaks), *column_lines(leaks)])


def features(  # noqa: PLR0917 - typer's options have defaults
    out: OutOption,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    examples: ExamplesOption = None,
    version: Annotated[str, typer.Option(help="Take the features of this version or alias.")] = "",
    in_parts: Annotated[
        bool, typer.Option("--in-parts", help="Read events in parts: a log larger than memory.")
    ] = False,
) -> None:
    """Writes the feature table of the open leads as of a moment, or of given examples."""
    from features.build import build_matrix, to_frame
    from features.catalog import declare_catalog
    from features.past import build_past
    from leadml.sources import write_file

    settings = read_settings(config)
    catalog = open_scorer(settings, version).catalog if version else None
    if in_parts:
        _features_in_parts(out, settings, catalog, as_of, examples)
        return
    tables = load_tables(settings)
    chosen = choose_examples(tables, as_of, examples)
    past = build_past(tables, chosen)
    if catalog is None:
        catalog = declare_catalog(tables.upto(chosen["as_of"].max()), settings)
        catalog = catalog.with_all_levels(past)
    table = to_frame(catalog, build_matrix(catalog, past))
    write_file(chosen.join(table), out)
    typer.echo(f"Wrote {len(catalog.features)} features of {len(table):,} examples to {out}.")


def _overlaps(tables: "Tables", examples: "ExampleSet", config: "Config") -> list[str]:
    """Who would both teach and judge; nothing where there is too little to part."""
    from training.leaks.overlaps import report_overlaps
    from training.split import split_by_time

    if not len(examples.mature):
        return []
    try:
        split = split_by_time(examples, config.training)
    except SignalError:
        return []
    taught = examples.looked["lead_id"].iloc[split.train]
    judged = examples.mature["lead_id"].iloc[split.test]
    return report_overlaps(tables, taught, judged, config.attributes)


def _features_in_parts(
    out: Path,
    config: "Config",
    catalog: "Catalog | None",
    as_of: str,
    examples: Path | None,
) -> None:
    """`features` for a log larger than memory: rows come out account by account."""
    from features.buckets import BucketedPast
    from features.build import iter_matrices, to_frame
    from features.catalog import declare_catalog
    from leadml.sources import ParquetWriter, open_source

    file = ParquetWriter(out)
    tables = load_tables(config, events=False)
    chosen = choose_examples(tables, as_of, examples)
    columns = {name: name for name in ("lead_id", "event_type", "occurred_at", "recorded_at")}
    columns |= {"value": "value", **config.columns.events}
    log = open_source(config.data.source, config.folder)
    with BucketedPast(tables.leads, tables.attributes, chosen) as past:
        past.read(log.in_parts(config.data.events or "events", columns, rows=past.part_rows))
        if past.unknown:
            text = f"{past.unknown:,} rows of leads that the leads table lacks are left out."
            warn(f"events: {text}")
        if catalog is None:
            known = tables.upto(chosen["as_of"].max())
            catalog = declare_catalog(known, config, seen=past.seen).with_all_levels(past)
        with file:
            for rows, matrix in iter_matrices(catalog, past):
                part = to_frame(catalog, matrix)
                file.write(chosen.iloc[rows].reset_index(drop=True).join(part))
    typer.echo(f"Wrote {len(catalog.features)} features of {len(chosen):,} examples to {out}.")
