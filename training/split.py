"""Which examples may teach, and which judge? Parts in time order, with gaps of one horizon.

The newest mature examples judge and are touched once. Before the first of them lies a gap of one
horizon, so that no label used for training looks past the moment from which the test begins:
``as_of + horizon <= test start``. The training part is replayed from several origins to choose a
recipe: at each, what was known then is fitted and the stretch after it compared. Where a history
is too short for that, one origin parts it by account instead, so that the two share no lead.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Ints
from leadml.config import Config
from leadml.errors import SignalError
from leadml.timeline import days

ORIGINS = 4
"""From how many past moments a recipe is judged, at most."""

LEAST_OUTCOMES = 20
"""An origin with fewer conversions known is passed over."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One moment of the past: the rows known then, and the stretch that followed."""

    fit: Ints
    stop: Ints


@dataclass(frozen=True, slots=True)
class Split:
    """Row positions of each part, oldest first, and the moments that part them.

    Attributes:
        train: everything that may teach.
        origins: inside train, where recipes are compared; newest first.
        test: where the finished model is judged.
        replayed: whether origins lie in time order with gaps, rather than parted by account.
    """

    train: Ints
    origins: tuple[Origin, ...]
    test: Ints
    replayed: bool

    def describe(self, examples: pd.DataFrame) -> list[dict[str, object]]:
        """Each part's first and last moment, examples, leads and conversions."""
        stretches = [(f"origin {k + 1}", origin.stop) for k, origin in enumerate(self.origins)]
        rows = []
        for part, positions in (("train", self.train), *stretches, ("test", self.test)):
            chosen = examples.iloc[positions]
            rows.append(
                {
                    "part": part,
                    "from": chosen["as_of"].min().isoformat(),
                    "to": chosen["as_of"].max().isoformat(),
                    "examples": len(chosen),
                    "leads": int(chosen["lead_id"].nunique()),
                    "converted": int(chosen["converted"].sum()),
                }
            )
        return rows


def split_by_time(examples: pd.DataFrame, config: Config, *, dated: bool) -> Split:
    """Parts mature examples by time.

    Args:
        examples: as_of, converted, group; oldest first.
        config: the shares and the horizon.
        dated: whether as_of is a time, so that a gap means something.

    Raises:
        SignalError: a part holds too few outcomes to learn from or to judge by.
    """
    gap = days(config.label.horizon_days if dated else 0)
    as_of = examples["as_of"]
    test_start = as_of.iloc[_from_newest(len(examples), config.training.test_share)]
    test = np.flatnonzero(as_of >= test_start)
    train = np.flatnonzero((as_of + gap <= test_start) & (as_of < test_start))
    _check_part(examples, train, "training", least=config.training.min_outcomes)
    _check_part(examples, test, "test", least=5)
    origins = _replay(examples, train, config.training.stop_share, gap)
    if origins:
        return Split(train, origins, test, replayed=True)
    fold = folds_by_group(examples["group"].iloc[train], ORIGINS, seed=config.training.seed)
    return Split(train, (Origin(train[fold != 0], train[fold == 0]),), test, replayed=False)


def _replay(
    examples: pd.DataFrame, train: Ints, share: float, gap: timedelta
) -> tuple[Origin, ...]:
    """The newest stretches of ``train``, each with what was known when it began."""
    as_of = examples["as_of"].iloc[train]
    origins = []
    for k in range(ORIGINS):
        low, high = (_from_newest(len(train), min(share * steps, 1.0)) for steps in (k + 1, k))
        start, end = as_of.iloc[low], as_of.iloc[high]
        stop = train[(as_of >= start) & ((as_of < end) | (k == 0))]
        fit = train[(as_of + gap <= start) & (as_of < start)]
        if min(_outcomes(examples, fit), _outcomes(examples, stop)) >= LEAST_OUTCOMES:
            origins.append(Origin(fit, stop))
    return tuple(origins)


def folds_by_group(groups: "pd.Series[str]", count: int, *, seed: int) -> Ints:
    """A fold for every row, the same for all rows of a group; shape (n,).

    Groups are shuffled by ``seed`` and dealt in turn, so folds hold like numbers of groups.
    """
    codes, names = pd.factorize(groups, sort=True)
    fold = np.random.default_rng(seed).permutation(len(names)) % count
    return fold[codes].astype(np.int64)


def _from_newest(rows: int, share: float) -> int:
    return min(int(rows * (1 - share)), rows - 1)


def _outcomes(examples: pd.DataFrame, rows: Ints) -> int:
    won = int(examples["converted"].iloc[rows].sum())
    return min(won, len(rows) - won)


def _check_part(examples: pd.DataFrame, rows: Ints, name: str, *, least: int) -> None:
    if len(rows) and _outcomes(examples, rows) >= least:
        return
    converted: Bools = examples["converted"].iloc[rows].to_numpy(dtype=bool)
    won = int(converted.sum())
    msg = (
        f"The {name} part must hold {least} converted examples and {least} others, got {won:,} and "
        f"{len(rows) - won:,}. Bring more history, shorten label.horizon_days, or change "
        "training.test_share."
    )
    raise SignalError(msg)
