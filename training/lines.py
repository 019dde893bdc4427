"""Where should a line lie, and what does it yield? Expected and happened, side by side."""

import math
from dataclasses import dataclass

import numpy as np

from training.contacts import WEEK_NS, Looks, expect_wins, first_contacts


@dataclass(frozen=True, slots=True)
class Line:
    """A probability from which on leads are contacted, and what came of it.

    A contact is a lead, at its first look at or above the line; its win counts if it came within
    the horizon of that look. Shares, and what falls below, are told of every lead at its last look:
    a lead that wins later than a horizon after its contact is in the share, not in the wins.
    Not a number where nothing can be told.

    Attributes:
        name: how it was found.
        probability: the line; a lead on it is contacted.
        contacts: leads contacted in the judged weeks.
        contacts_per_week: on average.
        busiest_week: the most contacts in one week, often the first, with all leads then open.
        wins_expected: the sum of their probabilities.
        wins_lower, wins_upper: a 90 % interval for the wins (`training.contacts.expect_wins`).
        wins_happened: how many of them won.
        precision_expected, precision_happened: wins for each contact.
        share_of_wins_expected, share_of_wins_happened: of all leads that win, how many are
            contacted before. What is expected is biased: who wins leaves, so that the last look
            depends on the outcome. Read what happened.
        below: leads that never reach the line.
        wins_below_expected, wins_below_happened: those of them that win.
    """

    name: str
    probability: float
    contacts: int
    contacts_per_week: float
    busiest_week: int
    wins_expected: float
    wins_lower: float
    wins_upper: float
    wins_happened: int
    precision_expected: float
    precision_happened: float
    share_of_wins_expected: float
    share_of_wins_happened: float
    below: int
    wins_below_expected: float
    wins_below_happened: int

    @property
    def held(self) -> bool:
        """Whether what happened lies in the interval of what was expected."""
        return self.wins_lower <= self.wins_happened <= self.wins_upper


def line_for_capacity(looks: Looks, per_week: float) -> float:
    """The lowest line at which no more leads are contacted than people can take on.

    It is the highest probability of the last lead that fits; leads alike fit together or not at
    all. Just above all leads where none fits.

    Args:
        looks: of all leads, or of a segment.
        per_week: contacts in an average week of the judged ones.
    """
    highest = -np.sort(-looks.highest)
    fit = math.floor(per_week * looks.weeks + 1e-9)
    if fit >= len(highest):
        return float(highest[-1])
    fitting = highest[highest > highest[fit]]
    return float(fitting[-1] if len(fitting) else np.nextafter(highest[0], np.inf))


def line_for_value(value_per_win: float, cost_per_contact: float) -> float:
    """The probability at which a contact is worth what it costs: cost by value.

    >>> line_for_value(2000.0, 100.0)
    0.05
    """
    return cost_per_contact / value_per_win


def line_for_f1(looks: Looks) -> float:
    """The line with the best F1 over leads, given what happened: known in hindsight only.

    F1 = 2 * won above / (above + won): of leads that reach the line, and of those that won. Of
    lines alike the highest.
    """
    order = np.argsort(-looks.highest, kind="stable")
    highest, won = looks.highest[order], looks.converted[looks.last][order]
    f1 = 2 * np.cumsum(won) / (np.arange(1, len(won) + 1) + won.sum())
    is_line = np.diff(highest, append=-1.0) < 0
    return float(highest[is_line][np.argmax(f1[is_line])])


def measure_line(looks: Looks, name: str, probability: float, *, seed: int) -> Line:
    """What a line yields, expected and happened."""
    rows = first_contacts(looks, probability)
    wins = expect_wins(looks.probability[rows], looks.spread[rows], seed=seed)
    happened = int(looks.converted[rows].sum())
    above = looks.highest >= probability
    expected_last, won = looks.probability[looks.last], looks.converted[looks.last]
    weeks = (looks.times[rows] - looks.start) // WEEK_NS
    return Line(
        name,
        probability,
        len(rows),
        len(rows) / looks.weeks,
        int(np.bincount(weeks).max(initial=0)),
        wins.value,
        wins.lower,
        wins.upper,
        happened,
        _share(wins.value, len(rows)),
        _share(happened, len(rows)),
        _share(expected_last[above].sum(), expected_last.sum()),
        _share(won[above].sum(), won.sum()),
        int((~above).sum()),
        float(expected_last[~above].sum()),
        int(won[~above].sum()),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
