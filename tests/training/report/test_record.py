"""What is on record of a model: enough to answer for it, and no secret."""

from leadml.config import Config, as_dict, parse_config
from tests.training.report.judged import judged_card
from tests.training.report.rendered import HOSTILE, render, tags_of, text_of
from training.limits import limits_of, out_of_scope, shorter_horizons
from training.report.record import SETTINGS, read_record

ORIGIN = {"code": "c" * 64, "commit": "abc123"}


def text(card: dict, **given) -> str:
    return text_of(render(card, "record", record=read_record(card, version="3", **given)))


def test_what_it_was_made_from_is_on_record() -> None:
    said = text(judged_card(), origin=ORIGIN, run_id="0123")
    assert "Model lead-scorer, version 3" in said
    assert "5,000 leads, 12,345 events; 4,000 examples with a known outcome, 700 wins" in said
    assert "Data from 2 January 2025 Data until 1 July 2026" in said
    assert "f" * 64 in said
    assert "c" * 64 in said
    assert "Packages python 3.11.7" in said
    assert "leadml train --from-run 0123" in said
    assert "Learning 2 January 2025 30 September 2025 3,000 3,000 450" in said
    assert "logistic regression chosen 0.310 0.0123 (± 0.0021)" in said


def test_what_is_not_at_hand_is_left_out() -> None:
    said = text(judged_card(trials=[]))
    assert "Commit" not in said
    assert "To make it again" not in said
    assert "Every recipe that was tried" not in said


def test_data_without_dates_show_no_date() -> None:
    said = text(judged_card(clock="none"))
    assert "2025" not in said
    assert "Data until" not in said
    assert "No dates: the parts are told by their order or by chance" in said
    assert "The tables have no dates" in said


def test_the_settings_that_decide_are_shown_and_no_secret() -> None:
    html = render(judged_card(), "record", record=read_record(judged_card(), version="3"))
    assert "hunter2" not in html
    said = text_of(html)
    assert "Columns kept out by a person attributes.exclude phone" in said
    assert "Days within which it must come label.horizon_days 90" in said
    assert "Intent events events demos" in said


def test_every_setting_shown_exists() -> None:
    tree = as_dict(parse_config({"capacity": {"people": 2.0, "conversations_per_week": 10.0}}))
    for setting in SETTINGS:
        section, key = setting.split(".")
        assert key in tree[section], setting


def test_the_settings_of_a_real_configuration_can_be_shown(config: Config) -> None:
    card = judged_card(config=as_dict(config))
    facts = {fact.setting: fact.value for fact in read_record(card, version="3").settings}
    assert facts["features.windows_days"] == "7, 30, 90"
    assert "capacity.people" not in facts
    assert "attributes.allow" not in facts


def test_long_lists_and_long_names_are_cut() -> None:
    many = [f"c{k}" for k in range(20)]
    config = judged_card()["config"] | {"attributes": {"exclude": many, "allow": ["x" * 200]}}
    facts = {
        f.setting: f.value for f in read_record(judged_card(config=config), version="3").settings
    }
    assert facts["attributes.exclude"].endswith("c11 and 8 more")
    assert facts["attributes.allow"] == "x" * 59 + "…"


def test_limits_are_told_where_there_are_any() -> None:
    card = judged_card()
    assert limits_of(card) == [
        "321 examples are too young for their outcome to be known: they taught it nothing."
    ]
    card["data"]["immature"] = 1
    assert limits_of(card)[0].startswith("1 example is too young for its outcome to be known: it")
    card["data"]["immature"] = 0
    assert limits_of(card) == []
    assert "None beside what the intervals say." in text(card)
    card["evaluation"]["converted"] = 1
    assert limits_of(card)[0].startswith("Only 1 win to judge it by")
    card["split"][1]["converted"] = 240  # 24 % against 15 %
    assert any("moved from 15.0% in training to 24.0%" in limit for limit in limits_of(card))


def test_shorter_horizons_teach_what_became_known_sooner() -> None:
    card = judged_card()
    card["config"]["label"]["also_days"] = [180, 30, 60]
    assert shorter_horizons(card) == [30, 60]
    assert limits_of(card)[0].endswith("they taught it only what had become known sooner.")


def test_leads_too_old_are_out_of_scope() -> None:
    assert out_of_scope(judged_card(max_age_days=1))[-1].startswith("Leads older than 1 day:")


def test_hostile_texts_are_shown_and_never_run() -> None:
    config = judged_card()["config"] | {"attributes": {"exclude": [HOSTILE], "allow": []}}
    card = judged_card(name=HOSTILE, recipe=HOSTILE, config=config, packages={HOSTILE: HOSTILE})
    html = render(card, "record", record=read_record(card, version=HOSTILE, run_id=HOSTILE))
    assert {"script", "img"}.isdisjoint(tags_of(html))
    assert text_of(html).count("<script>") > 5
