"""What does the policy look at? A lead's past and record, as evidence."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.past import Past
from leadml.arrays import Bools, Floats
from leadml.columns import as_text
from leadml.criteria import Criterion
from leadml.errors import DataError, listed
from leadml.events import Group
from leadml.levels import Levels
from leadml.lifecycle import Evidence, Previous
from leadml.policy import STAGES
from leadml.sources import read_file
from serving.subjects import Subjects


def gather(
    levels: Levels,
    subjects: Subjects,
    days_since: Mapping[str, Floats],
    score: Floats,
    groups: Mapping[Group, Floats],
) -> Evidence:
    """The evidence of every example.

    Args:
        levels: of the model.
        subjects: whom it is about.
        days_since: days since the last event of each kind, and of each event type the policy names;
            arrays of shape (n,).
        score: probability, or points; shape (n,).
        groups: what each group of evidence adds to it.
    """
    return Evidence(
        score,
        groups["fit"],
        groups["engagement"] + groups["intent"],
        days_since,
        subjects.reached,
        subjects.consent,
        {
            block.name: _holds(block.who, subjects.past)
            for block in levels.policy.blocks
            if block.who is not None
        },
    )


def read_previous(path: Path) -> pd.DataFrame:
    """What leads were, from the last file of scores.

    Raises:
        DataError: a column is absent, or a stage or grade is none.
    """
    frame = read_columns(path, ("lead_id", "stage", "fit_grade", "engagement_grade"))
    grades = pd.to_numeric(frame["engagement_grade"], errors="coerce")
    stages = frame["stage"].fillna("").isin(["", *STAGES])
    wrong = ~stages | (frame["engagement_grade"].notna() & ~grades.isin([1, 2, 3, 4]))
    if wrong.any():
        msg = (
            f"'{path}' must be a file of scores, but {int(wrong.sum()):,} rows have another stage "
            f"or engagement grade (lead_id {listed(frame.loc[wrong, 'lead_id'], most=3)})."
        )
        raise DataError(msg)
    return frame.assign(engagement_grade=grades)


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a file of scores, ids as text.

    Raises:
        DataError: a column is absent.
    """
    frame: pd.DataFrame = read_file(path).to_pandas(ignore_metadata=True)
    absent = [name for name in columns if name not in frame]
    if absent:
        msg = (
            f"'{path}' must be a file of scores, but has no {listed(absent)}. `leadml score` "
            "writes one."
        )
        raise DataError(msg)
    return frame[list(columns)].assign(lead_id=as_text(frame["lead_id"]))


def previous_of(scores: pd.DataFrame, lead_ids: np.ndarray) -> Previous:
    """What leads were in earlier scores; what is not known of the others.

    Args:
        scores: lead_id, stage, fit_grade, engagement_grade; of one lead the last row counts.
        lead_ids: whom to look up, shape (n,).
    """
    last = scores.drop_duplicates("lead_id", keep="last").set_index("lead_id").reindex(lead_ids)
    number = pd.to_numeric(last["engagement_grade"]).fillna(0)
    return Previous(
        last["stage"].fillna("").to_numpy(dtype=object),
        last["fit_grade"].fillna("").to_numpy(dtype=object),
        number.to_numpy(dtype=np.int64),
    )


def _holds(criterion: Criterion, past: Past) -> Bools:
    """Where an attribute, as known at each moment, is what a block looks for."""
    known = past.attribute(criterion.attribute)
    if not known.is_text:
        return criterion.holds(known.as_series())
    of_text = [criterion.admits(text) for text in known.labels.texts]
    return np.array([*of_text, False])[known.values]
