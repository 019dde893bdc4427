"""Is every answer noted, once, with what the model made of it?"""

import dataclasses
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from leadml.service import Serving
from leadml.tables import Tables
from serving.models.keeper import Keeper
from serving.models.source import Fixed
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples
from serving.watching.log_files import features_of, hash_lead, read_key, read_log
from serving.watching.metrics import Metrics
from serving.watching.watch import Answered, Watch
from serving.web.app import create_app
from tests.serving.watching.logged import together
from tests.serving.watching.test_metrics import numbers_of

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = pd.Timedelta(1, "D")


@pytest.fixture
def keeper(scorer: Scorer) -> Iterator[Keeper]:
    with Keeper(Fixed(scorer), warm_up=lambda _: None, poll_seconds=60) as kept:
        until = time.monotonic() + 20
        while kept.standing.asked is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield kept


def watching(keeper: Keeper, folder: Path | None = None) -> Watch:
    return Watch(Metrics(), keeper, lambda: NOON, folder)


def scored(scorer: Scorer, tables: Tables, rows: slice = slice(None)) -> Scores:
    leads = tables.leads[rows]
    moments = leads["created_at"] + 7 * DAY
    examples = pd.DataFrame({"lead_id": leads["lead_id"], "as_of": moments})
    return score_examples(scorer, tables, examples.reset_index(drop=True), most_reasons=0)


def test_each_lead_is_counted_once_alone_or_in_a_batch(
    scorer: Scorer, tables: Tables, keeper: Keeper
) -> None:
    whole = scored(scorer, tables, slice(120))
    with watching(keeper) as batch, watching(keeper) as alone:
        batch.scored(scorer, whole, Answered(NOON))
        for k in range(len(whole)):
            alone.scored(scorer, scored(scorer, tables, slice(k, k + 1)), Answered(NOON))
        found, again = numbers_of(batch.render()), numbers_of(alone.render())
    ours = {k: v for k, v in found.items() if "process_" not in k}
    assert {k: v for k, v in again.items() if "process_" not in k} == pytest.approx(
        ours, nan_ok=True
    )
    stages = whole.table["stage"][whole.table["unscored_reason"] == ""].value_counts()
    for stage, n in stages.items():
        assert found[f"leadml_scored_leads_total{{stage={stage}}}"] == n
    assert found["leadml_answered_leads_total{role=champion,version=1}"] == 120
    assert found["leadml_probability_sum{}"] == pytest.approx(whole.table["probability"].sum())
    assert found["leadml_drift_leads{}"] == (whole.table["unscored_reason"] == "").sum()


def test_leads_like_those_of_training_have_not_drifted_and_others_have(
    scorer: Scorer, tables: Tables, keeper: Keeper
) -> None:
    with watching(keeper) as watch:
        watch.scored(scorer, scored(scorer, tables), Answered(NOON))
        before = numbers_of(watch.render())
        leads = tables.leads.assign(employees=tables.leads["employees"] * 30)
        grown = dataclasses.replace(tables, leads=leads)
        for _ in range(10):
            watch.scored(scorer, scored(scorer, grown), Answered(NOON))
        after = numbers_of(watch.render())
    assert before["leadml_feature_psi{feature=employees}"] < 0.1
    assert after["leadml_feature_psi{feature=employees}"] > 1
    assert after["leadml_feature_psi{feature=industry}"] < 0.1


def test_values_and_events_that_the_model_does_not_know_are_counted(
    scorer: Scorer, tables: Tables, keeper: Keeper
) -> None:
    strange = tables.leads["industry"].mask(tables.leads.index < 4, "Mining")
    other = dataclasses.replace(tables, leads=tables.leads.assign(industry=strange))
    with watching(keeper) as watch:
        watch.scored(scorer, scored(scorer, other), Answered(NOON, unknown_events=3))
        found = numbers_of(watch.render())
    assert found["leadml_unseen_categories_total{attribute=industry}"] == 4
    assert found["leadml_unknown_events_total{}"] == 3


def test_only_the_champions_answers_are_told_by_stage(
    scorer: Scorer, tables: Tables, keeper: Keeper
) -> None:
    with watching(keeper) as watch:
        watch.scored(scorer, scored(scorer, tables, slice(9)), Answered(NOON, role="shadow"))
        found = numbers_of(watch.render())
    assert found["leadml_answered_leads_total{role=shadow,version=1}"] == 9
    assert found["leadml_probability_count{}"] == 0
    assert not any(name.startswith("leadml_scored_leads_total") for name in found)


