"""What does the model lean on, and what are the real rates?"""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from training.report.charts.drawing import (
    LIGHT,
    WIDTH,
    chart_of,
    draw,
    named_axis,
    percent_scale,
    sized,
)
from training.report.evidence import Driver


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
    base = chart_of(rows).encode(
        y=alt.Y("k:O", title=None, axis=named_axis([d.name for d in drivers])),
        x=alt.X(
            "share:Q",
            title="share of all that moves the scores, %",
            scale=percent_scale(d.share * 1.1 for d in drivers),
        ),
    )
    colour = alt.Color("group:N", scale=alt.Scale(domain=groups, range=[LIGHT[g] for g in groups]))
    bars = base.mark_bar(height={"band": 0.7}).encode(color=colour)
    texts = base.mark_text(align="left", dx=4, color=LIGHT["ink"], fontSize=11).encode(
        text="said:N"
    )
    said = "; ".join(f"{d.name}: {d.share:.0f} %" for d in drivers)
    chart = sized(bars + texts, height=30 * len(rows), width=WIDTH - 50)
    return draw(chart, f"How much the model leans on each subject. {said}.")


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
    base = chart_of(rows).encode(
        y=alt.Y("k:O", title=None, axis=named_axis([band.label for band in driver.bands])),
        x=alt.X("rate:Q", title=f"{past}, %", scale=percent_scale([top])),
    )
    colour = LIGHT.get(driver.group, LIGHT["model"])
    line = (
        chart_of([{"average": average}])
        .mark_rule(color=LIGHT["soft"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x="average:Q")
    )
    ranges = base.mark_rule(color=colour, strokeWidth=2).encode(x="lower:Q", x2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, color=colour)
    said = "; ".join(f"{b.label}: {b.rate} ({b.interval})" for b in driver.bands)
    chart = sized(line + ranges + marks, height=28 * len(rows) + 8, width=WIDTH - 45)
    return draw(chart, f"{driver.name}, rates by value. {said}. All: {average:.0f} %.")
