"""Who is let in, and what is refused before the first request."""

import dataclasses
import hashlib
import json
import tomllib

import pytest

from leadml.config import Config, as_dict, parse_config
from leadml.errors import ConfigError
from leadml.service import (
    SCOPES,
    Key,
    Serving,
    check_exposure,
    check_key,
    check_serving,
    keys_from,
    new_key,
    sha256_of,
)

PLAIN = "leadml_" + "k" * 40
HASH = hashlib.sha256(PLAIN.encode()).hexdigest()


def refused(serving: Serving) -> str:
    with pytest.raises(ConfigError) as caught:
        check_serving(serving)
    return str(caught.value)


# The key of the environment.


def test_the_key_of_the_environment_is_kept_as_its_hash_and_is_for_everything():
    assert keys_from({"LEADML_API_KEY": f" {PLAIN}\n"}) == (Key("environment", HASH, SCOPES),)


def test_no_variable_means_no_key():
    assert keys_from({"OTHER": PLAIN}) == ()


def test_a_key_is_taken_from_thirty_two_characters_on():
    assert keys_from({"LEADML_API_KEY": "a" * 32})[0].sha256 == sha256_of("a" * 32)
    with pytest.raises(ConfigError, match="at least 32 characters, got 31"):
        keys_from({"LEADML_API_KEY": "a" * 31})


@pytest.mark.parametrize("value", ["", " " * 40], ids=["empty", "blank"])
def test_a_variable_that_is_set_to_nothing_is_no_permission_for_everyone(value):
    with pytest.raises(ConfigError, match="got 0"):
        keys_from({"LEADML_API_KEY": value})


@pytest.mark.parametrize("key", ["a" * 20 + " " + "b" * 20, "ключ" * 10, "a" * 40 + "\x00"])
def test_a_key_that_no_header_carries_is_refused_and_not_shown(key):
    with pytest.raises(ConfigError, match="printable ASCII") as caught:
        check_key(key, "The key")
    assert key not in str(caught.value)


def test_a_new_key_is_long_random_and_known_by_its_prefix():
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(key.startswith("leadml_") and len(key) == 50 for key in made)
    for key in made:
        check_key(key, "The key")


# The keys of the file.


def test_a_key_must_be_a_hash_and_what_was_given_instead_is_not_shown():
    said = refused(Serving(keys=(Key("crm", PLAIN),)))
    assert said.startswith("serving.keys.sha256 must be 64 hexadecimal digits")
    assert PLAIN not in said
    refused(Serving(keys=(Key("crm", HASH.upper()),)))
    check_serving(Serving(keys=(Key("crm", HASH),)))


def test_keys_must_differ_in_name_and_in_what_they_are():
    other = sha256_of(PLAIN + "!")
    check_serving(Serving(keys=(Key("crm", HASH), Key("form", other))))
    assert "different names, got crm" in refused(
        Serving(keys=(Key("crm", HASH), Key("crm", other)))
    )
    same = refused(Serving(keys=(Key("crm", HASH), Key("form", HASH))))
    assert "the same one for crm, form" in same
    assert HASH not in same


@pytest.mark.parametrize("name", ["", "jane doe", "a\nb", "-x", "a" * 65, 'a"b'])
def test_a_name_that_could_confuse_a_log_is_refused(name):
    assert "serving.keys.name must be" in refused(Serving(keys=(Key(name, HASH),)))


def test_a_key_must_be_for_something():
    assert "must name at least one" in refused(Serving(keys=(Key("crm", HASH, ()),)))


def test_an_unknown_scope_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match="must be one of 'score', 'read', 'admin'"):
        parse_config({"serving": {"keys": [{"name": "a", "sha256": HASH, "scopes": ["all"]}]}})


@pytest.mark.parametrize("origin", ["crm.example.com", "https://a.example/", "https://a.example/x"])
def test_an_origin_that_no_browser_sends_is_refused(origin):
    assert f"got '{origin}'" in refused(Serving(cors_origins=("https://ok.example:8443", origin)))


# Strangers.


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_without_keys_the_app_may_listen_on_this_machine(host):
    check_exposure(Serving(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.5", "leads.example.com"])
def test_without_keys_the_app_may_not_listen_beyond_this_machine(host):
    with pytest.raises(ConfigError, match="as long as there is no key"):
        check_exposure(Serving(host=host))
    check_exposure(Serving(host=host, keys=(Key("crm", HASH),)))
    check_exposure(Serving(host=host, open=True))


@pytest.mark.parametrize("open_to_all", [False, True])
def test_without_keys_no_page_of_just_anyone_may_read(open_to_all):
    serving = Serving(open=open_to_all, cors_origins=("https://ok.example", "*"))
    with pytest.raises(ConfigError, match=r"cors_origins must name the origins .* got '\*'"):
        check_exposure(serving)
    check_exposure(dataclasses.replace(serving, keys=(Key("crm", HASH),)))
    check_exposure(dataclasses.replace(serving, cors_origins=("https://ok.example",)))


# What is logged with a run.


def test_neither_keys_nor_salt_are_logged_with_a_run():
    serving = Serving(keys=(Key("crm", HASH),), log_salt="a-secret-salt", port=9)
    tree = as_dict(dataclasses.replace(Config(), serving=serving))
    text = json.dumps(tree)
    assert tree["serving"]["port"] == 9
    for secret in (HASH, "crm", "a-secret-salt", "sha256", "log_salt"):
        assert secret not in text


@pytest.mark.parametrize(
    "toml",
    [
        'keys = "SECRET"',
        'keys = ["SECRET"]',
        '[[serving.keys]]\nname = ["SECRET"]',
        '[[serving.keys]]\nname = "a"\nsha256 = "SECRET"',
        '[[serving.keys]]\nname = "a"\nsha256 = ["SECRET"]',
        '[[serving.keys]]\nname = "a"\nscopes = "SECRET"',
        '[[serving.keys]]\nname = "a"\nscopes = ["SECRET"]',
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_repeated(toml: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(tomllib.loads(f"[serving]\n{toml}"))
    assert "serving.keys" in str(refused.value)
    assert "SECRET" not in str(refused.value)