def test_the_model_is_told_with_its_age_and_the_last_word_of_the_registry(
    scorer: Scorer, keeper: Keeper
) -> None:
    with watching(keeper) as watch:
        found = numbers_of(watch.render())
    name = scorer.model.card["name"]
    assert found[f"leadml_model_info{{name={name},version=1}}"] == 1
    known_until = datetime.fromisoformat(scorer.model.card["known_until"]).timestamp()
    assert found["leadml_model_known_until_timestamp_seconds{}"] == known_until
    contact = found["leadml_registry_contact_timestamp_seconds{}"]
    assert contact == pytest.approx(NOON.timestamp(), abs=30)
    assert found["leadml_model_loaded_timestamp_seconds{}"] <= contact
    assert found["leadml_model_degraded{}"] == 0


def test_a_model_without_a_profile_is_watched_without_its_drift(
    scorer: Scorer, tables: Tables, keeper: Keeper
) -> None:
    old = dataclasses.replace(scorer, model=dataclasses.replace(scorer.model, profile={}))
    with watching(keeper) as watch:
        watch.scored(old, scored(old, tables), Answered(NOON))
        found = numbers_of(watch.render())
    assert found["leadml_answered_leads_total{role=champion,version=1}"] == 600
    assert not any(name.startswith("leadml_feature_psi") for name in found)


def test_the_log_holds_what_was_answered(
    scorer: Scorer, tables: Tables, keeper: Keeper, tmp_path: Path
) -> None:
    whole = scored(scorer, tables)
    with watching(keeper, tmp_path) as watch:
        watch.scored(scorer, whole, Answered(NOON, "q-1", "asked"))
        assert numbers_of(watch.render())["leadml_score_log_leads_total{}"] == 600
    rows = together(read_log(tmp_path))
    key, table = read_key(tmp_path), whole.table
    assert rows["lead"].to_pylist() == [hash_lead(lead, key) for lead in table["lead_id"]]
    assert features_of(rows).tobytes() == np.ascontiguousarray(whole.matrix).tobytes()
    for name in ("probability", "lower", "upper"):
        assert np.array_equal(rows[name].to_numpy(), table[name].to_numpy(), equal_nan=True)
    assert rows["stage"].to_pylist() == table["stage"].tolist()
    assert rows["unscored"].to_pylist() == table["unscored_reason"].tolist()
    assert (rows["as_of"].to_pandas() == table["as_of"]).all()
    assert set(rows["request_id"].to_pylist()) == {"q-1"}
    assert set(rows["role"].to_pylist()) == {"asked"}


def test_a_monitor_reads_the_numbers_of_the_app(scorer: Scorer) -> None:
    with TestClient(create_app(Serving(), Fixed(scorer)), base_url="http://localhost") as client:
        for _ in range(3):
            client.get("/healthz")
        client.get("/nowhere/anna@example.com")
        answered = client.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=")
    found = numbers_of(answered.content)
    assert found["leadml_requests_total{method=GET,route=/healthz,status=200}"] == 3
    assert found["leadml_requests_total{method=GET,route=-,status=404}"] == 1
    assert found["leadml_requests_in_flight{}"] == 1  # this one
    assert "anna" not in answered.text


def test_the_app_keeps_its_log_in_the_folder_of_its_settings(
    scorer: Scorer, tmp_path: Path
) -> None:
    with TestClient(create_app(Serving(score_log=str(tmp_path / "log")), Fixed(scorer))):
        pass
    assert list(read_log(tmp_path / "log")) == []


def test_a_moment_ago_is_a_moment_ago(scorer: Scorer, keeper: Keeper) -> None:
    """The clock of the app, not that of the monitor, says when."""
    later = Watch(Metrics(), keeper, lambda: NOON + timedelta(days=1), None)
    with later, watching(keeper) as watch:
        moments = [
            numbers_of(one.render())["leadml_model_loaded_timestamp_seconds{}"]
            for one in (watch, later)
        ]
    assert moments[1] - moments[0] == pytest.approx(86_400, abs=30)
