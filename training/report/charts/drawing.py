"""How do the figures look? Small Altair charts as inline SVG: no script, no browser, no network.

Charts are drawn at the width of a phone and carry the colours of `PALETTE`; the style sheet turns
those into their dark counterparts. They hold no ids, so many can stand in one page.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup

from training.report.evidence import Driver
from training.report.past import PastPoint
from training.report.tables import WinsPoint
from training.report.words import capitalised

WIDTH = 250
"""Of a plot without its axes, in pixels: with them it fits a phone."""


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour on light and on dark ground."""

    name: str
    light: str
    dark: str


PALETTE = (
    Colour("ink", "#1d2733", "#e6eaf0"),
    Colour("soft", "#566273", "#a9b4c2"),
    Colour("grid", "#dfe4ea", "#36404c"),
    Colour("model", "#1a5fb4", "#7fb5ff"),
    Colour("rival", "#a8500a", "#ffb26b"),
    Colour("chance", "#69737f", "#98a3b0"),
    Colour("fit", "#1b5eb3", "#7eb4fe"),
    Colour("engagement", "#0b7261", "#52cfb4"),
    Colour("intent", "#7440b0", "#c5a3ff"),
    Colour("negative", "#b02a21", "#ff9088"),
)
"""Every colour of the charts; no two light ones are the same, so each can be told by its value."""

_LIGHT = {colour.name: colour.light for colour in PALETTE}
_RIVALS = ("rival", "engagement", "intent", "negative")
_MARKS = {
    "trained once": ("rival", "triangle-up"),
    "best single rule": ("engagement", "square"),
    "naive Bayes": ("intent", "diamond"),
    "plain logistic regression": ("negative", "cross"),
    "LightGBM defaults": ("ink", "triangle-down"),
    "newest first": ("chance", "square"),
    "points": ("soft", "diamond"),
}
"""The colour and shape of each rival in a chart that shows many."""


