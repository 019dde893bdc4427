"""Makes the worlds that the benchmark of features asks about: a CRM's log, and moments to judge at.

`python benchmarks/worlds.py FOLDER --events 10_000_000 --leads 200_000` writes `events.parquet`, in
order of time as a log is, and `examples.parquet`, in order of time as well, both of two years.

What makes it hard is there on purpose: few leads have most events and 5 % of them have none; few
types have most events; events come in bursts; 3 % of events share their microsecond with another of
the same lead; and 4 % of examples lie exactly at an event of their lead, or a window after one.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from peers.question import DAY, TYPES, WINDOWS

START = int(np.datetime64("2023-01-01", "us").astype(np.int64))
SPAN = 730 * DAY
ROW_GROUP = 1_000_000
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Log:
    """Events sorted by lead: each one's lead and time, and where each lead's begin (and end)."""

    lead: NDArray[np.int32]
    time: NDArray[np.int64]
    begins: NDArray[np.int64]


def write_world(
    folder: Path, *, events: int, leads: int, examples_per_lead: int, seed: int = 0
) -> None:
    """Writes `events.parquet` and `examples.parquet`; the same seed, the same world."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = pa.array([f"lead-{i:07d}" for i in rng.permutation(leads)])
    log = draw_log(rng, events=events, leads=leads)
    write_examples(folder / "examples.parquet", draw_examples(rng, log, examples_per_lead), names)
    order = np.argsort(log.time)
    lead, time = log.lead[order], log.time[order]
    del order, log
    write_events(folder / "events.parquet", lead, time, names, rng)


def draw_log(rng: np.random.Generator, *, events: int, leads: int) -> Log:
    """Draws how many events each lead has, and when: bursts of about six, a day or so wide."""
    weight = rng.lognormal(0.0, 1.2, leads) * (rng.random(leads) >= 0.05)
    count = rng.multinomial(events, weight / weight.sum())
    begins = np.concatenate([[0], np.cumsum(count)])
    lead = np.repeat(np.arange(leads, dtype=np.int32), count)
    bursts = 1 + count // 6
    first = np.concatenate([[0], np.cumsum(bursts)])[:-1]
    centre = rng.integers(0, SPAN, int(bursts.sum()))
    drawn = rng.random(events, dtype=np.float32) * bursts.astype(np.float32)[lead]
    which = drawn.astype(np.int64)
    np.minimum(which, (bursts - 1)[lead], out=which)
    which += first[lead]
    time = centre[which]
    del which, drawn
    time += (rng.standard_exponential(events, dtype=np.float32) * DAY).astype(np.int64)
    time %= SPAN
    time += START
    twin = np.flatnonzero(rng.random(events, dtype=np.float32) < 0.03)[1:]
    twin = twin[lead[twin] == lead[twin - 1]]
    time[twin] = time[twin - 1]
    return Log(lead, time, begins)


def draw_examples(
    rng: np.random.Generator, log: Log, per_lead: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws the moments of all leads, in order of time; 4 % of them on the edge of a window."""
    count = np.diff(log.begins)
    lead = np.repeat(np.arange(len(count)), per_lead)
    moment = START + rng.integers(0, SPAN, len(lead))
    edge = np.flatnonzero((rng.random(len(lead)) < 0.04) & (count[lead] > 0))
    event = log.begins[lead[edge]] + (rng.random(len(edge)) * count[lead[edge]]).astype(np.int64)
    after = rng.choice([0, 0, 0, *WINDOWS], len(edge)) * DAY
    moment[edge] = log.time[event] + after
    order = np.argsort(moment, kind="stable")
    return lead[order], moment[order]


def write_examples(
    path: Path, examples: tuple[NDArray[np.int64], NDArray[np.int64]], names: pa.Array
) -> None:
    """Writes one row per example."""
    lead, moment = examples
    columns = {"lead_id": names.take(pa.array(lead)), "as_of": pa.array(moment).cast(TIME)}
    pq.write_table(pa.table(columns), path)


def write_events(
    path: Path,
    lead: NDArray[np.int32],
    time: NDArray[np.int64],
    names: pa.Array,
    rng: np.random.Generator,
) -> None:
    """Writes the log a row group at a time; each type is about 0.8 times as common as the last."""
    share = 0.8 ** np.arange(len(TYPES))
    edges = np.cumsum(share / share.sum())[:-1]
    types = pa.array(TYPES)
    schema = pa.schema(
        [("lead_id", pa.string()), ("occurred_at", TIME), ("event_type", pa.string())]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for at in range(0, len(lead), ROW_GROUP):
            part = slice(at, at + ROW_GROUP)
            kind = np.searchsorted(edges, rng.random(len(lead[part])))
            columns = [
                names.take(pa.array(lead[part])),
                pa.array(time[part]).cast(TIME),
                types.take(pa.array(kind)),
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)


def main() -> None:
    """Writes one world, and says how long it took."""
    parser = argparse.ArgumentParser(description="Writes a world into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--examples-per-lead", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    started = perf_counter()
    write_world(
        args.folder,
        events=args.events,
        leads=args.leads,
        examples_per_lead=args.examples_per_lead,
        seed=args.seed,
    )
    print(json.dumps({"seconds": perf_counter() - started}))


if __name__ == "__main__":
    main()
