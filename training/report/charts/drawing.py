"""How is a chart drawn? A small Altair chart as inline SVG: no script, no browser, no network.

Charts are drawn at the width of a phone and carry the colours of `PALETTE`; the style sheet turns
those into their dark counterparts. They hold no ids, so many can stand in one page.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup

from leadml.pages.palette import PALETTE

WIDTH = 250
"""Of a plot without its axes, in pixels: with them it fits a phone."""

LIGHT = {colour.name: colour.light for colour in PALETTE}
"""The colours that charts are drawn with."""


def chart_of(rows: Iterable[Mapping[str, Any]]) -> alt.Chart:
    """A chart of some rows."""
    return alt.Chart(pd.DataFrame([dict(row) for row in rows]))


def sized(chart: alt.LayerChart, *, height: int, width: int = WIDTH) -> alt.LayerChart:
    """The chart at a size; its ground is the page's."""
    return chart.properties(width=width, height=height, background="transparent")


def top_of(values: Iterable[float]) -> float:
    """The end of an axis of percent that starts at 0: a round number, 100 at most."""
    highest = max(values)
    step = 5 if highest > 5 else 1
    return float(min(step * max(math.ceil(highest / step), 1), 100))


def percent_scale(values: Iterable[float]) -> alt.Scale:
    """A scale of percent that starts at 0 and holds all values."""
    return alt.Scale(domain=[0, top_of(values)], nice=False)


def named_axis(names: Sequence[str]) -> alt.Axis:
    """An axis over positions that shows names, cut to fit; equal names stay apart."""
    return alt.Axis(
        labelExpr=f"({json.dumps(list(names))})[datum.value]",
        labelLimit=140,
        labelPadding=9,
        ticks=False,
        grid=False,
    )


def draw(chart: alt.LayerChart, description: str) -> Markup:
    """The chart as an inline picture with its description in place of its inner parts."""
    spec = chart.configure(font="sans-serif", aria=False).to_dict(validate=False)
    spec["config"] |= _STYLE
    svg = _rendered(json.dumps(spec))
    size = re.search(r'viewBox="[^"]*"', svg)
    body = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg[svg.index(">") + 1 :])
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
        "labelColor": LIGHT["ink"],
        "titleColor": LIGHT["soft"],
        "gridColor": LIGHT["grid"],
        "domainColor": LIGHT["chance"],
        "tickColor": LIGHT["chance"],
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "tickCount": 5,
    },
    "legend": {
        "title": None,
        "orient": "top",
        "labelColor": LIGHT["ink"],
        "labelFontSize": 13,
        "columns": 2,
        "symbolSize": 70,
        "symbolOpacity": 1,
    },
}
