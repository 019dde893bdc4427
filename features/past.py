"""Whose past is looked at, from which moments, and in which pieces?

A `Past` is the log, the leads and the examples, by code. `Past.blocks` cuts it into runs of whole
accounts small enough for the processor's cache: that, not the number of events, is what a step of
the engine holds at a time. Where it is cut changes no answer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from features.attributes import AttributeLog, Known, encode_leads
from features.history import History
from features.log import Codes, EventLog, as_arrow, codes_of, encode_events
from features.strands import NO_PLAN, Plan
from leadml.arrays import Ints, Nanos
from leadml.errors import DataError, listed
from leadml.tables import Tables
from leadml.timeline import nanos

BLOCK = 1 << 16
"""About how many events and examples make a block; a larger account makes one of its own."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some leads' past.

    Attributes:
        rows: the examples' places in the whole past; shape (n,).
    """

    rows: Ints
    log: EventLog
    leads: AttributeLog
    lead: Ints
    as_of: Nanos

    def history(self, plan: Plan) -> History:
        """The past, ready to be asked."""
        return History(self.log, self.leads, self.lead, self.as_of, plan)


@dataclass(frozen=True, slots=True)
class Past:
    """The past of a set of examples, not yet looked at.

    Attributes:
        log: the events, by lead code.
        leads: who the leads are.
        lead: each example's lead code; shape (n_examples,).
        as_of: each example's moment; shape (n_examples,).
    """

    log: EventLog
    leads: AttributeLog
    lead: Ints
    as_of: Nanos

    def __len__(self) -> int:
        return len(self.lead)

    def history(self, plan: Plan = NO_PLAN) -> History:
        """All of it at once, uncut."""
        return History(self.log, self.leads, self.lead, self.as_of, plan)

    def attribute(self, column: str) -> Known:
        """An attribute as it was known at each example's moment."""
        return self.leads.at(column, self.lead, self.as_of)

    def blocks(self, size: int = BLOCK) -> "Blocks":
        """The past in runs of whole accounts."""
        return Blocks(self, size)


class Blocks:
    """The blocks of a past, each made when it is asked for.

    Attributes:
        examples: of every block, its examples' places in the whole past.
    """

    def __init__(self, past: Past, size: int) -> None:
        self._past = past
        if len(past.log) + 2 * len(past) <= size:
            self._first = np.array([0, len(past.leads)])
            self.examples = [np.arange(len(past))]
            return
        events = np.bincount(past.log.owner, minlength=len(past.leads))
        examples = np.bincount(past.lead, minlength=len(past.leads))
        self._first = _cut(events + 2 * examples, past.leads.account, size)
        self._events = by_block(past.log.owner, self._first)
        self.examples = by_block(past.lead, self._first)

    def __len__(self) -> int:
        return len(self._first) - 1

    def __getitem__(self, k: int) -> Block:
        rows, past = self.examples[k], self._past
        if len(self) == 1:
            return Block(rows, past.log, past.leads, past.lead, past.as_of)
        events, (first, last) = self._events[k], self._first[k : k + 2]
        log = EventLog(
            past.log.owner[events] - first,
            past.log.time[events],
            past.log.type[events],
            past.log.value[events],
            past.log.types,
            int(last - first),
        )
        leads = past.leads.only(int(first), int(last))
        return Block(rows, log, leads, past.lead[rows] - first, past.as_of[rows])


def _cut(weights: Ints, account: Ints, size: int) -> Ints:
    """Where blocks of about ``size`` begin, and the end: only where an account begins."""
    begins = np.flatnonzero(np.diff(account, prepend=-1))
    before = np.concatenate(([0], np.cumsum(weights)))[begins]
    new = np.diff(before // size, prepend=-1) != 0
    return np.append(begins[new], len(weights))


def by_block(owner: Codes, first: Ints) -> list[Ints]:
    """The places of ``owner`` block by block, in their order within each.

    Args:
        owner: lead codes; shape (n,).
        first: where each block of leads begins, and the end.
    """
    blocks = len(first) - 1
    block = np.repeat(np.arange(blocks), np.diff(first))
    # Sorting 16-bit codes takes one pass over the digits instead of comparisons.
    block = block.astype(np.uint16) if blocks <= 1 << 16 else block
    block = block[owner]
    ends = np.bincount(block, minlength=blocks).cumsum()
    return np.split(np.argsort(block, kind="stable"), ends[:-1])


def build_past(tables: Tables, examples: pd.DataFrame) -> Past:
    """The past of ``examples``.

    Args:
        tables: the leads, their events and attribute history.
        examples: lead_id, as_of (UTC-aware).

    Raises:
        DataError: an example's lead is not in ``tables.leads``.
    """
    leads, ids = encode_leads(tables.leads, tables.attributes)
    lead = lead_codes(examples, ids)
    return Past(encode_events(tables.events, ids), leads, lead, nanos(examples["as_of"]))


def lead_codes(examples: pd.DataFrame, ids: pa.Array) -> Codes:
    """Each example's lead, by its place in ``ids``.

    Raises:
        DataError: a lead is not among them.
    """
    lead = codes_of(as_arrow(examples["lead_id"]), ids)
    if (lead < 0).any():
        unknown = listed(examples["lead_id"][lead < 0].unique(), most=3)
        msg = f"Every example's lead must be in the leads table, got {unknown}. Mend the ids."
        raise DataError(msg)
    return lead
