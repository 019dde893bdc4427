"""Does the configuration make the features it names, and none that say nothing?"""

from collections.abc import Collection
from dataclasses import replace

import pytest

from features.engagement import declare_engagement, evidence
from features.feature import Feature
from features.nouns import Noun, any_noun, event_noun, kind_noun, whole_of
from features.spec import VOCABULARY
from leadml.config import Features, parse_config
from leadml.errors import ConfigError
from leadml.events import EventType
from leadml.timeline import Window

EVENTS = {
    "view": EventType("view", "views"),
    "click": EventType("click", "clicks"),
    "Demo Request": EventType("demo request", "demo requests", "intent"),
}
WINDOWS = (30, 7, 30)


def declared(
    *,
    with_values: Collection[str] = (),
    windows: tuple[int, ...] = WINDOWS,
    **words: tuple[str, ...],
) -> tuple[Feature, ...]:
    given = {"per_event": (), "per_kind": (), "overall": ()} | words
    settings = Features(**given, windows_days=windows)  # type: ignore[arg-type]
    return declare_engagement(EVENTS, settings, with_values=with_values)


def names(made: tuple[Feature, ...]) -> list[str]:
    return [feature.name for feature in made]


def test_a_word_is_asked_over_all_of_the_past_and_every_window_once() -> None:
    assert names(declared(overall=("count",))) == [
        "any_event_count_ever",
        "any_event_count_7d",
        "any_event_count_30d",
    ]
    assert names(declared(overall=("trend",))) == ["any_event_trend_7d", "any_event_trend_30d"]
    assert names(declared(overall=("count",), windows=())) == ["any_event_count_ever"]


def test_words_are_asked_of_every_event_every_kind_of_several_and_all() -> None:
    assert names(declared(per_event=("days_since_last",))) == [
        "view_days_since_last",
        "click_days_since_last",
        "demo_request_days_since_last",
    ]
    # one type of intent is its own sum
    assert names(declared(per_kind=("days_since_last",))) == ["any_engagement_days_since_last"]
    assert names(declared(overall=("days_since_last",))) == ["any_event_days_since_last"]


def test_an_account_word_is_asked_of_the_account() -> None:
    (made,) = declared(overall=("account_days_since_last",))
    assert made.name == "account_any_event_days_since_last"
    assert made.noun.scope == "account"
    assert made.label == "days since the last event at the account"


def test_words_of_values_are_asked_of_events_with_values_only() -> None:
    for word in ("total", "mean", "maximum", "decayed_total"):
        assert declared(per_event=(word,)) == ()
        made = declared(per_event=(word,), with_values={"click"})
        assert {feature.noun.name for feature in made} == {"click"}
        # all events together have values where one of them has
        assert declared(overall=(word,), with_values={"click"})


def test_the_last_type_is_asked_of_several_types_only() -> None:
    assert declared(per_event=("last_event", "event_before")) == ()
    (made,) = declared(per_kind=("last_event",))
    assert made.levels == (EVENTS["view"].one, EVENTS["click"].one)
    assert made.is_category


def test_tenure_is_asked_once_of_the_lead_and_once_of_the_account() -> None:
    once = ("tenure",)
    assert names(declared(per_event=once, per_kind=once, overall=once)) == ["tenure_days"]
    assert names(declared(overall=("tenure", "account_tenure"))) == [
        "tenure_days",
        "account_tenure_days",
    ]


def test_a_word_named_twice_makes_one_feature() -> None:
    assert len(declared(overall=("days_since_last", "days_since_last"))) == 1


