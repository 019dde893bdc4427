"""Where should sales draw the line? What each line yielded, in words, a table and for a slider."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leadml.capacity import Capacity
from leadml.errors import DataError
from leadml.pages.words import OutcomeWords, counted, date_words, joined, outcome_words
from training.contacts import Looks, read_looks
from training.line_curve import LineCurve, line_curve
from training.lines import Line
from training.report.charts.lines import LinesChart, lines_chart
from training.report.judgement import is_dated
from training.report.line_steps import (
    a_week,
    amount,
    between,
    in_percent,
    leads,
    more_words,
    share_words,
    slider_data,
)
from training.report.tables import Card
from training.report.told import Tried
from training.thresholds import Plan, Team

NOT_DATED = (
    "The data have no dates, so nobody can tell how many leads come in a week, and no line can be "
    "tried."
)

_NAMES = {
    "capacity": ("Capacity", "what your people can take on"),
    "value": ("Value", "from here on a contact pays: its cost divided by a win's value"),
    "best F1": ("Best F1", "parts best, known in hindsight only"),
}


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of the plan: what was expected of it beside what happened.

    Attributes:
        hint: how it was found, or who works by it.
        contacts: in an average week.
        busiest: the most contacts in one week.
        expected, interval, happened: wins in all judged weeks; no interval where nobody is called.
        held: whether what happened lies in the interval.
        precision: wins of all contacts, as it happened; a dash where there was none.
        share: of all wins, contacted before; a dash where nobody won.
        left: wins of leads that never reach it.
        profit: a week; "" where value and cost are not told.
        more: wins that one more person would add in a week; "" in rows of everybody.
    """

    name: str
    hint: str
    probability: str
    contacts: str
    busiest: str
    expected: str
    interval: str
    happened: str
    held: bool
    precision: str
    share: str
    left: str
    profit: str
    more: str


