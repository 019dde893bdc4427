"""Scores a small base, to be killed on the way; run as a program of its own.

    python broken_off.py FOLDER OUT [LARGEST]

FOLDER holds a leadml.toml with its tables, examples.csv, and a model. LARGEST is how many bytes a
file may have, as if the disk had no more.
"""

import resource
import sys
from pathlib import Path

import pandas as pd

from features.past import build_past
from leadml.checks import read_tables
from leadml.config import read_config
from leadml.errors import LeadmlError
from leadml.folder import read_model
from leadml.moments import read_examples
from serving.bulk.batch import Base, Done, Wanted, score_base
from serving.bulk.sinks import open_sink
from serving.scorer import Scorer

NOW = pd.Timestamp("2026-11-01", tz="UTC")
SIZE = 60
"""So small that there are dozens of parts."""


def base_of(folder: Path) -> Base:
    """What is to be scored."""
    tables = read_tables(read_config(folder / "leadml.toml", {}), now=NOW)
    examples = read_examples(folder / "examples.csv", tables)
    return Base(tables, examples, build_past(tables, examples), SIZE)


def scorer_of(folder: Path) -> Scorer:
    """The model in the folder."""
    return Scorer.of(read_model(folder / "model"), "1")


def run(folder: Path, out: str, wanted: Wanted | None = None) -> Done:
    """Scores all of it."""
    sink = open_sink(out, folder=folder)
    sink.check()
    return score_base(scorer_of(folder), base_of(folder), sink, wanted, threads=1)


def main() -> None:
    folder, out, *largest = sys.argv[1:]
    if largest:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest[0]), most))
    try:
        run(Path(folder), out)
    except LeadmlError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
