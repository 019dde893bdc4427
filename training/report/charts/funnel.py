"""How far do leads get, and how are the scores of the open ones spread?"""

from collections.abc import Sequence
from dataclasses import asdict

import altair as alt
from markupsafe import Markup

from leadml.pages.words import counted
from training.report.charts.drawing import LIGHT, WIDTH, chart_of, draw, named_axis, sized
from training.report.funnel_tables import EARLY, ScorePoint, StageBar

_COLOURS = {
    "Opportunity": "intent",
    "SQL": "model",
    "PQL": "engagement",
    "MQL": "rival",
    "Service": "negative",
    EARLY: "chance",
    "Disqualified": "ink",
}
"""The colour of each group of stages, furthest first."""


def funnel_chart(bars: Sequence[StageBar]) -> Markup:
    """Of all leads, the share that reached each stage, with its interval and the count."""
    said = [f"{bar.count:,}, {_percent(bar.share)} %" for bar in bars]
    rows = [{"k": k, "at": 103} | asdict(bar) | {"said": said[k]} for k, bar in enumerate(bars)]
    scale = alt.Scale(domain=[0, 150], nice=False)
    axis = alt.Axis(values=[0, 50, 100], grid=True)
    title = "share of the leads that came, %"
    base = chart_of(rows).encode(
        y=alt.Y("k:O", title=None, axis=named_axis([bar.name for bar in bars]))
    )
    shares = base.mark_bar(color=LIGHT["model"], height={"band": 0.62}).encode(
        x=alt.X("share:Q", title=title, scale=scale, axis=axis)
    )
    ranges = base.mark_rule(color=LIGHT["ink"], strokeWidth=2).encode(
        x=alt.X("lower:Q", title=title, scale=scale, axis=axis), x2="upper:Q"
    )
    texts = base.mark_text(align="left", color=LIGHT["ink"], fontSize=12).encode(
        x=alt.X("at:Q", title=title, scale=scale, axis=axis), text="said:N"
    )
    told = "; ".join(f"{bar.name}: {text}" for bar, text in zip(bars, said, strict=True))
    chart = sized(shares + ranges + texts, height=34 * len(rows), width=WIDTH - 10)
    return draw(chart, f"How many leads reached each stage. {told}.")


def scores_chart(points: Sequence[ScorePoint]) -> Markup:
    """Open leads by range of probability, likeliest on top, coloured by stage."""
    ranges = list(dict.fromkeys(point.range for point in points))[::-1]
    found = {point.stage for point in points}
    stages = [stage for stage in _COLOURS if stage in found]
    rows = [
        asdict(p) | {"k": ranges.index(p.range), "order": stages.index(p.stage)} for p in points
    ]
    totals = [sum(p.leads for p in points if p.range == name) for name in ranges]
    sums = [{"k": k, "leads": n, "said": f"{n:,}"} for k, n in enumerate(totals)]
    scale = alt.Scale(domain=[0, 1.16 * max(totals)], nice=False)
    y = alt.Y("k:O", title=None, axis=named_axis(ranges))
    x = alt.X("leads:Q", title="open leads", scale=scale, axis=_whole_numbers(max(totals)))
    colours = alt.Scale(domain=stages, range=[LIGHT[_COLOURS[stage]] for stage in stages])
    bars = (
        chart_of(rows)
        .mark_bar(height={"band": 0.74})
        .encode(
            y=y,
            x=x.stack("zero"),
            color=alt.Color(
                "stage:N", sort=stages, scale=colours, legend=alt.Legend(columns=3, labelLimit=110)
            ),
            order="order:Q",
        )
    )
    texts = (
        chart_of(sums)
        .mark_text(align="left", dx=4, color=LIGHT["ink"], fontSize=11)
        .encode(y=y, x=x, text="said:N")
    )
    told = "; ".join(
        f"{name}: {counted(n, 'lead', 'leads')}" for name, n in zip(ranges, totals, strict=True)
    )
    chart = sized(bars + texts, height=28 * len(ranges), width=WIDTH - 10)
    return draw(chart, f"Open leads by probability. {told}.")


def _whole_numbers(most: int) -> alt.Axis:
    """An axis of counts: of few leads each number, and never a half."""
    if most < 5:
        return alt.Axis(values=list(range(most + 1)), format=",d")
    return alt.Axis(tickCount=4, format=",d")


def _percent(share: float) -> str:
    return f"{share:.0f}" if share >= 9.5 or share == 0 else f"{share:.1f}"
