"""Into which bands do the values of a feature fall, and by which condition do they part in two?

A category has a band a level, commonest first; steps of an order have one each, in their order; a
number has quantile bands, zeros apart where they are common. What is missing is a band of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from features.feature import Feature
from leadml.arrays import Bools, Floats

MOST_BANDS = 4
MOST_LEVELS = 8
NEXT_TO_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class Band:
    """Some values of a feature.

    Attributes:
        text: ``label: low to high``, or a sentence of its own.
        kind: a range of numbers, a level, or what is missing.
        inside: which examples have one of them, shape (n,).
        low, high: the ends of a range, both inside; else None.
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
    for below, above in pairwise(band for band in bands if band.kind == "range"):
        up = values >= _number(above.low)
        down = values <= _number(below.high)
        found.append(Condition(_text(feature, values[up]), "high", up))
        found.append(Condition(_text(feature, values[down]), "low", down))
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
    known = values[~np.isnan(values)]
    bands = []
    for low, high in pairwise([-np.inf, *_edges(known), np.inf]):
        inside = (values >= low) & (values < high)
        if inside.any():
            own = values[inside]
            ends = float(own.min()), float(own.max())
            bands.append(Band(_text(feature, own), "range", inside, *ends))
    return bands


def _edges(known: Floats) -> list[float]:
    if not len(known):
        return []
    if (known == 0).mean() > 1 / MOST_BANDS:
        above = known[known > 0]
        return sorted({NEXT_TO_ZERO, *([float(np.median(above))] if len(above) else [])})
    quantiles = np.quantile(known, np.arange(1, MOST_BANDS) / MOST_BANDS)
    return [float(edge) for edge in np.unique(quantiles)]


def _number(end: float | None) -> float:
    return np.nan if end is None else end


def _text(feature: Feature, values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return feature.describe(low)
    return f"{feature.label}: {_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    """A number with as many digits as tell bands apart.

    >>> _short(12500.4), _short(2.34), _short(3.0), _short(0.042), _short(-0.001)
    ('12,500', '2.3', '3', '0.04', '0')
    """
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text == "-0" else text