def wins_chart(points: Sequence[WinsPoint], *, many: str) -> Markup:
    """The share of wins reached in the top 10, 20 and 30 %, by scorer, with intervals."""
    scorers = list(dict.fromkeys(point.scorer for point in points))
    rivals = [name for name in scorers if name not in {"this model", "at random"}]
    colours = {"this model": "model", "at random": "chance"}
    colours |= {name: _RIVALS[k % len(_RIVALS)] for k, name in enumerate(rivals)}
    shapes = ["circle", *["square" for _ in rivals], "diamond"]
    base = _chart(map(asdict, points)).encode(
        x=alt.X("top:O", title="leads called first, % of all", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("scorer:N", sort=scorers),
        y=alt.Y("value:Q", title=f"share of all {many}, %", scale=_scale(p.upper for p in points)),
        color=alt.Color(
            "scorer:N",
            sort=scorers,
            scale=alt.Scale(domain=scorers, range=[_LIGHT[colours[name]] for name in scorers]),
        ),
    )
    ranges = base.mark_rule(strokeWidth=2).encode(y="lower:Q", y2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, strokeWidth=2.5).encode(
        shape=alt.Shape("scorer:N", sort=scorers, scale=alt.Scale(domain=scorers, range=shapes))
    )
    said = "; ".join(f"{p.scorer}, top {p.top} %: {p.value:.0f} %" for p in points)
    return _svg(_sized(ranges + marks, height=210), f"Share of {many} in the top leads. {said}.")


def reliability_chart(rows: Sequence[Mapping[str, Any]], *, past: str) -> Markup:
    """Predicted beside observed with intervals, the diagonal of perfect agreement, and counts."""
    keys = ("predicted", "observed", "observed_lower", "observed_upper")
    data = [{key: 100 * row[key] for key in keys} | {"n": row["n"]} for row in rows]
    scale = _scale(max(row["observed_upper"], row["predicted"]) for row in data)
    ends = [{"end": 0.0}, {"end": _top(max(r["observed_upper"], r["predicted"]) for r in data)}]
    diagonal = (
        _chart(ends)
        .mark_line(color=_LIGHT["chance"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("end:Q"), y=alt.Y("end:Q"))
    )
    base = _chart(data).encode(
        x=alt.X("predicted:Q", title="the model said, %", scale=scale),
        y=alt.Y("observed:Q", title=f"{past}, %", scale=scale),
    )
    ranges = base.mark_rule(color=_LIGHT["model"], strokeWidth=2).encode(
        y="observed_lower:Q", y2="observed_upper:Q"
    )
    size = alt.Size("n:Q", legend=None, scale=alt.Scale(domainMin=0, range=[15, 90]))
    marks = base.mark_point(filled=True, opacity=1, color=_LIGHT["model"]).encode(size=size)
    said = "; ".join(f"said {r['predicted']:.0f} %, {r['observed']:.0f} % did" for r in data)
    return _svg(_sized(diagonal + ranges + marks, height=WIDTH), f"Predicted and observed: {said}.")


def weights_chart(drivers: Sequence[Driver]) -> Markup:
    """How much the model leans on each shown subject, coloured by group."""
    rows = [
        {"k": k, "share": d.share, "group": d.group, "said": f"{d.share:.0f}"}
        for k, d in enumerate(drivers)
    ]
    groups = [
        name
        for name in ("fit", "engagement", "intent", "negative")
        if any(d.group == name for d in drivers)
    ]
    base = _chart(rows).encode(
        y=alt.Y("k:O", title=None, axis=_named_axis([d.name for d in drivers])),
        x=alt.X(
            "share:Q",
            title="share of all that moves the scores, %",
            scale=_scale(d.share * 1.1 for d in drivers),
        ),
    )
    colour = alt.Color("group:N", scale=alt.Scale(domain=groups, range=[_LIGHT[g] for g in groups]))
    bars = base.mark_bar(height={"band": 0.7}).encode(color=colour)
    texts = base.mark_text(align="left", dx=4, color=_LIGHT["ink"], fontSize=11).encode(
        text="said:N"
    )
    said = "; ".join(f"{d.name}: {d.share:.0f} %" for d in drivers)
    chart = _sized(bars + texts, height=30 * len(rows), width=WIDTH - 50)
    return _svg(chart, f"How much the model leans on each subject. {said}.")


def driver_chart(driver: Driver, *, average: float, past: str, top: float) -> Markup:
    """The rate of each band with its interval, and the average rate as a dashed line.

    Args:
        driver: the bands.
        average: the rate of all examples, in percent.
        past: "became customers".
        top: the highest rate any driver shows, so that all share one axis; in percent.
    """
    rows = [
        {"k": k, "rate": b.value, "lower": b.lower, "upper": b.upper}
        for k, b in enumerate(driver.bands)
    ]
    base = _chart(rows).encode(
        y=alt.Y("k:O", title=None, axis=_named_axis([band.label for band in driver.bands])),
        x=alt.X("rate:Q", title=f"{past}, %", scale=_scale([top])),
    )
    colour = _LIGHT.get(driver.group, _LIGHT["model"])
    line = (
        _chart([{"average": average}])
        .mark_rule(color=_LIGHT["soft"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x="average:Q")
    )
    ranges = base.mark_rule(color=colour, strokeWidth=2).encode(x="lower:Q", x2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, color=colour)
    said = "; ".join(f"{b.label}: {b.rate} ({b.interval})" for b in driver.bands)
    chart = _sized(line + ranges + marks, height=28 * len(rows) + 8, width=WIDTH - 45)
    return _svg(chart, f"{driver.name}, rates by value. {said}. All: {average:.0f} %.")


def past_chart(points: Sequence[PastPoint], *, title: str, chance: float | None = None) -> Markup:
    """One figure by period, oldest on top: the model with its interval, the rivals below it.

    Args:
        points: of the model first.
        title: of the axis.
        chance: where a score that says nothing would lie; drawn where the axis reaches it.
    """
    periods, scorers = (
        list(dict.fromkeys(getattr(point, name) for point in points))
        for name in ("period", "scorer")
    )
    rows = [asdict(p) | {"k": periods.index(p.period)} for p in points]
    own = [row for row in rows if row["scorer"] == scorers[0]]
    ends = _ends([*(row["value"] for row in rows), *(row[e] for row in own for e in _ENDS)])
    scale = alt.Scale(domain=ends, zero=False, nice=False)
    y = alt.Y("k:O", title=None, axis=_named_axis(periods))
    x, x2 = alt.X("lower:Q", title=title, scale=scale), "upper:Q"
    marked = {"y": y, "x": alt.X("value:Q", title=title, scale=scale), **_told_apart(scorers)}
    ranges = _chart(own)
    blue = _LIGHT["model"]
    rivals = _chart(row for row in rows if row["scorer"] != scorers[0])
    layers = [
        ranges.mark_bar(color=blue, opacity=0.18, height={"band": 0.86}).encode(y=y, x=x, x2=x2),
        ranges.mark_rule(color=blue, strokeWidth=2, yOffset=-7).encode(y=y, x=x, x2=x2),
        ranges.mark_point(filled=True, opacity=1, size=80, yOffset=-7).encode(**marked),
        rivals.mark_point(filled=True, opacity=1, size=42, yOffset=7).encode(**marked),
    ]
    if chance is not None and ends[0] < chance:
        layers.insert(0, _line_at(chance))
    said = "; ".join(f"{r['period']}: {r['value']:.3g}" for r in own)
    chart = _sized(alt.LayerChart(layer=layers), height=36 * len(periods), width=WIDTH - 10)
    return _svg(chart, f"{title}, by period. {capitalised(scorers[0])}, {said}.")


def _told_apart(scorers: Sequence[str]) -> dict[str, Any]:
    """A colour and a shape a scorer, the same in every chart."""
    marks = [_MARKS.get(name, ("model", "circle")) for name in scorers]
    legend = alt.Legend(columns=2, labelLimit=170)
    colours = alt.Scale(domain=scorers, range=[_LIGHT[name] for name, _ in marks])
    shapes = alt.Scale(domain=scorers, range=[shape for _, shape in marks])
    return {
        "color": alt.Color("scorer:N", sort=scorers, legend=legend, scale=colours),
        "shape": alt.Shape("scorer:N", sort=scorers, legend=legend, scale=shapes),
    }


def _line_at(value: float) -> alt.Chart:
    line = _chart([{"at": value}])
    marked: alt.Chart = line.mark_rule(
        color=_LIGHT["chance"], strokeDash=[4, 3], strokeWidth=1.5
    ).encode(x="at:Q")
    return marked


def _ends(values: Sequence[float]) -> list[float]:
    """The ends of an axis that need not start at 0: round numbers around all values."""
    low, high = min(values), max(values)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6))) / 2
    return [round(end, 9) for end in (step * math.floor(low / step), step * math.ceil(high / step))]


