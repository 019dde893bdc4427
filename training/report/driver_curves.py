"""How does the model use a number? By what each value multiplies the odds, and how many have it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leadml.pages.words import band_label, counted
from training.report.driver_bands import is_missing


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


def factors_of(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The least and the greatest factor that any curve reaches, 1 between them."""
    effects = [0.0]
    for row in rows:
        curve = row.get("curve")
        if curve:
            spreads = [*curve["points"], *([curve["missing"]] if curve["missing"] else [])]
            effects += [spread[end] for spread in spreads for end in ("lower", "effect", "upper")]
    return math.exp(min(effects)), math.exp(max(effects))


def read_curve(row: Mapping[str, Any], factors: tuple[float, float]) -> Curve | None:
    """The curve of a driver; None where its values are no numbers.

    Args:
        row: as in the card.
        factors: of `factors_of`.
    """
    curve = row.get("curve")
    if not curve:
        return None
    missing = next((band["text"] for band in row["bands"] if is_missing(band)), "not known")
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
