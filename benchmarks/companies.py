"""The simulated companies that benchmarks learn from, kept in benchmarks/worlds."""

import os
from pathlib import Path

from leadml.config import Config, read_config
from leadml.simulate.crm import DEFAULT_END, simulate, write_simulation
from leadml.simulate.settings import CONFIG_NAME, config_text

WORLDS = Path(__file__).parent / "worlds"


def company(name: str, *, leads: int, months: int, seed: int) -> Config:
    """The configuration of a company, made where it is not there yet; its settings are today's."""
    folder = WORLDS / name
    if not (folder / "truth.parquet").is_file():
        write_simulation(simulate(leads=leads, months=months, seed=seed), folder)
    (folder / CONFIG_NAME).write_text(config_text(DEFAULT_END), encoding="utf-8")
    return read_config(folder / CONFIG_NAME, os.environ)