@dataclass(frozen=True, slots=True)
class PlanTable:
    """What the capacity that was told suggests.

    Attributes:
        told: what sales can take on.
        more: what one more person would add.
        rows: for all leads.
        teams: for each segment that people work on.
        valued: whether rows hold a profit.
        missed: what to think of lines at which something else happened; or "".
        doubt: whether the line of the capacity is one of them.
        unstaffed: the segments that nobody works on; or "".
    """

    told: str
    more: str
    rows: tuple[LineRow, ...]
    teams: tuple[LineRow, ...]
    valued: bool
    missed: str
    doubt: bool
    unstaffed: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The section, ready to be laid out.

    Attributes:
        absent: why no line could be tried, and nothing else is here; or "".
        tried: on which leads, as sentences.
        plan: None where no capacity is told, or none that gives a plan.
        unplanned: why a capacity that is told gives no plan; or "".
        chart: None where there is but one line to draw.
        data: what the script of the slider reads, as `slider_data` makes it; None without chart.
    """

    absent: str
    tried: str = ""
    plan: PlanTable | None = None
    unplanned: str = ""
    chart: LinesChart | None = None
    data: Mapping[str, Any] | None = None


def read_lines(tried: Tried, card: Card) -> Lines:
    """The lines that judged examples of a model allow."""
    if not is_dated(card):
        return Lines(NOT_DATED)
    try:
        looks = read_looks(tried.looks)
    except DataError as error:
        return Lines(f"No line could be tried. {error}")
    words, plan = outcome_words(card["outcome"]), tried.plan
    capacity = None if plan is None else plan.capacity
    curve = _curve(looks, capacity, seed=tried.seed)
    said = _tried(curve, words, of=tried.judged, judged=len(tried.looks))
    table = None if plan is None else _table(plan, words)
    lines = Lines("", said, table, tried.unplanned)
    if len(curve.steps) < 2:
        return lines
    chart = lines_chart(curve, many=words.many)
    return replace(lines, chart=chart, data=slider_data(curve, capacity, words=words))


def money(value: float) -> str:
    """An amount of which nobody told the currency.

    >>> money(12400.4), money(-3.26), money(-0.01)
    ('12,400', '−3.3', '0')
    """
    text = f"{abs(value):,.{0 if abs(value) >= 99.95 else 1}f}".removesuffix(".0")
    return f"−{text}" if value < 0 and text != "0" else text


def _curve(looks: Looks, capacity: Capacity | None, *, seed: int) -> LineCurve:
    if capacity is None:
        return line_curve(looks, seed=seed)
    each = capacity.conversations_per_week
    return line_curve(looks, person=each, also=[capacity.people * each], seed=seed)


def _tried(curve: LineCurve, words: OutcomeWords, *, of: int, judged: int) -> str:
    start, end = (date_words(moment.isoformat()) for moment in (curve.start, curve.end))
    said = (
        f"Every line here was tried on {counted(curve.leads, 'lead', 'leads')} at moments the "
        f"model had not learned from, looked at from {start} to {end} ({curve.weeks:.1f} weeks); "
        f"{curve.won:,} of them {words.past(curve.won)}."
    )
    if of > judged:
        said += (
            " Counted are only looks at leads that have all else that sales needs by the policy: "
            f"{judged:,} of {of:,}. Shares of {words.many} are shares of theirs, not of all."
        )
    return said


def _table(plan: Plan, words: OutcomeWords) -> PlanTable:
    return PlanTable(
        _told(plan),
        more_words(plan.everybody.one_more, "one more person", words),
        tuple(_row(line, plan, *_named(line.name)) for line in plan.lines),
        tuple(_team_row(team, plan) for team in plan.teams),
        plan.capacity.value_per_win is not None,
        _missed(plan, words),
        not plan.everybody.line.held,
        f"Nobody works on the leads of {joined(_quoted(plan.unstaffed))}."
        if plan.unstaffed
        else "",
    )


def _told(plan: Plan) -> str:
    capacity, line = plan.capacity, plan.everybody.line
    people, each = capacity.people, capacity.conversations_per_week
    told = f"{_people(people)} with {leads(each)} a week each can take on {leads(people * each)}"
    if not line.contacts:
        return f"{told} a week: fewer than there are leads with the highest score."
    return f"{told} a week: those from {in_percent(line.probability)} on."


def _named(name: str) -> tuple[str, str]:
    """How a line of a plan is called, and how it was found."""
    if name in _NAMES:
        return _NAMES[name]
    return f"Fixed at {in_percent(float(name.removeprefix('fixed ')))}", ""


def _row(line: Line, plan: Plan, name: str, hint: str, more: str = "") -> LineRow:
    profit = plan.capacity.profit(wins=line.wins_expected, contacts=line.contacts) / plan.weeks
    return LineRow(
        name,
        hint,
        in_percent(line.probability),
        a_week(line.contacts_per_week),
        f"{line.busiest_week:,}",
        a_week(line.wins_expected),
        f"{line.wins_lower:,.0f}–{line.wins_upper:,.0f}" if line.contacts else "",
        f"{line.wins_happened:,}",
        line.held,
        share_words(line.precision_happened),
        share_words(line.share_of_wins_happened),
        f"{line.wins_below_happened:,}",
        "" if math.isnan(profit) else money(profit),
        more,
    )


def _team_row(team: Team, plan: Plan) -> LineRow:
    more = team.one_more
    said = f"{a_week(more.wins_per_week.value)} ({between(more.wins_per_week)})"
    if not more.contacts_per_week:
        said = "nothing"
    return _row(team.line, plan, team.name or "(none)", _people(team.people), said)


def _missed(plan: Plan, words: OutcomeWords) -> str:
    names = [_named(line.name)[0] for line in plan.lines if not line.held]
    names += [team.name or "(none)" for team in plan.teams if not team.line.held]
    if not names:
        return ""
    return (
        f"What happened lies outside the range of what was expected at: {joined(names)}. By chance "
        "alone one line in ten does. If it is yours, recalibrate or train again before you rely on "
        f"the {words.many} expected."
    )


def _quoted(names: tuple[str, ...]) -> list[str]:
    return [f"“{name}”" if name else "no segment" for name in names]


def _people(number: float) -> str:
    return f"{amount(number)} {'person' if number == 1 else 'people'}"
