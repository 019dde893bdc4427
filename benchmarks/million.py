"""Makes a base of a million open leads out of a small simulated company, and a model for it.

A simulated company of 8,000 leads trains a model of about 200 features. Its leads that are open at
the end are copied under new ids, accounts and addresses until there are enough, and their events
are drawn again, each some hours off, until there are twenty a lead. The same numbers make the same
files; they are kept in benchmarks/worlds.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from companies import WORLDS, company
from harness import say

from leadml.folder import FORMAT
from leadml.simulate.calendar import HORIZON_DAYS
from leadml.simulate.crm import DEFAULT_END
from leadml.simulate.settings import CONFIG_NAME, MAX_AGE_DAYS

MODELS = f"models_{FORMAT}"
"""A model of another format is not read."""

WINDOWS_DAYS = (3, 7, 14, 30, 60, 90, 180)
ROW_GROUP = 1_000_000
TIME = pa.timestamp("us", tz="UTC")
HOUR_US = 3_600 * 10**6
SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("occurred_at", TIME),
        ("event_type", pa.string()),
        ("value", pa.float64()),
        ("recorded_at", TIME),
    ]
)


def trained_company() -> Path:
    """The folder of the small company, with a champion in its registry."""
    folder = company("batch", leads=8_000, months=24, seed=17).folder
    config = folder / CONFIG_NAME
    windows = f"\n[features]\nwindows_days = {list(WINDOWS_DAYS)}\n"
    text = config.read_text(encoding="utf-8")
    text = text.replace("exclude = []", 'exclude = ["last_call_outcome"]')
    text = text.replace('folder = "models"', f'folder = "{MODELS}"')
    config.write_text(text + windows, encoding="utf-8")
    if not (folder / MODELS).is_dir():
        leadml = Path(sys.executable).parent / "leadml"
        subprocess.run([leadml, "train", "-c", config], check=True, stdout=sys.stderr)
    return folder


def make_base(*, leads: int, events: int) -> Path:
    """The leadml.toml of a base of open leads, made where it is not there yet."""
    small = trained_company()
    folder = WORLDS / f"batch_{leads}"
    folder.mkdir(parents=True, exist_ok=True)
    text = (small / CONFIG_NAME).read_text(encoding="utf-8")
    text = text.replace(f'folder = "{MODELS}"', f'folder = "../batch/{MODELS}"')
    (folder / CONFIG_NAME).write_text(text, encoding="utf-8")
    if not (folder / "events.parquet").is_file():
        say(f"making {leads:,} leads with {events:,} events")
        chosen = _open_leads(small)
        copies = _copy_leads(chosen, leads, folder)
        for name in ("attributes", "outcomes"):
            _copy_rows(small, name, chosen, copies, folder)
        _draw_events(small, chosen, copies, events, folder)
    return folder / CONFIG_NAME


def lead_names(leads: int) -> "pd.Series[str]":
    """The ids: L0000000, L0000001, and so on."""
    return "L" + pd.Series(np.arange(leads)).astype("str").str.zfill(7)


def _open_leads(small: Path) -> pd.DataFrame:
    """Leads that a model scores at the end: open, not too old, and not without consent."""
    leads = pd.read_parquet(small / "leads.parquet")
    outcomes = pd.read_parquet(small / "outcomes.parquet")
    closed = outcomes.loc[outcomes["outcome"].isin(["closed_won", "closed_lost"]), "lead_id"]
    young = leads["created_at"] > DEFAULT_END - pd.Timedelta(MAX_AGE_DAYS - HORIZON_DAYS, "D")
    refused = leads["consent"].eq(False)  # noqa: FBT003 - pandas's own
    return leads[young & ~leads["lead_id"].isin(closed) & ~refused].reset_index(drop=True)


def _copy_leads(chosen: pd.DataFrame, leads: int, folder: Path) -> np.ndarray:
    """Writes the leads; of which of ``chosen`` each is a copy, shape (leads,)."""
    of = np.arange(leads) % len(chosen)
    copy = pd.Series(np.arange(leads) // len(chosen)).astype("str")
    table = chosen.iloc[of].reset_index(drop=True)
    table = table.assign(
        lead_id=lead_names(leads),
        account_id=table["account_id"] + "-" + copy,
        email="c" + copy + "." + table["email"],
    )
    table.to_parquet(folder / "leads.parquet", index=False)
    return of


def _copy_rows(small: Path, name: str, chosen: pd.DataFrame, of: np.ndarray, folder: Path) -> None:
    """Writes each row of a chosen lead once for every copy of it."""
    copies = pd.DataFrame({"lead_id": chosen["lead_id"].iloc[of].to_numpy()})
    copies["copy_id"] = lead_names(len(of))
    joined = copies.merge(pd.read_parquet(small / f"{name}.parquet"), on="lead_id")
    joined = joined.drop(columns="lead_id").rename(columns={"copy_id": "lead_id"})
    joined.to_parquet(folder / f"{name}.parquet", index=False)


def _draw_events(
    small: Path, chosen: pd.DataFrame, of: np.ndarray, events: int, folder: Path
) -> None:
    """Writes the events, oldest first: each is one of the original's, up to six hours earlier."""
    rng = np.random.default_rng(0)
    place = pd.Series(np.arange(len(chosen)), index=chosen["lead_id"])
    log = pd.read_parquet(small / "events.parquet")
    log = log[log["lead_id"].isin(chosen["lead_id"])]
    log = log.assign(owner=place.reindex(log["lead_id"]).to_numpy()).sort_values("owner")
    starts = np.searchsorted(log["owner"], np.arange(len(chosen) + 1))
    count = np.diff(starts)[of]
    lead = np.repeat(np.arange(len(of)), rng.multinomial(events, count / count.sum()))
    drawn = starts[of[lead]] + (rng.random(events) * count[lead]).astype(np.int64)
    time = log["occurred_at"].astype("int64").to_numpy()[drawn]
    delay = (log["recorded_at"] - log["occurred_at"]).dt.as_unit("us").astype("int64").to_numpy()
    time -= rng.integers(0, 6 * HOUR_US, events)
    names = pa.array(lead_names(len(of)).to_numpy(dtype=object))
    types = pa.array(log["event_type"].to_numpy(dtype=object))
    value = log["value"].to_numpy()
    order, draft = np.argsort(time, kind="stable"), folder / "events.parquet.draft"
    with pq.ParquetWriter(draft, SCHEMA) as writer:
        for first in range(0, events, ROW_GROUP):
            rows = order[first : first + ROW_GROUP]
            own = drawn[rows]
            columns = [
                names.take(pa.array(lead[rows])),
                pa.array(time[rows]).cast(TIME),
                types.take(pa.array(own)),
                pa.array(value[own], from_pandas=True),
                pa.array(time[rows] + delay[own]).cast(TIME),
            ]
            writer.write_table(pa.table(columns, SCHEMA))
    draft.rename(folder / "events.parquet")
