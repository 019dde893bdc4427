"""Are the numbers right, in Prometheus' format, for one worker and for several?"""

import math
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.watching.drift import Moved
from serving.watching.metrics import Metrics, ModelState
from serving.web.request_log import Handled

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SCORE = Handled(
    request_id="r",
    method="POST",
    route="/v1/score",
    status=200,
    seconds=0.004,
    leads=1,
    caller=None,
    version="7",
    lead=None,
)


def numbers_of(text: bytes) -> dict[str, float]:
    """Every sample by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def state_of(version: str, **given: object) -> ModelState:
    facts = {"contact_at": NOON, "degraded": False, **given}
    return ModelState("leads", version, NOON - timedelta(9), NOON, **facts)  # type: ignore[arg-type]


def test_requests_are_counted_and_timed_by_route() -> None:
    metrics = Metrics()
    for handled in (SCORE, SCORE, Handled(**{**as_dict(SCORE), "status": 429, "seconds": 0.0001})):
        metrics.began()
        metrics.ended(handled)
    metrics.began()
    found = numbers_of(metrics.render())
    own = "method=POST,route=/v1/score"
    assert found[f"leadml_requests_total{{{own},status=200}}"] == 2
    assert found[f"leadml_requests_total{{{own},status=429}}"] == 1
    assert found["leadml_requests_in_flight{}"] == 1
    assert found[f"leadml_request_seconds_sum{{{own}}}"] == pytest.approx(0.0081)
    below = {
        le: found[f"leadml_request_seconds_bucket{{le={le},{own}}}"]
        for le in ("0.0005", "0.003", "0.005", "+Inf")
    }
    assert below == {"0.0005": 1, "0.003": 1, "0.005": 3, "+Inf": 3}


def as_dict(handled: Handled) -> dict[str, object]:
    return {name: getattr(handled, name) for name in Handled.__slots__}


def test_scores_are_counted_by_stage_and_probability_and_the_unscored_by_reason() -> None:
    metrics = Metrics()
    metrics.scored(
        np.array([0.004, 0.25, np.nan, 0.95]),
        ["lead", "mql", "disqualified", "sql"],
        ["", "", "no consent", ""],
        version="7",
        role="champion",
    )
    metrics.scored(np.array([0.5]), ["sql"], [""], version="8", role="shadow")
    found = numbers_of(metrics.render())
    stages = {k[32:-1]: v for k, v in found.items() if k.startswith("leadml_scored_leads_total")}
    assert stages == {"lead": 1, "mql": 1, "sql": 1}
    assert found["leadml_unscored_leads_total{reason=no consent}"] == 1
    assert found["leadml_answered_leads_total{role=champion,version=7}"] == 4
    assert found["leadml_answered_leads_total{role=shadow,version=8}"] == 1
    assert found["leadml_probability_count{}"] == 3
    assert found["leadml_probability_sum{}"] == pytest.approx(1.204)
    assert found["leadml_probability_bucket{le=0.01}"] == 1
    assert found["leadml_probability_bucket{le=0.3}"] == 2


def test_what_the_model_did_not_know_is_counted() -> None:
    metrics = Metrics()
    metrics.surprised({"industry": 2}, 5)
    metrics.surprised({"industry": 1, "country": 1}, 0)
    found = numbers_of(metrics.render())
    assert found["leadml_unseen_categories_total{attribute=industry}"] == 3
    assert found["leadml_unseen_categories_total{attribute=country}"] == 1
    assert found["leadml_unknown_events_total{}"] == 5


def test_what_came_of_the_challengers_requests_is_counted() -> None:
    metrics = Metrics()
    for result in ("scored", "dropped", "scored", "failed"):
        metrics.shadowed(result)
    found = numbers_of(metrics.render())
    results = {k: v for k, v in found.items() if k.startswith("leadml_shadow_requests_total")}
    assert results == {
        "leadml_shadow_requests_total{result=scored}": 2,
        "leadml_shadow_requests_total{result=dropped}": 1,
        "leadml_shadow_requests_total{result=failed}": 1,
    }


def test_the_model_that_answers_is_told_and_its_former_one_is_not() -> None:
    metrics = Metrics()
    metrics.model(state_of("7", contact_at=None))
    assert numbers_of(metrics.render())["leadml_registry_contact_timestamp_seconds{}"] == 0
    metrics.model(state_of("8", degraded=True))
    found = numbers_of(metrics.render())
    assert found["leadml_model_info{name=leads,version=7}"] == 0
    assert found["leadml_model_info{name=leads,version=8}"] == 1
    assert found["leadml_model_degraded{}"] == 1
    assert found["leadml_model_known_until_timestamp_seconds{}"] == NOON.timestamp() - 9 * 86400
    assert found["leadml_model_loaded_timestamp_seconds{}"] == NOON.timestamp()
    assert found["leadml_registry_contact_timestamp_seconds{}"] == NOON.timestamp()


def test_features_of_a_former_model_drift_no_more() -> None:
    metrics = Metrics()
    metrics.drifted(Moved(["age", "views", "probability"], np.array([0.1, 0.2, 0.3]), 900))
    metrics.drifted(Moved(["views", "size", "probability"], np.array([0.4, 0.5, 0.6]), 950))
    found = numbers_of(metrics.render())
    assert math.isnan(found.pop("leadml_feature_psi{feature=age}"))
    assert found["leadml_feature_psi{feature=views}"] == 0.4
    assert found["leadml_feature_psi{feature=size}"] == 0.5
    assert found["leadml_probability_psi{}"] == 0.6
    assert found["leadml_drift_leads{}"] == 950


def test_every_app_has_numbers_of_its_own() -> None:
    one, two = Metrics(), Metrics()
    one.logged(3)
    two.lost(4)
    assert numbers_of(one.render())["leadml_score_log_leads_total{}"] == 3
    assert numbers_of(two.render())["leadml_score_log_leads_total{}"] == 0
    assert numbers_of(two.render())["leadml_score_log_lost_leads_total{}"] == 4


def test_names_and_meanings_follow_the_conventions() -> None:
    metrics = Metrics()
    metrics.logged(1)
    text = metrics.render().decode()
    names = re.findall(r"^# HELP (\S+) (.+)$", text, flags=re.MULTILINE)
    assert len(names) > 15
    for name, meaning in names:
        assert name.startswith("leadml_"), name
        assert meaning.endswith("."), meaning
        kind = re.search(rf"^# TYPE {name} (\w+)$", text, flags=re.MULTILINE)
        assert kind is not None
        assert name.endswith("_total") == (kind[1] == "counter"), name
    assert "_created" not in text


WORKER = """
import sys
import numpy as np
from datetime import UTC, datetime
from serving.watching.drift import Moved
from serving.watching.metrics import Metrics, ModelState

