"""Would it run where it is deployed? The image's recipe, its lock, compose, the unit, the guide."""

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadml.config import parse_config
from leadml.service import Serving
from serving.watching.metrics import Metrics
from serving.web.guard import LEADS, OPEN, REPORT

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

TRAINING = {
    *("altair", "mlflow", "numba", "optuna", "psycopg2-binary", "pytest", "scikit-learn"),
    *("shap", "threadpoolctl", "vl-convert-python"),
}
"""What only training, reports and tests need."""


def pins(lock: Path) -> dict[str, set[str]]:
    """The versions of each package of a lock; several where Pythons differ."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found


def needed(extra: str) -> set[str]:
    """The packages that pyproject.toml names for an extra, and for everything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"][extra]]
    return {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in lines}


@pytest.fixture(scope="module")
def instructions() -> list[str]:
    """The Dockerfile's instructions, each on one line, without comments."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [" ".join(line.split()) for line in "\n".join(lines).replace("\\\n", " ").split("\n")]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read_string((DEPLOY / "leadml.service").read_text(encoding="utf-8"))
    return parsed


# --- the locks ------------------------------------------------------------------------------------


def test_the_scoring_lock_holds_what_serving_needs_and_nothing_of_training() -> None:
    locked = pins(DEPLOY / "requirements-serve.lock").keys()
    assert needed("serve") <= locked
    assert not TRAINING & locked


def test_the_locks_of_the_images_pin_what_the_lock_of_everything_pins() -> None:
    """But for packages that the lock of everything does not hold yet."""
    everything = pins(ROOT / "requirements.lock")
    for lock in ("requirements-serve.lock", "requirements-train.lock"):
        for name, versions in pins(DEPLOY / lock).items():
            assert versions <= everything.get(name, versions), f"{lock}: {name}"


@pytest.mark.parametrize("lock", ["requirements-serve.lock", "requirements-train.lock"])
def test_a_lock_has_a_hash_for_every_package_and_no_address(lock: str) -> None:
    text = (DEPLOY / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


# --- the image ------------------------------------------------------------------------------------


def test_the_image_runs_as_nobody_in_particular_and_stops_in_order(instructions: list[str]) -> None:
    last = instructions[max(k for k, line in enumerate(instructions) if line.startswith("FROM")) :]
    assert "USER 10001:10001" in last
    assert "STOPSIGNAL SIGTERM" in last
    assert 'ENTRYPOINT ["leadml"]' in last
    assert not [line for line in last if line.startswith("RUN pip")]


def test_the_image_installs_only_what_is_hashed(instructions: list[str]) -> None:
    installing = [line for line in instructions if " install " in line and "pip" in line]
    assert installing
    for line in installing:
        for command in line.removeprefix("RUN ").split("&&"):
            if " install " in command and "apt-get" not in command:
                assert "--require-hashes" in command or "wheel/*.whl" in command, command


def test_the_image_copies_what_the_build_may_see(instructions: list[str]) -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    for line in instructions:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                path = source.replace("${FOR}", "serve")
                assert (ROOT / path).exists(), source
                assert f"!{path}" in ignored, source


def test_the_health_check_asks_a_route_that_needs_no_key_and_no_model(
    instructions: list[str],
) -> None:
    check = next(line for line in instructions if line.startswith("HEALTHCHECK"))
    assert re.findall(r"127\.0\.0\.1:8000(/\w+)", check) == ["/healthz"]
    assert "/healthz" in OPEN


# --- compose --------------------------------------------------------------------------------------


def test_only_the_scoring_app_is_reached_and_only_from_this_machine(
    compose: dict[str, Any],
) -> None:
    open_ports = {name: own["ports"] for name, own in compose["services"].items() if "ports" in own}
    assert open_ports == {"serve": ["127.0.0.1:8000:8000"]}
    assert compose["networks"]["registry"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["registry"]


def test_no_secret_stands_in_the_compose_file_and_every_env_file_has_an_example(
    compose: dict[str, Any],
) -> None:
    for name, own in compose["services"].items():
        assert "environment" not in own, name
        for file in own.get("env_file", []):
            example = (DEPLOY / f"{file}.example").read_text(encoding="utf-8")
            for line in example.splitlines():
                key, _, value = line.partition("=")
                if key.startswith(("POSTGRES_PASSWORD", "LEADML_API_KEY")):
                    assert value == ""


def test_ours_run_closed(compose: dict[str, Any]) -> None:
    for name in ("mlflow", "serve", "train"):
        own = compose["services"][name]
        assert own["read_only"] is True
        assert own["cap_drop"] == ["ALL"]
        assert own["security_opt"] == ["no-new-privileges:true"]


def test_the_scoring_app_starts_without_waiting_for_the_registry(compose: dict[str, Any]) -> None:
    assert "depends_on" not in compose["services"]["serve"]


def test_who_stops_the_app_waits_longer_than_a_request_may_take(
    compose: dict[str, Any], unit: configparser.ConfigParser
) -> None:
    patience = int(compose["services"]["serve"]["stop_grace_period"].removesuffix("s"))
    assert patience > Serving().request_seconds + 10
    assert float(unit["Service"]["TimeoutStopSec"]) > Serving().request_seconds + 10


# --- the unit -------------------------------------------------------------------------------------


def test_the_unit_reloads_by_hangup_and_tells_only_the_parent_to_stop(
    unit: configparser.ConfigParser,
) -> None:
    service = unit["Service"]
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"
    assert service["DynamicUser"] == "yes"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """With a command in the place of ours that every machine has."""
    text = (DEPLOY / "leadml.service").read_text(encoding="utf-8")
    (tmp_path / "leadml.service").write_text(text.replace("/opt/leadml/bin/leadml", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "leadml.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- the guide ------------------------------------------------------------------------------------


def test_the_guide_names_only_metrics_that_there_are() -> None:
    known = set(re.findall(rb"^# TYPE (\w+)", Metrics().render(), re.MULTILINE))
    named = {
        re.sub(r"_bucket$", "", name).encode() for name in re.findall(r"\bleadml_[a-z_]+\b", GUIDE)
    }
    assert len(named) > 8
    assert named <= known


def test_the_settings_of_the_guide_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    block = next(text for text in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
    parsed = parse_config(tomllib.loads(block.replace("${LEADML_LOG_SALT}", "salt"))).serving
    assert parsed.score_log == "log"
    for name in ("max_leads", "max_body_mb", "max_at_once", "request_seconds", "poll_seconds"):
        assert getattr(parsed, name) == getattr(Serving(), name)


def test_the_proxy_of_the_guide_passes_on_what_people_and_programs_ask_for() -> None:
    (block,) = re.findall(r"```nginx\n(.*?)```", GUIDE, re.DOTALL)
    places = dict(re.findall(r"location (= /report|/\S+)\s+\{ (.*?) \}\n", block))
    assert places.keys() == {"/v1/", LEADS, f"= {REPORT}", "/metrics"}
    assert places.pop("/metrics") == "deny all;"
    passed = 'proxy_pass http://leadml; proxy_http_version 1.1; proxy_set_header Connection ""; '
    assert set(places.values()) == {f"{passed}proxy_read_timeout 35s;"}


def test_the_proxy_of_the_guide_writes_down_no_path_with_the_id_of_a_lead() -> None:
    (block,) = re.findall(r"```nginx\n(.*?)```", GUIDE, re.DOTALL)
    before = block[block.index("server {") : block.index("location")]
    assert "access_log off;" in before
    assert re.search(r"error_log \S+ crit;", before)
    assert block.count("_log ") == 2


def test_what_the_guide_points_to_is_there() -> None:
    links = re.findall(r"\]\((\.\./[^)#]+)\)", GUIDE)
    assert len(links) > 3
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
