"""Which examples judge, and from when on may nothing be learned?

The newest mature examples judge and are touched once. The moment they begin is the last one that
training knows: a label is learned from only if it had ended by then (`examples.known_at`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Ints
from leadml.config import Training
from leadml.errors import SignalError
from training.examples import ExampleSet, known_at

LEAST_TO_JUDGE = 5
"""Fewer conversions, or others, than this judge nothing."""


@dataclass(frozen=True, slots=True)
class Split:
    """What judges a model, and what it may know.

    Attributes:
        test_start: the moment the judged model is trained at.
        train: examples it may learn from, by position in ``looked``; oldest first.
        test: the mature examples from then on.
    """

    test_start: pd.Timestamp
    train: Ints
    test: Ints

    def describe(self, examples: ExampleSet) -> list[dict[str, object]]:
        """Each part's first and last moment, examples, leads and conversions."""
        known = known_at(examples, self.test_start).converted
        judged = examples.mature["converted"].to_numpy(dtype=bool)[self.test]
        rows = []
        for part, positions, converted in (
            ("train", self.train, known),
            ("test", self.test, judged),
        ):
            chosen = examples.looked.iloc[positions]
            rows.append(
                {
                    "part": part,
                    "from": chosen["as_of"].min().isoformat(),
                    "to": chosen["as_of"].max().isoformat(),
                    "examples": len(chosen),
                    "leads": int(chosen["lead_id"].nunique()),
                    "converted": int(converted.sum()),
                }
            )
        return rows


def split_by_time(examples: ExampleSet, settings: Training) -> Split:
    """Parts the newest mature examples from what was known when they began.

    Raises:
        SignalError: a part holds too few outcomes to learn from or to judge by.
    """
    mature = examples.mature
    first = min(int(len(mature) * (1 - settings.test_share)), len(mature) - 1)
    test_start = mature["as_of"].iloc[first]
    test = np.flatnonzero(mature["as_of"] >= test_start)
    known = known_at(examples, test_start)
    _check_part(known.converted, "training", least=settings.min_outcomes)
    converted = mature["converted"].to_numpy(dtype=bool)[test]
    _check_part(converted, "test", least=LEAST_TO_JUDGE)
    return Split(test_start, known.rows, test)


def folds_by_group(groups: "pd.Series[str]", count: int, *, seed: int) -> Ints:
    """A fold for every row, the same for all rows of a group; shape (n,).

    Groups are shuffled by ``seed`` and dealt in turn, so folds hold like numbers of groups.
    """
    codes, names = pd.factorize(groups, sort=True)
    fold = np.random.default_rng(seed).permutation(len(names)) % count
    return fold[codes].astype(np.int64)


def _check_part(converted: Bools, name: str, *, least: int) -> None:
    won = int(converted.sum())
    if min(won, len(converted) - won) >= least:
        return
    msg = (
        f"The {name} part must hold {least} converted examples and {least} others, got {won:,} and "
        f"{len(converted) - won:,}. Bring more history, shorten label.horizon_days, or change "
        "training.test_share."
    )
    raise SignalError(msg)
