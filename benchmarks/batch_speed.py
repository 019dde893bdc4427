"""How long does `leadml score` take over a million leads with twenty million events?

`python benchmarks/batch_speed.py` makes the base once (`million.py`), runs the command as it is,
from reading Parquet to writing it, with stage and three reasons, and prints seconds, leads a second
and the most memory held. The floor beside it only predicts: the same trees on ready-made features
that lie in memory, margins alone, written as Parquet. `--quick` takes a tenth of both; `--omp N`
lets LightGBM and BLAS have N threads (1). It writes `results/batch.json` and fails above five
minutes or 4 GB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from harness import ENVIRONMENT, Row, machine, measure, row, say, table, write_results
from million import make_base

from features.build import build_matrix
from features.past import build_past
from leadml.checks import read_tables
from leadml.config import read_config
from leadml.moments import moment_of, open_examples
from leadml.simulate.settings import CONFIG_NAME
from serving.models.loading import load_scorer

LEADS, EVENTS = 1_000_000, 20_000_000
MOST_SECONDS, MOST_GB = 300.0, 4.0
FLOOR_ROWS = 50_000


def scored(config: Path, out: Path, *, threads: int) -> tuple[float, float]:
    """Runs the command; seconds, and the most memory it held in GB."""
    command = [Path(sys.executable).parent / "leadml", "score", "-c", config, "--out", out]
    start = time.perf_counter()
    environ = ENVIRONMENT | {"OMP_NUM_THREADS": str(threads)}
    child = subprocess.Popen(command, env=environ, stdout=sys.stderr)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        message = "`leadml score` must succeed, see above."
        raise SystemExit(message)
    say(f"  processor: {usage.ru_utime + usage.ru_stime:.0f} s")
    return seconds, usage.ru_maxrss / 1e6


def make_ready(config: Path, folder: Path) -> None:
    """Writes features of the small company and its trees, for the floor."""
    settings = read_config(config, os.environ)
    scorer = load_scorer(
        settings.path(settings.registry.folder), settings.registry.name, version=""
    )
    tables = read_tables(settings, now=pd.Timestamp.now("UTC"))
    examples = open_examples(tables, moment_of("", tables))
    matrix = build_matrix(scorer.catalog, build_past(tables, examples))
    np.save(folder / "matrix.npy", np.resize(matrix, (FLOOR_ROWS, matrix.shape[1])))
    if scorer.model.trees is None:
        message = "The model must have trees. Delete benchmarks/worlds/batch."
        raise SystemExit(message)
    scorer.model.trees.save_model(folder / "trees.txt")


def floor(folder: Path, rows: int) -> None:
    """Predicts and writes; says how long it took."""
    import lightgbm

    trees = lightgbm.Booster(model_file=folder / "trees.txt")
    matrix = np.load(folder / "matrix.npy")
    start = time.perf_counter()
    margins = [trees.predict(matrix, raw_score=True) for _ in range(rows // len(matrix))]
    frame = pd.DataFrame({"margin": np.concatenate(margins)})
    frame.to_parquet(folder / "floor.parquet")
    print(json.dumps({"seconds": time.perf_counter() - start, "features": matrix.shape[1]}))


def main() -> None:
    """Measures, writes the results, prints the table; fails where the aim is missed."""
    parser = argparse.ArgumentParser(description="Measures scoring of the whole base.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the leads and events")
    parser.add_argument("--omp", type=int, default=1, help="threads of LightGBM and BLAS")
    parser.add_argument("--floor", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.floor:
        floor(Path(args.floor[0]), int(args.floor[1]))
        return
    share = 10 if args.quick else 1
    leads, events = LEADS // share, EVENTS // share
    config = make_base(leads=leads, events=events)
    with tempfile.TemporaryDirectory() as folder:
        make_ready(config.parent.parent / "batch" / CONFIG_NAME, Path(folder))
        seconds, memory = scored(config, Path(folder, "scores.parquet"), threads=args.omp)
        written = len(pd.read_parquet(Path(folder, "scores.parquet"), columns=["lead_id"]))
        found = measure(Path(__file__), "--floor", folder, leads)
    if written != leads:
        message = f"Of {leads:,} leads each must have a row, got {written:,}."
        raise SystemExit(message)
    work = f"{leads:,} leads, {events:,} events, {found['features']} features, stage, 3 reasons"
    peer = "Booster.predict on ready-made features, margins only"
    rows: list[Row] = [
        row(work, seconds, "seconds", peer=peer, theirs=found["seconds"]),
        row("leads a second", leads / seconds, "leads/s"),
        row("most memory held", memory, "GB"),
    ]
    if not args.quick:
        say(f"Written to {write_results('batch', rows)}")
    print(table(rows))
    if seconds > MOST_SECONDS or memory > MOST_GB:
        message = f"It must take at most {MOST_SECONDS:g} s and {MOST_GB:g} GB on {machine()}."
        raise SystemExit(message)


if __name__ == "__main__":
    main()
