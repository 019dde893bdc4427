"""What does the model lean on, and what are the real rates?"""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from training.report.charts.curves import curve_chart
from training.report.charts.drawing import (
    LIGHT,
    WIDTH,
    chart_of,
    draw,
    named_axis,
    percent_scale,
    sized,
)
from training.report.drivers import Driver
from training.report.interactions import Pair


def weights_chart(drivers: Sequence[Driver]) -> Markup:
    """How much the model leans on each shown subject, coloured by group."""
    rows = [
        {"k": k, "share": d.share, "group": d.group, "said": d.part.removesuffix("\u00a0%")}
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
    said = "; ".join(f"{d.name}: {d.part}" for d in drivers)
    chart = sized(bars + texts, height=30 * len(rows), width=WIDTH - 50)
    return draw(chart, f"How much the model leans on each subject. {said}.")


def driver_chart(driver: Driver, *, average: float, past: str, top: float) -> Markup:
    """The rate of each band, and of a number how the model uses it.

    Args:
        driver: the bands.
        average: the rate of all examples, in percent.
        past: "became customers".
        top: the highest rate any driver shows, so that all share one axis; in percent.
    """
    if driver.curve is not None:
        return curve_chart(driver, driver.curve, average=average, past=past, top=top)
    rows = [
        {"k": k, "rate": b.value, "lower": b.lower, "upper": b.upper}
        for k, b in enumerate(driver.bands)
    ]
    base = chart_of(rows).encode(
        y=alt.Y("k:O", title=None, axis=named_axis([band.label for band in driver.bands])),
        x=alt.X("rate:Q", title=f"{past}, %", scale=percent_scale([top])),
    )
    colour = LIGHT.get(driver.group, LIGHT["model"])
    ranges = base.mark_rule(color=colour, strokeWidth=2).encode(x="lower:Q", x2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, color=colour)
    said = "; ".join(f"{b.label}: {b.rate} ({b.interval})" for b in driver.bands)
    chart = sized(_line_at(average) + ranges + marks, height=28 * len(rows) + 8, width=WIDTH - 45)
    return draw(chart, f"{driver.name}, rates by value. {said}. All: {average:.1f} %.")


def pair_chart(pair: Pair, *, past: str) -> Markup:
    """The rates of both, one and neither, and a diamond where both were expected to be."""
    rows = [
        {"k": k, "rate": c.value, "lower": c.lower, "upper": c.upper}
        for k, c in enumerate(pair.cells)
    ]
    top = max(pair.expected, *(cell.upper for cell in pair.cells))
    base = chart_of(rows).encode(
        y=alt.Y("k:O", title=None, axis=named_axis([cell.label for cell in pair.cells])),
        x=alt.X("rate:Q", title=f"{past}, %", scale=percent_scale([top])),
    )
    ranges = base.mark_rule(color=LIGHT["model"], strokeWidth=2).encode(x="lower:Q", x2="upper:Q")
    marks = base.mark_point(filled=True, opacity=1, size=70, color=LIGHT["model"])
    expected = (
        chart_of([{"k": 0, "rate": pair.expected}])
        .mark_point(shape="diamond", opacity=1, size=90, color=LIGHT["rival"], strokeWidth=2)
        .encode(x="rate:Q", y="k:O")
    )
    said = "; ".join(f"{c.label}: {c.rate} ({c.interval})" for c in pair.cells)
    chart = sized(ranges + marks + expected, height=28 * len(rows) + 8, width=WIDTH - 45)
    return draw(chart, f"{pair.name}. {said}. Expected of both: {pair.expected:.0f} %.")


def _line_at(average: float) -> alt.Chart:
    line: alt.Chart = (
        chart_of([{"average": average}])
        .mark_rule(color=LIGHT["soft"], strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x="average:Q")
    )
    return line
