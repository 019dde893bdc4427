"""Answers the question of the feature benchmark with leadml's engine; see `peers/question.py`."""

import argparse
import dataclasses
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from peers.question import HALF_LIFE, TYPES, WINDOWS, answer, feature_names

from features.buckets import BucketedPast
from features.build import build_matrix, iter_matrices, to_frame
from features.catalog import Catalog
from features.feature import Feature
from features.nouns import any_noun, event_noun
from features.spec import VOCABULARY
from leadml.events import EventType
from leadml.sources import Folder
from leadml.timeline import Window

EVENTS = {key: EventType(key, key) for key in TYPES}


def catalog() -> Catalog:
    """The 93 features."""
    windows = [Window(None), *map(Window, WINDOWS)]
    features = []
    for key, event in EVENTS.items():
        noun = event_noun(key, event)
        features += [Feature(VOCABULARY["count"], noun, window) for window in windows]
        features.append(Feature(VOCABULARY["days_since_last"], noun))
        features.append(Feature(VOCABULARY["decayed_count"], noun, half_life_days=HALF_LIFE))
    days = VOCABULARY["active_days"]
    anything = dataclasses.replace(any_noun(EVENTS), name="any")
    features += [Feature(days, anything, window) for window in windows[1:]]
    return Catalog(tuple(features), EVENTS)


def read(events: Path, examples: Path) -> BucketedPast:
    """The past of the examples, from the files."""
    table = pq.read_table(examples)
    asked = table.to_pandas()
    ids = pd.Series(table["lead_id"].unique().to_pandas(), dtype="str")
    created = pd.Series(pd.Timestamp("2023-01-01", tz="UTC"), index=ids.index)
    leads = pd.DataFrame({"lead_id": ids, "created_at": created})
    past = BucketedPast(leads, leads[:0], asked)
    columns = {name: name for name in ("lead_id", "occurred_at", "event_type")}
    past.read(Folder(events.parent).in_parts(events.name, columns, rows=past.part_rows))
    return past


def whole(events: Path, examples: Path) -> pd.DataFrame:
    """One frame."""
    with read(events, examples) as past:
        return to_frame(catalog(), build_matrix(catalog(), past))


def in_blocks(events: Path, examples: Path) -> int:
    """One block after the other, each let go when the next one comes; how many rows there were."""
    with read(events, examples) as past:
        return sum(len(matrix) for _, matrix in iter_matrices(catalog(), past))


def _columns(frame: pd.DataFrame) -> Iterable[NDArray[np.float64]]:
    return (frame.iloc[:, k].to_numpy() for k in range(frame.shape[1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--blocks", action="store_true", help="do not keep the frame")
    parser.set_defaults(form="buckets")
    args = parser.parse_args()
    VERSION = importlib.metadata.version("leadml")
    if args.blocks:
        answer(in_blocks, lambda _: (), args, version=VERSION)
    else:
        assert list(catalog().names) == feature_names()
        answer(whole, _columns, args, version=VERSION)
