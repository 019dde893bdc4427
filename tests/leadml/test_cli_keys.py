"""Does `leadml key` make keys that open the app, and show them once?"""

import re
import tomllib

import pytest
from typer.testing import CliRunner

from leadml.cli.main import app
from leadml.config import parse_config
from leadml.errors import ConfigError
from leadml.service import Key, sha256_of

PLAIN = "a-key-of-our-own-with-forty-characters-!"


def test_a_key_is_shown_once_and_its_hash_is_ready_to_be_pasted():
    result = CliRunner().invoke(app, ["key", "crm"], catch_exceptions=False)
    (plain,) = re.findall(r"shown this once: (\S+)", result.stderr)
    kept = parse_config(tomllib.loads("[serving]\nport = 9\n" + result.stdout)).serving.keys
    assert kept == (Key("crm", sha256_of(plain), ("score",)),)
    assert plain not in result.stdout


def test_no_two_keys_are_alike():
    runs = {CliRunner().invoke(app, ["key", "crm"]).stdout for _ in range(5)}
    assert len(runs) == 5


def test_a_key_may_be_for_several_things():
    result = CliRunner().invoke(app, ["key", "ops", "--scope", "read", "--scope", "admin"])
    (kept,) = parse_config(tomllib.loads(result.stdout)).serving.keys
    assert kept.scopes == ("read", "admin")


def test_a_key_of_ones_own_is_taken_from_standard_input_and_not_shown():
    result = CliRunner().invoke(app, ["key", "crm", "--stdin"], input=f"{PLAIN}\n")
    (kept,) = parse_config(tomllib.loads(result.stdout)).serving.keys
    assert kept.sha256 == sha256_of(PLAIN)
    assert PLAIN not in result.output


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["crm", "--stdin"], "short\n", "The key must be at least 32 characters, got 5"),
        (["crm", "--stdin"], "", "The key must be at least 32 characters, got 0"),
        (["jane doe"], "", "serving.keys.name must be"),
        (["crm", "--scope", "all"], "", "must be one of 'score', 'read', 'admin'"),
    ],
)
def test_what_cannot_be_a_key_is_refused(arguments, given, said):
    result = CliRunner().invoke(app, ["key", *arguments], input=given)
    assert isinstance(result.exception, ConfigError)
    assert said in str(result.exception)
    assert result.stdout == ""
