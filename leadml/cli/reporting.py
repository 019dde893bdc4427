"""What do people read? Commands that write the report of a model and the review of a quarter."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, AsOfOption, ConfigOption, VersionOption, check_ending
from leadml.cli.rooms import load_tables, open_registry, read_settings
from leadml.errors import RegistryError, SignalError

if TYPE_CHECKING:
    from leadml.config import Config
    from leadml.tables import Tables
    from training.funnel.quarters import Stretch
    from training.gate import Champion
    from training.registry.local import Registry
    from training.report.advice import Challenger
    from training.review import Given


def report(  # noqa: PLR0917 - typer's options have defaults
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    version: VersionOption = "",
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="The same on paper, by the system's Chromium.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="A few lines of Markdown for a chat or an e-mail.")
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Show names: the columns of attributes.names.")
    ] = False,
) -> None:
    """Writes the explanation report of a registered model."""
    from leadml.cli.telling import tell
    from training.report.pdf import find_browser, write_pdf
    from training.report.write import write_report, write_summary

    check_ending(out, ".html", ".htm")
    check_ending(pdf, ".pdf")
    if pdf is not None:
        find_browser(os.environ)
    settings = read_settings(config)
    told = tell(settings, version=version, as_of=as_of, with_names=with_names)
    write_report(out, told)
    written = [f"{out} ({out.stat().st_size / 1e6:.1f} MB)"]
    if summary is not None:
        write_summary(summary, told, where=str(out))
        written.append(str(summary))
    if pdf is not None:
        write_pdf(out, pdf, environ=os.environ)
        written.append(str(pdf))
    typer.echo(f"Wrote {', '.join(written)}.")


def review(
    quarter: Annotated[
        str, typer.Option(help="Which: 2026Q3; the newest that is over if not given.")
    ] = "",
    scores: Annotated[
        list[Path] | None,
        typer.Option(help="Files that `leadml score` wrote then; may be given several times."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("review.html"),
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Reviews a quarter as it happened: should the model stay?"""
    from leadml.cli.terminal import say
    from training.health.measure import measure_health
    from training.report.advice import Around
    from training.report.review import build_review
    from training.report.write import write_review
    from training.review import newest_judged, quarter_of, review_quarter

    check_ending(out, ".html", ".htm")
    settings = read_settings(config)
    registry = open_registry(settings)
    champion = registry.champion()
    if champion is None:
        msg = "There must be a champion to review, got none. `leadml promote` makes one."
        raise RegistryError(msg)
    tables = load_tables(settings)
    if not tables.dated:
        msg = "A quarter needs dates, but the table has none. `leadml report` needs none."
        raise SignalError(msg)
    days = settings.label.horizon_days
    asked = quarter_of(quarter) if quarter else newest_judged(tables, horizon_days=days)
    given = _given(scores or [], champion, tables, settings, asked)
    found = review_quarter(given, tables, settings, asked, calibration=champion.model.calibration)
    said = build_review(
        found,
        Around(
            champion.model.card,
            champion.number,
            _challenger(registry),
            measure_health(tables, champion.model, settings),
            settings.capacity,
        ),
    )
    write_review(out, card=champion.model.card, review=found, said=said)
    say(
        [
            f"{said.title} ({said.quarter}).",
            *(f"{a.about}: {a.do} {a.because}" for a in said.advice),
        ]
    )
    typer.echo(f"Wrote {out}.")


def _given(
    scores: list[Path],
    champion: "Champion",
    tables: "Tables",
    config: "Config",
    quarter: "Stretch",
) -> "Given":
    """The scores that were given; where there are no files, those of the champion."""
    import pandas as pd

    from leadml.columns import as_times
    from serving.evidence import read_columns
    from training.review import Given, champion_scores

    if not scores:
        return _staged(champion_scores(champion, tables, config, quarter), champion, tables)
    columns = ("lead_id", "as_of", "probability", "stage", "model_version")
    frame = pd.concat([read_columns(path, columns) for path in scores], ignore_index=True)
    as_of = as_times(frame["as_of"]).values
    return Given(frame.assign(as_of=as_of), from_files=True)


def _staged(given: "Given", champion: "Champion", tables: "Tables") -> "Given":
    """With the stages of those looks that the champion's policy and model have not learned from."""
    import dataclasses

    import pandas as pd

    from serving.scorer import Scorer
    from serving.scoring import score_examples

    scores = given.scores.assign(stage=pd.Series(index=given.scores.index, dtype="str"))
    later = scores["as_of"] >= pd.Timestamp(champion.model.card["known_until"])
    if later.any():
        scorer = Scorer.of(champion.model, champion.number)
        asked = scores.loc[later, ["lead_id", "as_of"]].reset_index(drop=True)
        table = score_examples(scorer, tables, asked, most_reasons=0).table
        scores.loc[later, "stage"] = table["stage"].to_numpy()
    return dataclasses.replace(given, scores=scores)


def _challenger(registry: "Registry") -> "Challenger | None":
    """Who waits to take over."""
    from training.report.advice import Challenger

    for version in registry.versions():
        if "challenger" in version.aliases and "champion" not in version.aliases:
            gate = registry.logged(version.number).gate
            return Challenger(version.number, version.passed, gate.rules)
    return None