_ENDS = ("lower", "upper")


def _chart(rows: Iterable[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(pd.DataFrame([dict(row) for row in rows]))


def _sized(chart: alt.LayerChart, *, height: int, width: int = WIDTH) -> alt.LayerChart:
    return chart.properties(width=width, height=height, background="transparent")


def _top(values: Iterable[float]) -> float:
    """The end of an axis of percent that starts at 0: a round number, 100 at most."""
    highest = max(values)
    step = 5 if highest > 5 else 1
    return float(min(step * max(math.ceil(highest / step), 1), 100))


def _scale(values: Iterable[float]) -> alt.Scale:
    return alt.Scale(domain=[0, _top(values)], nice=False)


def _named_axis(names: Sequence[str]) -> alt.Axis:
    """An axis over positions that shows names, cut to fit; equal names stay apart."""
    return alt.Axis(
        labelExpr=f"({json.dumps(list(names))})[datum.value]",
        labelLimit=140,
        labelPadding=9,
        ticks=False,
        grid=False,
    )


def _svg(chart: alt.LayerChart, description: str) -> Markup:
    """The chart as an inline picture with its description in place of its inner parts."""
    spec = chart.configure(font="sans-serif", aria=False).to_dict(validate=False)
    spec["config"] |= _STYLE
    svg = _rendered(json.dumps(spec))
    size = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">") + 1 :]
    width = re.search(r'width="(\d+)', svg)
    opening = (
        f'<svg role="img" aria-label="{escape(description)}" {size[0] if size else ""} '
        f'width="{width[1] if width else WIDTH}">'
    )
    return Markup(opening + body)  # noqa: S704 - vega escapes every text it draws


@lru_cache(maxsize=64)
def _rendered(spec: str) -> str:
    """A Vega-Lite chart (JSON) as SVG; kept, because drawing is slow and always gives the same."""
    return vl_convert.vegalite_to_svg(spec, vl_version=alt.SCHEMA_VERSION.rsplit(".", 1)[0])


_STYLE: dict[str, Any] = {
    "view": {"stroke": None},
    "axis": {
        "labelColor": _LIGHT["ink"],
        "titleColor": _LIGHT["soft"],
        "gridColor": _LIGHT["grid"],
        "domainColor": _LIGHT["chance"],
        "tickColor": _LIGHT["chance"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "tickCount": 5,
    },
    "legend": {
        "title": None,
        "orient": "top",
        "labelColor": _LIGHT["ink"],
        "labelFontSize": 12,
        "symbolSize": 70,
        "symbolOpacity": 1,
    },
}
