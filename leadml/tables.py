"""What do we know about the leads? The checked tables, and their past.

`Tables` is one frozen value; `leadml.checks.read_tables` makes it from what ``leadml.toml`` names.
`Tables.upto` is the past as a value: code that receives ``tables.upto(t)`` cannot look beyond
``t``, for it is not in there.

| table | columns |
|---|---|
| leads | lead_id, created_at, account_id?, source?, consent?, any attribute columns |
| events | lead_id, occurred_at, event_type, value, known_at = max(occurred_at, recorded_at) |
| outcomes | lead_id, outcome, closed_at, amount |
| attributes | lead_id, valid_from, changed attribute columns |
| spend | source, month, cost |

An export without dates gets a *sequence clock*: lead number k of the order arrives, and closes, k
seconds after 1970. Everything downstream then works as it does on dates, and says so.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from leadml.arrays import Bools
from leadml.findings import Finding

Clock = Literal["times", "days", "sequence", "none"]
"""How finely a source knows time: to the moment, to the day, only in order, not at all."""

LEAD_COLUMNS = ("lead_id", "created_at", "account_id", "consent")
"""Columns of leads that are no attributes; ``source`` is both."""

REQUIRED = {
    "leads": ("lead_id", "created_at"),
    "events": ("lead_id", "occurred_at", "event_type"),
    "outcomes": ("lead_id", "outcome", "closed_at"),
    "attributes": ("lead_id", "valid_from"),
    "spend": ("source", "month", "cost"),
}
"""Columns each table must have."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything known before ``end``, checked; times are UTC, ids are text.

    Attributes:
        end: nothing at or after this moment is in the tables.
        clock: how finely the source knows time.
        findings: what reading turned up.
    """

    leads: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame
    attributes: pd.DataFrame
    spend: pd.DataFrame
    end: pd.Timestamp
    clock: Clock = "times"
    findings: tuple[Finding, ...] = ()

    @property
    def attribute_columns(self) -> list[str]:
        """The columns of leads (and of their history) that say who a lead is."""
        extra = [str(name) for name in self.attributes if name not in {"lead_id", "valid_from"}]
        own = [str(name) for name in self.leads if name not in LEAD_COLUMNS]
        return list(dict.fromkeys([*own, *extra]))

    @property
    def dated(self) -> bool:
        """Whether the source knows when anything happened."""
        return self.clock in {"times", "days"}

    def upto(self, moment: pd.Timestamp) -> "Tables":
        """What was known before ``moment``: nothing at or after it."""
        leads = self._leads_known(moment)
        ids = leads["lead_id"]

        def past(frame: pd.DataFrame, time: str) -> pd.DataFrame:
            kept = (frame[time] < moment).to_numpy()
            if "lead_id" in frame:
                kept = kept & is_among(frame["lead_id"], ids)
            return frame.loc[kept].reset_index(drop=True)

        return dataclasses.replace(
            self,
            leads=leads,
            events=past(self.events, "known_at"),
            outcomes=past(self.outcomes, "closed_at"),
            attributes=past(self.attributes, "valid_from"),
            spend=past(self.spend, "month"),
            end=min(self.end, moment),
        )

    def _leads_known(self, moment: pd.Timestamp) -> pd.DataFrame:
        """The leads created before ``moment``, without what was first told of them later.

        An export shows today's value in the leads table. Where the history tells a column of a
        lead only from ``moment`` on, that value is the future's.
        """
        leads = self.leads[self.leads["created_at"] < moment].reset_index(drop=True)
        early = self.attributes["valid_from"] < moment
        blanked = {}
        for column in self.attributes.columns.intersection(leads.columns).drop("lead_id"):
            told = self.attributes[column].notna()
            later = set(self.attributes.loc[told & ~early, "lead_id"])
            later -= set(self.attributes.loc[told & early, "lead_id"])
            if later:
                blanked[column] = leads[column].mask(leads["lead_id"].isin(later))
        return leads.assign(**blanked)

    def fingerprint(self) -> str:
        """sha256 over the values of every table, in their order; hexadecimal."""
        digest = hashlib.sha256(f"{self.end.isoformat()} {self.clock}".encode())
        for frame in (self.leads, self.events, self.outcomes, self.attributes, self.spend):
            digest.update(" ".join(map(str, frame.columns)).encode())
            digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        return digest.hexdigest()


def is_among(texts: "pd.Series[str]", known: "pd.Series[str]") -> Bools:
    """Whether each text is one of the known ones; shape (n,).

    `pandas.Series.isin` makes an object of every known text first: seconds for a million ids.

    >>> is_among(pd.Series(["a", "b", None]), pd.Series(["b"])).tolist()
    [False, True, False]
    """
    among = pa.array(known).cast(pa.large_string())
    found = pc.is_in(pa.array(texts).cast(pa.large_string()), value_set=among)
    return np.asarray(found, dtype=np.bool_)
