"""How does the model use a number? What happened, what the model adds, and the data under both."""

import json
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import altair as alt
from markupsafe import Markup

from training.report.charts.drawing import LIGHT, WIDTH, chart_of, draw, top_of
from training.report.driver_bands import Band
from training.report.driver_curves import Curve
from training.report.drivers import Driver

MISSING_AT = 1.16
"""Where what is missing stands on an axis whose known values run from 0 to 1."""

CLEAR_OF_MISSING = 0.9
"""Marks beyond are left out where they would touch what the missing are called."""

NEAR_ZERO = 0.1
"""An axis that begins within so small a part of its end begins at 0."""

ZERO_ROOM = 0.08
"""The part of a logarithmic axis that is left to zeros, where there are some."""

FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""The marks of an axis of factors; one that reaches neither 0.5 nor 2 has finer ones."""

FINE_FACTORS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8)

LEAST_SPAN = 1.1
"""An axis of factors reaches so far at least, so that what is next to nothing looks it."""

TALL = 4.0
"""A bar so many times as tall as the next is cut, and its count written on it."""

CUT = 1.5
"""It is cut at so many times the next."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where values stand: from 0 to 1 what is known, beyond it what is missing.

    Attributes:
        place: of a value.
        ticks: places and texts of the marks.
        end: of the axis.
    """

    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]
    end: float


def curve_chart(driver: Driver, curve: Curve, *, average: float, past: str, top: float) -> Markup:
    """Three panels over one axis of values: real rates, the model's factor, and how many have it.

    Args:
        driver: its bands are the rates.
        curve: the driver's.
        average: the rate of all examples, in percent.
        past: "became customers".
        top: the highest rate any driver shows, in percent.
    """
    axis = axis_of(curve)
    colour = LIGHT.get(driver.group, LIGHT["model"])
    rates = _rates(driver.bands, axis, colour=colour, average=average, top=top)
    factors = _factors(curve, axis, colour=colour)
    counts = _counts(curve, axis, title=driver.measure)
    panels = [
        _titled(rates, f"{past}, %", height=90),
        _titled(factors, "the model multiplies the odds by", height=100),
        _titled(counts, "how many", height=46),
    ]
    chart = alt.vconcat(*panels, spacing=8).properties(background="transparent")
    return draw(cast("alt.LayerChart", chart), _said(driver, curve, average))


def axis_of(curve: Curve) -> Axis:
    """The axis of a curve's values."""
    bars = [bar for bar in curve.bars if bar[1] > bar[0]]
    low, high = bars[0][0], bars[-1][1]
    if not curve.is_log and 0 < low < NEAR_ZERO * high:
        low = 0.0
    zeros = curve.is_log and any(bar[0] == bar[1] for bar in curve.bars)
    room = ZERO_ROOM if zeros else 0.0

    def place(value: float) -> float:
        if not curve.is_log:
            return min(max((value - low) / (high - low), 0.0), 1.0)
        if value <= 0:
            return 0.0
        part = math.log(value / low) / math.log(high / low)
        return room + (1 - room) * min(max(part, 0.0), 1.0)

    marks = _powers(low, high) if curve.is_log else _round_steps(low, high)
    ticks = [(place(mark), value_text(mark)) for mark in [*([0.0] if zeros else []), *marks]]
    if curve.missing is None:
        return Axis(place, tuple(ticks), 1.03)
    clear = [tick for tick in ticks if tick[0] < CLEAR_OF_MISSING]
    return Axis(place, (*clear, (MISSING_AT, curve.missing_label)), MISSING_AT + 0.12)


def value_text(value: float) -> str:
    """A round number as short as an axis needs it.

    >>> [value_text(v) for v in (0.05, 5.0, 1500.0, 20_000.0, 3_000_000.0, 2e9)]
    ['0.05', '5', '1,500', '20k', '3m', '2bn']
    """
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):g}{unit}"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten within; where they are few, their doubles and fives too."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    step = 1 + len(exponents) // 6
    tens = [10.0**e for e in exponents if e % step == 0 and low <= 10.0**e <= high]
    if len(tens) > 2:
        return tens
    return [m * 10.0**e for e in exponents for m in (1, 2, 5) if low <= m * 10.0**e <= high]


