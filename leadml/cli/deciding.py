"""What is to be done with leads? Commands about stages, lines, and why scores changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadml.cli.options import DEFAULT_CONFIG, AsOfOption, ConfigOption
from leadml.cli.rooms import (
    choose_examples,
    load_tables,
    now,
    open_registry,
    open_scorer,
    read_settings,
)
from leadml.cli.terminal import say
from leadml.errors import ConfigError, DataError, RegistryError, SignalError

if TYPE_CHECKING:
    from leadml.capacity import Capacity
    from leadml.config import Config


def compare(
    before: Annotated[str, typer.Argument(help="A version or alias: the one that scores now.")],
    after: Annotated[str, typer.Argument(help="The version or alias to compare it with.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Every lead that moves: .parquet or .csv.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
) -> None:
    """Lists the open leads that two versions put into different stages or grades."""
    from leadml.cli.changes import change_lines, moved
    from leadml.sources import write_file
    from serving.scoring import score_examples
    from training.gate import list_changes

    settings = read_settings(config)
    scorers = [open_scorer(settings, version) for version in (before, after)]
    tables = load_tables(settings)
    chosen = choose_examples(tables, as_of, None)
    tabled = [score_examples(one, tables, chosen, most_reasons=0).table for one in scorers]
    changes = list_changes(*tabled)
    say(change_lines(changes, *(one.version for one in scorers)))
    if out is not None:
        write_file(found := moved(changes), out)
        typer.echo(f"Wrote {len(found):,} leads to {out}.")


def thresholds(  # noqa: PLR0917 - typer's options have defaults
    config: ConfigOption = DEFAULT_CONFIG,
    people: Annotated[float | None, typer.Option(help="How many people call.")] = None,
    per_week: Annotated[
        float | None, typer.Option(help="New leads that one of them can take on in a week.")
    ] = None,
    value: Annotated[float | None, typer.Option(help="What a win brings.")] = None,
    cost: Annotated[float | None, typer.Option(help="What a contact costs.")] = None,
    out: Annotated[Path | None, typer.Option(help="The table: .parquet or .csv.")] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Also leads that lack what else sql needs.")
    ] = False,
    choose: Annotated[
        str, typer.Option(help="Register the champion with this line for sql, by its name.")
    ] = "",
    because: Annotated[str, typer.Option(help="Why it was chosen; kept with it.")] = "",
) -> None:
    """Shows what each line for sales would yield, and what it did; --choose takes one."""
    from leadml.cli.looks import policy_looks
    from leadml.said.thresholds import plan_lines
    from leadml.sources import write_file
    from training.chosen import choose_line
    from training.thresholds import draw_plan, to_frame

    if choose and everybody:
        msg = "A line is chosen for leads of the policy. Leave out --everybody, or --choose."
        raise DataError(msg)
    settings = read_settings(config)
    capacity = _capacity(settings, people, per_week, value, cost)
    registry = open_registry(settings)
    champion = registry.champion()
    if champion is None:
        msg = "There must be a champion to draw lines for, got none. `leadml promote` makes one."
        raise RegistryError(msg)
    tables = load_tables(settings)
    judged = policy_looks(
        champion.model, tables, champion.judged, by=capacity.by, everybody=everybody
    )
    if not everybody:
        typer.echo(
            f"Counted are looks at leads that have all else that sales needs by the policy "
            f"({len(judged):,} of {len(champion.judged):,}); --everybody counts all."
        )
    plan = draw_plan(judged, capacity, seed=settings.training.seed)
    say(plan_lines(plan.to_json()))
    if out is not None:
        write_file(to_frame(plan), out)
        typer.echo(f"Wrote {out}.")
    if not choose:
        return
    lines = {line.name: line for line in plan.lines}
    if choose not in lines:
        msg = f"A line must be one of {', '.join(lines)}, got '{choose}'."
        raise DataError(msg)
    with registry.training(now=now()):
        made = choose_line(champion, tables, lines[choose], because=because)
        version = registry.record(made.result, made.gate, now=now())
    say(rule.text for rule in made.gate.rules)
    typer.echo(
        f"Registered as version {version.number}. `leadml compare champion {version.number}` lists "
        f"who moves, `leadml promote {version.number}` makes it score. To keep the line when you "
        f"train again, set sql_probability = {lines[choose].probability:.6g} under [policy]."
    )


def lift(
    scores: Annotated[list[Path], typer.Argument(help="Files that `leadml score` wrote.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Tells what calls bring, measured on leads that were called at random."""
    import pandas as pd

    from leadml.cli.changes import lift_lines
    from leadml.explore import true_lift
    from serving.exploring import log_of, read_scored

    settings = read_settings(config)
    tables = load_tables(settings)
    scored = pd.concat([read_scored(path) for path in scores], ignore_index=True)
    log = log_of(scored, tables, horizon_days=settings.label.horizon_days)
    if log.empty:
        days, end = settings.label.horizon_days, f"{tables.end:%Y-%m-%d}"
        msg = (
            f"Scores must be {days} days old to tell what became of leads, but the tables end on "
            f"{end} and none of {len(scored):,} is. Try again later."
        )
        raise SignalError(msg)
    say(lift_lines(true_lift(log)))


def why(
    lead_id: Annotated[str, typer.Argument(help="Whose score changed.")],
    since: Annotated[str, typer.Option(help="The earlier moment: 2026-06-01 or with a time.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: AsOfOption = "",
    before: Annotated[
        str, typer.Option(help="The version that scored then; the champion if not given.")
    ] = "",
) -> None:
    """Tells why the score of a lead changed: time, events, attributes, another model."""
    import pandas as pd

    from leadml.cli.changes import why_lines
    from leadml.moments import moment_of
    from serving.changes import explain_change

    settings = read_settings(config)
    after = open_scorer(settings, "")
    then = open_scorer(settings, before) if before else after
    tables = load_tables(settings)
    moments = [moment_of(text, tables) for text in (since, as_of)]
    created = tables.leads.loc[tables.leads["lead_id"] == lead_id, "created_at"]
    if not len(created):
        msg = f"The lead must be in the leads table, got '{lead_id}'."
        raise DataError(msg)
    if created.iloc[0] > moments[0]:
        msg = f"The lead came only on {created.iloc[0]:%Y-%m-%d}. Give a later --since."
        raise DataError(msg)
    asked = pd.DataFrame(
        {"lead_id": [lead_id], "as_of_before": moments[:1], "as_of_after": moments[1:]}
    )
    (change,) = explain_change(then, after, tables, asked)
    say(why_lines(change))


def _capacity(
    config: "Config",
    people: float | None,
    per_week: float | None,
    value: float | None,
    cost: float | None,
) -> "Capacity":
    """What sales can do: as the command says, else as the configuration does."""
    import dataclasses

    from leadml.capacity import Capacity

    told: dict[str, Any] = {
        "people": people,
        "conversations_per_week": per_week,
        "value_per_win": value,
        "cost_per_contact": cost,
    }
    given = {name: number for name, number in told.items() if number is not None}
    if config.capacity is not None:
        if bool(config.capacity.by) != bool(config.capacity.people_by_segment):
            msg = "capacity.by and capacity.people_by_segment must be set together, or neither."
            raise ConfigError(msg)
        return dataclasses.replace(config.capacity, **given)
    if people is None or per_week is None:
        msg = (
            "Lines need to know what sales can do, got neither [capacity] in the configuration nor "
            "--people and --per-week. Say how many people call, and how many new leads each takes."
        )
        raise ConfigError(msg)
    return Capacity(**given)
