"""How is a log larger than memory read? In one pass, into buckets of whole accounts.

Parts of the log come from Parquet row groups or a database, a few at a time. Each is turned into
codes and dealt out to buckets: in memory while there is room, into files of a temporary folder once
there is not. A `BucketedPast` then gives its blocks as a `Past` does, one for each bucket, and as
no account is in two of them, no answer depends on the buckets.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.attributes import Known, encode_leads
from features.log import Codes, EventLog, codes_of
from features.past import BLOCK, Block, by_block, lead_codes
from leadml.arrays import Floats, Ints, Nanos
from leadml.columns import LARGEST
from leadml.errors import DataError, listed
from leadml.parallel import in_order
from leadml.progress import track
from leadml.sources import Parts
from leadml.timeline import EARLIEST, LATEST, nanos

Records: TypeAlias = np.ndarray[tuple[int], np.dtype[np.void]]
"""Events as they wait between reading and building: owner, type, time and, if any have one, value;
16 or 24 bytes each."""

MEMORY = 2 << 30
"""Bytes of events that wait in memory before they wait in files."""

MOST_BUCKETS = 1024

PART_ROWS = 1_000_000
"""How many events are read together, at least."""


class BucketedPast:
    """The past of a set of examples, its events read in parts.

    A context manager: files, if there are any, are gone when it is left.

    Attributes:
        lead: each example's lead code; shape (n_examples,).
        as_of: each example's moment; shape (n_examples,).
        unknown: how many events were left out, their lead not being known.
    """

    def __init__(
        self,
        leads: pd.DataFrame,
        changes: pd.DataFrame,
        examples: pd.DataFrame,
        *,
        memory: int = MEMORY,
    ) -> None:
        """Numbers the leads; `read` brings their events.

        Args:
            leads: lead_id, created_at, account_id? and attribute columns.
            changes: lead_id, valid_from and changed attribute columns.
            examples: lead_id, as_of (UTC-aware).
            memory: bytes of events that wait in memory before they wait in files.

        Raises:
            DataError: an example's lead is not in ``leads``.
        """
        self.leads, self._ids = encode_leads(leads, changes)
        self.lead = lead_codes(examples, self._ids)
        self.as_of: Nanos = nanos(examples["as_of"])
        self.memory = memory
        self.types: dict[str, int] = {}
        self.unknown = 0
        self.first: Ints = np.array([0, len(self.leads)])
        self._waiting: list[list[Records]] = [[]]
        self._valued: set[int] = set()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.lead)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def part_rows(self) -> int:
        """How many events to read together: each part looks its leads up in a table of them all."""
        return max(PART_ROWS, 3 * len(self.leads))

    def attribute(self, column: str) -> Known:
        """An attribute as it was known at each example's moment."""
        return self.leads.at(column, self.lead, self.as_of)

    @property
    def seen(self) -> dict[str, bool]:
        """The event types that occur, and whether any event of each carries a value."""
        return {name: code in self._valued for name, code in self.types.items()}

    def read(self, events: Parts, *, threads: int = 0) -> None:
        """Reads the events that some example may see; those of unknown leads are counted.

        Args:
            events: lead_id, event_type, occurred_at, recorded_at?, value?; times with a zone.
            threads: how many parts are read at a time; 0 takes all cores.

        Raises:
            DataError: a column is absent or does not hold what it must.
        """
        buckets = min(max((events.rows + 2 * len(self)) // BLOCK, 1), MOST_BUCKETS)
        self.first = _whole_accounts(self.leads.account, buckets)
        self._waiting = [[] for _ in range(len(self.first) - 1)]
        held = 0
        dealt = in_order(self._deal, events.parts, threads=threads)
        steps = len(events.parts) if isinstance(events.parts, Sequence) else None
        for buckets_of_part in track(dealt, "events", rows=events.rows, steps=steps):
            for waiting, records in zip(self._waiting, buckets_of_part, strict=True):
                waiting.append(records)
                held += records.nbytes
            if held > self.memory:
                self._write()
                held = 0

    def blocks(self) -> "BucketedBlocks":
        """The past, a block for each bucket."""
        return BucketedBlocks(self)

    def records(self, bucket: int) -> Records:
        """The events of one bucket, in any order."""
        parts = list(self._waiting[bucket])
        if self._folder is not None and parts:
            parts.append(np.fromfile(Path(self._folder.name, str(bucket)), dtype=parts[0].dtype))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=_record(valued=False))

    def _deal(self, part: Callable[[], pa.Table]) -> list[Records]:
        """A part's events by code, bucket by bucket."""
        table = _checked(part())
        owner, kind, time = self._lead_codes(table), self._type_codes(table), _known_at(table)
        valued = "value" in table.column_names
        value = _values(table["value"]) if valued else np.broadcast_to(np.nan, len(time))
        unknown = owner < 0
        seen = ~unknown & (time < self.as_of.max(initial=EARLIEST.value))
        if not seen.all():
            owner, kind, time, value = owner[seen], kind[seen], time[seen], value[seen]
        with self._lock:
            self.unknown += int(unknown.sum())
            self._valued.update(np.flatnonzero(np.bincount(kind[~np.isnan(value)])).tolist())
        dealt = []
        for places in by_block(owner, self.first):
            records = np.empty(len(places), dtype=_record(valued=valued))
            records["owner"], records["type"] = owner[places], kind[places]
            records["time"] = time[places]
            if valued:
                records["value"] = value[places]
            dealt.append(records)
        return dealt

    def _lead_codes(self, table: pa.Table) -> Codes:
        """Each event's lead, -1 for one that is not known."""
        return codes_of(table["lead_id"].unify_dictionaries().combine_chunks(), self._ids)

    def _type_codes(self, table: pa.Table) -> Codes:
        """Each event's type, numbered as they come."""
        encoded = table["event_type"].unify_dictionaries().combine_chunks().dictionary_encode()
        with self._lock:
            codes = [
                self.types.setdefault(name, len(self.types))
                for name in encoded.dictionary.to_pylist()
            ]
        found: Codes = np.array(codes, dtype=np.int32)[encoded.indices.to_numpy()]
        return found

    def _write(self) -> None:
        """Moves what waits in memory to the files."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="leadml-")
        for bucket, waiting in enumerate(self._waiting):
            with Path(self._folder.name, str(bucket)).open("ab") as file:
                for records in waiting:
                    records.tofile(file)
            waiting[1:] = []
            waiting[:1] = [waiting[0][:0].copy()]  # its dtype, without its memory


class BucketedBlocks:
    """The blocks of a bucketed past, each read when it is asked for.

    Attributes:
        examples: of every block, its examples' places in the whole past.
    """

    def __init__(self, past: BucketedPast) -> None:
        self._past = past
        self.examples = by_block(past.lead, past.first)
        self._types = tuple(sorted(past.types))
        place = {name: code for code, name in enumerate(self._types)}
        self._code = np.array([place[name] for name in past.types], dtype=np.int32)

    def __len__(self) -> int:
        return len(self._past.first) - 1

    def __getitem__(self, k: int) -> Block:
        rows, past = self.examples[k], self._past
        events, (first, last) = past.records(k), past.first[k : k + 2]
        valued = "value" in (events.dtype.names or ())
        log = EventLog(
            events["owner"] - np.int32(first),
            np.ascontiguousarray(events["time"]),
            self._code[events["type"]],
            np.ascontiguousarray(events["value"]) if valued else np.full(len(events), np.nan),
            self._types,
            int(last - first),
        )
        leads = past.leads.only(int(first), int(last))
        return Block(rows, log, leads, past.lead[rows] - first, past.as_of[rows])


def _checked(table: pa.Table) -> pa.Table:
    missing = {"lead_id", "event_type", "occurred_at"} - set(table.column_names)
    if missing:
        msg = (
            f"Events must have the columns lead_id, event_type and occurred_at, got no "
            f"{listed(sorted(missing))}. Say which they are under [columns.events]."
        )
        raise DataError(msg)
    empty = [name for name in ("lead_id", "event_type") if table[name].null_count]
    if empty:
        msg = f"Every event must have a {empty[0]}, got {table[empty[0]].null_count:,} without."
        raise DataError(msg)
    return table


def _record(*, valued: bool) -> np.dtype[np.void]:
    fields = [("owner", "<i4"), ("type", "<i4"), ("time", "<i8")]
    return np.dtype([*fields, ("value", "<f8")] if valued else fields)


def _whole_accounts(account: Ints, buckets: int) -> Ints:
    """Where each of about so many buckets of leads begins, and the end."""
    begins = np.flatnonzero(np.diff(account, prepend=-1))
    wanted = np.arange(buckets) * len(account) // buckets
    places = begins[np.searchsorted(begins, wanted, side="right") - 1]
    return np.append(np.unique(places), len(account))


def _known_at(table: pa.Table) -> Nanos:
    """When each event became known."""
    known = _moments(table["occurred_at"])
    if "recorded_at" in table.column_names:
        recorded = table["recorded_at"]
        later = pc.coalesce(recorded, table["occurred_at"])
        known = np.maximum(known, _moments(later))
    return known


def _moments(times: pa.ChunkedArray) -> Nanos:
    if not pa.types.is_timestamp(times.type) or times.type.tz is None or times.null_count:
        got = f"{times.null_count:,} empty ones" if times.null_count else str(times.type)
        msg = f"Events must carry times with a zone, got {got}. Read them with `leadml check`."
        raise DataError(msg)
    per_unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[times.type.unit]
    found = times.cast(pa.int64()).to_numpy()
    limits = EARLIEST.value // per_unit, LATEST.value // per_unit
    if len(found) and not (limits[0] <= found.min() and found.max() < limits[1]):
        msg = f"Events must lie between {EARLIEST:%Y} and {LATEST:%Y}, got times beyond. Mend them."
        raise DataError(msg)
    return np.asarray(found * np.int64(per_unit), dtype=np.int64)


def _values(values: pa.ChunkedArray) -> Floats:
    try:
        found = values.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        msg = f"Values of events must be numbers, got: {error}. Mend the export."
        raise DataError(msg) from error
    if (np.abs(found) > LARGEST).any():
        msg = f"Values of events must be finite and at most {LARGEST:.0e}, got larger ones."
        raise DataError(msg)
    return np.asarray(found, dtype=np.float64)
