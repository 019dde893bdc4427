"""How is a model made, and how would it have done? Commands that fit and judge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leadml.cli.options import DEFAULT_CONFIG, AsOfOption, ConfigOption, check_ending
from leadml.cli.rooms import load_tables, now, open_registry, read_settings, take_known
from leadml.cli.terminal import say, warn
from leadml.errors import DataError, LeadmlError, RegistryError
from leadml.service import REPORTS

if TYPE_CHECKING:
    from leadml.config import By, Config
    from leadml.tables import Tables
    from training.gate import Champion, Gate
    from training.train import TrainingResult


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
    settings = read_settings(config)
    if search:
        searched = dataclasses.replace(settings.training, search_minutes=search)
        settings = dataclasses.replace(settings, training=searched)
    say(train_and_register(settings, as_of, from_run))
    write_newest_report(settings, as_of)


def write_newest_report(config: "Config", as_of: str = "") -> Path | None:
    """Writes the report and summary of the newest version where the app finds them; says where."""
    from leadml.cli.telling import tell
    from training.report.write import write_report, write_summary

    version = open_registry(config).versions()[0]
    page = config.path(config.serving.reports) / REPORTS.format(version.number)
    try:
        told = tell(config, version=version.number, as_of=as_of)
    except LeadmlError as error:
        warn(f"no report was written. {error}")
        return None
    write_report(page, told)
    write_summary(page.with_suffix(".md"), told, where=page.name)
    typer.echo(f"Wrote {page} and its summary, {page.with_suffix('.md').name}.")
    return page


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
    from leadml.said.past import backtest_lines
    from leadml.sources import write_file
    from training.report.past import table_of_figures
    from training.report.write import write_backtest
    from training.train import about, replay_past

    check_ending(out, ".html", ".htm")
    check_ending(csv, ".csv", ".csv.gz", ".parquet")
    settings = _replayed(read_settings(config), by or "", periods)
    tables = take_known(load_tables(settings), as_of)
    if by and by != "block" and not tables.dated:
        msg = f"A {by} needs dates, but the table has none. Leave out --by {by}, or say block."
        raise DataError(msg)
    said, found = about(settings, tables), replay_past(settings, tables).to_json()
    say(backtest_lines(found, said))
    write_backtest(out, about=said, backtest=found)
    if csv is not None:
        write_file(table_of_figures(found), csv)
    typer.echo(f"Wrote {' and '.join(str(path) for path in (out, csv) if path)}.")


def recalibrate(config: ConfigOption = DEFAULT_CONFIG, as_of: AsOfOption = "") -> None:
    """Refits only the champion's map to probabilities, on what has matured since it was made."""
    from leadml.said.training import gate_lines
    from training.recalibrate import recalibrate as refit

    settings = read_settings(config)
    registry = open_registry(settings)
    with registry.training(now=now()):
        champion = registry.champion()
        if champion is None:
            msg = "There must be a champion to recalibrate, got none. `leadml promote` makes one."
            raise RegistryError(msg)
        made = refit(settings, take_known(load_tables(settings), as_of), champion)
        version = registry.record(made.result, made.gate, now=now())
    say(gate_lines(made.gate.to_json()))
    typer.echo(
        f"Registered as version {version.number}, a recalibration of version {champion.number}. "
        f"`leadml promote {version.number}` makes it score."
    )


def train_and_register(config: "Config", as_of: str, from_run: str = "") -> list[str]:
    """Trains, judges beside the champion and registers; returns what to say about it."""
    from leadml.said.training import gate_lines, judgement_lines, registered_line, repeat_lines
    from training.registry.origin import config_again, origin_of
    from training.train import train as train_model

    registry = open_registry(config)
    origin = registry.origin(from_run) if from_run else None
    if origin is not None:
        config = config_again(origin, config)
    with registry.training(now=now()):
        champion = registry.champion()
        tables = take_known(load_tables(config), as_of, origin)
        result = train_model(config, tables)
        gate = _judge(config, result, tables, champion)
        version = registry.record(result, gate, now=now())
    card = result.model.card
    champion_now = "champion" in version.aliases
    registered = registered_line(
        version.number, champion=champion_now, usable=version.usable, passed=version.passed
    )
    lines = [*judgement_lines(card), *gate_lines(gate.to_json()), registered]
    if origin is None:
        return lines
    return [*lines, *repeat_lines(origin.to_json(), origin_of(card).to_json())]


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


def _judge(
    config: "Config", result: "TrainingResult", tables: "Tables", champion: "Champion | None"
) -> "Gate":
    """The gate's verdict; both models score the open leads to see whose stage changes."""
    import pandas as pd

    from leadml.moments import moment_of, open_examples
    from serving.scorer import Scorer
    from serving.scoring import score_examples
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
