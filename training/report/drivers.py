"""What drives conversion? The strongest subjects of each group, with their real rates, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import GROUPS, capitalised, counted, joined, subject_words
from training.report.driver_bands import Band, read_bands, reads_against
from training.report.driver_curves import Curve, factors_of, read_curve
from training.report.idle import idle_sentences
from training.report.interactions import Interactions, read_interactions
from training.report.parts_of import part_out, part_words

MOST_IN_GROUP = 5
SURE_OF_A_PLACE = 2
"""So many of a group are shown however weak; more of them only if they are `STRONG` enough."""

STRONG = 0.25
"""The share of the strongest subject's weight."""

HARDLY = 0.05
"""A subject with less than this share of the strongest one's weight hardly matters."""

WITHOUT = {
    "fit": "No column says who the leads are.",
    "engagement": "No event says what leads do.",
    "intent": "No event is an explicit request, such as a demo or a quote.",
    "negative": "No event speaks against a lead, such as an unsubscription.",
}
"""What is said of a group of which the data hold nothing."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One subject the model leans on.

    Attributes:
        place: among all shown, from 0.
        group, group_words: the evidence it is.
        share: of all that moves scores, in whole percent.
        part: the same as text.
        measure: what the bands are about.
        against: whether the model reads it the other way round than the raw rates.
        curve: how the model uses its values; None where they are no numbers.
    """

    place: int
    name: str
    group: str
    group_words: str
    share: int
    part: str
    measure: str
    bands: tuple[Band, ...]
    against: bool
    curve: Curve | None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of evidence: its strongest drivers, and a sentence on what is not shown.

    Attributes:
        share: of all that moves scores, as text.
        sum: what of it is shown, and what the rest is; "" where all is shown.
    """

    name: str
    words: str
    share: str
    shown: tuple[Driver, ...]
    rest: str
    sum: str


@dataclass(frozen=True, slots=True)
class Drivers:
    """All that is said of what drives conversion.

    Attributes:
        shown: every driver shown, strongest first.
        groups: the same by group.
        unshown: a sentence on the part of those that are not shown; "" where all are.
        has_curves: whether any has a curve.
        counted_as: what is counted: "leads", or "examples" where a lead stands several times.
        idle: sentences on what does not matter.
        together: what counts only together; None where nobody looked.
    """

    shown: tuple[Driver, ...]
    groups: tuple[Group, ...]
    unshown: str
    has_curves: bool
    counted_as: str
    idle: tuple[str, ...]
    together: Interactions | None


def pick_drivers(
    rows: Sequence[Mapping[str, Any]],
    *,
    examples: int,
    interactions: Mapping[str, Any] | None = None,
    columns: Sequence[str] = (),
    events: Mapping[str, str] | None = None,
) -> Drivers:
    """The drivers of a card, the strongest of each group in the order of its weights.

    Args:
        rows: as in the card, strongest first.
        examples: how many the rates were measured on.
        interactions: as in the card; None where it has none.
        columns: the attribute columns that were given and not refused.
        events: what several of each declared event type are called, by key.
    """
    least = HARDLY * max((row["weight"] for row in rows), default=0.0)
    strong = [row for row in rows if row["weight"] >= least and row["weight"] > 0]
    names = _group_names(rows)
    own = {name: [row for row in rows if row["group"] == name] for name in names}
    best = {name: _best(strong, name) for name in names}
    parts = part_out([_weight(own[name]) for name in names], 100)
    told = {
        row["feature"]: part
        for name, whole in zip(names, parts, strict=True)
        for row, part in zip(best[name], _within(best[name], own[name], whole), strict=False)
    }
    picked = sorted((r for name in names for r in best[name]), key=lambda row: -row["weight"])
    factors = factors_of(picked)
    shown = [
        _driver(row, place=k, part=told[row["feature"]], examples=examples, factors=factors)
        for k, row in enumerate(picked)
    ]
    used = [row for row in strong if row not in picked]
    groups = [
        _group(name, own[name], whole=whole, shown=shown, used=used)
        for name, whole in zip(names, parts, strict=True)
    ]
    weak = [row for row in rows if row not in strong]
    return Drivers(
        tuple(shown),
        tuple(groups),
        _unshown(sum(parts) - sum(driver.share for driver in shown), len(rows) - len(shown)),
        any(driver.curve for driver in shown),
        "leads" if all(b["n"] == b["leads"] for row in rows for b in row["bands"]) else "examples",
        idle_sentences(rows, weak, columns=columns, events=events or {}),
        None if interactions is None else read_interactions(interactions),
    )


def subject_name(row: Mapping[str, Any]) -> str:
    """What the subject of a row is called."""
    return subject_words(row["feature"], row["subject"])


def _group_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The four groups, and any other that a card names."""
    return list(dict.fromkeys([*GROUPS, *(row["group"] for row in rows)]))


