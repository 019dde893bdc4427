"""Who would have been contacted at a line, and how many of them would win?

A lead is looked at several times and contacted once: at its first look at or above the line. What
the model said at that look was known then, so that the sum of these probabilities is what may be
expected of the contacts, and can be held against what happened within the horizon of that look.
Never having reached the line is known only in the end: what became of all leads, contacted or not,
is told at the last look of each.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from leadml.arrays import Bools, Floats, Ints, Nanos
from leadml.errors import DataError, listed
from leadml.intervals import Z90
from leadml.model import Calibration
from leadml.timeline import DAY_NS, nanos
from training.metrics import Estimate

WEEK_NS = 7 * DAY_NS
COLUMNS = ("lead_id", "as_of", "converted", "probability", "spread")

DRAWS = 4_000
"""An interval of wins is read off so many draws."""

CELLS = 50
"""Draws are taken on so many groups of like probability, at most."""

TINY = 1e-12
"""Probabilities are held so far from 0 and 1, where log-odds have no end."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Judged examples by lead, each lead's oldest first; all arrays have shape (n,).

    Attributes:
        lead: number of the lead, from 0 without gaps, rising.
        times: as_of.
        converted: whether the lead won within the horizon of the look.
        probability: as the model gave it without having seen the example.
        spread: standard deviation of its log-odds, an error that all leads share.
        segment: region, team or product at the look; "" where none is told.
        start: the first as_of, of all segments.
        weeks: how long one looked, of all segments.
    """

    lead: Ints
    times: Nanos
    converted: Bools
    probability: Floats
    spread: Floats
    segment: np.ndarray
    start: int
    weeks: float

    @property
    def last(self) -> Ints:
        """Each lead's last look; shape (n_leads,)."""
        return np.flatnonzero(np.diff(self.lead, append=-1))

    @property
    def highest(self) -> Floats:
        """Each lead's highest probability; shape (n_leads,)."""
        first = np.flatnonzero(np.diff(self.lead, prepend=-1))
        return np.asarray(np.maximum.reduceat(self.probability, first))

    def of(self, segment: str) -> "Looks":
        """The looks at leads while they were in a segment that has some."""
        kept = self.segment == segment
        return dataclasses.replace(
            self,
            lead=np.unique(self.lead[kept], return_inverse=True)[1],
            times=self.times[kept],
            converted=self.converted[kept],
            probability=self.probability[kept],
            spread=self.spread[kept],
            segment=self.segment[kept],
        )


def read_looks(judged: pd.DataFrame) -> Looks:
    """Checks judged examples and puts them in order.

    A look stands for the time until the next, so that three looks at the starts of three months
    are a quarter: the weeks run from the first as_of to the last, and by the median step further.

    Args:
        judged: lead_id, as_of (UTC-aware), converted (bool), probability, spread (of
            `shared_spread`), and segment (text) where leads are parted; one row an example.

    Raises:
        DataError: a column is absent, a number is missing or out of bounds, or less than a week
            was judged.
    """
    _check(judged)
    frame = judged.sort_values(["lead_id", "as_of"], ignore_index=True)
    times = nanos(frame["as_of"])
    moments = np.unique(times)
    step = float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0
    weeks = (float(moments[-1] - moments[0]) + step) / WEEK_NS
    if weeks < 1:
        msg = (
            f"Judged examples must span a week, for contacts are counted by the week, got "
            f"{7 * weeks:.1f} days. Judge more of the past; a table without dates has no weeks."
        )
        raise DataError(msg)
    absent = pd.Series("", index=frame.index)
    return Looks(
        pd.factorize(frame["lead_id"])[0].astype(np.int64),
        times,
        frame["converted"].to_numpy(dtype=bool),
        frame["probability"].to_numpy(dtype=np.float64),
        frame["spread"].to_numpy(dtype=np.float64),
        frame.get("segment", absent).fillna("").astype(str).to_numpy(dtype=object),
        int(moments[0]),
        weeks,
    )


def first_contacts(looks: Looks, line: float) -> Ints:
    """The look at which each lead that ever reaches the line reaches it first."""
    reached = np.flatnonzero(looks.probability >= line)
    return np.asarray(reached[np.unique(looks.lead[reached], return_index=True)[1]])


def expect_wins(probability: Floats, spread: Floats, *, seed: int) -> Estimate:
    """How many of the leads contacted will win, with a 90 % interval for the number that does.

    The middle is the sum of the probabilities. The interval holds both reasons for another number:
    the level may be off for all leads together (one normal error a draw, in log-odds, times each
    lead's ``spread``), and each win is a matter of chance (a binomial draw at that level). Beyond
    `CELLS` leads, those of like probability are drawn as one group with their mean.

    Args:
        probability: of the looks at which leads are contacted, shape (n,).
        spread: of the same looks, shape (n,).
        seed: of the draws.
    """
    value = float(probability.sum())
    if not len(probability):
        return Estimate(0.0, 0.0, 0.0)
    rank = np.argsort(np.argsort(probability, kind="stable"), kind="stable")
    cell = rank * min(CELLS, len(rank)) // len(rank)
    size = np.bincount(cell)
    middle = logit(np.clip(np.bincount(cell, probability) / size, TINY, 1 - TINY))
    rng = np.random.default_rng(seed)
    level = rng.normal(size=(DRAWS, 1)) * (np.bincount(cell, spread) / size)
    won = rng.binomial(size, expit(middle + level)).sum(axis=1)
    lower, upper = np.quantile(won, (0.05, 0.95), method="inverted_cdf")
    return Estimate(value, min(float(lower), value), max(float(upper), value))


def shared_spread(calibration: Calibration, probability: Floats) -> Floats:
    """How far each probability may be off, in log-odds, as the map's own interval has it.

    Args:
        calibration: of the model that gave the probabilities, or of its successor.
        probability: shape (n,).

    Returns:
        Standard deviations, shape (n,): a distance of ``Z90`` of them is `Calibration.interval`.
    """
    odds = logit(np.clip(probability, TINY, 1 - TINY))
    if calibration.slope <= 0:
        bent = np.zeros(len(odds))
    else:
        bent = (odds - calibration.offset) / calibration.slope
    straight = dataclasses.replace(calibration, bend=None)
    lower, upper = (np.clip(end, TINY, 1 - TINY) for end in straight.interval(bent))
    return np.asarray((logit(upper) - logit(lower)) / (2 * Z90))


def _check(judged: pd.DataFrame) -> None:
    absent = [name for name in COLUMNS if name not in judged]
    if absent or judged.empty:
        msg = (
            f"Judged examples must hold {', '.join(COLUMNS)} and at least one row, got "
            f"{len(judged):,} rows without {listed(absent) or 'fault'}. A training keeps them; "
            "shared_spread gives the spread."
        )
        raise DataError(msg)
    bad = ~(judged["probability"].between(0, 1) & (judged["spread"] >= 0))
    bad |= ~np.isfinite(judged["spread"]) | judged["as_of"].isna() | judged["lead_id"].isna()
    if bad.any():
        msg = (
            "Judged examples must have a lead, a time, a probability from 0 to 1 and a spread of 0 "
            f"or more, got {int(bad.sum()):,} others "
            f"(lead_id {listed(judged.loc[bad, 'lead_id'].head(20), most=3)}). Score them first."
        )
        raise DataError(msg)
