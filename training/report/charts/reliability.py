"""May probabilities be believed? What was said beside what happened."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from markupsafe import Markup

from training.report.charts.drawing import (
    LIGHT,
    WIDTH,
    chart_of,
    draw,
    percent_scale,
    sized,
    top_of,
)


def reliability_chart(rows: Sequence[Mapping[str, Any]], *, past: str) -> Markup:
    """Predicted beside observed with intervals, the diagonal of perfect agreement, and counts."""
    keys = ("predicted", "observed", "observed_lower", "observed_upper")
    data = [{key: 100 * row[key] for key in keys} | {"n": row["n"]} for row in rows]
    scale = percent_scale(max(row["observed_upper"], row["predicted"]) for row in data)
    ends = [{"end": 0.0}, {"end": top_of(max(r["observed_upper"], r["predicted"]) for r in data)}]
    diagonal = (
        chart_of(ends)
        .mark_line(color=LIGHT["chance"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("end:Q"), y=alt.Y("end:Q"))
    )
    base = chart_of(data).encode(
        x=alt.X("predicted:Q", title="the model said, %", scale=scale),
        y=alt.Y("observed:Q", title=f"{past}, %", scale=scale),
    )
    ranges = base.mark_rule(color=LIGHT["model"], strokeWidth=2).encode(
        y="observed_lower:Q", y2="observed_upper:Q"
    )
    size = alt.Size("n:Q", legend=None, scale=alt.Scale(domainMin=0, range=[15, 90]))
    marks = base.mark_point(filled=True, opacity=1, color=LIGHT["model"]).encode(size=size)
    said = "; ".join(f"said {r['predicted']:.0f} %, {r['observed']:.0f} % did" for r in data)
    return draw(sized(diagonal + ranges + marks, height=WIDTH), f"Predicted and observed: {said}.")