metrics, k = Metrics(), int(sys.argv[1])
metrics.began()
metrics.scored(np.full(k, 0.3), ["mql"] * k, [""] * k, version="7", role="champion")
metrics.drifted(Moved(["views", "probability"], np.array([0.1 * k, 0.2]), 900))
moment = datetime(2026, 3, k, tzinfo=UTC)
metrics.model(ModelState("leads", str(k), moment, moment, moment, k == 2))
print("ready", flush=True)
sys.stdin.readline()
sys.stdout.write(metrics.render().decode())
"""


def test_whichever_worker_is_asked_tells_the_numbers_of_all(tmp_path: Path) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = []
    for k in (1, 2, 3):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(k)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        workers.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    said = [worker.communicate("go\n")[0] for worker in workers]

    for text in said:
        found = numbers_of(text.encode())
        assert found["leadml_scored_leads_total{stage=mql}"] == 6
        assert found["leadml_probability_count{}"] == 6
        assert found["leadml_probability_bucket{le=0.3}"] == 6
        assert found["leadml_requests_in_flight{}"] == 3
        assert found["leadml_feature_psi{feature=views}"] == pytest.approx(0.3)  # the newest
        newest = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
        assert found["leadml_registry_contact_timestamp_seconds{}"] == newest
        assert found["leadml_model_degraded{}"] == 1  # any of them
        versions = {k.partition("version=")[2][:-1] for k in found if "model_info" in k}
        assert versions == {"1", "2", "3"}
