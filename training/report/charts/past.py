"""How would it have done, period by period? Beside the rivals."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import altair as alt
from markupsafe import Markup

from leadml.pages.words import capitalised
from training.report.charts.drawing import LIGHT, WIDTH, chart_of, draw, named_axis, sized
from training.report.past import PastPoint

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

_ENDS = ("lower", "upper")


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
    y = alt.Y("k:O", title=None, axis=named_axis(periods))
    axis = alt.Axis(tickCount=5)
    x, x2 = alt.X("lower:Q", title=title, scale=scale, axis=axis), "upper:Q"
    value = alt.X("value:Q", title=title, scale=scale, axis=axis)
    marked = {"y": y, "x": value, **_told_apart(scorers)}
    ranges = chart_of(own)
    blue = LIGHT["model"]
    rivals = chart_of(row for row in rows if row["scorer"] != scorers[0])
    layers = [
        ranges.mark_bar(color=blue, opacity=0.18, height={"band": 0.86}).encode(y=y, x=x, x2=x2),
        ranges.mark_rule(color=blue, strokeWidth=2, yOffset=-7).encode(y=y, x=x, x2=x2),
        ranges.mark_point(filled=True, opacity=1, size=80, yOffset=-7).encode(**marked),
        rivals.mark_point(filled=True, opacity=1, size=42, yOffset=7).encode(**marked),
    ]
    if chance is not None and ends[0] < chance:
        layers.insert(0, _line_at(chance))
    said = "; ".join(f"{r['period']}: {r['value']:.3g}" for r in own)
    chart = sized(alt.LayerChart(layer=layers), height=36 * len(periods), width=WIDTH - 10)
    return draw(chart, f"{title}, by period. {capitalised(scorers[0])}, {said}.")


def _told_apart(scorers: Sequence[str]) -> dict[str, Any]:
    """A colour and a shape a scorer, the same in every chart."""
    marks = [_MARKS.get(name, ("model", "circle")) for name in scorers]
    legend = alt.Legend(columns=2, labelLimit=170)
    colours = alt.Scale(domain=scorers, range=[LIGHT[name] for name, _ in marks])
    shapes = alt.Scale(domain=scorers, range=[shape for _, shape in marks])
    return {
        "color": alt.Color("scorer:N", sort=scorers, legend=legend, scale=colours),
        "shape": alt.Shape("scorer:N", sort=scorers, legend=legend, scale=shapes),
    }


def _line_at(value: float) -> alt.Chart:
    line = chart_of([{"at": value}])
    marked: alt.Chart = line.mark_rule(
        color=LIGHT["chance"], strokeDash=[4, 3], strokeWidth=1.5
    ).encode(x="at:Q")
    return marked


def _ends(values: Sequence[float]) -> list[float]:
    """The ends of an axis that need not start at 0: round numbers around all values."""
    low, high = min(values), max(values)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6))) / 2
    return [round(end, 9) for end in (step * math.floor(low / step), step * math.ceil(high / step))]
