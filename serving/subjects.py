"""Whom is it about? Leads and the moments they are looked at, with all that scoring must know."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.past import Past, build_past
from leadml.arrays import Floats
from leadml.moments import first_time
from leadml.tables import Tables
from leadml.timeline import from_nanos


@dataclass(frozen=True)
class Subjects:
    """The (lead, as_of) to score; arrays of shape (n,).

    Attributes:
        lead_ids: texts.
        past: what they, and everyone at their accounts, had done, and who they are.
        reached: the furthest outcome before each as_of: closed_won, closed_lost, opportunity or "".
        consent: 1 where it is given, 0 where it is refused, NaN where it is not known.
        dated: whether as_of is a time, not a place in a sequence.
    """

    lead_ids: np.ndarray
    past: Past
    reached: np.ndarray
    consent: Floats
    dated: bool

    def __len__(self) -> int:
        return len(self.lead_ids)

    @cached_property
    def as_of(self) -> pd.DatetimeIndex:
        """Each example's moment, UTC, to the microsecond."""
        return from_nanos(self.past.as_of).as_unit("us")


def subjects_of(tables: Tables, examples: pd.DataFrame) -> Subjects:
    """The examples as scoring sees them.

    Args:
        tables: the leads and all that is known of them; nothing at or after as_of is looked at.
        examples: lead_id, as_of (UTC-aware); every lead_id is in ``tables.leads``.

    Raises:
        DataError: a lead is not.
    """
    past = build_past(tables, examples)
    lead_ids = examples["lead_id"].to_numpy(dtype=object)
    reached, consent = reached_by(tables, examples), consent_of(tables, examples["lead_id"])
    return Subjects(lead_ids, past, reached, consent, tables.dated)


def reached_by(tables: Tables, examples: pd.DataFrame) -> np.ndarray:
    """The furthest outcome of each example before its as_of, as `Subjects.reached`."""
    lead_ids, as_of = (examples[name].reset_index(drop=True) for name in ("lead_id", "as_of"))
    reached = np.full(len(examples), "", dtype="<U12")
    for outcome in ("opportunity", "closed_lost", "closed_won"):
        reached[(first_time(tables, lead_ids, outcome) < as_of).to_numpy()] = outcome
    return reached


def consent_of(tables: Tables, lead_ids: "pd.Series[str]") -> Floats:
    """The consent of each lead, as `Subjects.consent`."""
    if "consent" not in tables.leads:
        return np.full(len(lead_ids), np.nan)
    known = tables.leads.set_index("lead_id")["consent"]
    return known.reindex(lead_ids).to_numpy(dtype=np.float64)