def _round_steps(low: float, high: float) -> list[float]:
    """Three to six round numbers within."""
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = min((m * size for m in (1, 2, 5, 10)), key=lambda s: abs(math.log(s / rough)))
    first = math.ceil(low / step)
    count = math.floor(high / step) - first + 1
    return [round((first + k) * step, 9) for k in range(count)]


def _x(axis: Axis, field: str, *, title: str | None = None) -> alt.X:
    """Values; their marks are written under the lowest panel, which has a title."""
    texts = {f"{place:.4f}": text for place, text in axis.ticks}
    labels = f"({json.dumps(texts)})[format(datum.value, '.4f')]"
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[-0.03, axis.end], nice=False, zero=False),
        axis=alt.Axis(
            title=None if title is None else textwrap.wrap(title, 44)[:2],
            values=[place for place, _ in axis.ticks],
            labelExpr=labels,
            labels=title is not None,
            ticks=title is not None,
            domain=title is not None,
            grid=False,
            labelOverlap=False,
            tickCount=len(axis.ticks),
            labelLimit=90,
            titleLimit=WIDTH + 40,
            titlePadding=6,
        ),
    )


def _titled(layers: Sequence[alt.Chart], title: str, *, height: int) -> alt.LayerChart:
    """A panel; what its axis of heights measures stands above it."""
    said = alt.TitleParams(
        title, anchor="start", fontSize=12, fontWeight="normal", color=LIGHT["soft"], offset=6
    )
    return alt.LayerChart(layer=list(layers), title=said).properties(width=WIDTH, height=height)


def _parting(axis: Axis, *, title: str | None = None) -> list[alt.Chart]:
    """A line between what is known and what is missing, where anything is."""
    if axis.end < MISSING_AT:
        return []
    line = chart_of([{"at": (1 + MISSING_AT) / 2 - 0.02}])
    return [
        line.mark_rule(color=LIGHT["grid"], strokeWidth=1).encode(x=_x(axis, "at", title=title))
    ]


