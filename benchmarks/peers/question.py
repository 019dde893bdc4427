"""What is asked of every engine in the benchmark of features, and how is it timed?

Events (`lead_id`, `occurred_at`, `event_type`) and examples (`lead_id`, `as_of`) lie in two Parquet
files, times in microseconds of UTC. For each example, in the order of the file, 93 numbers are
asked. An event is seen when `occurred_at < as_of`; a window of w days is `[as_of - w, as_of)`.

- of each of 15 event types: how many ever, in 7, 30 and 90 days; the days since the last one, NaN
  when there is none; and the sum of `0.5 ** (days ago / 14)` over all of them,
- of all types together: on how many UTC days of the last 7, 30 and 90 days there was an event.

The clock runs from before the files are read until the columns are in memory, imports excluded.

>>> names = feature_names()
>>> len(names), names[0], names[5], names[-1]
(93, 'email_sent_count_ever', 'email_sent_decayed_14d', 'any_active_days_90d')
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Frame = TypeVar("Frame")

TYPES = (
    "email_sent",
    "email_open",
    "page_view",
    "email_click",
    "product_page_view",
    "blog_view",
    "pricing_page_view",
    "form_submit",
    "webinar_attended",
    "call",
    "content_download",
    "meeting",
    "trial_activity",
    "demo_request",
    "unsubscribe",
)
"""The event types, commonest first; a file may hold any of them."""

WINDOWS = (7, 30, 90)
"""Days."""

HALF_LIFE = 14
"""Days."""

DAY = 86_400_000_000
"""Microseconds."""


def feature_names() -> list[str]:
    """The columns, in the order asked: six of each type, then three of all types."""
    each = ["count_ever", *(f"count_{w}d" for w in WINDOWS), "days_since_last", "decayed_14d"]
    own = [f"{name}_{what}" for name in TYPES for what in each]
    return own + [f"any_active_days_{w}d" for w in WINDOWS]


def arguments(about: str, forms: Iterable[str]) -> argparse.Namespace:
    """What the command line of a peer says; the first of its formulations is the default."""
    forms = list(forms)
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--events", type=Path, required=True, help="Parquet file of events")
    parser.add_argument("--examples", type=Path, required=True, help="Parquet file of examples")
    parser.add_argument("--out", type=Path, help="folder for features.npy (features x examples)")
    parser.add_argument("--form", choices=forms, default=forms[0], help="formulation")
    return parser.parse_args()


def peak_mb() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def answer(
    compute: Callable[[Path, Path], Frame],
    columns: Callable[[Frame], Iterable[NDArray[np.float64]]],
    args: argparse.Namespace,
    *,
    version: str,
) -> None:
    """Times `compute`, writes the columns if asked to, and prints the figures as a line of JSON."""
    started = time.perf_counter()
    frame = compute(args.events, args.examples)
    seconds = time.perf_counter() - started
    figures = {"seconds": seconds, "peak_mb": peak_mb(), "version": version}
    if args.out:
        write_columns(args.out, columns(frame))
    print(json.dumps(figures | {"formulation": args.form}), flush=True)


def write_columns(folder: Path, columns: Iterable[NDArray[np.float64]]) -> None:
    """Writes `features.npy`, features x examples, a column at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    table: NDArray[np.float64] | None = None
    for i, column in enumerate(columns):
        if table is None:
            shape = (len(feature_names()), len(column))
            table = np.lib.format.open_memmap(
                folder / "features.npy", mode="w+", dtype=np.float64, shape=shape
            )
        table[i] = column
    if table is not None:
        table.flush()
