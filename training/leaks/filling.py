"""When was a column filled: before the outcome, or after it? And does it change after ``as_of``?

Only a history of attributes can tell. Features read that history as of a moment, so a value first
told after the outcome never reaches them; but a column whose history looks so cannot be known on
the day, and what the leads table says of leads without a history is then not to be trusted.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.attributes import AttributeLog, Known
from leadml.arrays import Bools, Ints, Nanos
from leadml.config import Config
from leadml.moments import first_time
from leadml.tables import Tables
from leadml.timeline import DAY_NS, EARLIEST, LATEST, from_nanos, nanos

_FIRST, _LAST = (int(moment) for moment in nanos(pd.DatetimeIndex([EARLIEST, LATEST])))
"""Before and after every moment a lead lives in."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What the history of one column says.

    Attributes:
        before, after: of the leads that have an outcome and, in the end, a value: the shares whose
            value the history first tells before and after the outcome; of the others it says
            nothing. None where no history tells.
        changed: the share of examples whose value is not the lead's last one; None likewise.
    """

    before: float | None = None
    after: float | None = None
    changed: float | None = None


@dataclass(frozen=True)
class Fillings:
    """The records of the leads, and the moments between which a history is read.

    Attributes:
        leads: the records by code.
        lead: whose each example is; shape (n,).
        closed: which examples are of leads with an outcome after their creation; shape (n,).
        before: the last moment before each of those outcomes; shape (closed.sum(),).
        told: the columns that have a history.
    """

    leads: AttributeLog
    lead: Ints
    closed: Bools
    before: Nanos
    told: frozenset[str]

    def of(self, column: str, known: Known) -> Filling:
        """What the history says of ``column``, whose values as of the examples are ``known``."""
        if column not in self.told:
            return Filling()
        last = self.leads.at(column, self.lead, np.full(len(self.lead), _LAST))
        changed = float(_differs(known, last).mean())
        filled = ~last.missing[self.closed]
        if not filled.any():
            return Filling(changed=changed)
        lead, before = self.lead[self.closed][filled], self.before[filled]
        # Where a history tells of a lead, nothing is known before it begins.
        told = self.leads.at(column, lead, np.full(len(lead), _FIRST)).missing
        late = self.leads.at(column, lead, before).missing
        return Filling(float((told & ~late).mean()), float(late.mean()), changed)


def read_fillings(
    tables: Tables, leads: AttributeLog, lead: Ints, lead_ids: "pd.Series[str]", config: Config
) -> Fillings:
    """What is needed to ask the history of any column.

    Args:
        tables: the history and the outcomes.
        leads: the records of ``tables`` by code.
        lead: the code of each example's lead; shape (n,).
        lead_ids: the same as ids; shape (n,).
        config: which outcome is looked for.
    """
    names = [name for name in tables.attributes if name not in {"lead_id", "valid_from"}]
    told = [str(name) for name in names if tables.attributes[name].notna().any()]
    outcome = first_time(tables, lead_ids, config.label.outcome, "closed_won", "closed_lost")
    # A lead that closes the moment it comes (or whose closing nobody dated) has no before.
    closed = (outcome > from_nanos(leads.created[lead])).to_numpy(dtype=bool)
    # Where days are known only, what was told on the day of the outcome counts as before it.
    slack = DAY_NS if tables.clock == "days" else 0
    before = nanos(outcome[closed]) + slack - 1
    return Fillings(leads, lead, closed, before, frozenset(told if tables.dated else []))


def _differs(one: Known, other: Known) -> Bools:
    """Whether two readings of one column differ; missing equals missing."""
    differs: Bools = (one.values != other.values) & ~(one.missing & other.missing)
    return differs
