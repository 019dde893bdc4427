"""How many of the leads that sales judged did they take? Counted when sales first said a word.

An opportunity or a win says that sales took the lead, whoever forgot to say so. Where a company
records only one of the two answers, nobody can tell a "no" from no answer, and no rate is made.
"""

from dataclasses import dataclass

import pandas as pd

from leadml.moments import first_time
from leadml.tables import Tables
from training.funnel.quarters import Quarters, Stretch
from training.funnel.shares import Change, Share, changed_share, share_of

ANSWERS = ("sales_accepted", "sales_rejected")
TAKEN = ("sales_accepted", "opportunity", "closed_won")
LONG_DAYS = 14
"""An SQL that has waited longer than this for an answer is worth a word."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What sales said of the leads handed to them.

    Attributes:
        recorded: which of `ANSWERS` the outcomes hold.
        this, last: of the leads first answered in the quarter, the share that was taken; None
            where it cannot be told.
        change: of the share; None where there are not two.
        waiting: SQLs without an answer, not lost; None where sql is not recorded.
        waiting_long: how many of them for more than `LONG_DAYS` days.
    """

    recorded: tuple[str, ...]
    this: Share | None
    last: Share | None
    change: Change | None
    waiting: int | None
    waiting_long: int | None


def measure_acceptance(tables: Tables, quarters: Quarters) -> Acceptance:
    """The answers of this quarter and the last, by when they were given."""
    found = set(tables.outcomes["outcome"].unique())
    recorded = tuple(answer for answer in ANSWERS if answer in found)
    waiting, waiting_long = _waiting(tables) if recorded and "sql" in found else (None, None)
    if len(recorded) < len(ANSWERS):
        return Acceptance(recorded, None, None, None, waiting, waiting_long)
    this = _answered(tables, quarters.this)
    last = _answered(tables, quarters.last) if quarters.last is not None else None
    change = None if last is None else changed_share(this, last)
    return Acceptance(recorded, this, last, change, waiting, waiting_long)


def last_answers(tables: Tables, lead_ids: "pd.Series[str]") -> "pd.Series[str]":
    """The last answer of sales on each lead; "" where there is none; shape (n,)."""
    given = tables.outcomes[tables.outcomes["outcome"].isin(ANSWERS)]
    last = given.sort_values("closed_at", kind="stable").groupby("lead_id")["outcome"].last()
    return last.reindex(lead_ids).astype("str").fillna("").reset_index(drop=True)


def _answered(tables: Tables, stretch: Stretch) -> Share:
    leads = tables.leads["lead_id"]
    taken = first_time(tables, leads, *TAKEN)
    rejected = first_time(tables, leads, "sales_rejected")
    first = taken.where(rejected.isna() | (taken <= rejected), rejected)
    inside = stretch.holds(first)
    return share_of(int((inside & (first == taken)).sum()), int(inside.sum()))


def _waiting(tables: Tables) -> tuple[int, int]:
    leads = tables.leads["lead_id"]
    since = first_time(tables, leads, "sql")
    over = first_time(tables, leads, *TAKEN, "sales_rejected", "closed_lost")
    waits = since.notna() & over.isna()
    long_ago = since < tables.end - pd.Timedelta(days=LONG_DAYS)
    return int(waits.sum()), int((waits & long_ago).sum())
