"""At which moment do we look at which leads, and were they open then?"""

from pathlib import Path

import pandas as pd

from leadml.arrays import Bools
from leadml.columns import as_text, as_times
from leadml.errors import DataError, listed
from leadml.sources import read_file
from leadml.tables import Tables
from leadml.timeline import as_moment, parse_moment


def moment_of(text: str, tables: Tables) -> pd.Timestamp:
    """The moment a person asked for; by default the end of the data.

    Where a source knows days only, the moment is the midnight that began its day.
    """
    moment = parse_moment(text) if text else as_moment(tables.end.to_pydatetime(warn=False))
    if text and not tables.dated:
        msg = f"A moment needs dates, but the table has none. Leave out --as-of {text}."
        raise DataError(msg)
    return moment.floor("D") if tables.clock == "days" else moment


def open_examples(tables: Tables, as_of: pd.Timestamp) -> pd.DataFrame:
    """The leads open at ``as_of``: lead_id, as_of; of an undated table, all that are not won.

    Of an undated table each lead is looked at as it arrived.
    """
    leads = tables.leads
    if not tables.dated:
        won = tables.outcomes.loc[tables.outcomes["outcome"] == "closed_won", "lead_id"]
        rest = leads[~leads["lead_id"].isin(won)]
        return pd.DataFrame({"lead_id": rest["lead_id"], "as_of": rest["created_at"]}).reset_index(
            drop=True
        )
    known = leads.loc[leads["created_at"] <= as_of, ["lead_id"]]
    moments = known.assign(as_of=as_of).reset_index(drop=True)
    return moments[open_at(tables, moments)].reset_index(drop=True)


def open_at(tables: Tables, moments: pd.DataFrame) -> Bools:
    """Whether each lead was still open at its moment; shape (n,).

    A lead closed exactly at ``as_of`` is still open then: its closing is what the label looks for.
    """
    closed_at = first_time(tables, moments["lead_id"], "closed_won", "closed_lost")
    return ~(closed_at < moments["as_of"]).to_numpy(dtype=bool)


def first_time(tables: Tables, lead_ids: "pd.Series[str]", *outcomes: str) -> pd.Series:
    """When each lead first reached one of ``outcomes``; NaT where it did not; shape (n,)."""
    rows = tables.outcomes[tables.outcomes["outcome"].isin(outcomes)]
    first = rows.groupby("lead_id")["closed_at"].min()
    times = first.reindex(lead_ids).reset_index(drop=True)
    return times if len(first) else pd.Series(pd.NaT, times.index, dtype="datetime64[us, UTC]")


def read_examples(path: Path, tables: Tables) -> pd.DataFrame:
    """The examples a person names in a file: lead_id and as_of (not for undated tables).

    Raises:
        DataError: a column is missing, a time cannot be read, or a lead is not in the tables.
    """
    frame = read_file(path).to_pandas(ignore_metadata=True)
    for column in ("lead_id", "as_of") if tables.dated else ("lead_id",):
        if column not in frame:
            msg = f"'{path}' must have the columns lead_id and as_of, got {listed(frame.columns)}."
            raise DataError(msg)
    lead_id = as_text(frame["lead_id"])
    unknown = ~lead_id.isin(tables.leads["lead_id"])
    if unknown.any():
        msg = (
            f"Every lead of '{path}' must be in the leads table, got {int(unknown.sum()):,} of "
            f"{len(frame):,} that are not ({listed(lead_id[unknown].unique(), most=3)})."
        )
        raise DataError(msg)
    if not tables.dated:
        created = tables.leads.set_index("lead_id")["created_at"]
        return pd.DataFrame({"lead_id": lead_id, "as_of": lead_id.map(created)})
    times = as_times(frame["as_of"])
    if times.values.isna().any():
        msg = f"as_of in '{path}' must be a date, or a time with its zone (2026-07-01T09:30+02:00)."
        raise DataError(msg)
    as_of = times.values.dt.floor("D") if tables.clock == "days" else times.values
    return pd.DataFrame({"lead_id": lead_id, "as_of": as_of})
