"""Were leads answered rightly? The command that computes the score log again."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from leadml.cli.options import DEFAULT_CONFIG, ConfigOption
from leadml.cli.rooms import load_tables, open_scorer, read_settings
from leadml.cli.terminal import say
from leadml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from serving.watching.audit import Audit
    from serving.watching.rebuild import Rebuilt

MOST_SHOWN = 10
"""So many differences are shown one by one; the file holds all."""


def audit(
    config: ConfigOption = DEFAULT_CONFIG,
    log: Annotated[
        Path | None,
        typer.Option("--log", help="The folder of the score log; that of the configuration."),
    ] = None,
    since: Annotated[
        str, typer.Option(help="Only what was scored from here on: 2026-07-01T09:00+02:00.")
    ] = "",
    sample: Annotated[
        int, typer.Option(min=0, help="How many rows to build again from the source; 0 for none.")
    ] = 1_000,
    out: Annotated[
        Path | None, typer.Option("--out", help="Every difference: .parquet or .csv.")
    ] = None,
) -> None:
    """Computes logged answers again and compares; ends with 1 where one differs."""
    import pandas as pd

    from leadml.sources import write_file
    from leadml.timeline import parse_moment
    from serving.watching.audit import audit_log
    from serving.watching.log_files import read_key, read_log
    from serving.watching.rebuild import rebuild_sample

    settings = read_settings(config)
    if log is None and not settings.serving.score_log:
        msg = "There must be a score log, got none in the configuration. Name one: --log FOLDER."
        raise ConfigError(msg)
    folder = log or settings.path(settings.serving.score_log)
    rows = read_log(folder, since=parse_moment(since).to_pydatetime() if since else None)
    found = audit_log(rows, lambda version: open_scorer(settings, version), sample=sample)
    say(_answer_lines(found))
    differing = found.wrong
    if sample and len(found.sample):
        rebuilt = rebuild_sample(found, load_tables(settings), read_key(folder))
        say(_feature_lines(rebuilt))
        differing = pd.concat([found.wrong, rebuilt.differing], ignore_index=True)
    if out is not None:
        write_file(differing, out)
        typer.echo(f"Wrote {len(differing):,} differences to {out}.")
    if len(found.wrong):
        raise typer.Exit(1)


def _answer_lines(found: "Audit") -> Iterator[str]:
    """What became of the answers."""
    versions = ", ".join(f"version {name}: {n:,}" for name, n in sorted(found.recomputed.items()))
    yield f"Computed {found.recomputed.total():,} answers again ({versions or 'there are none'})."
    if found.unscored:
        yield f"{found.unscored:,} rows are unscored: there is nothing to compute."
    for name, n in sorted(found.gone.items()):
        why = "points are no model" if name == "points" else "the registry lacks it"
        yield f"{n:,} rows of version {name} could not be computed: {why}."
    if not len(found.wrong):
        yield "Every answer is what its model makes of the logged features, to the bit."
        return
    rows = len(found.wrong.drop_duplicates(["scored_at", "request_id", "lead", "role"]))
    yield f"{rows:,} answers are NOT what their model makes of the logged features:"
    for row in found.wrong.head(MOST_SHOWN).to_dict("records"):
        yield (
            f"  {row['scored_at']:%Y-%m-%d %H:%M:%S} request {row['request_id'] or '-'}, version "
            f"{row['version']}: {row['what']} {row['logged']!r}, now {row['recomputed']!r}"
        )


def _feature_lines(rebuilt: "Rebuilt") -> Iterator[str]:
    """What became of the features."""
    off = len(rebuilt.shifts)
    yield (
        f"Built the features of {rebuilt.compared:,} rows again from the source: "
        f"{rebuilt.compared - off:,} are equal, {off:,} differ."
    )
    if rebuilt.absent:
        yield f"{rebuilt.absent:,} rows are of leads that the source does not hold."
    if rebuilt.later:
        yield f"{rebuilt.later:,} rows looked from a moment after the end of the source."
    if off:
        far = abs(rebuilt.shifts).tolist()
        yield (
            f"Where they differ the probability would move by {median(far):.3f} (median), "
            f"{max(far):.3f} at most."
        )
    yield from _cause_lines(rebuilt.differing)


def _cause_lines(differing: "pd.DataFrame") -> Iterator[str]:
    """The features that differ, most often first, each with its likely cause and an example."""
    if not len(differing):
        return
    far = (differing["rebuilt"] - differing["logged"]).abs()
    grouped = differing.assign(far=far).groupby(["feature", "cause"], sort=False)
    sizes = grouped.size().sort_values(ascending=False, kind="stable")
    largest, example = grouped["far"].max(), grouped.first()
    for place in sizes.index[:MOST_SHOWN]:
        own = example.loc[place]
        most = f"at most by {largest[place]:.4g}, " if largest[place] == largest[place] else ""
        yield (
            f'{sizes[place]:>8,}  {place[0]}: {most}as "{own["logged_words"]}" against '
            f'"{own["rebuilt_words"]}" ({place[1]})'
        )
    if len(sizes) > MOST_SHOWN:
        yield f"          and {len(sizes) - MOST_SHOWN:,} more features or causes; --out has all."
