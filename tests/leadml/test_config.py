"""Is every setting of leadml.toml read, checked and, where it is wrong, explained?"""

import dataclasses
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadml.capacity import Capacity
from leadml.config import Config, as_dict, parse_config, read_config
from leadml.errors import ConfigError
from leadml.events import EventType
from leadml.parsing import without_nothing

SECTIONS = [f.name for f in dataclasses.fields(Config) if f.name not in {"events", "folder"}]


def test_nothing_set_gives_the_defaults() -> None:
    assert parse_config({}) == Config()
    assert (Config().label.horizon_days, Config().training.min_outcomes) == (90, 40)


def test_what_is_set_replaces_the_default_and_nothing_else() -> None:
    config = parse_config({"label": {"horizon_days": 30}})

    assert config == dataclasses.replace(
        Config(), label=dataclasses.replace(Config().label, horizon_days=30)
    )


def test_an_event_type_takes_its_words_and_kind() -> None:
    config = parse_config({"events": {"A|B c": {"one": "a", "many": "as", "kind": "product"}}})

    assert config.events == {"A|B c": EventType("a", "as", "product")}


def test_an_event_type_without_words_is_told_which_to_add() -> None:
    with pytest.raises(ConfigError, match=r"events\.view must set one, many\. Add the lines under"):
        parse_config({"events": {"view": {"kind": "intent"}}})


# Unknown keys.


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "columns"])
def test_every_section_refuses_a_key_it_does_not_know(section: str) -> None:
    known = dataclasses.fields(getattr(Config(), section) or Capacity)[0].name

    with pytest.raises(ConfigError) as caught:
        parse_config({section: {f"{known}x": 1}})

    assert str(caught.value).startswith(f"Unknown setting '{section}.{known}x'.")
    assert f"Did you mean '{known}'?" in str(caught.value)


def test_an_unknown_section_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"Unknown setting 'lable'\. Did you mean 'label'\?"):
        parse_config({"lable": {}})


def test_an_unknown_table_of_columns_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'columns\.lead'\. Did you mean 'leads'\?"):
        parse_config({"columns": {"lead": {"lead_id": "id"}}})


def test_a_key_like_no_other_is_told_which_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'label\.zzz'\. Settings here: outcome, horizon_days"):
        parse_config({"label": {"zzz": 1}})


def test_an_unknown_key_of_an_event_type_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"events\.view\.kinds'\. Did you mean 'kind'"):
        parse_config({"events": {"view": {"one": "a", "many": "b", "kinds": "intent"}}})


def test_the_folder_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="Unknown setting 'folder'"):
        parse_config({"folder": "/"})


# Values of the wrong type.


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("data", "source", 3, "data.source must be text, got 3."),
        ("data", "missing", "NA", "data.missing must be a list of text values, got 'NA'."),
        ("data", "missing", [1], "data.missing must be text, got 1."),
        ("data", "end", "2026", "data.end must be a date or time, got '2026'."),
        ("data", "bad_rows", "drop", "must be one of 'refuse', 'set_aside', got 'drop'."),
        ("columns", "leads", "id", "columns.leads must be a table, got 'id'."),
        ("columns", "leads", {"lead_id": 1}, "columns.leads.lead_id must be text, got 1."),
        ("attributes", "max_levels", 1.5, "attributes.max_levels must be a whole number, got 1.5"),
        ("label", "horizon_days", "90", "label.horizon_days must be a whole number, got '90'."),
        ("label", "horizon_days", True, "label.horizon_days must be a whole number, got True."),
        ("examples", "every", "day", "must be one of '', 'week', 'month', 'quarter', got 'day'."),
        ("features", "windows_days", [7.5], "features.windows_days must be a whole number"),
        ("features", "half_life_days", "x", "features.half_life_days must be a number, got 'x'."),
        ("training", "seed", 1.0, "training.seed must be a whole number, got 1.0."),
        ("policy", "kind", "b2d", "policy.kind must be one of 'b2b', 'b2c', got 'b2d'."),
        ("policy", "rules", [{"stage": "won"}], "policy.rules.stage must be one of"),
        ("policy", "rules", [{"fit": "C"}], "policy.rules must set stage."),
        ("registry", "folder", 1, "registry.folder must be text, got 1."),
        ("serving", "port", "8000", "serving.port must be a whole number, got '8000'."),
        ("events", "view", "a view", "events.view must be a table of settings ([events.view])"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_what_it_must_be(
    section: str, key: str, value: Any, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({section: {key: value}})

    assert said in str(caught.value)


@pytest.mark.parametrize("uri", ["mlflow:5000", "sqlite:///x.db", "ftp://mlflow", "file:///x"])
def test_a_registry_that_is_no_server_is_refused(uri: str) -> None:
    with pytest.raises(
        ConfigError, match=r"registry\.uri must be the address of a tracking server"
    ):
        parse_config({"registry": {"uri": uri}})


def test_the_password_of_a_registry_is_not_logged() -> None:
    config = parse_config({"registry": {"uri": "https://user:secret@mlflow:5000"}})
    assert as_dict(config)["registry"]["uri"] == "https://user:***@mlflow:5000"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_is_no_table_is_refused(section: str) -> None:
    with pytest.raises(ConfigError, match=rf"{section} must be a table of settings"):
        parse_config({section: 3})


def test_a_whole_number_stands_for_a_number() -> None:
    half_life = parse_config({"features": {"half_life_days": 7}}).features.half_life_days

    assert (half_life, type(half_life)) == (7.0, float)


def test_a_date_stands_for_its_midnight(tmp_path: Path) -> None:
    path = tmp_path / "leadml.toml"
    path.write_text("[data]\nend = 2026-07-01\n", encoding="utf-8")

    assert read_config(path, {}).data.end == datetime(2026, 7, 1)  # noqa: DTZ001 - a plain date


# Values out of range.


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("training", "test_share"),
        ("policy", "sql_share"),
        ("policy", "mql_share"),
    ],
)
@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_share_lies_between_0_and_1(section: str, key: str, share: float) -> None:
    with pytest.raises(ConfigError, match=rf"{section}\.{key} must be above 0 and below 1, got"):
        parse_config({section: {key: share}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("label", "horizon_days", 0),
        ("examples", "max_age_days", -1),
        ("features", "half_life_days", 0.0),
        ("features", "session_gap_minutes", 0),
        ("attributes", "max_levels", 0),
        ("training", "min_outcomes", 0),
    ],
)
def test_a_number_that_must_be_positive_is(section: str, key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"{section}\.{key} must be above 0, got"):
        parse_config({section: {key: value}})


