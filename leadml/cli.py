"""The front door: one command for each thing a person does with leadml.

Only this file knows all rooms, and it opens them inside its commands, so that ``--help`` is
instant. It is also the one place where a person's clock enters. Exit status: 0 done, 1 found
something wrong and says what, 2 wrong use.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leadml.errors import DataError, LeadmlError, RegistryError, SignalError

if TYPE_CHECKING:
    import pandas as pd

    from features.catalog import Catalog
    from leadml.config import By, Config
    from leadml.tables import Tables
    from serving.scoring import Scorer, Scores
    from training.examples import ExampleSet
    from training.gate import Champion, Gate
    from training.registry.local import Registry
    from training.registry.origin import Origin
    from training.train import TrainingResult

app = typer.Typer(
    help="How likely each lead is to become a customer, why, and what to do next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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


@app.command()
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


@app.command()
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


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Reads and checks the tables: what was read, what is wrong, what looks like a leak."""
    from features.firmographics import unused_columns
    from leadml.checks import inspect_tables
    from leadml.said import column_lines, leak_lines, read_lines
    from training.examples import build_examples, label_line
    from training.leaks.overlaps import report_duplicates
    from training.leaks.report import report_leaks

    settings = _config(config)
    tables = inspect_tables(settings, now=_now())
    _say(read_lines(tables))
    _say(f"{finding.level:>8}  {finding.table}: {finding.text}" for finding in tables.findings)
    if any(finding.level == "error" for finding in tables.findings):
        typer.echo("The tables cannot be used until the errors are mended.", err=True)
        raise typer.Exit(1)
    unused = unused_columns(tables, settings.attributes)
    _say(f"  unused  {column}: {reason}." for column, reason in unused.items())
    _say(f" doubled  {text}" for text in report_duplicates(tables, settings.attributes))
    examples = build_examples(tables, settings)
    typer.echo(label_line(examples, settings))
    _say(f" overlap  {text}" for text in _overlaps(tables, examples, settings))
    leaks = [asdict(leak) for leak in report_leaks(tables, examples.mature, settings)]
    _say([*leak_lines(leaks), *column_lines(leaks)])


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


@app.command()
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

    settings = _config(config)
    catalog = _scorer(settings, version).catalog if version else None
    if in_parts:
        _features_in_parts(out, settings, catalog, as_of, examples)
        return
    tables = _tables(settings)
    chosen = _examples(tables, as_of, examples)
    past = build_past(tables, chosen)
    if catalog is None:
        catalog = declare_catalog(tables.upto(chosen["as_of"].max()), settings)
        catalog = catalog.with_all_levels(past)
    table = to_frame(catalog, build_matrix(catalog, past))
    write_file(chosen.join(table), out)
    typer.echo(f"Wrote {len(catalog.features)} features of {len(table):,} examples to {out}.")


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
    tables = _tables(config, events=False)
    chosen = _examples(tables, as_of, examples)
    columns = {name: name for name in ("lead_id", "event_type", "occurred_at", "recorded_at")}
    columns |= {"value": "value", **config.columns.events}
    log = open_source(config.data.source, config.folder)
    with BucketedPast(tables.leads, tables.attributes, chosen) as past:
        past.read(log.in_parts(config.data.events or "events", columns, rows=past.part_rows))
        if past.unknown:
            text = f"{past.unknown:,} rows of leads that the leads table lacks are left out."
            typer.echo(f"Warning: events: {text}", err=True)
        if catalog is None:
            known = tables.upto(chosen["as_of"].max())
            catalog = declare_catalog(known, config, seen=past.seen).with_all_levels(past)
        with file:
            for rows, matrix in iter_matrices(catalog, past):
                part = to_frame(catalog, matrix)
                file.write(chosen.iloc[rows].reset_index(drop=True).join(part))
    typer.echo(f"Wrote {len(catalog.features)} features of {len(chosen):,} examples to {out}.")


