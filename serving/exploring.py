"""Which leads are called though the policy would not? The exploration slice."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from leadml.columns import as_text, as_times
from leadml.explore import draw, propensity
from leadml.lifecycle import Decisions
from leadml.moments import first_time
from leadml.policy import RULED, Policy
from leadml.tables import Tables
from serving.evidence import read_columns
from serving.subjects import Subjects

BELOW = ("lead", *RULED)
"""Stages of which leads are drawn that nobody would call; a blocked or closed one never is."""

EXPLORED_MINUTES = 24 * 60.0
"""A lead that is drawn is called as soon as others are."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who was drawn; arrays of shape (n,).

    Attributes:
        explored: called at random.
        propensity: how likely the lead was to be called: 1 where the policy says so, its share
            where it does not, 0 where nobody may.
    """

    explored: Bools
    propensity: Floats


def explore(policy: Policy, decided: Decisions, subjects: Subjects, scored: Bools) -> Drawn:
    """Draws leads that would not be called, the same ones all through a calendar month.

    Args:
        policy: with its share.
        decided: of every example.
        subjects: whom it is about.
        scored: which of them have a score.
    """
    called = (decided.action == "call") & scored
    if not policy.explore_share:
        return Drawn(np.zeros(len(called), dtype=np.bool_), called.astype(np.float64))
    below = np.isin(decided.stage, BELOW) & scored & ~called
    explored = np.zeros(len(below), dtype=np.bool_)
    month = subjects.as_of.strftime("%Y-%m").to_numpy()
    for period in np.unique(month[below]):
        rows = np.flatnonzero(below & (month == period))
        ids = subjects.lead_ids[rows]
        explored[rows] = draw(ids, share=policy.explore_share, period=str(period), seed=0)
    return Drawn(explored, propensity(called, can_pass=below, share=policy.explore_share))


def read_scored(path: Path) -> pd.DataFrame:
    """A file of scores with what was drawn: lead_id, as_of, explored, propensity.

    Raises:
        DataError: a column is absent or holds something else.
    """
    frame = read_columns(path, ("lead_id", "as_of", "explored", "propensity"))
    return frame.assign(
        as_of=as_times(frame["as_of"]).values,
        explored=as_text(frame["explored"]).str.lower() == "true",
        propensity=pd.to_numeric(frame["propensity"], errors="coerce"),
    )


def log_of(scores: pd.DataFrame, tables: Tables, *, horizon_days: int) -> pd.DataFrame:
    """What became of scored leads, as `leadml.explore.true_lift` reads it; only what is over.

    Args:
        scores: lead_id, as_of (UTC-aware), explored, propensity: of files of scores.
        tables: with the outcomes since.
        horizon_days: how long a conversion may take.
    """
    horizon = pd.Timedelta(horizon_days, "D")
    over = scores[scores["as_of"] + horizon <= tables.end].reset_index(drop=True)
    won = first_time(tables, over["lead_id"], "closed_won")
    converted = (won >= over["as_of"]) & (won < over["as_of"] + horizon)
    return pd.DataFrame(
        {
            "lead_id": over["lead_id"],
            "above": (over["propensity"] == 1) & ~over["explored"],
            "explored": over["explored"],
            "propensity": over["propensity"],
            "converted": converted.to_numpy(dtype=bool),
        }
    )
