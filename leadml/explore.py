"""Which leads below the line are passed at random, and what do they tell?

Nobody calls leads below the line, so nobody learns what a call to one of them is worth, and the
next model learns from its forerunner's choices. A small share of them, drawn at random, is passed
all the same and logged with its propensity, the probability that it was to be passed. One over
the propensity is how many leads it stands for (Horvitz and Thompson 1952; as a ratio: Hajek 1971).

The draw is a hash of seed, period and lead, not of a sequence of random numbers: the same lead has
the same draw within a period in every batch, order and process, and another one in the next.

>>> draw(["L1", "L2", "L3"], share=0.5, period="2026-W14", seed=0).tolist()
[True, False, False]
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from leadml.errors import ConfigError, DataError, SignalError, listed
from leadml.intervals import wilson_bounds

COLUMNS = ("lead_id", "above", "explored", "propensity", "converted")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share that converts, or a difference of two, with its 90 % interval.

    Attributes:
        value, lower, upper: the figure and its ends.
        leads: distinct leads that it was counted on.
    """

    value: float
    lower: float
    upper: float
    leads: int


@dataclass(frozen=True, slots=True)
class TrueLift:
    """What leads passed at random tell of all.

    Attributes:
        above: leads above the line that convert; all of them are passed.
        below: leads below it that would convert if all of them were passed.
        untouched: leads below it that would convert if none were.
        lift: ``above - below``: what the line tells apart among leads that are passed.
        effect: ``below - untouched``: what passing a lead below the line brings about.
        out_of_reach: rows below the line that could not be drawn; nothing is said of them.
    """

    above: Rate
    below: Rate
    untouched: Rate
    lift: Rate
    effect: Rate
    out_of_reach: int


def draw(lead_ids: Iterable[object], *, share: float, period: str, seed: int) -> Bools:
    """Which leads are drawn in a period; shape (n,).

    Args:
        lead_ids: in any order; the same lead always has the same draw.
        share: the probability of each, 0 to 1; at a greater share the same leads and more.
        period: any name of it, like ``2026-W14``.
        seed: another one draws other leads.

    Raises:
        ConfigError: the share does not lie between 0 and 1.
    """
    _check_share(share)
    return np.fromiter((_point(lead, period, seed) < share for lead in lead_ids), dtype=np.bool_)


def propensity(above: Bools, *, can_pass: Bools, share: float) -> Floats:
    """The probability of each lead to be passed, to be logged with it; shape (n,).

    Args:
        above: whether it reaches the line: passed for certain.
        can_pass: whether a lead below the line may be drawn; not without consent, say.
        share: as of `draw`.

    Raises:
        ConfigError: the share does not lie between 0 and 1.
    """
    _check_share(share)
    return np.where(above, 1.0, np.where(can_pass, share, 0.0))


def true_lift(log: pd.DataFrame) -> TrueLift:
    """Conversion below the line, and what line and call add, from leads passed at random.

    Each rate is Hajek's: a mean in which a row counts as many times as rows it stands for. Its
    interval is Wilson's, with as many leads as the weights are worth (Kish 1965): all rows of a
    lead count as one. A difference has the interval of Newcombe (1998, method 10) from the two.

    A lead that is passed in a later period, within the horizon of an earlier row, takes some of the
    call into that row: with a small share that is little, and makes ``effect`` look smaller.

    Args:
        log: lead_id, above (bool), explored (bool: below the line and drawn), propensity (of
            `propensity`), converted (bool: within the horizon); one row for a lead and a period
            that is over, whether the lead was passed or not.

    Raises:
        DataError: the log does not hold what it must.
        SignalError: no lead above the line, none explored, or none left untouched.
    """
    _check_log(log)
    chance = log["propensity"].to_numpy(dtype=np.float64)
    above = log["above"].to_numpy(dtype=bool)
    explored = log["explored"].to_numpy(dtype=bool)
    drawable = ~above & (chance > 0)
    passed = _rate(log[above], np.ones(int(above.sum())), "above the line")
    below = _rate(log[explored], 1 / chance[explored], "explored below it")
    left = drawable & ~explored & (chance < 1)
    untouched = _rate(log[left], 1 / (1 - chance[left]), "below it and not explored")
    return TrueLift(
        passed,
        below,
        untouched,
        _difference(passed, below),
        _difference(below, untouched),
        int((~above & (chance == 0)).sum()),
    )


def _point(lead_id: object, period: str, seed: int) -> float:
    """Where a lead lies between 0 and 1 in a period, the end left out."""
    text = f"{seed}\n{period}\n{lead_id}".encode()
    number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    return (number >> 11) / 2**53


def _rate(rows: pd.DataFrame, weight: Floats, who: str) -> Rate:
    if rows.empty:
        msg = (
            f"The log must hold leads {who}, got none. Explore a share of leads below the line, "
            "and wait until their horizon is over."
        )
        raise SignalError(msg)
    value = np.average(rows["converted"].to_numpy(dtype=bool), weights=weight)
    by_lead = pd.Series(weight).groupby(rows["lead_id"].to_numpy()).sum().to_numpy()
    worth = np.array([by_lead.sum() ** 2 / (by_lead**2).sum()])
    lower, upper = wilson_bounds(np.array([value]), worth)
    return Rate(float(value), float(lower[0]), float(upper[0]), len(by_lead))


def _difference(first: Rate, second: Rate) -> Rate:
    value = first.value - second.value
    down = np.hypot(first.value - first.lower, second.upper - second.value)
    up = np.hypot(first.upper - first.value, second.value - second.lower)
    return Rate(value, float(value - down), float(value + up), first.leads + second.leads)


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        msg = (
            f"The share of leads to explore must lie between 0 and 1, got {share}. Write 0.05 "
            "for one lead in twenty, 0 for none."
        )
        raise ConfigError(msg)


def _check_log(log: pd.DataFrame) -> None:
    absent = [name for name in COLUMNS if name not in log]
    if absent:
        msg = (
            f"A log of explored leads must hold {', '.join(COLUMNS)}, got none of "
            f"{listed(absent)}. Log every lead with its propensity, passed or not."
        )
        raise DataError(msg)
    above, explored = log["above"].astype(bool), log["explored"].astype(bool)
    bad = ~log["propensity"].between(0, 1) | (explored & (above | ~(log["propensity"] > 0)))
    if bad.any():
        msg = (
            "A lead must have a propensity from 0 to 1, and an explored one lie below the line "
            f"with a propensity above 0, got {int(bad.sum()):,} others "
            f"(lead_id {listed(log.loc[bad, 'lead_id'].head(20), most=3)}). Log what was drawn."
        )
        raise DataError(msg)
