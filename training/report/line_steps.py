"""What does the slider of lines say at each step? Numbers for a script, and ready texts."""

import math
from dataclasses import asdict
from typing import Any

from leadml.capacity import Capacity
from leadml.pages.words import OutcomeWords, capitalised, counted, percent
from training.line_curve import LineCurve, Step
from training.metrics import Estimate
from training.thresholds import OneMore


def slider_data(
    curve: LineCurve, capacity: Capacity | None, *, words: OutcomeWords
) -> dict[str, Any]:
    """All that the script needs.

    Args:
        curve: at least one step.
        capacity: what sales can do; None where it is not told.
        words: of the outcome.

    Returns:
        start (place of the step to open with), value_per_win and cost_per_contact (or None), and
        steps: capacity, probability, contacts and wins (value, lower, upper, happened) of a week,
        and ``said``, the texts of the step by the name of their place.
    """
    told = math.nan if capacity is None else capacity.people * capacity.conversations_per_week
    person = "one more lead a week"
    if capacity is not None:
        person = f"one more person ({leads(curve.person)} a week)"
    return {
        "start": _start(curve, told),
        "value_per_win": None if capacity is None else capacity.value_per_win,
        "cost_per_contact": None if capacity is None else capacity.cost_per_contact,
        "steps": [_step(curve, step, words, person) for step in curve.steps],
    }


def more_words(more: OneMore, who: str, words: OutcomeWords) -> str:
    """What a larger team would add, as a sentence."""
    if not more.contacts_per_week:
        return f"{capitalised(who)} would add nothing: no further lead fits."
    return (
        f"{capitalised(who)}: the line falls to {in_percent(more.probability)}. Expect "
        f"{a_week(more.wins_per_week.value)} more {words.many} a week "
        f"({between(more.wins_per_week)}; {a_week(more.happened_per_week)} happened) from "
        f"{a_week(more.contacts_per_week)} more contacts."
    )


def a_week(number: float) -> str:
    """So many in a week.

    >>> a_week(0.0), a_week(0.062), a_week(2.34), a_week(9.96), a_week(1204.2)
    ('0', '0.06', '2.3', '10', '1,204')
    """
    if number == 0:
        return "0"
    return f"{number:,.{2 if number < 0.095 else 1 if number < 9.95 else 0}f}"


def between(figure: Estimate) -> str:
    """The interval of a number in a week."""
    return f"{a_week(figure.lower)}–{a_week(figure.upper)}"


def leads(number: float) -> str:
    """Leads or parts of them, as a person told them.

    >>> leads(1), leads(2.5), leads(1200000.0)
    ('1 lead', '2.5 leads', '1,200,000 leads')
    """
    return f"{amount(number)} {'lead' if number == 1 else 'leads'}"


def in_percent(probability: float) -> str:
    r"""A line, fine enough to tell it from another that would round to the same.

    >>> in_percent(0.1234), in_percent(0.1), in_percent(0.0412), in_percent(0.0001)
    ('12.3\xa0%', '10\xa0%', '4.1\xa0%', '0.01\xa0%')
    """
    exactly = 0.1 <= probability <= 0.9
    said = f"{100 * probability:.1f}\u00a0%" if exactly else percent(probability)
    return said.replace(".0\u00a0%", "\u00a0%")


def amount(number: float) -> str:
    """A number that a person told.

    >>> amount(3.0), amount(0.25), amount(1500)
    ('3', '0.25', '1,500')
    """
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def share_words(share: float) -> str:
    """A share, or a dash where there is none."""
    return "–" if math.isnan(share) else percent(share)


def _start(curve: LineCurve, told: float) -> int:
    """The step of what is told, else the middle one."""
    if math.isnan(told):
        return len(curve.steps) // 2
    return max(sum(step.capacity <= told for step in curve.steps) - 1, 0)


def _step(curve: LineCurve, step: Step, words: OutcomeWords, person: str) -> dict[str, Any]:
    line = step.line
    ends = (line.wins_expected, line.wins_lower, line.wins_upper)
    wins = Estimate(*(end / curve.weeks for end in ends))
    happened = line.wins_happened / curve.weeks
    called = counted(line.contacts, "lead", "leads")
    calls = f"{leads(step.capacity)} a week"
    start = in_percent(line.probability)
    return {
        "capacity": step.capacity,
        "probability": line.probability,
        "contacts": line.contacts_per_week,
        "wins": asdict(wins) | {"happened": happened},
        "said": {
            "calls": calls,
            "line": start,
            "sum": (
                f"With {calls}, call those from {start} on: expect {a_week(wins.value)} "
                f"{words.many} a week ({between(wins)}); {a_week(happened)} a week happened."
            ),
            "contacts": f"{a_week(line.contacts_per_week)} a week, {called} in all",
            "wins": f"{a_week(wins.value)} a week ({between(wins)})",
            "happened": (
                f"{a_week(happened)} a week, {line.wins_happened:,} in all: "
                f"{'within' if line.held else 'outside'} the range"
            ),
            "precision": (
                f"{share_words(line.precision_happened)} of {called} called; "
                f"expected {share_words(line.precision_expected)}"
            ),
            "share": _share_of_wins(curve, step, words),
            "busiest": _busiest(step),
            "below": _below(step),
            "more": more_words(step.more, person, words),
        },
    }


def _share_of_wins(curve: LineCurve, step: Step, words: OutcomeWords) -> str:
    if not curve.won:
        return f"nobody {words.past_one}"
    won = counted(curve.won, "lead", "leads")
    return f"{share_words(step.line.share_of_wins_happened)} of {won} that {words.past(curve.won)}"


def _below(step: Step) -> str:
    line = step.line
    if not line.below:
        return "no lead is below the line"
    return f"{line.wins_below_happened:,} of {counted(line.below, 'lead', 'leads')}"


def _busiest(step: Step) -> str:
    """The busiest week, and whether it is the one of those that waited when looking began."""
    busiest = step.line.busiest_week
    said = counted(busiest, "lead", "leads")
    if step.first_week < busiest:
        return f"{said}; {step.first_week:,} in the first week, with those that waited"
    if step.busiest_later == busiest:
        return f"{said}, in the first week and in a later one"
    later = f"at most {step.busiest_later:,}" if step.busiest_later else "nobody"
    return f"{said}, in the first week, with those that waited; later {later}"
