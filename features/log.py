"""What happened, as columns of numbers? Events by code of lead and type.

Ids and names become codes in Arrow, without a Python object for each event. An `EventLog` is in any
order; `EventLog.sorted` puts it in the one order that everything else builds on: owner, known time,
type by its name, value. Events that agree in all of these cannot be told apart, so no answer
depends on the order in which a source happened to hold them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from leadml.arrays import Floats, Ints, Nanos
from leadml.timeline import nanos

Codes = np.ndarray[tuple[int], np.dtype[np.signedinteger]]
"""Whole numbers of any width; shape (n,)."""


@dataclass(frozen=True)
class EventLog:
    """The events of some leads, in any order.

    Attributes:
        owner: whose each is: a code below ``owners``; shape (n,).
        time: when each became known; shape (n,).
        type: what each is: a position in ``types``; shape (n,).
        value: what each carries, NaN where nothing; shape (n,).
        types: the names of the types, ascending.
        owners: how many owners there are.
    """

    owner: Codes
    time: Nanos
    type: Codes
    value: Floats
    types: tuple[str, ...]
    owners: int

    def __len__(self) -> int:
        return len(self.time)

    @cached_property
    def type_index(self) -> dict[str, int]:
        """Each type's code."""
        return {name: code for code, name in enumerate(self.types)}

    def of(self, owner: Codes, owners: int, not_before: Nanos) -> "EventLog":
        """The same events with other owners, each known no earlier than its ``not_before``."""
        time = np.maximum(self.time, not_before)
        return EventLog(owner, time, self.type, self.value, self.types, owners)

    def sorted(self) -> "SortedLog":
        """The log by owner, time, type, value."""
        order, starts = self.time.argsort(), np.array([0, len(self)])
        if self.owners != 1:
            # Sorting 16-bit codes takes one pass over the digits instead of comparisons.
            owner = self.owner.astype(np.uint16) if self.owners <= 1 << 16 else self.owner
            order = order[np.argsort(owner[order], kind="stable")]
            counts = np.bincount(self.owner, minlength=self.owners)
            starts = np.concatenate(([0], counts.cumsum()))
        owner, time = self.owner[order], self.time[order]
        tied = time[1:] == time[:-1]
        if np.count_nonzero(tied):
            order = _settle_ties(self, order, np.flatnonzero(tied & (owner[1:] == owner[:-1])) + 1)
        return SortedLog(owner, time, self.type[order], self.value[order], starts, self.types)


def _settle_ties(log: EventLog, order: Ints, tied: Ints) -> Ints:
    """``order`` with the events of one owner and instant by type, then value.

    ``tied`` are the places whose event is at the same instant as the one before it.
    """
    alike = np.zeros(len(order), dtype=np.bool_)
    alike[tied] = alike[tied - 1] = True
    places = np.flatnonzero(alike)
    begins = np.ones(len(order), dtype=np.bool_)
    begins[tied] = False
    run = np.cumsum(begins)[places]
    events = order[places]
    settled = order.copy()
    settled[places] = events[np.lexsort((log.value[events], log.type[events], run))]
    return settled


@dataclass(frozen=True)
class SortedLog:
    """An `EventLog` in order; owner k's events are ``starts[k]:starts[k + 1]``."""

    owner: Codes
    time: Nanos
    type: Codes
    value: Floats
    starts: Ints
    types: tuple[str, ...]

    @cached_property
    def padded_times(self) -> Nanos:
        """The times and one dummy, so that every position can be looked up."""
        return np.concatenate((self.time, [0]))

    @cached_property
    def padded_values(self) -> Floats:
        """The values and one dummy."""
        return np.concatenate((self.value, [np.nan]))

    @cached_property
    def padded_owners(self) -> Codes:
        """The owners and one dummy."""
        return _padded(self.owner)

    @cached_property
    def padded_types(self) -> Codes:
        """The types and one dummy."""
        return _padded(self.type)


def _padded(codes: Codes) -> Codes:
    return np.concatenate((codes, np.array([-1], dtype=codes.dtype)))


def encode_events(events: pd.DataFrame, lead_ids: pa.Array) -> EventLog:
    """The events of known leads; others are left out.

    Args:
        events: lead_id, event_type, known_at (UTC-aware), value; any order.
        lead_ids: unique texts; a lead's position is its code.
    """
    owner = codes_of(as_arrow(events["lead_id"]), lead_ids)
    kind, types = type_codes(as_arrow(events["event_type"]))
    time, value = nanos(events["known_at"]), events["value"].to_numpy(dtype=np.float64)
    known = owner >= 0
    if not known.all():
        owner, kind, time, value = owner[known], kind[known], time[known], value[known]
    return EventLog(owner, time, kind, value, types, len(lead_ids))


def type_codes(names: pa.Array) -> tuple[Codes, tuple[str, ...]]:
    """Every event's type as a position in the ascending names, and the names."""
    encoded = names.dictionary_encode()
    found = encoded.dictionary.to_pylist()
    types = tuple(sorted(found))
    place = {name: code for code, name in enumerate(types)}
    table = np.array([place[name] for name in found], dtype=np.int32)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return (table[codes] if len(table) else np.zeros(0, dtype=np.int32)), types


def codes_of(texts: pa.Array, among: pa.Array) -> Codes:
    """Each text's position in ``among``; -1 where it is not there. int32, shape (n,)."""
    if pa.types.is_dictionary(texts.type):
        place = codes_of(texts.dictionary.cast(among.type), among)
        place = np.concatenate((place, np.array([-1], dtype=np.int32)))
        found = place[texts.indices.fill_null(len(place) - 1).to_numpy(zero_copy_only=False)]
        return np.asarray(found, dtype=np.int32)
    found = pc.index_in(texts, value_set=among)
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)


def as_arrow(texts: "pd.Series[str]") -> pa.Array:
    """Text, or a categorical of text, as one Arrow array of large strings or of a dictionary."""
    array = pa.array(texts, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if pa.types.is_dictionary(array.type) else array.cast(pa.large_string())