@app.command()
def train(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    from_run: Annotated[
        str, typer.Option("--from-run", help="Repeat a run: its id, or the version it made.")
    ] = "",
    search: Annotated[
        float, typer.Option(help="Minutes to search for a better recipe than ours.")
    ] = 0.0,
) -> None:
    """Fits, judges and registers a model; with --as-of it knows nothing from that moment on."""
    import dataclasses

    if as_of and from_run:
        msg = f"A repeated run has its own moment, got --as-of {as_of} beside it. Leave one out."
        raise DataError(msg)
    settings = _config(config)
    if search:
        searched = dataclasses.replace(settings.training, search_minutes=search)
        settings = dataclasses.replace(settings, training=searched)
    _say(_train(settings, as_of, from_run))


@app.command()
def backtest(  # noqa: PLR0917 - typer's options have defaults
    config: ConfigOption = DEFAULT_CONFIG,
    by: Annotated[
        Literal["quarter", "month", "week", "block"] | None,
        typer.Option(help="How long a period is; as the configuration has it if not given."),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(help="How many of the newest to replay; likewise.")
    ] = None,
    as_of: AsOfOption = "",
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("backtest.html"),
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Every figure too, a row a period and scorer.")
    ] = None,
) -> None:
    """Replays the past: what each past period would have got, beside the plain rivals."""
    from leadml.said import backtest_lines
    from leadml.sources import write_file
    from training.report.past import table_of_figures
    from training.report.write import write_backtest
    from training.train import about, replay_past

    _check_names(out, csv)
    settings = _replayed(_config(config), by or "", periods)
    tables = _known(_tables(settings), as_of, None)
    if by and by != "block" and not tables.dated:
        msg = f"A {by} needs dates, but the table has none. Leave out --by {by}, or say block."
        raise DataError(msg)
    said, found = about(settings, tables), replay_past(settings, tables).to_json()
    _say(backtest_lines(found, said))
    write_backtest(out, about=said, backtest=found)
    if csv is not None:
        write_file(table_of_figures(found), csv)
    typer.echo(f"Wrote {' and '.join(str(path) for path in (out, csv) if path)}.")


def _check_names(page: Path, table: Path | None) -> None:
    """What would fail only after minutes of work."""
    for path, ends in ((page, (".html", ".htm")), (table, (".csv", ".csv.gz", ".parquet"))):
        if path is not None and not path.name.endswith(ends):
            msg = f"The file to write must end in {' or '.join(ends)}, got '{path.name}'."
            raise DataError(msg)


def _replayed(config: "Config", by: "By", periods: int | None) -> "Config":
    """The configuration with the periods asked for."""
    import dataclasses

    from leadml.config import check_config

    asked = config.training
    count = asked.periods if periods is None else periods
    training = dataclasses.replace(asked, by=by or asked.by, periods=count)
    changed = dataclasses.replace(config, training=training)
    check_config(changed)
    return changed


@app.command()
def score(
    out: OutOption,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    examples: ExamplesOption = None,
    version: VersionOption = "",
) -> None:
    """Scores the leads open at a moment, or given examples: probability, stage, reasons."""
    from leadml.sources import write_file

    settings = _config(config)
    scores = _scores(settings, version, as_of, examples)[1]
    write_file(scores.for_file(), out)
    unscored = int((scores.table["unscored_reason"] != "").sum())
    typer.echo(
        f"Wrote {len(scores.table):,} scores to {out} ({unscored:,} unscored, with reasons)."
    )


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    version: VersionOption = "",
) -> None:
    """Writes the explanation report of a registered model."""
    from training.report.write import write_report

    scorer, scores = _scores(_config(config), version, as_of, None, most_reasons=6)
    leads = scores.for_people()
    write_report(out, card=scorer.model.card, version=scorer.version, open_leads=leads)
    typer.echo(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB).")


