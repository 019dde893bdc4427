"""Which stretches of the past can be replayed? Quarters, or what is shorter where history is short.

At the start of a period one knew the labels that had ended by then; what came of the leads looked
at in the period is known now. That is all a recipe, a calibration or a backtest is judged by.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Ints
from leadml.config import By, Training
from training.examples import ExampleSet, known_at

LEAST_OUTCOMES = 20
"""A period with fewer conversions, or fewer others, known at its start or judged is passed over."""

LEAST_PERIODS = 4
"""Periods are as long as leaves so many before the test part, or as many as there can be."""

EARLIER = 2
"""Periods replayed before those that are reported, so that the first of these has a past."""

_FREQUENCIES: dict[By, str] = {"quarter": "QS", "month": "MS", "week": "W-MON"}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the past.

    Attributes:
        name: as a table says it.
        start: the moment it was looked at from.
        rows: the examples in it that are known today by any horizon, by position in ``looked``.
    """

    name: str
    start: pd.Timestamp
    rows: Ints


def plan_periods(
    examples: ExampleSet, settings: Training, test_start: pd.Timestamp
) -> list[Period]:
    """The newest periods that can be replayed, and the last ones before the test; oldest first.

    Returns:
        Fewer than two where the history is too short for any.
    """
    kinds: tuple[By, ...] = (settings.by,) if settings.by else _kinds(examples)
    plan: list[Period] = []
    most = -1
    for kind in kinds:
        every = _usable(_cut(examples, kind, settings), examples)
        before = [p for p in every if p.start < test_start and _judged(examples, p, test_start)]
        if len(before) > most:  # where none gives enough, the one that gives most
            most = len(before)
            late = [*before[-max(settings.periods, LEAST_PERIODS) :], *_newest(every, settings)]
            plan = [period for period in every if period in late]
        if most >= LEAST_PERIODS:
            break
    return plan


def _kinds(examples: ExampleSet) -> tuple[By, ...]:
    dated = examples.gaps[0].days > 0
    return ("quarter", "month", "week", "block") if dated else ("block",)


def _newest(periods: list[Period], settings: Training) -> list[Period]:
    return periods[-(settings.periods + EARLIER) :]


def _cut(examples: ExampleSet, kind: By, settings: Training) -> list[Period]:
    """All periods of a kind, usable or not."""
    as_of = examples.looked["as_of"].iloc[: examples.teaching]
    if kind == "block":
        mature = len(examples.mature)
        size = mature * settings.test_share / settings.periods
        cuts = mature - size * np.arange(int(1 / settings.test_share * settings.periods), 0, -1)
        starts = pd.DatetimeIndex(as_of.iloc[np.maximum(cuts, 0).astype(int)].unique())
    else:
        first, last = as_of.iloc[0].normalize(), as_of.iloc[-1]
        starts = pd.date_range(first, last, freq=_FREQUENCIES[kind]).as_unit("us")
    bounds = np.append(as_of.searchsorted(starts), len(as_of))
    return [
        Period(_name(starts[k], kind, k), starts[k], np.arange(bounds[k], bounds[k + 1]))
        for k in range(len(starts))
    ]


def _name(start: pd.Timestamp, kind: By, number: int) -> str:
    if kind == "quarter":
        return f"{start.year} Q{start.quarter}"
    if kind == "month":
        return f"{start:%Y-%m}"
    return f"week of {start:%Y-%m-%d}" if kind == "week" else f"block {number + 1}"


def _usable(periods: list[Period], examples: ExampleSet) -> list[Period]:
    """Those with enough outcomes both known at the start and judged."""
    return [
        period
        for period in periods
        if _judged(examples, period, examples.end)
        and _outcomes(known_at(examples, period.start).converted) >= LEAST_OUTCOMES
    ]


def _judged(examples: ExampleSet, period: Period, moment: pd.Timestamp) -> bool:
    """Whether enough of the period's outcomes were known at ``moment``."""
    known = known_at(examples, moment)
    return _outcomes(known.converted[period.rows[period.rows < len(known.rows)]]) >= LEAST_OUTCOMES


def _outcomes(converted: Bools) -> int:
    won = int(converted.sum())
    return min(won, len(converted) - won)