def test_settings_reach_the_words_they_are_of_and_no_other() -> None:
    words = tuple(name for name, word in VOCABULARY.items() if word.of_events)
    settings = Features(
        per_event=(),
        per_kind=(),
        overall=words,
        half_life_days=3.0,
        session_gap_minutes=45.0,
        timezone="Europe/Amsterdam",
    )
    settings = replace(settings, per_event=("share", "order_of_first"))
    made = declare_engagement(EVENTS, settings, with_values={"view"})
    assert {feature.word.name for feature in made} == set(words)
    for field, users, value in (
        ("half_life_days", {"decayed_count", "decayed_total"}, 3.0),
        ("gap_minutes", {"sessions"}, 45.0),
        ("zone", {"off_hours_share", "weekend_share"}, "Europe/Amsterdam"),
        ("among", {"share", "order_of_first"}, tuple(EVENTS)),
    ):
        for feature in made:
            given = getattr(feature, field)
            assert bool(given) == (feature.word.name in users)
            assert given in (value, 0.0, "", ())


def test_a_word_that_does_not_exist_is_refused_with_the_nearest_and_all() -> None:
    with pytest.raises(ConfigError) as caught:
        declared(overall=("cuont",))
    assert "got 'cuont'. Did you mean 'count'? There are: count, total" in str(caught.value)
    with pytest.raises(ConfigError, match="got 'median'"):
        declared(overall=("account_median",))


@pytest.mark.parametrize("word", ["number", "category", "completeness"])
def test_a_word_of_attributes_is_refused_for_events(word: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[features\] must name .* got '{word}'"):
        declared(overall=(word,))


@pytest.mark.parametrize("days", [0, -7, 40_000])
def test_a_window_out_of_range_is_refused(days: int) -> None:
    with pytest.raises(ConfigError, match=r"features\.windows_days must be 1 to 36,500 days"):
        parse_config({"features": {"windows_days": [7, days]}})


@pytest.mark.parametrize("setting", ["half_life_days", "session_gap_minutes"])
def test_what_must_be_above_zero_is_refused_at_zero(setting: str) -> None:
    with pytest.raises(ConfigError, match=rf"features\.{setting} must be above 0"):
        parse_config({"features": {setting: 0}})


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="'Europe/Atlantis'"):
        parse_config({"features": {"timezone": "Europe/Atlantis"}})


def test_without_events_only_the_lead_itself_is_asked_of() -> None:
    settings = Features(overall=("count", "tenure"))
    assert names(declare_engagement({}, settings)) == ["tenure_days"]


def test_the_policy_asks_for_every_kind_even_where_no_event_is_of_it() -> None:
    asked = evidence({"demo": EventType("demo request", "demo requests", "intent")})
    assert set(asked) == {"engagement", "intent", "product", "service", "negative"}
    assert asked["intent"].noun.keys == ("demo",)
    assert asked["negative"].noun.keys == ()


def test_the_policy_asks_for_the_events_it_names_beside_their_kinds() -> None:
    asked = evidence(EVENTS, ["Demo Request"])
    assert list(asked)[-1] == "Demo Request"
    assert asked["Demo Request"].noun.keys == ("Demo Request",)
    assert asked["Demo Request"].name == "policy_demo_request_days_since_last"
    assert "Demo Request" in asked["intent"].noun.keys


# --- nouns ----------------------------------------------------------------------------------------


def test_a_noun_carries_the_words_and_the_evidence_of_its_events() -> None:
    demo = event_noun("Demo Request", EVENTS["Demo Request"])
    assert demo == Noun(
        "demo_request", ("Demo Request",), "demo request", "demo requests", "intent"
    )
    kind = kind_noun("engagement", EVENTS)
    assert (kind.keys, kind.many, kind.group) == (("view", "click"), "activities", "engagement")
    assert kind_noun("negative", EVENTS).keys == ()
    assert any_noun(EVENTS).keys == tuple(EVENTS)


def test_the_whole_of_a_share_is_looked_for_where_its_part_is() -> None:
    demo = event_noun("Demo Request", EVENTS["Demo Request"])
    assert whole_of(demo, ("a", "b")).scope == "lead"
    assert whole_of(demo.at_account(), ("a", "b")).scope == "account"
    assert whole_of(demo, ("a", "b")).keys == ("a", "b")
    assert Window(7).days == 7
