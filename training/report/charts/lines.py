"""What does each line yield? Wins against contacts, with the place of the plot in its picture."""

import math
import re
from dataclasses import dataclass

import altair as alt
from markupsafe import Markup

from training.line_curve import LineCurve
from training.report.charts.drawing import LIGHT, WIDTH, chart_of, draw, sized

HEIGHT = 190
KINDS = ["expected", "happened"]


@dataclass(frozen=True, slots=True)
class LinesChart:
    """A picture, and where its plot lies: what a script needs to put a marker on it.

    Attributes:
        picture: the SVG.
        left, top, width, height: of the plot, as shares of the picture's.
        contacts_end, wins_end: where the axes end, in contacts and wins a week; they start at 0.
    """

    picture: Markup
    left: float
    top: float
    width: float
    height: float
    contacts_end: float
    wins_end: float


def lines_chart(curve: LineCurve, *, many: str) -> LinesChart:
    """Wins a week against contacts a week: expected with a 90 % band, and as they happened.

    Args:
        curve: at least one step.
        many: what wins are called.
    """
    rows = _rows(curve)
    contacts_end = rows[-1]["contacts"]
    wins_end = round_end(max(max(row["upper"], row["happened"]) for row in rows))
    x = alt.X(
        "contacts:Q",
        title="contacts a week",
        scale=alt.Scale(domain=[0, contacts_end], nice=False),
    )
    scale = alt.Scale(domain=[0, wins_end], nice=False)
    title = f"{many} a week"
    band = (
        chart_of(rows)
        .mark_area(color=LIGHT["model"], opacity=0.16)
        .encode(x=x, y=alt.Y("lower:Q", title=title, scale=scale), y2="upper:Q")
    )
    told = [row | {"wins": row[kind], "kind": kind} for kind in KINDS for row in rows]
    colours = alt.Scale(domain=KINDS, range=[LIGHT["model"], LIGHT["rival"]])
    dashes = alt.Scale(domain=KINDS, range=[[1, 0], [5, 3]])
    lines = (
        chart_of(told)
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("wins:Q", title=title, scale=scale),
            color=alt.Color("kind:N", scale=colours),
            strokeDash=alt.StrokeDash("kind:N", scale=dashes),
        )
    )
    said = "; ".join(
        f"{row['contacts']:.3g} contacts: {row['expected']:.2g} expected, "
        f"{row['happened']:.2g} happened"
        for row in rows[1 :: max(len(rows) // 6, 1)]
    )
    picture = draw(
        sized(alt.LayerChart(layer=[band, lines]), height=HEIGHT),
        f"{many.capitalize()} a week against contacts a week. {said}.",
    )
    return _placed(picture, contacts_end, wins_end)


def round_end(highest: float) -> float:
    """The end of an axis that starts at 0: a round number at or above the highest value.

    >>> round_end(4.6), round_end(0.32), round_end(0.0)
    (5.0, 0.35, 1.0)
    """
    if highest <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(highest)) / 2
    return round(unit * math.ceil(highest / unit - 1e-9), 9)


def _rows(curve: LineCurve) -> list[dict[str, float]]:
    """Wins a week by contacts a week, from none on."""
    rows = [dict.fromkeys(("contacts", "expected", "lower", "upper", "happened"), 0.0)]
    for line in (step.line for step in curve.steps):
        wins = {
            "expected": line.wins_expected,
            "lower": line.wins_lower,
            "upper": line.wins_upper,
            "happened": line.wins_happened,
        }
        of_a_week = {name: count / curve.weeks for name, count in wins.items()}
        rows.append(of_a_week | {"contacts": line.contacts_per_week})
    return rows


def _placed(picture: Markup, contacts_end: float, wins_end: float) -> LinesChart:
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    moved = re.search(r'transform="translate\(([\d.]+),([\d.]+)\)"', picture)
    if box is None or moved is None:
        msg = "A chart must say its size and where its plot lies, got none. Draw it with `draw`."
        raise ValueError(msg)
    wide, high = (float(number) for number in box.groups())
    left, top = (float(number) for number in moved.groups())
    return LinesChart(
        picture, left / wide, top / high, WIDTH / wide, HEIGHT / high, contacts_end, wins_end
    )
