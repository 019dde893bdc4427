"""What drives conversion? The strongest subjects of each group, with their real rates, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leadml.pages.words import (
    GROUPS,
    band_label,
    band_sentence,
    capitalised,
    counted,
    is_range,
    joined,
    percent,
    span,
    subject_words,
)
from training.report.idle import idle_sentences
from training.report.interactions import Interactions, read_interactions

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
class Band:
    """One value or range of a driver, with the real rate.

    Attributes:
        sentence, label: as prose, and as the label of an axis.
        rate, interval, leads: as text.
        others: the rate of all other leads with its interval, as text; "" where it is not known.
        value, lower, upper: the rate and its interval, in percent.
        low, high: the ends of a range of numbers; None of anything else.
        missing: whether it is those of whom nothing is known.
    """

    sentence: str
    label: str
    rate: str
    interval: str
    leads: str
    others: str
    value: float
    lower: float
    upper: float
    low: float | None
    high: float | None
    missing: bool


@dataclass(frozen=True, slots=True)
class Point:
    """What a value does to the odds: the mean factor, and what 80 % of such leads lie between."""

    value: float
    n: int
    factor: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Curve:
    """How the model uses a number.

    Attributes:
        points: rising by value.
        missing: of those without a value.
        missing_label: what it is called on an axis.
        is_log: whether values are spread well on a logarithmic axis.
        bars: low, high and count of each bar of the histogram.
        beyond: what is said of values beyond the histogram; "" where there are none.
        factors: the least and the greatest factor of all curves, so that they share an axis.
    """

    points: tuple[Point, ...]
    missing: Point | None
    missing_label: str
    is_log: bool
    bars: tuple[tuple[float, float, int], ...]
    beyond: str
    factors: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Driver:
    """One subject the model leans on.

    Attributes:
        place: among all shown, from 0.
        group, group_words: the evidence it is.
        share: of all that moves scores, in percent.
        measure: what the bands are about.
        against: whether the model reads it the other way round than the raw rates.
        curve: how the model uses its values; None where they are no numbers.
    """

    place: int
    name: str
    group: str
    group_words: str
    share: float
    measure: str
    bands: tuple[Band, ...]
    against: bool
    curve: Curve | None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of evidence: its strongest drivers, and a sentence on what is not shown.

    Attributes:
        share: of all that moves scores, as text.
    """

    name: str
    words: str
    share: str
    shown: tuple[Driver, ...]
    rest: str


