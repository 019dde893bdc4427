"""What changed since the last model? Its figures, drivers and stages beside those of this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.pages.words import (
    STAGES,
    capitalised,
    counted,
    date_words,
    joined,
    outcome_words,
    percent,
    span,
    subject_words,
)
from training.report.judgement import counted_examples, is_dated
from training.report.tables import Card, Cell, figure_cell

MOST_MOVES = 10
"""So many ways from stage to stage are shown."""

MOST_DRIVERS = 3
"""So many drivers that rose, and that fell, are told."""

LEAST_SHARE = 0.03
"""A driver whose share of all that moves scores changes by less is not told."""

MEASURES = {
    "auc": "Pairs put right, of 100",
    "wins_in_top_20": "Share of {many} in the top 20\u00a0%",
    "lift_20": "Lift in the top 20\u00a0%",
    "log_loss": "Log loss",
    "brier": "Brier score",
}
"""The measures that stand side by side."""


@dataclass(frozen=True, slots=True)
class BesideRow:
    """One measure of the model before, and of this one."""

    name: str
    before: Cell
    now: Cell


@dataclass(frozen=True, slots=True)
class MoveRow:
    """How many open leads go from one stage to another."""

    before: str
    now: str
    leads: str


@dataclass(frozen=True, slots=True)
class GateRow:
    """One rule of the gate."""

    name: str
    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Since:
    """The section, ready to be printed.

    Attributes:
        sentence: all of it in one, for the first minute.
        before, now: the heads of the two models: their test periods.
        rows: the measures; empty where there is nothing to compare.
        notes: what one must know of the comparison; base rates.
        drivers: sentences on what rose, fell, came and went.
        stages: how many open leads change stage; "" where none was compared.
        moves: from which stage to which, most leads first.
        verdict: of the gate; "" where none is at hand.
        gate: its rules.
    """

    sentence: str
    before: str = ""
    now: str = ""
    rows: tuple[BesideRow, ...] = ()
    notes: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    stages: str = ""
    moves: tuple[MoveRow, ...] = ()
    verdict: str = ""
    gate: tuple[GateRow, ...] = ()


def read_since(
    card: Card,
    before: Card | None,
    *,
    version: str,
    gate: Mapping[str, Any] | None = None,
    changes: pd.DataFrame | None = None,
) -> Since:
    """The section of one model.

    Args:
        card: of the model.
        before: of the one before; None for the first.
        version: of the one before.
        gate: the verdict on the model, as plain data (`training.gate.Gate.to_json`).
        changes: of `training.gate.list_changes`, from the one before to this; may be empty.
    """
    verdict, rules = _gate(gate)
    if before is None:
        said = "This is the first model: there is none before it to compare with."
        return Since(said, verdict=verdict, gate=rules)
    moved = changes if changes is not None and len(changes) else None
    stages = "" if moved is None else _stages(moved)
    if _asks(card) != _asks(before):
        said = (
            f"Version {version} answered another question ({_asks(before)}), so the two cannot be "
            "compared."
        )
        return Since(said, stages=stages, verdict=verdict, gate=rules)
    rows = _rows(card, before)
    revision = _revision(card)
    return Since(
        revision or _sentence(card, before, version, moved),
        _head(f"Version {version}", before),
        _head("This model", card),
        () if revision else rows,
        () if revision else tuple(_notes(card, before)),
        () if revision else tuple(_drivers(card, before)),
        stages,
        () if moved is None else tuple(_moves(moved)),
        verdict,
        rules,
    )


def _asks(card: Card) -> str:
    third = outcome_words(card["outcome"]).third
    days = counted(card["horizon_days"], "day", "days")
    return f"{third} within {days}" if is_dated(card) else third


def _revision(card: Card) -> str:
    """What a version says that only refits or moves something of another; "" where it was fitted.

    Its figures are those of the other version.
    """
    if facts := card.get("recalibrated"):
        return (
            f"Only the level of the probabilities is new: version {facts['from_version']} was "
            f"refitted on {counted(facts['leads'], 'lead', 'leads')} whose outcome is known since "
            f"({facts['converted']:,} won, {facts['expected_before']:,.0f} expected before, "
            f"{facts['expected_now']:,.0f} now). The figures of this report are those of that "
            "version."
        )
    if facts := card.get("chosen"):
        return (
            f"Only the line for sales is new: it was moved from {percent(facts['before'])} to "
            f"{percent(facts['now'])}, because: {facts['because'].rstrip('.')}."
        )
    return ""


def _sentence(card: Card, before: Card, version: str, changes: pd.DataFrame | None) -> str:
    many = outcome_words(card["outcome"]).many
    tops = [_top(one) for one in (before, card)]
    said = (
        f"Since version {version}: the top 20 % of leads hold {tops[1]} of the {many}, where with "
        f"version {version} it was {tops[0]}, each on its own test period"
    )
    if changes is None:
        return f"{said}."
    return f"{said}. {_stages(changes)}"


def _top(card: Card) -> str:
    figure = card["evaluation"]["figures"]["model"]["wins_in_top_20"]
    value = figure["value"]
    return f"{percent(value)} ({span(figure['lower'], figure['upper'], like=value)})"


def _head(name: str, card: Card) -> str:
    said = f"{name}, on {counted_examples(card)}"
    if not is_dated(card):
        return said
    test = next(row for row in card["split"] if row["part"] == "test")
    return f"{said}, {date_words(test['from'])} to {date_words(test['to'])}"


def _rows(card: Card, before: Card) -> tuple[BesideRow, ...]:
    many = outcome_words(card["outcome"]).many
    then, now = (one["evaluation"]["figures"]["model"] for one in (before, card))
    return tuple(
        BesideRow(
            name.format(many=many),
            figure_cell(metric, then.get(metric)),
            figure_cell(metric, now.get(metric)),
        )
        for metric, name in MEASURES.items()
    )


def _notes(card: Card, before: Card) -> list[str]:
    """Each was judged on leads of its own; how the share that converts has changed."""
    rates = [one["evaluation"]["converted"] / one["evaluation"]["n"] for one in (before, card)]
    counts = [f"{one['evaluation']['converted']:,}" for one in (before, card)]
    ns = [f"{one['evaluation']['n']:,}" for one in (before, card)]
    words = outcome_words(card["outcome"])
    return [
        (
            "Each model was judged on the newest leads of its own time, so a figure may change "
            "because the model did or because the leads did. Only the gate compares both on the "
            "same leads."
        ),
        (
            f"Share that {words.past_many}: {percent(rates[0])} then ({counts[0]} of {ns[0]}), "
            f"{percent(rates[1])} now ({counts[1]} of {ns[1]}). Log loss and Brier score rise and "
            "fall with it."
        ),
    ]


def _drivers(card: Card, before: Card) -> list[str]:
    """What the model leans on more, or less; what it reads anew, or no more."""
    then, now = _shares(before), _shares(card)
    both = [name for name in now if name in then]
    change = {name: now[name] - then[name] for name in both}
    rose = sorted((n for n in both if change[n] >= LEAST_SHARE), key=lambda n: -change[n])
    fell = sorted((n for n in both if change[n] <= -LEAST_SHARE), key=lambda n: change[n])
    said = [
        f"It leans {how} on {joined([_share(n, then, now) for n in names[:MOST_DRIVERS]])}."
        for how, names in (("more", rose), ("less", fell))
        if names
    ]
    if both and not rose and not fell:
        said.append("It leans on the same evidence as before, about as much.")
    new, gone = ([n for n in a if n not in b] for a, b in ((now, then), (then, now)))
    if new:
        said.append(f"Read for the first time: {joined(new)}.")
    if gone:
        said.append(f"No longer read: {joined(gone)}.")
    return said


def _shares(card: Card) -> dict[str, float]:
    """How much each subject has of all that moves scores, by its words."""
    total = sum(row["weight"] for row in card["drivers"]) or 1.0
    return {
        subject_words(row["feature"], row["subject"]): row["weight"] / total
        for row in card["drivers"]
    }


def _share(name: str, then: Mapping[str, float], now: Mapping[str, float]) -> str:
    return f"{name} ({percent(now[name])} of what moves scores, before {percent(then[name])})"


def _stages(changes: pd.DataFrame) -> str:
    moved = int((changes["stage"] != changes["stage_before"]).sum())
    total = counted(len(changes), "open lead", "open leads")
    if not moved:
        return f"None of {total} changes stage."
    verb = "changes" if moved == 1 else "change"
    return f"{moved:,} of {total} ({percent(moved / len(changes))}) {verb} stage."


def _moves(changes: pd.DataFrame) -> list[MoveRow]:
    moved = changes[changes["stage"] != changes["stage_before"]]
    counts = moved.groupby(["stage_before", "stage"]).size().sort_values(ascending=False)
    shown: Sequence[tuple[Any, int]] = list(counts.head(MOST_MOVES).items())
    return [MoveRow(_stage(a), _stage(b), f"{count:,}") for (a, b), count in shown]


def _stage(name: str) -> str:
    return STAGES[name][0] if name in STAGES else capitalised(name)


def _gate(gate: Mapping[str, Any] | None) -> tuple[str, tuple[GateRow, ...]]:
    if gate is None:
        return "", ()
    beside = f", beside version {gate['champion']}" if gate["champion"] else ""
    refused = [rule["name"] for rule in gate["rules"] if not rule["passed"]]
    said = f"The gate lets it pass{beside}."
    if refused:
        said = f"The gate refuses it{beside}: {joined(refused)}."
    rules = (GateRow(capitalised(r["name"]), r["passed"], r["text"]) for r in gate["rules"])
    return said, tuple(rules)
