"""Samples, examples and lessons made by hand, small enough to know what they teach."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from leadml.config import Training
from leadml.model import sigmoid
from leadml.timeline import Window, nanos
from training.examples import NEVER, SECOND, ExampleSet
from training.lesson import Lesson, Sample

START = pd.Timestamp("2024-01-01", tz="UTC")
DAY = timedelta(days=1)


def sample_of(
    matrix: np.ndarray,
    converted: np.ndarray,
    *,
    levels: Sequence[int] = (),
    directions: Sequence[int] = (),
    **given: np.ndarray,
) -> Sample:
    """What a fit sees: every label the main one, today, and every example alike if not given."""
    n, width = matrix.shape
    parts = {"offset": np.zeros(n), "age_days": np.zeros(n), "share": np.ones(n), **given}
    own = {"levels": tuple(levels or [0] * width), "directions": tuple(directions or [0] * width)}
    return Sample(matrix, converted, **parts, **own)


def examples_of(
    as_of: Any,
    reached_at: Any,
    *,
    end: pd.Timestamp,
    horizons: tuple[int, ...] = (30, 10),
    dated: bool = True,
    leads: Sequence[object] = (),
    groups: Sequence[object] = (),
) -> ExampleSet:
    """Examples (oldest first) looked at ``as_of``, whose outcome came at ``reached_at`` or NaT."""
    index = pd.DatetimeIndex(as_of).as_unit("us")
    names = [str(name) for name in leads] or [f"L{k}" for k in range(len(index))]
    looked = pd.DataFrame(
        {
            "lead_id": pd.Series(names, dtype="str"),
            "as_of": index,
            "group": pd.Series([str(name) for name in groups] or names, dtype="str"),
            "reached_at": pd.DatetimeIndex(reached_at, tz="UTC").as_unit("us"),
        }
    )
    return example_set(looked, end=end, horizons=horizons, dated=dated)


def example_set(
    looked: pd.DataFrame, *, end: pd.Timestamp, horizons: tuple[int, ...], dated: bool
) -> ExampleSet:
    """Examples from their frame, oldest first."""
    assert looked["as_of"].is_monotonic_increasing
    main = horizons[0]
    within = timedelta(days=main)
    known = int((looked["as_of"] + within <= end).sum()) if dated else len(looked)
    mature = looked.iloc[:known]
    mature = mature.assign(converted=mature["reached_at"] < mature["as_of"] + within)
    reached = looked["reached_at"]
    return ExampleSet(
        looked,
        horizons if dated else (main,),
        tuple(timedelta(days=h) for h in horizons) if dated else (SECOND,),
        mature[["lead_id", "as_of", "converted", "group"]],
        len(looked) - known,
        0,
        end,
        nanos(looked["as_of"]),
        np.where(reached.isna(), NEVER, nanos(reached)),
    )


def otherwise(examples: ExampleSet, reached_at: "pd.Series[pd.Timestamp]") -> ExampleSet:
    """The same examples, of which something else became."""
    looked = examples.looked.assign(reached_at=reached_at)
    dated = examples.gaps[0] != SECOND
    return example_set(looked, end=examples.end, horizons=examples.horizons_days, dated=dated)


def another_future(examples: ExampleSet, moment: pd.Timestamp, *, seed: int) -> ExampleSet:
    """The same examples, but what had not happened before ``moment`` happens otherwise.

    At once, at any time after, or never.
    """
    rng = np.random.default_rng(seed)
    n, reached = len(examples.looked), examples.looked["reached_at"]
    soonest = examples.looked["as_of"].clip(lower=moment)
    later = soonest + pd.to_timedelta(rng.choice([0, 1, 86_400 * 9], n), unit="s")
    later = later.where(rng.random(n) < 0.7).dt.as_unit("us")
    return otherwise(examples, reached.where(reached < moment, later))


SIZE = Feature(VOCABULARY["number"], Noun("size", ("size",), "size", "sizes", "fit"))
VIEWS = Feature(
    VOCABULARY["count"], Noun("view", ("view",), "view", "views", "engagement"), Window(7)
)
SINCE = Feature(
    VOCABULARY["days_since_last"], Noun("view", ("view",), "view", "views", "engagement")
)
CITY = Feature(
    VOCABULARY["category"],
    Noun("city", ("city",), "city", "cities", "fit"),
    levels=("Ulm", "Ede"),
)
CATALOG = Catalog((SIZE, VIEWS, SINCE, CITY), {})
"""A number without direction, one that speaks for, one against, a category of two levels."""


def rows_of(n: int, *, seed: int) -> np.ndarray:
    """Features of `CATALOG`."""
    rng = np.random.default_rng(seed)
    since = np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0, 60, n))
    city = np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 3, n))
    return np.column_stack([rng.normal(size=n), rng.poisson(1.0, n), since, city]).astype(float)


def history(
    n: int,
    *,
    days: int,
    seed: int = 0,
    accounts: int = 0,
    horizons: tuple[int, ...] = (30, 10),
    moments: int = 1,
    dated: bool = True,
    base: float = -1.0,
) -> tuple[ExampleSet, np.ndarray]:
    """Examples over so many days, with their features, of which the outcome hangs on two.

    Args:
        n: how many examples.
        days: from the first example to the end of the data.
        seed: of everything.
        accounts: how many share the leads; 0 for none.
        horizons: that teach.
        moments: at which each lead is looked at.
        dated: whether the source knows when anything happened.
        base: log-odds of the average example.
    """
    rng = np.random.default_rng(seed)
    matrix = rows_of(n, seed=seed)
    seconds = np.sort(rng.integers(0, days * 86_400, n)) if dated else np.arange(n)
    as_of = START + pd.to_timedelta(seconds, unit="s")
    won = rng.random(n) < sigmoid(base + matrix[:, 0] + 0.5 * matrix[:, 1])
    after = rng.uniform(0, horizons[0] * 1.3, n) * 86_400 if dated else np.zeros(n)
    reached = (as_of + pd.to_timedelta(after.astype(int), unit="s")).where(won)
    end = START + days * DAY if dated else as_of[-1] + SECOND
    reached = reached.where(reached < end)
    examples = examples_of(
        as_of,
        reached,
        end=end,
        horizons=horizons,
        dated=dated,
        leads=[f"L{k}" for k in rng.integers(0, n // moments, n)] if moments > 1 else (),
        groups=[f"account {k}" for k in rng.integers(0, accounts, n)] if accounts else (),
    )
    return examples, matrix


def lesson_of(made: tuple[ExampleSet, np.ndarray], **settings: Any) -> Lesson:
    """A lesson of what `history` made, fitted in one thread unless said otherwise."""
    examples, matrix = made
    taught = Training(**{"threads": 1, **settings})
    return Lesson(examples, matrix[: examples.teaching], CATALOG, taught)
