"""What counts only together? Pairs of subjects whose rates are not what both alone would say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import (
    band_sentence,
    capitalised,
    counted,
    percent,
    span,
    subject_words,
)

MOST_PAIRS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """Leads of which both, one or neither is true, with the real rate.

    Attributes:
        sentence, label: as prose, and as the label of an axis.
        rate, interval, leads: as text.
        value, lower, upper: the rate and its interval, in percent.
    """

    sentence: str
    label: str
    rate: str
    interval: str
    leads: str
    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two subjects together.

    Attributes:
        cells: both, only the first, only the second, neither.
        first, second: what is true of the leads, as sentences.
        verdict: how the rate of both compares with what each alone would say.
        expected: that rate, in percent.
    """

    name: str
    first: str
    second: str
    cells: tuple[Cell, ...]
    verdict: str
    expected: float


@dataclass(frozen=True, slots=True)
class Interactions:
    """The pairs that say something together, and a sentence on how many were compared."""

    pairs: tuple[Pair, ...]
    sentence: str


def read_interactions(data: Mapping[str, Any]) -> Interactions:
    """The words for what `training.evidence.interactions.find_interactions` found."""
    found, tested = data["found"], data["tested"]
    return Interactions(tuple(_pair(row) for row in found[:MOST_PAIRS]), _sentence(found, tested))


def _sentence(found: list[Mapping[str, Any]], tested: int) -> str:
    if not tested:
        return (
            "No two of the strongest subjects could be compared: of some combinations there are "
            "too few leads."
        )
    compared = counted(tested, "pair", "pairs")
    were = "was" if tested == 1 else "were"
    if not found:
        return (
            f"{compared} of the strongest subjects {were} compared. None of them says anything "
            "together that the two do not say apart, beyond chance."
            if tested > 1
            else "1 pair of the strongest subjects was compared. It says nothing together that "
            "the two do not say apart, beyond chance."
        )
    say = "says" if len(found) == 1 else "say"
    shown = f"; the {MOST_PAIRS} surest are shown" if len(found) > MOST_PAIRS else ""
    return (
        f"{compared} of the strongest subjects {were} compared. {len(found)} of them {say} "
        f"more, or less, together than the two do apart, beyond chance{shown}."
    )


def _pair(row: Mapping[str, Any]) -> Pair:
    first, second = (_condition(row[key]) for key in ("first", "second"))
    names = [subject_words(row[key]["feature"], row[key]["subject"]) for key in ("first", "second")]
    cells = row["cells"]
    both = cells["both"]["rate"]
    side = "more" if both > row["expected"] else "less"
    return Pair(
        capitalised(" and ".join(names)),
        first,
        second,
        (
            _cell("Both", "both", cells["both"]),
            _cell(f"Only “{first}”", f"only {names[0]}", cells["first"]),
            _cell(f"Only “{second}”", f"only {names[1]}", cells["second"]),
            _cell("Neither", "neither", cells["neither"]),
        ),
        f"Both together: {percent(both)}, {side} than the {percent(row['expected'])} one would "
        f"expect if each counted for itself. {_chance(row['p_of_all'])}",
        100 * row["expected"],
    )


def _chance(p: float) -> str:
    """How likely chance alone makes such a pair, all pairs considered."""
    if p < 0.001:
        share = "less than 1 in 1,000"
    elif p < 0.0095:
        share = f"about {1000 * p:.0f} in 1,000"
    else:
        share = f"about {100 * p:.0f} in 100"
    return f"By chance alone, any pair would differ so much in {share} reports."


def _condition(half: Mapping[str, Any]) -> str:
    return band_sentence(half["text"], half["label"], ends=half["ends"])


def _cell(sentence: str, label: str, own: Mapping[str, Any]) -> Cell:
    return Cell(
        sentence,
        label,
        percent(own["rate"]),
        span(own["lower"], own["upper"], like=own["rate"]),
        counted(own["leads"], "lead", "leads"),
        100 * own["rate"],
        100 * own["lower"],
        100 * own["upper"],
    )
