"""A small real company, simulated once a session, and a real model trained on it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from leadml.checks import read_tables
from leadml.config import Config, read_config
from leadml.simulate.crm import simulate, write_simulation
from leadml.tables import Tables
from serving.scorer import Scorer
from tests.tracking import TrackingServer
from tests.training.results import PASSED
from training.registry.local import Registry
from training.train import TrainingResult, train

NOW = pd.Timestamp("2026-11-01", tz="UTC")


@pytest.fixture(scope="session")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated CRM of 2,000 leads and its leadml.toml."""
    folder = tmp_path_factory.mktemp("crm")
    write_simulation(simulate(leads=2_000, months=18, seed=7), folder)
    return folder


@pytest.fixture(scope="session")
def config(crm: Path) -> Config:
    """Its configuration, on one thread: the machine may be busy."""
    read = read_config(crm / "leadml.toml", {})
    return dataclasses.replace(read, training=dataclasses.replace(read.training, threads=1))


@pytest.fixture(scope="session")
def tables(config: Config) -> Tables:
    return read_tables(config, now=NOW)


@pytest.fixture(scope="session")
def trained(config: Config, tables: Tables) -> TrainingResult:
    return train(config, tables)


@pytest.fixture(scope="session")
def registry(config: Config, trained: TrainingResult) -> Registry:
    """The registry of the simulated CRM, with one version recorded."""
    opened = Registry(config.path(config.registry.folder), config.registry.name)
    opened.record(trained, PASSED, now=NOW)
    return opened


@pytest.fixture(scope="session")
def scorer(trained: TrainingResult) -> Scorer:
    return Scorer.of(trained.model, "1")


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """An MLflow server; who stops it starts it again."""
    server = TrackingServer(tmp_path_factory.mktemp("tracking"))
    server.start()
    yield server
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first, so that no process is left alone with them in the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
