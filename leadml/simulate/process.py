"""How does interest become a customer, day by day, and how likely is it to, exactly?

An open lead stands at an interest level and a sales stage. Each day, in this order: it may close;
else its stage may move; then its level may rise, fall, or the person leaves for good. Every chance
is a number of the tables below, times a trait of the lead, times a factor of the calendar, so
(level, stage) is a Markov chain and the true probability needs no sampling. With ``p[d]`` the
probability, at the midnight when day d begins, of a win before the window ends:

    p[d](level, stage) = win + (1 - win - lose) * E[ p[d + 1](next level, next stage) ]

and ``p = 0`` at the midnight when the window ends. `win_probability` runs this backwards over
the same `daily_rates` with which `walk` runs forwards. A lead created at time t of a day idles
for the rest of that day; its window ends at time t of a later day, of whose wins it keeps the
share ``F(t)`` that falls before t (closings are uniform over the seconds of the office day):

    p[last](level, stage) = F(t) * win
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from leadml.simulate.calendar import HORIZON_DAYS, Bools, Calendar, Floats, Ints

LEVELS = ("gone", "cold", "aware", "warm", "hot")
STAGES = ("lead", "mql", "sql", "sales_accepted", "opportunity")
GONE = LEVELS.index("gone")
MQL, SQL = STAGES.index("mql"), STAGES.index("sql")
OPEN, WON, LOST = 0, 1, 2

# Chances per day, for a lead whose traits are all 1.
#                  gone    cold    aware   warm    hot
_RISE = np.array([0.0010, 0.0090, 0.0150, 0.0200, 0.0000])
_FALL = np.array([0.0000, 0.0000, 0.0340, 0.0440, 0.0500])
_LEAVE = np.array([0.0000, 0.0040, 0.0030, 0.0025, 0.0020])

# Chances per working day.
_ADVANCE = np.array(
    [  # lead    mql    sql    accepted opportunity
        [0.0000, 0.000, 0.020, 0.000, 0.0],  # gone
        [0.0040, 0.004, 0.080, 0.008, 0.0],  # cold
        [0.0180, 0.018, 0.120, 0.025, 0.0],  # aware
        [0.0450, 0.045, 0.160, 0.060, 0.0],  # warm
        [0.0900, 0.090, 0.200, 0.100, 0.0],  # hot
    ]
)
_REJECT = np.array([0.0, 0.0, 0.080, 0.0, 0.0])
_WIN = np.array(
    [  # lead mql sql accepted opportunity
        [0.0, 0.0, 0.0, 0.0, 0.0000],  # gone
        [0.0, 0.0, 0.0, 0.0, 0.0015],  # cold
        [0.0, 0.0, 0.0, 0.0, 0.0050],  # aware
        [0.0, 0.0, 0.0, 0.0, 0.0110],  # warm
        [0.0, 0.0, 0.0, 0.0, 0.0200],  # hot
    ]
)
_LOSE = np.array(
    [  # lead    mql     sql    accepted opportunity
        [0.0120, 0.0120, 0.060, 0.060, 0.060],  # gone
        [0.0030, 0.0040, 0.015, 0.022, 0.024],  # cold
        [0.0015, 0.0020, 0.008, 0.010, 0.016],  # aware
        [0.0008, 0.0015, 0.006, 0.008, 0.012],  # warm
        [0.0005, 0.0010, 0.004, 0.006, 0.009],  # hot
    ]
)

_ROWS_AT_ONCE = 2_048
"""Rows of one backward pass: so many that their 25 states stay in the cache."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What makes one lead differ from another; factors about 1, each of shape (leads,).

    Attributes:
        interest: how readily its level rises.
        pace: how readily it moves through the stages; the inverse of being rejected.
        win: how readily an opportunity is won.
        lose: how readily it is given up.
    """

    interest: Floats
    pace: Floats
    win: Floats
    lose: Floats

    def take(self, leads: Ints) -> "Traits":
        """The traits of some leads, in their order."""
        return Traits(self.interest[leads], self.pace[leads], self.win[leads], self.lose[leads])


@dataclass(frozen=True, slots=True)
class Rates:
    """The chances of one day; shapes that broadcast against (level, stage, lead)."""

    rise: Floats
    fall: Floats
    leave: Floats
    advance: Floats
    reject: Floats
    win: Floats
    lose: Floats

    def on(self, calendar: Calendar, day: int | Ints) -> "Rates":
        """These chances on a day of the calendar: people's interest takes no holidays."""
        selling, working = calendar.selling[day], calendar.working[day]
        return Rates(
            rise=self.rise,
            fall=self.fall,
            leave=self.leave,
            advance=self.advance * selling,
            reject=self.reject * selling,
            win=self.win * calendar.buying[day],
            lose=self.lose * working,
        )


@dataclass(frozen=True, slots=True)
class Day:
    """The open leads of one day: where they stood at its midnight and what came of it.

    Attributes:
        number: of the day.
        leads: positions of the leads that were open, shape (n,).
        level, stage: at the midnight when the day begins, shape (n,).
        closing: OPEN, WON or LOST on this day, shape (n,).
        next_level, next_stage: at the following midnight; means nothing where closed.
    """

    number: int
    leads: Ints
    level: Ints
    stage: Ints
    closing: Ints
    next_level: Ints
    next_stage: Ints