@app.command()
def models(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Lists the registered versions, newest first, with what the gate said of them."""
    from leadml.said import gate_word

    versions = _registry(_config(config)).versions()
    if not versions:
        typer.echo("No model is registered yet. `leadml train` makes one.")
    for version in versions:
        alias = ", ".join(version.aliases) or "-"
        signal = "" if version.usable else "  NO USABLE SIGNAL"
        typer.echo(
            f"{version.number:>4}  {alias:<22} until {version.known_until[:10]}  "
            f"AUC {version.auc:.3f}  {gate_word(version.gate)}  {version.recipe}{signal}"
        )


@app.command()
def recalibrate(config: ConfigOption = DEFAULT_CONFIG, as_of: AsOfOption = "") -> None:
    """Refits only the champion's map to probabilities, on what has matured since it was made."""
    from leadml.said import gate_lines
    from training.recalibrate import recalibrate as refit

    settings = _config(config)
    registry = _registry(settings)
    with registry.training(now=_now()):
        champion = registry.champion()
        if champion is None:
            msg = "There must be a champion to recalibrate, got none. `leadml promote` makes one."
            raise RegistryError(msg)
        made = refit(settings, _known(_tables(settings), as_of, None), champion)
        version = registry.record(made.result, made.gate, now=_now())
    _say(gate_lines(made.gate.to_json()))
    typer.echo(
        f"Registered as version {version.number}, a recalibration of version {champion.number}. "
        f"`leadml promote {version.number}` makes it score."
    )


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="The version to make champion.")],
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[
        str, typer.Option("--force", help="Why, though the gate refused it; kept with it.")
    ] = "",
) -> None:
    """Makes a version the champion: the one that scores."""
    promoted = _registry(_config(config)).promote(version, force=force, now=_now())
    typer.echo(f"Version {promoted.number} is the champion.")


@app.command()
def rollback(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Makes the champion before this one champion again."""
    restored = _registry(_config(config)).rollback(now=_now())
    typer.echo(f"Version {restored.number} is the champion again.")


@app.command()
def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[
        str, typer.Option(help="Where to listen; from the configuration if not given.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port; from the configuration if not given.")] = 0,
) -> None:
    """Serves the champion over HTTP."""
    import dataclasses

    import uvicorn

    from serving.app import create_app
    from serving.settings import AppSettings

    settings = _config(config)
    listening = dataclasses.replace(
        settings.serving,
        host=host or settings.serving.host,
        port=port or settings.serving.port,
    )
    made = create_app(AppSettings.of(listening), lambda: _scorer(settings, ""))
    typer.echo(
        f"Scoring at http://{listening.host}:{listening.port}/v1/score, explained at /docs",
        err=True,
    )
    uvicorn.run(
        made, host=listening.host, port=listening.port, log_level="warning", access_log=False
    )


@app.command()
def ui(
    config: ConfigOption = DEFAULT_CONFIG,
    port: Annotated[int, typer.Option(help="Where to listen, on loopback.")] = 5000,
) -> None:
    """Opens MLflow's pages on the registry, on loopback."""
    from leadml.store import database, prepare, tracking_uri

    folder = _registry_folder(_config(config))
    if not database(folder).is_file():
        msg = f"There must be a registry in '{folder}', got none. `leadml train` makes one."
        raise DataError(msg)
    prepare()
    arguments = ["mlflow", "ui", "--backend-store-uri", tracking_uri(folder), "--host", "127.0.0.1"]
    os.execv(sys.executable, [sys.executable, "-m", *arguments, "--port", str(port)])  # noqa: S606


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where everything goes.")] = Path("demo"),
) -> None:
    """Simulates a company, trains, scores and reports, and says in ten lines what came of it."""
    config = folder / "leadml.toml"
    if not config.is_file():
        simulate(folder, leads=6_000, months=30, seed=1)
    lines = _train(_config(config), "")
    scored, page = folder / "scores.csv", folder / "report.html"
    score(scored, config)
    report(page, config)
    _say(["", *lines, f"Scores of the open leads: {scored}", f"The report: {page}"])
    typer.echo(f"Serve it: .venv/bin/leadml serve -c {config}")


# What the commands share.


def _now() -> "pd.Timestamp":
    import pandas as pd

    return pd.Timestamp(datetime.now(UTC))


def _config(path: Path) -> "Config":
    from leadml.config import read_config

    return read_config(path, os.environ)