def _rates(
    bands: Sequence[Band], axis: Axis, *, colour: str, average: float, top: float
) -> list[alt.Chart]:
    rows = [_of_band(band, axis) for band in bands]
    y = alt.Y(
        "rate:Q",
        title=None,
        scale=alt.Scale(domain=[0, top_of([top])], nice=False),
        axis=alt.Axis(tickCount=3, minExtent=34),
    )
    base = chart_of(rows).encode(y=y)
    line = (
        chart_of([{"rate": average}])
        .mark_rule(color=LIGHT["soft"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(y=y)
    )
    return [
        *_parting(axis),
        line,
        base.mark_rule(color=colour, strokeWidth=2).encode(x=_x(axis, "low"), x2="high:Q"),
        base.mark_rule(color=colour, strokeWidth=1.5).encode(
            x=_x(axis, "at"), y="lower:Q", y2="upper:Q"
        ),
        base.mark_point(filled=True, opacity=1, size=45, color=colour).encode(x=_x(axis, "at")),
    ]


def _of_band(band: Band, axis: Axis) -> Mapping[str, float]:
    low, high = (
        (MISSING_AT, MISSING_AT)
        if band.low is None or band.high is None
        else (axis.place(band.low), axis.place(band.high))
    )
    ends = {"low": low, "high": high, "at": (low + high) / 2}
    return ends | {"rate": band.value, "lower": band.lower, "upper": band.upper}


def _factors(curve: Curve, axis: Axis, *, colour: str) -> list[alt.Chart]:
    known = [
        {"at": axis.place(p.value), "factor": p.factor, "lower": p.lower, "upper": p.upper}
        for p in curve.points
    ]
    low = min(curve.factors[0], 1 / LEAST_SPAN) / 1.03
    high = max(curve.factors[1], LEAST_SPAN) * 1.03
    fine = low > 0.5 and high < 2
    marks = [m for m in (FINE_FACTORS if fine else FACTORS) if low <= m <= high]
    y = alt.Y(
        "factor:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=marks, tickCount=len(marks), labelExpr="'×' + datum.value", minExtent=34
        ),
    )
    base = chart_of(known).encode(x=_x(axis, "at"))
    even = (
        chart_of([{"factor": 1.0}])
        .mark_rule(color=LIGHT["soft"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(y=y)
    )
    layers = [
        *_parting(axis),
        even,
        base.mark_area(color=colour, opacity=0.18).encode(y="lower:Q", y2="upper:Q"),
        base.mark_line(color=colour, strokeWidth=2).encode(y=y),
    ]
    if len(known) <= 12:
        layers.append(base.mark_point(filled=True, opacity=1, size=18, color=colour).encode(y=y))
    if curve.missing is not None:
        own = curve.missing
        row = {"at": MISSING_AT, "factor": own.factor, "lower": own.lower, "upper": own.upper}
        apart = chart_of([row]).encode(x=_x(axis, "at"))
        layers += [
            apart.mark_rule(color=colour, opacity=0.35, strokeWidth=6).encode(
                y="lower:Q", y2="upper:Q"
            ),
            apart.mark_point(filled=True, opacity=1, size=45, color=colour).encode(y=y),
        ]
    return layers


def _counts(curve: Curve, axis: Axis, *, title: str) -> list[alt.Chart]:
    """The histogram; a bar far taller than the rest is cut, what is missing is a number alone."""
    counts = sorted(n for _, _, n in curve.bars)
    most = counts[-1]
    if len(counts) > 1 and most > TALL * counts[-2] > 0:
        most = math.ceil(CUT * counts[-2])
    rows = []
    for low, high, n in curve.bars:
        ends = axis.place(low), axis.place(high)
        if low == high:
            ends = -0.02, 0.02
        said = f"{n:,}" if n > most else ""
        rows.append({"low": ends[0], "high": ends[1], "n": min(n, most), "said": said})
    y = alt.Y(
        "n:Q",
        title=None,
        scale=alt.Scale(domain=[0, most], nice=False),
        axis=alt.Axis(tickCount=2, grid=False, minExtent=34),
    )
    bars = chart_of(rows).mark_rect(color=LIGHT["chance"], stroke=None)
    numbers = [{"at": row["high"], "n": most, "said": row["said"]} for row in rows if row["said"]]
    layers = [
        *_parting(axis, title=title),
        bars.encode(x=_x(axis, "low", title=title), x2="high:Q", y=y, y2=alt.datum(0)),
    ]
    if numbers:
        beside = chart_of(numbers).mark_text(
            align="left", baseline="top", dx=4, color=LIGHT["ink"], fontSize=11
        )
        layers.append(beside.encode(x=_x(axis, "at", title=title), y=y, text="said:N"))
    if curve.missing is not None:
        own = [{"at": MISSING_AT, "n": 0, "said": f"{curve.missing.n:,}"}]
        above = chart_of(own).mark_text(baseline="bottom", dy=-3, color=LIGHT["ink"], fontSize=11)
        layers.append(above.encode(x=_x(axis, "at", title=title), y=y, text="said:N"))
    return layers


def _said(driver: Driver, curve: Curve, average: float) -> str:
    rates = "; ".join(f"{b.label}: {b.rate} ({b.interval})" for b in driver.bands)
    points = curve.points[:: max(len(curve.points) // 4, 1)]
    used = "; ".join(f"at {value_text(float(f'{p.value:.2g}'))} by {p.factor:.2g}" for p in points)
    none = (
        f"; {curve.missing_label} by {curve.missing.factor:.2g}"
        if curve.missing is not None
        else ""
    )
    return (
        f"{driver.name}. Rates by value: {rates}; all: {average:.0f} %. "
        f"The model multiplies the odds {used}{none}."
    )
