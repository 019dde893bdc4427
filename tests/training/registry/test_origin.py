"""What a model was made from: named by content, read back, repeated with today's addresses."""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from leadml.config import Config, as_dict, parse_config
from leadml.errors import ConfigError
from training.registry.origin import Origin, code_fingerprint, commit_of, config_again, origin_of
from training.train import TrainingResult

ROOT = Path(__file__).parents[3]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    for room in ("leadml", "features", "training", "serving"):
        (tmp_path / room / "inner").mkdir(parents=True)
        (tmp_path / room / "inner" / "a.py").write_text("x = 1\n")
    return tmp_path


def test_the_code_is_named_by_its_names_and_bytes(code: Path) -> None:
    first = code_fingerprint(code)
    (code / "notes.txt").write_text("not code")
    (code / "elsewhere.py").write_text("not of a room")
    assert code_fingerprint(code) == first
    one = code / "training" / "inner" / "a.py"
    one.write_text("x = 2\n")
    changed = code_fingerprint(code)
    one.write_text("x = 1\n")
    assert code_fingerprint(code) == first
    one.rename(one.with_name("b.py"))
    assert len({first, changed, code_fingerprint(code)}) == 3


def test_the_same_code_elsewhere_has_the_same_name(code: Path, tmp_path: Path) -> None:
    shutil.copytree(code / "leadml", tmp_path / "copy" / "leadml")
    for room in ("features", "training", "serving"):
        shutil.copytree(code / room, tmp_path / "copy" / room)
    assert code_fingerprint(tmp_path / "copy") == code_fingerprint(code)


def test_the_commit_is_that_of_a_checkout_however_git_keeps_it(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    git("init", "-q")
    assert commit_of(tmp_path) == "", "nothing is committed yet"
    git("commit", "-q", "--allow-empty", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == head
    git("pack-refs", "--all")
    assert commit_of(tmp_path) == head
    git("checkout", "-q", "--detach")
    assert commit_of(tmp_path) == head
    inner = tmp_path / "site-packages"
    inner.mkdir()
    assert commit_of(inner) == "", "a folder inside someone else's checkout is none"


def test_an_origin_survives_json_and_says_what_the_card_says(trained: TrainingResult) -> None:
    origin = origin_of(trained.model.card)
    assert Origin.from_json(json.loads(json.dumps(origin.to_json()))) == origin
    assert origin.fingerprint == trained.model.card["data"]["fingerprint"]
    assert origin.known_until == trained.model.card["known_until"]
    assert origin.code == code_fingerprint(ROOT)


def test_a_configuration_comes_back_but_for_where_tables_and_models_lie(
    trained: TrainingResult, config: Config
) -> None:
    origin = origin_of(trained.model.card)
    assert config_again(origin, config) == config

    here = parse_config(
        {
            "data": {"source": "postgresql://u:secret@host/db", "leads": "crm_leads"},
            "registry": {"folder": "elsewhere"},
            "label": {"horizon_days": 7},
            "training": {"seed": 99},
        }
    )
    again = config_again(origin, dataclasses.replace(here, folder=Path("/somewhere")))
    assert (again.data, again.registry, again.folder) == (
        here.data,
        here.registry,
        Path("/somewhere"),
    )
    assert (again.label, again.training) == (config.label, config.training)


def test_every_setting_of_a_full_configuration_comes_back() -> None:
    full = parse_config(
        {
            "attributes": {
                "ordered": {"size": ["s", "m"]},
                "bands": {"revenue": [1.0, 2.5]},
                "allow": ["notes"],
            },
            "columns": {"leads": {"lead_id": "Id"}},
            "events": {"demo": {"kind": "intent", "one": "demo", "many": "demos"}},
            "examples": {"every": "month", "after_days": [0, 7]},
            "data": {"end": __import__("datetime").datetime(2026, 1, 1)},
        }
    )
    tree = json.loads(json.dumps(as_dict(full)))
    origin = Origin(tree, "2026-01-01", "", "", "", "", {})
    assert config_again(origin, full) == full


def test_a_setting_that_is_no_more_is_refused(trained: TrainingResult, config: Config) -> None:
    origin = origin_of(trained.model.card)
    old = dataclasses.replace(origin, config={**origin.config, "magic": {"spell": 1}})
    with pytest.raises(ConfigError, match="magic"):
        config_again(old, config)
