"""How long does a training with its backtest take? 50,000 leads, 2 M events, 200 features.

`python benchmarks/train_speed.py` simulates a busy company once (kept in benchmarks/worlds), trains
with a backtest over eight quarters in a fresh process, and prints seconds and the most memory used.
"""

import dataclasses
import os
import resource
import sys
import time
from pathlib import Path

import pandas as pd

import leadml.simulate.behaviour as habits
from leadml.checks import read_tables
from leadml.config import Config, read_config
from leadml.simulate.crm import simulate, write_simulation
from training.train import train

WORLD = Path(__file__).parent / "worlds" / "busy"
LEADS, MONTHS = 50_000, 36
BUSIER = 3.1
"""By how much more these leads do than the simulator's, for 2 M events."""

WINDOWS_DAYS = (3, 7, 14, 30, 90, 180)


def make_world() -> None:
    """Simulates the company where it is not there yet."""
    if (WORLD / "leadml.toml").is_file():
        return
    habits._PER_DAY = habits._PER_DAY * BUSIER
    write_simulation(simulate(leads=LEADS, months=MONTHS, seed=5), WORLD)


def settings() -> Config:
    """The simulator's own configuration, with more windows."""
    config = read_config(WORLD / "leadml.toml", os.environ)
    features = dataclasses.replace(config.features, windows_days=WINDOWS_DAYS)
    return dataclasses.replace(config, features=features)


def main() -> None:
    """Trains once and prints what it took."""
    make_world()
    start = time.perf_counter()
    config = settings()
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    read = time.perf_counter() - start
    result = train(config, tables)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    card = result.model.card
    print(
        f"{card['data']['leads']:,} leads, {card['data']['events']:,} events, "
        f"{len(result.catalog.features)} features, {card['data']['examples']:,} examples, "
        f"{len(card['backtest']['periods'])} periods: {seconds:.0f} s of which reading {read:.0f}, "
        f"{memory:.1f} GB"
    )


if __name__ == "__main__":
    sys.exit(main())