def _best(strong: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    own = [row for row in strong if row["group"] == name and len(row["bands"]) > 1]
    least = STRONG * max((row["weight"] for row in strong), default=0.0)
    return [
        row
        for k, row in enumerate(own[:MOST_IN_GROUP])
        if k < SURE_OF_A_PLACE or row["weight"] >= least
    ]


def _weight(rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(row["weight"] for row in rows))


def _within(
    best: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]], whole: int
) -> list[int]:
    """The parts of those shown of a group, and last of all its others together."""
    weights = [row["weight"] for row in best]
    return part_out([*weights, max(_weight(own) - sum(weights), 0.0)], whole)


def _unshown(part: int, count: int) -> str:
    """Who has the part that is not shown."""
    if not count:
        return ""
    others = counted(count, "other subject", "other subjects")
    has = "has" if count == 1 else "have"
    return f"{others} not shown {has} the remaining {part}\u00a0%." if part else ""


def _group(
    name: str,
    own: Sequence[Mapping[str, Any]],
    *,
    whole: int,
    shown: Sequence[Driver],
    used: Sequence[Mapping[str, Any]],
) -> Group:
    drivers = tuple(driver for driver in shown if driver.group == name)
    also = [subject_name(row) for row in used if row["group"] == name]
    if not own:
        rest = WITHOUT.get(name, "The data hold nothing of this kind.")
    elif also:
        rest = f"Used too, less or without a contrast to show: {joined(also)}."
    elif not drivers:
        rest = f"The model hardly uses what it has: {joined([subject_name(row) for row in own])}."
    else:
        rest = ""
    return Group(
        name,
        GROUPS.get(name, capitalised(name)),
        part_words(whole, _weight(own)) if own else "",
        drivers,
        rest,
        _sum(drivers, whole=whole, others=len(own) - len(drivers)),
    )


def _sum(drivers: Sequence[Driver], *, whole: int, others: int) -> str:
    """What of a group's part is shown, and who has the rest."""
    if not drivers or not others:
        return ""
    listed = sum(driver.share for driver in drivers)
    count = counted(others, "other subject", "other subjects")
    rest = f"{whole - listed}\u00a0%" if whole > listed else "under 1\u00a0%"
    shown = "The one shown has" if len(drivers) == 1 else f"The {len(drivers)} shown have"
    return f"{shown} {listed} of its {whole}\u00a0%; {count} {rest}."


def _driver(
    row: Mapping[str, Any],
    *,
    place: int,
    part: int,
    examples: int,
    factors: tuple[float, float],
) -> Driver:
    return Driver(
        place,
        capitalised(subject_name(row)),
        row["group"],
        GROUPS.get(row["group"], capitalised(row["group"])),
        part,
        part_words(part, row["weight"]),
        capitalised(row["label"]),
        read_bands(row, complete=sum(band["n"] for band in row["bands"]) == examples),
        reads_against(row["bands"]),
        read_curve(row, factors),
    )