@dataclass(frozen=True, slots=True)
class Drivers:
    """All that is said of what drives conversion.

    Attributes:
        shown: every driver shown, strongest first.
        groups: the same by group.
        has_curves: whether any has a curve.
        counted_as: what is counted: "leads", or "examples" where a lead stands several times.
        idle: sentences on what does not matter.
        together: what counts only together; None where nobody looked.
    """

    shown: tuple[Driver, ...]
    groups: tuple[Group, ...]
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
    total = sum(row["weight"] for row in rows)
    least = HARDLY * max((row["weight"] for row in rows), default=0.0)
    strong = [row for row in rows if row["weight"] >= least and row["weight"] > 0]
    picked = [row for name in _group_names(rows) for row in _best(strong, name)]
    picked.sort(key=lambda row: -row["weight"])
    factors = _factors(picked)
    shown = [
        _driver(row, place=k, total=total, examples=examples, factors=factors)
        for k, row in enumerate(picked)
    ]
    groups = [
        _group(name, rows, shown=shown, used=[r for r in strong if r not in picked], total=total)
        for name in _group_names(rows)
    ]
    weak = [row for row in rows if row not in strong]
    return Drivers(
        tuple(shown),
        tuple(groups),
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


def _group(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    shown: Sequence[Driver],
    used: Sequence[Mapping[str, Any]],
    total: float,
) -> Group:
    own = [row for row in rows if row["group"] == name]
    drivers = tuple(driver for driver in shown if driver.group == name)
    also = [subject_name(row) for row in used if row["group"] == name]
    share = 100 * sum(row["weight"] for row in own) / total if total else 0.0
    if not own:
        rest = WITHOUT.get(name, "The data hold nothing of this kind.")
    elif also:
        rest = f"Used too, less or without a contrast to show: {joined(also)}."
    elif not drivers:
        rest = f"The model hardly uses what it has: {joined([subject_name(row) for row in own])}."
    else:
        rest = ""
    words = GROUPS.get(name, capitalised(name))
    said = "" if not own else "under 1\u00a0%" if 0 < share < 1 else f"{share:.0f}\u00a0%"
    return Group(name, words, said, drivers, rest)


def _driver(
    row: Mapping[str, Any],
    *,
    place: int,
    total: float,
    examples: int,
    factors: tuple[float, float],
) -> Driver:
    return Driver(
        place,
        capitalised(subject_name(row)),
        row["group"],
        GROUPS.get(row["group"], capitalised(row["group"])),
        100 * row["weight"] / total,
        capitalised(row["label"]),
        _bands(row, complete=sum(band["n"] for band in row["bands"]) == examples),
        _reads_against(row["bands"]),
        _curve(row, factors),
    )


def _bands(row: Mapping[str, Any], *, complete: bool) -> tuple[Band, ...]:
    """The bands with their words; only where none is left out do the outer ones reach the ends."""
    label, measured = row["label"], row["bands"]
    if _is_category(measured, label):
        measured = sorted(measured, key=lambda band: -band["rate"])
    open_low, open_high = _open_ends(measured, label)
    bands = []
    for k, band in enumerate(measured):
        ends = {open_low: "low", open_high: "high"}.get(k, "") if complete else ""
        bands.append(
            Band(
                band_sentence(band["text"], label, ends=ends),
                band_label(band["text"], label, ends=ends),
                percent(band["rate"]),
                span(band["lower"], band["upper"], like=band["rate"]),
                counted(band["leads"], "lead", "leads"),
                _others(band.get("rest")),
                100 * band["rate"],
                100 * band["lower"],
                100 * band["upper"],
                band.get("low"),
                band.get("high"),
                _is_missing(band),
            )
        )
    return tuple(bands)


def _others(rest: Mapping[str, Any] | None) -> str:
    if not rest:
        return ""
    return f"{percent(rest['rate'])} ({span(rest['lower'], rest['upper'], like=rest['rate'])})"


def _open_ends(bands: Sequence[Mapping[str, Any]], label: str) -> tuple[int, int]:
    """Which bands hold the lowest and the highest values, where those are ranges; else -1."""
    known = [k for k, band in enumerate(bands) if not _is_missing(band)]
    ranges = [k for k in known if is_range(bands[k]["text"], label)]
    if len(bands) < 2 or not ranges:
        return -1, -1
    low = 0 if ranges[0] == 0 and len(known) > 1 else -1
    high = ranges[-1] if ranges[-1] == known[-1] and ranges[-1] > 0 else -1
    return low, high


def _is_missing(band: Mapping[str, Any]) -> bool:
    """Whether nothing is known of those in a band; older cards say it by the words alone."""
    text = band["text"]
    by_words = text.endswith(" not known") or (text.startswith("no ") and text.endswith(" yet"))
    return bool(band["kind"] == "missing" if "kind" in band else by_words)


def _is_category(bands: Sequence[Mapping[str, Any]], label: str) -> bool:
    """Whether the bands have no order of their own: texts, not numbers."""
    values = [
        b["text"].removeprefix(f"{label}: ") for b in bands if b["text"].startswith(f"{label}: ")
    ]
    return bool(values) and not any(value.lstrip("-")[:1].isdigit() for value in values)


def _reads_against(bands: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the band with the clearly highest rate lowers scores against that with the lowest."""
    high = max(bands, key=lambda band: band["rate"])
    low = min(bands, key=lambda band: band["rate"])
    return bool(high["lower"] > low["upper"] and high["effect"] < low["effect"])


def _factors(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The least and the greatest factor that any curve reaches, 1 between them."""
    effects = [0.0]
    for row in rows:
        curve = row.get("curve")
        if curve:
            spreads = [*curve["points"], *([curve["missing"]] if curve["missing"] else [])]
            effects += [spread[end] for spread in spreads for end in ("lower", "effect", "upper")]
    return math.exp(min(effects)), math.exp(max(effects))


def _curve(row: Mapping[str, Any], factors: tuple[float, float]) -> Curve | None:
    curve = row.get("curve")
    if not curve:
        return None
    missing = next((band["text"] for band in row["bands"] if _is_missing(band)), "not known")
    beyond = counted(curve["beyond"], "value lies", "values lie")
    return Curve(
        tuple(replace(_point(point), value=point["value"]) for point in curve["points"]),
        _point(curve["missing"]) if curve["missing"] else None,
        band_label(missing, row["label"]),
        curve["scale"] == "log",
        tuple((bar["low"], bar["high"], bar["n"]) for bar in curve["bars"]),
        f"{beyond} beyond the ends of the axis." if curve["beyond"] else "",
        factors,
    )


def _point(spread: Mapping[str, Any]) -> Point:
    factors = (math.exp(spread[end]) for end in ("effect", "lower", "upper"))
    return Point(math.nan, spread["n"], *factors)