@dataclass(frozen=True, slots=True)
class Standing:
    """Where leads stand at some moments; every array of shape (rows,).

    Attributes:
        lead: position of the lead.
        day: number of the day the moment is in.
        level, stage: at the moment.
        arriving: whether the moment is the lead's creation, inside the day, and not midnight.
        closing_share: the share of the wins of day ``day + HORIZON_DAYS`` that still fall into
            the window; 0 at midnight.
    """

    lead: Ints
    day: Ints
    level: Ints
    stage: Ints
    arriving: Bools
    closing_share: Floats

    def rows(self, which: slice) -> "Standing":
        """Some of the rows."""
        return Standing(
            lead=self.lead[which],
            day=self.day[which],
            level=self.level[which],
            stage=self.stage[which],
            arriving=self.arriving[which],
            closing_share=self.closing_share[which],
        )


def daily_rates(traits: Traits, level: Ints, stage: Ints) -> Rates:
    """The chances of a working day at factor 1; the three arguments broadcast together."""
    return Rates(
        rise=_RISE[level] * traits.interest,
        fall=_FALL[level],
        leave=_LEAVE[level],
        advance=_ADVANCE[level, stage] * traits.pace,
        reject=_REJECT[stage] / traits.pace,
        win=_WIN[level, stage] * traits.win,
        lose=_LOSE[level, stage] * traits.lose,
    )


def walk(
    traits: Traits,
    *,
    arrival_day: Ints,
    arrival_level: Ints,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Iterator[Day]:
    """Lets the process run, a `Day` at a time; the last begins at the end of the data.

    Of that last one only the standing at its midnight belongs to the data. ``arrival_day`` must
    be sorted; a lead created on day d is first open at the midnight when day d + 1 begins.
    """
    arrivals = np.searchsorted(arrival_day, np.arange(calendar.days + 2))
    leads = level = stage = np.empty(0, dtype=np.int64)
    for number in range(calendar.days + 1):
        rates = daily_rates(traits.take(leads), level, stage).on(calendar, number)
        today = _live(number, leads, (level, stage), rates, rng)
        yield today
        stays = today.closing == OPEN
        new = np.arange(arrivals[number], arrivals[number + 1])
        leads = np.concatenate([leads[stays], new])
        level = np.concatenate([today.next_level[stays], arrival_level[new]])
        stage = np.concatenate([today.next_stage[stays], np.zeros_like(new)])


def _live(
    number: int,
    leads: Ints,
    state: tuple[Ints, Ints],
    rates: Rates,
    rng: np.random.Generator,
) -> Day:
    """Draws one day of the open leads."""
    level, stage = state
    close, sell, feel = rng.random((3, len(leads)))
    advances = sell < rates.advance
    rejected = ~advances & (sell < rates.advance + rates.reject)
    rises = feel < rates.rise
    falls = ~rises & (feel < rates.rise + rates.fall)
    leaves = ~rises & ~falls & (feel < rates.rise + rates.fall + rates.leave)
    lost = np.where(close < rates.win + rates.lose, LOST, OPEN)
    return Day(
        number=number,
        leads=leads,
        level=level,
        stage=stage,
        closing=np.where(close < rates.win, WON, lost),
        next_level=np.where(leaves, GONE, level + rises - falls),
        next_stage=np.where(rejected, MQL, stage + advances),
    )


def win_probability(traits: Traits, standing: Standing, calendar: Calendar) -> Floats:
    """The true probability of a win in ``[as_of, as_of + HORIZON_DAYS)``, shape (rows,).

    Exact, given all that is hidden: the level, the stage, the traits and the calendar to come.
    """
    starts = range(0, len(standing.lead), _ROWS_AT_ONCE)
    parts = [
        _win_probability(traits, standing.rows(slice(start, start + _ROWS_AT_ONCE)), calendar)
        for start in starts
    ]
    return np.concatenate([np.empty(0), *parts])


def _win_probability(traits: Traits, standing: Standing, calendar: Calendar) -> Floats:
    levels = np.arange(len(LEVELS))[:, None, None]
    stages = np.arange(len(STAGES))[None, :, None]
    rates = daily_rates(traits.take(standing.lead), levels, stages)
    last_day = rates.on(calendar, standing.day + HORIZON_DAYS)
    value = last_day.win * standing.closing_share
    for ahead in range(HORIZON_DAYS - 1, 0, -1):
        value = _midnight_before(value, rates.on(calendar, standing.day + ahead))
    first_day = _midnight_before(value, rates.on(calendar, standing.day))
    value = np.where(standing.arriving, value, first_day)
    return value[standing.level, standing.stage, np.arange(len(standing.lead))]


def _midnight_before(value: Floats, rates: Rates) -> Floats:
    """One step of the recursion; ``value`` of shape (level, stage, lead)."""
    higher = np.concatenate([value[1:], value[-1:]])
    lower = np.concatenate([value[:1], value[:-1]])
    moved = (
        value
        + rates.rise * (higher - value)
        + rates.fall * (lower - value)
        + rates.leave * (value[GONE] - value)
    )
    advanced = np.concatenate([moved[:, 1:], moved[:, -1:]], axis=1)
    staged = moved + rates.advance * (advanced - moved)
    staged[:, SQL] += rates.reject[:, SQL] * (moved[:, MQL] - moved[:, SQL])
    before: Floats = rates.win + (1 - rates.win - rates.lose) * staged
    return before
