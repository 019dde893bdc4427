"""Does the README say what is so?"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import features.spec
from features.feature import EVER, Feature
from features.nouns import any_noun
from features.past import build_past
from leadml.config import Config, parse_config
from leadml.moments import open_examples
from leadml.tables import Tables
from leadml.timeline import Window

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_toml_block_is_a_configuration(text: str) -> None:
    events = {
        "demo_request": {"one": "demo request", "many": "demo requests", "kind": "intent"},
        "unsubscribed": {"one": "unsubscription", "many": "unsubscriptions", "kind": "negative"},
    }
    parse_config({"events": events, **tomllib.loads(text)})


def test_the_word_of_your_own_is_a_word(tables: Tables, config: Config) -> None:
    (text,) = [block for block in blocks("python") if "History" in block]
    given = dict(vars(features.spec))
    exec(text, given)
    noun = any_noun(config.events)
    recent = Feature(given["RECENT_SHARE"], noun, Window(30))
    moment = tables.end
    past = build_past(tables, open_examples(tables, moment)).history()
    found = recent.compute(past)
    some = ~np.isnan(found)
    assert (found[some] * past.count(noun, EVER)[some]).round(9).tolist() == (
        past.count(noun, Window(30))[some].tolist()
    )
    assert recent.name == "any_event_recent_share_30d"
    assert recent.describe(0.5) == "50 % of all events came in the last 30 days"


def test_every_command_named_exists_and_every_command_is_named() -> None:
    from leadml.cli.main import app

    there = {command.callback.__name__ for command in app.registered_commands if command.callback}
    named = set(re.findall(r"leadml (\w+)", README)) | set(
        re.findall(r"`(promote|rollback)\b", README)
    )
    assert there <= named
    assert {word for word in named if word in there} == there


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z][a-z-]+)\b", README)) - {"a"}:
        if target in {"demo", "test", "lint", "format", "lock", "setup"} or "-" in target:
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from leadml.cli.main import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "assert not {'pandas', 'mlflow', 'lightgbm', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.real
@pytest.mark.parametrize("name", ["bank_marketing", "x_education", "bpi2012"])
def test_the_table_of_figures_is_what_the_benchmark_prints(name: str) -> None:
    folder = os.environ.get("LEADML_REAL_DATA", str(ROOT.parent / "shared" / "data"))
    if not Path(folder).is_dir():
        pytest.skip(f"the public sets are not in {folder}; LEADML_REAL_DATA names another place")
    script = ROOT / "benchmarks" / "real_sets.py"
    run = subprocess.run(
        [sys.executable, str(script), name], capture_output=True, text=True, check=True
    )
    printed = next(line for line in run.stdout.splitlines() if line.startswith(f"| `{name}`"))
    written = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    number = re.compile(r"\d*\.?\d+")
    pairs = zip(number.findall(printed), number.findall(written), strict=True)
    for now, then in pairs:
        assert float(now) == pytest.approx(float(then), abs=0.004), (now, then)
