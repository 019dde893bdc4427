"""What would every useful line have yielded, from a team of one to one that calls everybody?

For capacities over the whole range the line that fills each, measured as `training.lines` measures
any line, so that a page can show them without a server. Capacities rise by about the same factor:
a small team sees steps as fine as a large one.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.timeline import from_nanos
from training.contacts import WEEK_NS, Looks, first_contacts
from training.lines import Line, line_for_capacity, measure_line
from training.thresholds import OneMore, one_more

STEPS = 60
"""No more capacities are tried than this, beside those that are asked for."""

WIDEST = 1_000
"""The largest capacity is at most so many times the smallest."""

WHOLE = 20
"""Capacities are whole numbers of leads where at least so many come in a week."""


@dataclass(frozen=True, slots=True)
class Step:
    """A capacity, the line that fills it, and what came of it.

    Attributes:
        capacity: leads that can be taken on in a week.
        line: the lowest line at which no more are contacted, measured.
        first_week: contacts in the first judged week, with all leads then above the line.
        busiest_later: the most contacts in one of the other weeks.
        more: what one more person would add.
    """

    capacity: float
    line: Line
    first_week: int
    busiest_later: int
    more: OneMore


@dataclass(frozen=True, slots=True)
class LineCurve:
    """Lines over the whole range of useful capacities.

    Attributes:
        start, end: the first and the last look.
        weeks: how long one looked.
        leads: looked at.
        won: leads that won within the horizon of their last look.
        person: leads that one more person takes on in a week.
        steps: by rising capacity; the last one contacts every lead. Capacities that no lead fits
            are left out.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    weeks: float
    leads: int
    won: int
    person: float
    steps: tuple[Step, ...]


def line_curve(
    looks: Looks, *, person: float = 1.0, also: Iterable[float] = (), seed: int = 0
) -> LineCurve:
    """The lines of all useful capacities, each with what it yields.

    Args:
        looks: at judged examples (`training.contacts.read_looks`).
        person: leads that one person takes on in a week.
        also: capacities that must be among those tried, as far as they differ from calling all.
        seed: of the draws behind the intervals.
    """
    steps = [
        _step(looks, capacity, person, seed=seed) for capacity in _capacities(looks, also=also)
    ]
    start, end = from_nanos(np.array([looks.start, looks.times.max()]))
    return LineCurve(
        start,
        end,
        looks.weeks,
        len(looks.last),
        int(looks.converted[looks.last].sum()),
        person,
        tuple(step for step in steps if step.line.contacts),
    )


def _capacities(looks: Looks, *, also: Iterable[float]) -> list[float]:
    """Round numbers up to the one at which all leads fit."""
    everybody = len(looks.last) / looks.weeks
    whole = everybody >= WHOLE
    unit = 1.0 if whole else 0.1
    top = round(unit * math.ceil(everybody / unit - 1e-9), 1)
    least = max(everybody / WIDEST, 1 / looks.weeks, unit)
    tried = {top, *(float(number) for number in also if 0 < number < top)}
    for number in np.geomspace(min(least, top), top, STEPS):
        two_digits = float(f"{number:.2g}")
        tried.add(min(round(two_digits) if whole else round(two_digits, 1), top))
    return sorted(float(number) for number in tried)


def _step(looks: Looks, capacity: float, person: float, *, seed: int) -> Step:
    line = measure_line(
        looks, f"{capacity:g} a week", line_for_capacity(looks, capacity), seed=seed
    )
    rows = first_contacts(looks, line.probability)
    by_week = np.bincount((looks.times[rows] - looks.start) // WEEK_NS, minlength=1)
    more = one_more(looks, line.probability, capacity + person, seed=seed)
    return Step(capacity, line, int(by_week[0]), int(by_week[1:].max(initial=0)), more)
