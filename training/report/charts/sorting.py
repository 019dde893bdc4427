"""How many wins are among the leads called first? Beside the rivals."""

from collections.abc import Sequence
from dataclasses import asdict

import altair as alt
from markupsafe import Markup

from training.report.charts.drawing import LIGHT, chart_of, draw, percent_scale, sized
from training.report.tables import WinsPoint

_RIVALS = ("rival", "engagement", "intent", "negative")


def wins_chart(points: Sequence[WinsPoint], *, many: str) -> Markup:
    """The share of wins reached in the top 10, 20 and 30 %, by scorer, with intervals."""
    scorers = list(dict.fromkeys(point.scorer for point in points))
    rivals = [name for name in scorers if name not in {"this model", "at random"}]
    colours = {"this model": "model", "at random": "chance"}
    colours |= {name: _RIVALS[k % len(_RIVALS)] for k, name in enumerate(rivals)}
    shapes = ["circle", *["square" for _ in rivals], "diamond"]
    base = chart_of(map(asdict, points)).encode(
        x=alt.X("top:O", title="leads called first, % of all", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("scorer:N", sort=scorers),
        y=alt.Y(
            "value:Q", title=f"share of all {many}, %", scale=percent_scale(p.upper for p in points)
        ),
        color=alt.Color(
            "scorer:N",
            sort=scorers,
            scale=alt.Scale(domain=scorers, range=[LIGHT[colours[name]] for name in scorers]),
        ),
    )
    ranges = base.mark_rule(strokeWidth=2).encode(y="lower:Q", y2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, strokeWidth=2.5).encode(
        shape=alt.Shape("scorer:N", sort=scorers, scale=alt.Scale(domain=scorers, range=shapes))
    )
    said = "; ".join(f"{p.scorer}, top {p.top} %: {p.value:.0f} %" for p in points)
    return draw(sized(ranges + marks, height=210), f"Share of {many} in the top leads. {said}.")
