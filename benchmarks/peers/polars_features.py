"""What does Polars answer, and how fast? `--form` chooses the formulation, the fastest by default.

- `grouped`: leads coded as integers and events sorted by them; one streaming join of examples with
  the events before them, one group_by of example and type in one key; then each type's part is
  joined to the examples.
- `wide`: one streaming pass over the join, each of the 93 columns a conditional aggregate.

Decay is taken from a fixed moment, so that `exp` is paid per event and per example, not per pair.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from question import DAY, HALF_LIFE, TYPES, WINDOWS, answer, arguments, feature_names

os.environ["POLARS_MAX_THREADS"] = "2"
import polars as pl

FIXED = 1_700_000_000_000_000
KEYS = 16
"""More than there are types: the key of an example's type is `id * KEYS + k`."""


def grown(time: pl.Expr) -> pl.Expr:
    """By how much one at the fixed moment grew until `time`, doubling in a half-life."""
    return ((time - FIXED) * (math.log(2) / (DAY * HALF_LIFE))).exp()


def read_events(path: Path) -> pl.LazyFrame:
    """Columns lead_id, t and k, the place of the type."""
    kind = pl.col("event_type").cast(pl.Enum(TYPES)).to_physical()
    return pl.scan_parquet(path).select(
        "lead_id", t=pl.col("occurred_at").cast(pl.Int64), k=kind.cast(pl.UInt32)
    )


def read_examples(path: Path) -> pl.LazyFrame:
    """Columns id, lead_id and a."""
    moment = pl.col("as_of").cast(pl.Int64)
    return pl.scan_parquet(path).with_row_index("id").select("id", "lead_id", a=moment)


def in_window(days: int) -> pl.Expr:
    """Whether the event at t lies in the window of the example at a."""
    return pl.col("t") >= pl.col("a") - days * DAY


def six(name: str, before: str = "") -> list[pl.Expr]:
    """A type's columns from n, n7, n30, n90, last (time) and d (grown sum), null when unseen."""
    counts = ("count_ever", "n"), *((f"count_{w}d", f"n{w}") for w in WINDOWS)
    since = (pl.col("a") - pl.col(f"{before}last")) / DAY
    sum_now = pl.col(f"{before}d").fill_null(0) / grown(pl.col("a"))
    return [
        *(
            pl.col(before + n).cast(pl.Float64).fill_null(0).alias(f"{name}_{what}")
            for what, n in counts
        ),
        since.fill_null(math.nan).alias(f"{name}_days_since_last"),
        sum_now.alias(f"{name}_decayed_14d"),
    ]


def active_days(pairs: pl.LazyFrame, examples: pl.LazyFrame) -> pl.LazyFrame:
    """The three columns of all types: a day is active when its last event seen is in the window."""
    days = (
        pairs.filter(in_window(90))
        .group_by("id", day=pl.col("t") // DAY)
        .agg(pl.col("t").max(), pl.col("a").first())
        .group_by("id")
        .agg(in_window(w).sum().cast(pl.Float64).alias(f"any_active_days_{w}d") for w in WINDOWS)
    )
    joined = examples.select("id").join(days, on="id", how="left", maintain_order="left")
    return joined.select(pl.exclude("id").fill_null(0.0))


def grouped(events: Path, examples: Path) -> pl.DataFrame:
    """One group_by of example and type."""
    asked = read_examples(examples).collect()
    leads = asked.select(pl.col("lead_id").unique()).with_row_index("lead")
    asked = asked.join(leads, on="lead_id", maintain_order="left").select("id", "lead", "a")
    log = read_events(events).join(leads.lazy(), on="lead_id").select("lead", "k", "t")
    log = log.collect(engine="streaming").sort("lead").with_columns(w=grown(pl.col("t"))).lazy()
    pairs = log.join(asked.sort("lead").lazy(), on="lead").filter(pl.col("t") < pl.col("a"))
    parts = (
        pairs.group_by(key=pl.col("id").cast(pl.UInt64) * KEYS + pl.col("k"))
        .agg(
            pl.len().alias("n"),
            *(in_window(w).sum().alias(f"n{w}") for w in WINDOWS),
            pl.col("t").max().alias("last"),
            pl.col("w").sum().alias("d"),
        )
        .with_columns(id=(pl.col("key") // KEYS).cast(pl.UInt32), k=pl.col("key") % KEYS)
        .collect(engine="streaming")
        .partition_by("k", as_dict=True, include_key=False)
    )
    none = next(iter(parts.values())).clear()
    answers = [
        asked.lazy()
        .join(parts.get((k,), none).lazy(), on="id", how="left", maintain_order="left")
        .select(six(name))
        for k, name in enumerate(TYPES)
    ]
    answers.append(active_days(pairs, asked.lazy()))
    return pl.concat(pl.collect_all(answers, engine="streaming"), how="horizontal")


def conditional(k: int, name: str) -> list[pl.Expr]:
    """A type's columns as conditional aggregates, named as `six` takes them, behind its name."""
    own = pl.col("k") == k
    return [
        own.sum().alias(f"{name}_n"),
        *((own & in_window(w)).sum().alias(f"{name}_n{w}") for w in WINDOWS),
        pl.col("t").filter(own).max().alias(f"{name}_last"),
        pl.col("w").filter(own).sum().alias(f"{name}_d"),
    ]


def wide(events: Path, examples: Path) -> pl.DataFrame:
    """One pass over the join of examples and events."""
    asked = read_examples(examples)
    pairs = asked.join(read_events(events), on="lead_id").filter(pl.col("t") < pl.col("a"))
    days = [
        (pl.col("t") // DAY).filter(in_window(w)).n_unique().alias(f"any_active_days_{w}d")
        for w in WINDOWS
    ]
    totals = (
        pairs.with_columns(w=grown(pl.col("t")))
        .group_by("id")
        .agg(*(part for k, name in enumerate(TYPES) for part in conditional(k, name)), *days)
    )
    joined = asked.select("id", "a").join(totals, on="id", how="left").sort("id")
    own = [column for name in TYPES for column in six(name, f"{name}_")]
    every = [pl.col(f"any_active_days_{w}d").cast(pl.Float64).fill_null(0) for w in WINDOWS]
    return joined.select(*own, *every).collect(engine="streaming")


FORMS = {"grouped": grouped, "wide": wide}


def columns(frame: pl.DataFrame) -> Iterator[NDArray[np.float64]]:
    """The columns in the order asked."""
    return (frame[name].to_numpy() for name in feature_names())


if __name__ == "__main__":
    args = arguments("What does Polars answer, and how fast?", FORMS)
    answer(FORMS[args.form], columns, args, version=pl.__version__)
