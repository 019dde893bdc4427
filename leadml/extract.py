"""What do some rows of a table mean? The rows of a few leads, and what only whole tables tell.

A table says more than each of its rows: a column of texts is one of numbers if all are numbers, and
one of bare dates if all are midnights. `read_whole` learns that once, reading no further than it
must, so that the few rows of an `Extract` mean what they mean among all the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import pandas as pd
import pyarrow as pa
from pandas.api.types import is_numeric_dtype

from leadml.columns import as_times, settled
from leadml.config import Config, Data
from leadml.rows.rows import Rows
from leadml.sources import as_frame
from leadml.tables import LEAD_COLUMNS

TIMES = {
    "leads": ("created_at",),
    "events": ("occurred_at", "recorded_at"),
    "outcomes": ("closed_at",),
    "attributes": ("valid_from",),
    "table": ("created_at", "closed_at"),
}
"""The columns of times of each table."""

Judge = Callable[[pd.Series], bool | None]

_WITH_ATTRIBUTES = ("leads", "attributes", "table")
_NO_ATTRIBUTES = (*LEAD_COLUMNS, "valid_from", "outcome", "closed_at", "amount")


@dataclass(frozen=True, slots=True)
class Whole:
    """What only whole tables tell; a column of which nothing is known yet is left out.

    Attributes:
        days: by column of times, as in ``events.occurred_at``, whether it holds bare dates only.
        numbers: by column of attributes, as in ``leads.employees``, whether it holds numbers.
    """

    days: Mapping[str, bool]
    numbers: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Extract:
    """The rows of some leads, by the name of their table in the configuration.

    Attributes:
        tables: as the source holds them; a table that is not among them is not there.
        whole: what the tables tell that they were taken from.
    """

    tables: Mapping[str, pa.Table]
    whole: Whole

    def has(self, table: str) -> bool:
        """Whether rows of that table were looked for."""
        return table in self.tables

    def read(self, table: str, missing: Sequence[str]) -> pa.Table:  # noqa: ARG002 - the source has read them
        """The rows."""
        return self.tables[table]


def read_whole(config: Config, rows: Rows, names: Mapping[str, str]) -> Whole:
    """What only whole tables tell.

    Args:
        config: what the columns are called, and how times are read.
        rows: the tables.
        names: of the tables in the configuration, by ours: leads, events, ….

    Raises:
        SourceError: the source cannot be asked.
    """
    days: dict[str, bool] = {}
    numbers: dict[str, bool] = {}
    for table, name in names.items():
        schema = rows.schema(name)
        ours = {theirs: own for own, theirs in getattr(config.columns, table).items()}
        columns = {ours.get(theirs, theirs): theirs for theirs in schema.names}
        times = {own: columns[own] for own in TIMES.get(table, ()) if own in columns}
        days |= {
            f"{_asker(table, own)}.{own}": verdict
            for own, verdict in _watch(rows, name, times, partial(_only_days, config.data)).items()
        }
        if table in _WITH_ATTRIBUTES:
            of_leads = "leads" if table == "table" else table
            others = {own: theirs for own, theirs in columns.items() if own not in _NO_ATTRIBUTES}
            by_type = {own: _numbers_by_type(schema.field(t).type) for own, t in others.items()}
            unclear = {own: others[own] for own, verdict in by_type.items() if verdict is None}
            seen = by_type | _watch(rows, name, unclear, partial(_only_numbers, config.data))
            numbers |= {f"{of_leads}.{own}": v for own, v in seen.items() if v is not None}
    return Whole(days, numbers)


def _asker(table: str, column: str) -> str:
    """By which of our tables a column of times is read; a wide one holds leads and outcomes."""
    return "leads" if table == "table" and column == "created_at" else table


def _watch(rows: Rows, name: str, columns: Mapping[str, str], judge: Judge) -> dict[str, bool]:
    """Whether something holds of all that is known of each column; read until it does not.

    After the first rows only the columns are read on of which it may still hold.
    """
    found: dict[str, bool] = {}
    if not columns:
        return found

    def look(batch: pa.Table) -> None:
        frame = as_frame(batch)
        for own in [own for own in left if columns[own] in frame]:
            verdict = judge(frame[columns[own]])
            if verdict is not None:
                found[own] = verdict
            if verdict is False:
                left.remove(own)

    left = list(columns)
    for first in islice(rows.batches(name, list(columns.values())), 1):
        look(first)
    if left:
        for batch in rows.batches(name, [columns[own] for own in left]):
            look(batch)
            if not left:
                break
    return found


def _only_days(data: Data, column: pd.Series) -> bool | None:
    """Whether a column holds bare dates only; None where it holds nothing."""
    known = _known(data, column)
    if not len(known):
        return None
    return as_times(known, timezone=data.timezone, time_format=data.time_format).days_only


def _only_numbers(data: Data, column: pd.Series) -> bool | None:
    """Whether a column holds numbers only; None where it holds nothing."""
    known = _known(data, column)
    return is_numeric_dtype(settled(known).dtype) if len(known) else None


def _known(data: Data, column: pd.Series) -> pd.Series:
    """The values of a column that say something."""
    if isinstance(column.dtype, pd.StringDtype):
        column = column.mask(column.isin(list(data.missing)))
    return column.dropna()


def _numbers_by_type(kind: pa.DataType) -> bool | None:
    """Whether a column of a type holds numbers; None where its values must tell."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return True
    return False if pa.types.is_boolean(kind) or pa.types.is_temporal(kind) else None