@pytest.mark.parametrize("days", [0, -7, 36_501])
def test_a_window_lies_between_a_day_and_a_century(days: int) -> None:
    with pytest.raises(ConfigError, match=r"features\.windows_days must be 1 to 36,500 days, got"):
        parse_config({"features": {"windows_days": [7, days]}})


def test_examples_name_at_least_one_moment() -> None:
    with pytest.raises(ConfigError, match=r"examples must name moments, got none"):
        parse_config({"examples": {"after_days": []}})

    assert parse_config({"examples": {"after_days": [], "every": "week"}}).examples.every == "week"


def test_no_example_lies_before_the_lead() -> None:
    with pytest.raises(ConfigError, match=r"after_days must be 0 or more, got -1"):
        parse_config({"examples": {"after_days": [0, -1]}})


@pytest.mark.parametrize("other", ["leads", "outcomes"])
def test_one_wide_table_stands_alone(other: str) -> None:
    with pytest.raises(ConfigError, match="table must stand alone"):
        parse_config({"data": {"table": "all.csv", other: "x.csv"}})


# The file and the environment.


def test_a_missing_file_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`leadml init` writes one"):
        read_config(tmp_path / "leadml.toml", {})


@pytest.mark.parametrize("text", ["[data\nx = 1", "[label]\nwon = 'a'\nwon = 'b'\n"])
def test_a_file_that_is_no_toml_is_refused_with_the_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "leadml.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"must be TOML, got: .*line"):
        read_config(path, {})


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leadml.toml"
    path.write_bytes("[data]\nsource = 'Köln'\n".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"leadml\.toml"):
        read_config(path, {})


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "leadml.toml").write_text("", encoding="utf-8")

    config = read_config(tmp_path / "leadml.toml", {})

    assert config.path("models") == tmp_path.resolve() / "models"
    assert config.path("/elsewhere") == Path("/elsewhere")


SOURCE = """
[data]
source = "postgresql://${USER_NAME:-sales}:${SECRET}@db/${BASE:-}"
missing = ["${NOT:-x}"]
"""


def test_the_environment_fills_in_what_a_file_should_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "leadml.toml"
    path.write_text(SOURCE, encoding="utf-8")

    data = read_config(path, {"SECRET": "s3cret", "USER_NAME": ""}).data

    assert data.source == "postgresql://sales:s3cret@db/"
    assert data.missing == ("x",)


def test_a_variable_that_is_not_set_is_named_and_no_other_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "leadml.toml"
    path.write_text(SOURCE, encoding="utf-8")

    with pytest.raises(ConfigError, match="the environment variable SECRET, which is not set"):
        read_config(path, {"OTHER": "s3cret"})


# The resolved tree.


def test_the_resolved_tree_is_plain_data_without_this_machine(tmp_path: Path) -> None:
    config = dataclasses.replace(Config(), folder=tmp_path)

    assert "folder" not in as_dict(config)
    assert str(tmp_path) not in json.dumps(as_dict(config))


def test_the_resolved_tree_reads_back_as_the_same_configuration() -> None:
    config = parse_config(
        {
            "data": {"source": "x", "missing": ["", "?"], "bad_rows": "set_aside"},
            "columns": {"leads": {"lead_id": "id"}},
            "attributes": {"exclude": ["email"]},
            "events": {"view": {"one": "a view", "many": "views", "kind": "intent"}},
            "label": {"won": ["yes"], "lost": []},
            "examples": {"after_days": [0, 7], "every": "month"},
            "training": {"seed": 3},
            "policy": {
                "kind": "b2c",
                "sql_probability": 0.4,
                "urgent_minutes": {"view": 15},
                "rules": [{"stage": "mql", "engagement": 1, "intent_days": 7, "intent": ["view"]}],
                "without": ["pql"],
                "blocks": [{"name": "tiny", "who": {"attribute": "employees", "at_most": 3}}],
            },
        }
    )
    tree = json.loads(json.dumps(as_dict(config)))
    assert tree["data"].pop("end") is None
    assert tree.pop("capacity") is None

    assert parse_config(tree) == config


def test_the_defaults_read_back_to_the_byte() -> None:
    text = json.dumps(as_dict(parse_config({})))
    assert json.dumps(as_dict(parse_config(without_nothing(json.loads(text))))) == text


def test_a_moment_in_the_resolved_tree_is_iso_text() -> None:
    config = parse_config({"data": {"end": datetime(2026, 7, 1, tzinfo=UTC)}})

    assert as_dict(config)["data"]["end"] == "2026-07-01T00:00:00+00:00"
