"""A registered model, loaded by anyone who has MLflow, says what leadml says."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from features.build import to_frame
from leadml.errors import DataError
from leadml.folder import write_model
from leadml.store import tracking_uri
from leadml.tables import Tables
from serving.pyfunc import _load_pyfunc
from serving.scorer import Scorer
from serving.scoring import score_examples
from tests.training.results import PASSED, small_result
from training.registry.local import Registry

NOW = pd.Timestamp("2026-07-01T09:00", tz="UTC")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def matrix(scorer: Scorer, tables: Tables) -> np.ndarray:
    """Features of real examples, with gaps and with levels that training never saw."""
    ids = tables.leads["lead_id"]
    examples = pd.DataFrame({"lead_id": ids, "as_of": tables.leads["created_at"]}).head(120)
    later = examples.assign(as_of=examples["as_of"] + pd.Timedelta(9, "D"))
    found = score_examples(scorer, tables, pd.concat([examples, later], ignore_index=True))
    whole = found.matrix.copy()
    industry = scorer.catalog.names.index("industry")
    whole[:5, industry] = np.nan
    whole[5:10, industry] = len(scorer.catalog.features[industry].levels)
    return whole


@pytest.fixture(scope="module")
def location(scorer: Scorer, matrix: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the registered model's files lie."""
    registry = Registry(tmp_path_factory.mktemp("registry") / "models", "lead-scorer")
    registry.record(small_result(scorer.model, sample=matrix[20:]), PASSED, now=NOW)
    client = MlflowClient(tracking_uri(registry.folder), tracking_uri(registry.folder))
    source = client.get_model_version_by_alias("lead-scorer", "champion").source
    found = client.get_logged_model(source.removeprefix("models:/")).artifact_location
    return str(found)


def expected(scorer: Scorer, matrix: np.ndarray) -> np.ndarray:
    margin = scorer.model.margin(matrix)
    lower, upper = scorer.model.calibration.interval(margin)
    return np.column_stack([scorer.model.probability(matrix), lower, upper])


def test_mlflow_loads_the_model_and_scores_its_feature_table_as_leadml_does(
    location: str, scorer: Scorer, matrix: np.ndarray
) -> None:
    table = to_frame(scorer.catalog, matrix)
    found = mlflow.pyfunc.load_model(location).predict(table)
    assert list(found.columns) == ["probability", "lower", "upper"]
    assert found.to_numpy() == pytest.approx(expected(scorer, matrix), abs=1e-12)
    assert len(np.unique(found["probability"])) > 20


def test_columns_may_come_in_any_order_and_as_objects(
    location: str, scorer: Scorer, matrix: np.ndarray
) -> None:
    table = to_frame(scorer.catalog, matrix)
    names = list(np.random.default_rng(0).permutation(table.columns))
    mixed = table[names].assign(extra="ignored").astype({"industry": object})
    mixed["industry"] = mixed["industry"].where(mixed["industry"].notna(), None)
    found = mlflow.pyfunc.load_model(location).predict(mixed)
    assert found.to_numpy() == pytest.approx(expected(scorer, matrix), abs=1e-12)


def test_a_table_of_objects_throughout_gives_the_same_to_our_own_loader(
    scorer: Scorer, matrix: np.ndarray, tmp_path: Path
) -> None:
    write_model(scorer.model, tmp_path / "model")
    table = to_frame(scorer.catalog, matrix).astype(object).set_index(np.arange(240) * 7)
    found = _load_pyfunc(str(tmp_path / "model")).predict(table)
    assert found.index.equals(table.index)
    assert found.to_numpy() == pytest.approx(expected(scorer, matrix), abs=1e-12)


def test_one_row_alone_gets_what_it_gets_among_others(
    location: str, scorer: Scorer, matrix: np.ndarray
) -> None:
    model, table = mlflow.pyfunc.load_model(location), to_frame(scorer.catalog, matrix)
    whole = model.predict(table)
    for row in (0, 7, 100):
        alone = model.predict(table.iloc[[row]])
        assert alone.iloc[0].tolist() == whole.iloc[row].tolist()


def test_a_missing_column_is_refused_with_its_name(
    scorer: Scorer, matrix: np.ndarray, tmp_path: Path
) -> None:
    write_model(scorer.model, tmp_path / "model")
    table = to_frame(scorer.catalog, matrix).drop(columns="employees")
    with pytest.raises(DataError, match="employees"):
        _load_pyfunc(str(tmp_path / "model")).predict(table)


def test_loading_executes_no_pickle(location: str) -> None:
    folder = Path(location.removeprefix("file://"))
    said = (folder / "MLmodel").read_text()
    assert "loader_module: serving.pyfunc" in said
    assert "pickle" not in said
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        "",
        ".json",
        ".txt",
        ".yaml",
    }


@pytest.mark.slow
def test_mlflow_models_serve_answers_as_leadml_does(
    location: str, scorer: Scorer, matrix: np.ndarray, tmp_path: Path
) -> None:
    rows = np.array([0, 1, 6, 30, 100, 200])  # the first two lack their industry
    table = to_frame(scorer.catalog, matrix[rows]).astype(object)
    split = table.where(table.notna(), None).to_dict("split")
    assert None in split["data"][0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    binaries = str(Path(sys.executable).parent)
    command = ["mlflow", "models", "serve", "-m", location, "--env-manager", "local"]
    environment = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                *command,
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
                "-w",
                "1",
            ],
            env=environment,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", server, tmp_path / "log")
        whole = ask(port, {"columns": split["columns"], "data": split["data"]})
        one = ask(port, {"columns": split["columns"], "data": split["data"][:1]})
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(timeout=10)
    wanted = expected(scorer, matrix[rows])
    assert whole == pytest.approx(wanted, abs=1e-12)
    assert one == pytest.approx(wanted[:1], abs=1e-12)


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server did not answer: {log.read_text()}")


def ask(port: int, split: dict[str, object]) -> np.ndarray:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"dataframe_split": split}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            rows = json.load(response)["predictions"]
    except urllib.error.HTTPError as error:
        pytest.fail(f"{error.code}: {error.read().decode()}")
    return np.array([[row[name] for name in ("probability", "lower", "upper")] for row in rows])