def _tables(config: "Config", *, events: bool = True) -> "Tables":
    from leadml.checks import read_tables

    tables = read_tables(config, now=_now(), events=events)
    for finding in tables.findings:
        if finding.level == "warning":
            typer.echo(f"Warning: {finding.table}: {finding.text}", err=True)
    return tables


def _registry_folder(config: "Config") -> Path:
    return config.path(config.registry.folder)


def _registry(config: "Config") -> "Registry":
    from training.registry.local import Registry

    registry = Registry(_registry_folder(config), config.registry.name)
    for line in registry.mend():
        typer.echo(f"Warning: {line}", err=True)
    return registry


def _scorer(config: "Config", version: str) -> "Scorer":
    from serving.loading import load_scorer

    return load_scorer(_registry_folder(config), config.registry.name, version=version)


def _examples(tables: "Tables", as_of: str, examples: Path | None) -> "pd.DataFrame":
    """The open leads at a moment, or the examples of a file."""
    from leadml.moments import moment_of, open_examples, read_examples

    if examples is not None:
        return read_examples(examples, tables)
    return open_examples(tables, moment_of(as_of, tables))


def _scores(
    config: "Config",
    version: str,
    as_of: str,
    examples: Path | None,
    *,
    most_reasons: int = 3,
) -> "tuple[Scorer, Scores]":
    from serving.scoring import score_examples

    scorer = _scorer(config, version)
    if not scorer.model.card["usable"]:
        typer.echo("Warning: this model has no usable signal; do not rank by it.", err=True)
    tables = _tables(config)
    chosen = _examples(tables, as_of, examples)
    return scorer, score_examples(scorer, tables, chosen, most_reasons=most_reasons)


def _train(config: "Config", as_of: str, from_run: str = "") -> list[str]:
    """Trains, judges beside the champion and registers; returns what to say about it."""
    from leadml.said import gate_lines, judgement_lines, registered_line, repeat_lines
    from training.registry.origin import config_again, origin_of
    from training.train import train as train_model

    registry = _registry(config)
    origin = registry.origin(from_run) if from_run else None
    if origin is not None:
        config = config_again(origin, config)
    with registry.training(now=_now()):
        champion = registry.champion()
        tables = _known(_tables(config), as_of, origin)
        result = train_model(config, tables)
        gate = _judge(config, result, tables, champion)
        version = registry.record(result, gate, now=_now())
    card = result.model.card
    champion_now = "champion" in version.aliases
    registered = registered_line(
        version.number, champion=champion_now, usable=version.usable, passed=version.passed
    )
    lines = [*judgement_lines(card), *gate_lines(gate.to_json()), registered]
    if origin is None:
        return lines
    return [*lines, *repeat_lines(origin.to_json(), origin_of(card).to_json())]


def _known(tables: "Tables", as_of: str, origin: "Origin | None") -> "Tables":
    """What was known at a moment asked for, or at the end of a run that is repeated."""
    import pandas as pd

    from leadml.moments import moment_of

    if as_of:
        return tables.upto(moment_of(as_of, tables))
    if origin is not None and tables.dated:
        return tables.upto(pd.Timestamp(origin.known_until))
    return tables


def _judge(
    config: "Config", result: "TrainingResult", tables: "Tables", champion: "Champion | None"
) -> "Gate":
    """The gate's verdict; both models score the open leads to see whose stage changes."""
    import pandas as pd

    from leadml.moments import moment_of, open_examples
    from serving.scoring import Scorer, score_examples
    from training.gate import MOST_LEADS, compare, judge_challenger, list_changes

    changes = pd.DataFrame()
    if champion is not None:
        chosen = open_examples(tables, moment_of("", tables))
        chosen = chosen.iloc[:: len(chosen) // MOST_LEADS + 1].reset_index(drop=True)
        before, after = (
            score_examples(Scorer.of(model, ""), tables, chosen, most_reasons=0).table
            for model in (champion.model, result.model)
        )
        changes = list_changes(before, after)
    return judge_challenger(
        compare(result.judged, champion, tables),
        result=result,
        champion=champion,
        changes=changes,
        seed=config.training.seed,
    )


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
