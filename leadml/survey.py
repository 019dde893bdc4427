"""What must be known of a log too large to be read at once? When it ends, and how finely it tells.

A small log is read whole, with every check. A large one is read in parts when it is needed; but the
end of the data, and whether a source knows days only, hang on its times: those are looked through
first.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from leadml.config import Config
from leadml.errors import DataError
from leadml.parallel import in_order
from leadml.progress import track
from leadml.sources import Parts, open_source

LARGE = 1_000_000
"""A log of more events than this is read in parts, where that can be done."""

PART_ROWS = 1_000_000

TIMES = ("occurred_at", "recorded_at")
COLUMNS = ("lead_id", "event_type", *TIMES, "value")
_UTC = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Survey:
    """A log that is to be read in parts.

    Attributes:
        last: when the last event became known, whoever did it.
        days_only: whether all of them happened at midnight, UTC.
    """

    last: pd.Timestamp
    days_only: bool


def survey_log(config: Config, *, now: pd.Timestamp, least: int = LARGE) -> Survey | None:
    """Looks through the times of a large log; None where it is to be read whole.

    That is where it is small; where its source is not read in parts (CSV, PostgreSQL); and where
    ids are no texts or times have no zone, for only reading it whole settles these.

    Args:
        config: where the log is, and what its columns are called.
        now: no time may lie after it.
        least: how many events make it large.

    Raises:
        DataError: an event lies after ``now``.
    """
    source = open_source(config.data.source, config.folder)
    if not (config.data.events or source.has("events")):
        return None
    try:
        times = log_parts(config, rows=PART_ROWS, columns=TIMES)
    except DataError:
        return None
    if times.rows <= least or not _is_settled(config):
        return None
    looked = list(track(in_order(_look, times.parts), "times of events", rows=times.rows))
    last = max((own for own, _ in looked if own is not None), default=now)
    if last > now:
        msg = (
            f"No event may lie in the future (now {now:%Y-%m-%d %H:%M} UTC), got {last}. "
            "Leave out expected dates."
        )
        raise DataError(msg)
    return Survey(last, all(days_only for _, days_only in looked))


def log_parts(
    config: Config,
    *,
    rows: int,
    columns: Iterable[str] = COLUMNS,
    before: pd.Timestamp | None = None,
) -> Parts:
    """The log, in parts of about so many rows.

    Args:
        config: where it is, and what its columns are called.
        rows: of a part.
        columns: which of `COLUMNS`; those that it lacks are left out.
        before: leaves out what was known at this moment or later.

    Raises:
        DataError: it is absent, or its source is not read in parts.
    """
    source = open_source(config.data.source, config.folder)
    named = {ours: config.columns.events.get(ours, ours) for ours in columns}
    log = source.in_parts(config.data.events or "events", named, rows=rows)
    return log if before is None else Parts(log.rows, _cut(log.parts, before))


def _cut(
    parts: Iterable[Callable[[], pa.Table]], before: pd.Timestamp
) -> Iterator[Callable[[], pa.Table]]:
    return (partial(_known_before, part, before) for part in parts)


def _known_before(part: Callable[[], pa.Table], moment: pd.Timestamp) -> pa.Table:
    table = part()
    late = pc.greater_equal(_known(table), pa.scalar(moment))
    return table.filter(pc.invert(pc.fill_null(late, fill_value=False)))


def _look(part: Callable[[], pa.Table]) -> tuple[pd.Timestamp | None, bool]:
    """When the last event of a part became known, and whether all happened at midnights."""
    table = part()
    occurred = table["occurred_at"].cast(_UTC, safe=False)
    midnights = pc.equal(occurred, pc.floor_temporal(occurred, unit="day"))
    last = pc.max(_known(table)).as_py()
    return None if last is None else pd.Timestamp(last), pc.all(midnights).as_py() is not False


def _known(table: pa.Table) -> pa.ChunkedArray:
    """When each event became known."""
    named = [name for name in TIMES if name in table.column_names]
    times = [table[name].cast(_UTC, safe=False).cast(pa.int64()) for name in named]
    return pc.max_element_wise(*times).cast(_UTC)


def _is_settled(config: Config) -> bool:
    """Whether ids and types are texts, and times have a zone."""
    read = next(iter(log_parts(config, rows=1).parts))()
    types = {name: read.schema.field(name).type for name in read.column_names}
    return all(map(_is_text, (types.get(name) for name in ("lead_id", "event_type")))) and all(
        pa.types.is_timestamp(own) and own.tz is not None
        for name, own in types.items()
        if name in TIMES
    )


def _is_text(own: pa.DataType | None) -> bool:
    if own is not None and pa.types.is_dictionary(own):
        own = own.value_type
    return own is not None and (pa.types.is_string(own) or pa.types.is_large_string(own))
