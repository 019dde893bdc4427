"""What does featuretools answer, and how fast? It expresses 78 of the 93 features.

Deep feature synthesis with cutoff times: one run without a training window for the counts ever and
the time since the last event, one run per window for its counts and active days (distinct values of
a column of days). Events at the cutoff time are left out, which makes windows half-open too. The
decayed counts stay NaN: no primitive it ships with states them.

It needs Python packages of its own (`setuptools<81`, `pandas<3`): run it in their environment.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import featuretools as ft
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from question import TYPES, WINDOWS, answer, arguments, feature_names


def entities(events: Path, leads: pd.Series) -> ft.EntitySet:
    """Leads and their events."""
    log = pd.read_parquet(events).assign(event=lambda frame: np.arange(len(frame)))
    log["occurred_at"] = log["occurred_at"].dt.tz_localize(None)
    log["day"] = log["occurred_at"].dt.strftime("%Y-%m-%d")
    log = log[log["lead_id"].isin(leads)]
    kept = ft.EntitySet("crm")
    kept.add_dataframe(
        dataframe_name="events",
        dataframe=log,
        index="event",
        time_index="occurred_at",
        logical_types={"day": "Categorical", "event_type": "Categorical"},
    )
    people = pd.DataFrame({"lead_id": leads.unique()})
    kept.add_dataframe(dataframe_name="leads", dataframe=people, index="lead_id")
    kept.add_relationship("leads", "lead_id", "events", "lead_id")
    kept.add_interesting_values(dataframe_name="events", values={"event_type": list(TYPES)})
    return kept


def run(
    kept: ft.EntitySet, cutoffs: pd.DataFrame, primitives: list[str], window: str | None
) -> pd.DataFrame:
    """One synthesis: a row per cutoff."""
    frame, _ = ft.dfs(
        entityset=kept,
        target_dataframe_name="leads",
        cutoff_time=cutoffs,
        cutoff_time_in_index=True,
        include_cutoff_time=False,
        training_window=window,
        agg_primitives=primitives,
        where_primitives=[name for name in primitives if name != "num_unique"],
        trans_primitives=[],
        max_depth=1,
        n_jobs=1,
        verbose=False,
    )
    return frame


def synthesize(events: Path, examples: Path) -> pd.DataFrame:
    """The frame of the columns asked, a row per example; NaN where it has no words."""
    asked = pd.read_parquet(examples)
    asked["time"] = asked.pop("as_of").dt.tz_localize(None)
    kept = entities(events, asked["lead_id"])
    cutoffs = asked.drop_duplicates()
    order = pd.MultiIndex.from_frame(asked)
    ever = run(kept, cutoffs, ["count", "time_since_last"], None).loc[order]
    answers: dict[str, pd.Series] = {}
    for name in TYPES:
        where = f"WHERE event_type = {name})"
        answers[f"{name}_count_ever"] = ever[f"COUNT(events {where}"].fillna(0)
        since = ever[f"TIME_SINCE_LAST(events.occurred_at {where}"]
        answers[f"{name}_days_since_last"] = since / 86_400
    for days in WINDOWS:
        part = run(kept, cutoffs, ["count", "num_unique"], f"{days} days").loc[order]
        active = part["NUM_UNIQUE(events.day)"].fillna(0)
        answers[f"any_active_days_{days}d"] = active
        for name in TYPES:
            count = part[f"COUNT(events WHERE event_type = {name})"]
            answers[f"{name}_count_{days}d"] = count.fillna(0)
    return pd.DataFrame({name: column.to_numpy(float) for name, column in answers.items()})


def columns(frame: pd.DataFrame) -> Iterator[NDArray[np.float64]]:
    """The columns in the order asked, of NaN where it has no words."""
    missing = np.full(len(frame), math.nan)
    return (frame[n].to_numpy() if n in frame else missing for n in feature_names())


if __name__ == "__main__":
    args = arguments("What does featuretools answer, and how fast?", ["synthesis"])
    answer(synthesize, columns, args, version=ft.__version__)
