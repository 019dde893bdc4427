"""Into which bands do the values of a feature fall, and by which condition do they part in two?

A category has a band a level, commonest first; steps of an order have one each, in their order; a
number has quantile bands, zeros apart where they are common. What is missing is a band of its own.
Bands of numbers are written so that every value is of one: whole numbers by the least and greatest
in them, others from a round number to under the next band's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from features.feature import Feature
from leadml.arrays import Bools, Floats

MOST_BANDS = 4
MOST_LEVELS = 8
NEXT_TO_ZERO = 1e-12

FINEST = 4
"""Where bands begin is written with so many digits more than usual, at most."""


@dataclass(frozen=True, slots=True)
class Band:
    """Some values of a feature.

    Attributes:
        text: ``label: low to high``, ``label: low to under high``, or a sentence of its own.
        kind: a range of numbers, a level, or what is missing.
        inside: which examples have one of them, shape (n,).
        low, high: the least and greatest value of a range; else None.
    """

    text: str
    kind: Literal["range", "level", "missing"]
    inside: Bools
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What is true of some examples and not of the others.

    Attributes:
        text: as of a band.
        ends: "low" or "high" where a range reaches to the end of all values.
        inside: of which examples it is true, shape (n,).
    """

    text: str
    ends: Literal["", "low", "high"]
    inside: Bools


def part_values(feature: Feature, values: Floats) -> list[Band]:
    """The bands of a feature's values; none is empty, and no value is in two."""
    missing = np.isnan(values)
    bands = _levels(feature, values) if feature.levels else _ranges(feature, values)
    if missing.any():
        bands.append(Band(feature.describe(float("nan")), "missing", missing))
    return bands


def conditions(feature: Feature, values: Floats) -> list[Condition]:
    """The conditions that part a feature's values in two along its bands."""
    bands = part_values(feature, values)
    found = [Condition(b.text, "", b.inside) for b in bands if b.kind != "range"]
    if feature.levels and not feature.is_category:
        found += _steps(feature, values)
    edges = _edges(values[~np.isnan(values)])
    for below, above in pairwise(band for band in bands if band.kind == "range"):
        up = values >= _number(above.low)
        down = values <= _number(below.high)
        found.append(Condition(_text(feature, values, up, edges), "high", up))
        found.append(Condition(_text(feature, values, down, edges), "low", down))
    return found


def _levels(feature: Feature, values: Floats) -> list[Band]:
    codes, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    common = codes[np.argsort(-counts, kind="stable")][:MOST_LEVELS]
    if not feature.is_category:
        common = np.array(sorted(common, key=lambda code: (code < 0, code)))
    return [Band(feature.describe(code), "level", values == code) for code in common]


def _steps(feature: Feature, values: Floats) -> Iterator[Condition]:
    """From a step of an order upwards, and up to it."""
    known = np.unique(values[values >= 0])
    for below, above in pairwise(known):
        yield Condition(f"{feature.describe(above)} or higher", "", values >= above)
        yield Condition(
            f"{feature.describe(below)} or lower", "", (values <= below) & (values >= 0)
        )


def _ranges(feature: Feature, values: Floats) -> list[Band]:
    edges = _edges(values[~np.isnan(values)])
    bands = []
    for low, high in pairwise([-np.inf, *edges, np.inf]):
        inside = (values >= low) & (values < high)
        if inside.any():
            own = values[inside]
            ends = float(own.min()), float(own.max())
            bands.append(Band(_text(feature, values, inside, edges), "range", inside, *ends))
    return bands


def _edges(known: Floats) -> list[float]:
    """Where bands begin: quantiles, rounded as they are written; whole numbers need no rounding."""
    if not len(known):
        return []
    finish = list[float] if _are_whole(known) else _rounded
    if (known == 0).mean() > 1 / MOST_BANDS:
        above = known[known > NEXT_TO_ZERO]
        return [NEXT_TO_ZERO, *(finish([float(np.median(above))]) if len(above) else [])]
    quantiles = np.quantile(known, np.arange(1, MOST_BANDS) / MOST_BANDS)
    return finish(np.unique(quantiles).tolist())


def _number(end: float | None) -> float:
    return np.nan if end is None else end


def _text(feature: Feature, values: Floats, inside: Bools, edges: Sequence[float]) -> str:
    """A range in words: whole numbers by their ends, others up to where the next band begins."""
    low, high = float(values[inside].min()), float(values[inside].max())
    if low == high:
        return feature.describe(low)
    if _are_whole(values[~np.isnan(values)]):
        return f"{feature.label}: {low:,.0f} to {high:,.0f}"
    start = max((edge for edge in edges if NEXT_TO_ZERO != edge <= low), default=None)
    end = min((edge for edge in edges if edge > high), default=NEXT_TO_ZERO)
    if start is None and end == NEXT_TO_ZERO:
        return f"{feature.label}: {_short(low)} to {_short(high)}"
    if start is not None and end == NEXT_TO_ZERO:
        return f"{feature.label}: {_exact(start)} to {_most(high, above=start)}"
    begins = _least(low, below=end) if start is None else _exact(start)
    return f"{feature.label}: {begins} to under {_exact(end)}"


def _are_whole(known: Floats) -> bool:
    return bool((known == np.floor(known)).all())


def _rounded(edges: Sequence[float]) -> list[float]:
    """Rising edges with as few digits as tell them apart, `FINEST` more than usual at most.

    >>> _rounded([12.3, 47.8]), _rounded([52.12, 52.34])
    ([12.0, 48.0], [52.1, 52.3])
    """
    for finer in range(FINEST + 1):
        rounded = sorted({round(edge, _digits(edge) + finer) for edge in edges})
        if len(rounded) == len(edges):
            return rounded
    return rounded


def _exact(edge: float) -> str:
    """A rounded edge with all its digits."""
    text = f"{edge:,.12f}"
    return text.rstrip("0").rstrip(".")


def _least(low: float, *, below: float) -> str:
    """The least value, rounded down as coarsely as the end of its band is written.

    >>> _least(0.000021, below=17.0), _least(0.19, below=2.9), _least(-3.21, below=17.0)
    ('0', '0.1', '-4')
    """
    unit = 10.0 ** -_digits(below)
    return _exact(round(math.floor(low / unit) * unit, 12))


def _most(high: float, *, above: float) -> str:
    """The greatest value, rounded up as finely as the start of its band is written.

    >>> _most(52.23, above=52.0), _most(5.24, above=5.2), _most(0.0512, above=0.05115)
    ('53', '5.3', '0.0512')
    """
    unit = 10.0 ** -len(_exact(above).partition(".")[2])
    return _exact(round(math.ceil(round(high / unit, 6)) * unit, 12))


def _short(value: float) -> str:
    """A number with as many digits as tell bands apart.

    >>> _short(12500.4), _short(2.34), _short(3.0), _short(0.042), _short(-0.0014), _short(0.0)
    ('12,500', '2.3', '3', '0.042', '-0.0014', '0')
    """
    digits = _digits(value)
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def _digits(value: float) -> int:
    """Digits after the point: none of tens, one of ones, else so many that two tell."""
    size = abs(value)
    if size >= 1 or size < NEXT_TO_ZERO:
        return 0 if size >= 10 or size < NEXT_TO_ZERO else 1
    return 1 - math.floor(math.log10(size))
