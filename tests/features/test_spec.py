"""Do names, labels and sentences say what a feature measures, whatever its value?"""

import dataclasses
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import sentences as say
from features.engagement import ACCOUNT, LEAD
from features.feature import EVER, Feature
from features.nouns import Noun, any_noun, event_noun, kind_noun
from features.spec import VOCABULARY, read_feature
from leadml.errors import LeadmlError, ModelError
from leadml.events import EventType
from leadml.timeline import Window
from tests.features.worlds import QUICK, feature

EVENTS = {
    "pricing_page_view": EventType("pricing-page view", "pricing-page views"),
    "demo": EventType("demo request", "demo requests", "intent"),
    "quote": EventType("quote request", "quote requests", "intent"),
    "bounce": EventType("bounced email", "bounced emails", "negative"),
}
VIEWS = event_noun("pricing_page_view", EVENTS["pricing_page_view"])
BOUNCES = event_noun("bounce", EVENTS["bounce"])
NOUNS = (VIEWS, event_noun("demo", EVENTS["demo"]), BOUNCES, kind_noun("intent", EVENTS))
ANY = any_noun(EVENTS)
REVENUE = Noun("annual_revenue", ("annual_revenue",), "annual revenue", "annual revenue", "fit")
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
RECORD = Noun("record", ("industry", "annual_revenue"), "record", "records", "fit")
DAY, WEEK = Window(1), Window(7)
KEYS = tuple(EVENTS)
CALLED = tuple(event.one for event in EVENTS.values())
MISSING = math.nan

GIVEN: dict[str, dict[str, Any]] = {
    "sessions": {"gap_minutes": 30.0},
    "share": {"among": KEYS},
    "order_of_first": {"among": KEYS},
    "off_hours_share": {"zone": "Europe/Amsterdam"},
    "weekend_share": {"zone": "Europe/Amsterdam"},
    "decayed_count": {"half_life_days": 14.0},
    "decayed_total": {"half_life_days": 2.5},
    "band": {"edges": (1e6,), "levels": ("up to 1,000,000", "over 1,000,000")},
    "ordered": {"levels": ("small", "large")},
    "category": {"levels": ("Software", "Retail")},
    "country": {"levels": ("Netherlands", "Germany")},
    "region": {"levels": ("Western Europe",)},
    "domain_kind": {"levels": ("company", "free mail")},
    "last_event": {"levels": CALLED},
    "event_before": {"levels": CALLED},
    "seniority": {"levels": ("junior", "senior")},
    "job_function": {"levels": ("sales", "IT")},
}


def asked(word: str, noun: Noun = VIEWS, window: Window = EVER, **given: Any) -> Feature:
    return feature(word, noun, window, **GIVEN.get(word, {}) | given)


def every_feature() -> list[Feature]:
    made = [asked("tenure", LEAD), asked("tenure", ACCOUNT), asked("completeness", RECORD)]
    for word in VOCABULARY.values():
        if not word.of_events:
            noun = REVENUE if word.name in {"number", "band"} else INDUSTRY
            made += [asked(word.name, noun)] if word.name != "completeness" else []
            continue
        nouns = (ANY, NOUNS[3]) if word.needs == "several" else NOUNS
        windows = (EVER, DAY, WEEK) if word.windowed else (EVER,)
        windows = (WEEK,) if word.needs == "window" else windows
        for noun in (*nouns, *(noun.at_account() for noun in nouns)):
            called = tuple(EVENTS[key].one for key in noun.keys)
            levels = {"levels": called} if word.is_category else {}
            if word.name != "tenure":
                made += [asked(word.name, noun, window, **levels) for window in windows]
    return made


EACH = every_feature()
"""Every word of the vocabulary, of leads and accounts, over every kind of window."""


def possible(made: Feature) -> list[float]:
    """Values a feature can take, its empty one among them."""
    if made.levels:
        last = float(len(made.levels) - 1)
        return [MISSING, 0.0, last, *([] if made.word.of_events else [last + 1])]
    if "share" in made.word.name or made.word.name == "completeness":
        return [made.word.empty, 0.0, 0.004, 0.25, 1.0]
    values = {"trend": [0.0, 1.0, -1.0, -2.0, 1e6], "order_of_first": [MISSING, 1.0, 3.0, 1e6]}
    whole = made.word.name in {"count", "active_days", "sessions"}
    return values.get(made.word.name, [made.word.empty, 0.0, 1.0, *([] if whole else [2.5]), 1e6])


def test_every_word_of_the_vocabulary_is_tried_here() -> None:
    assert {made.word.name for made in EACH} == set(VOCABULARY)
    assert all(name == word.name for name, word in VOCABULARY.items())


# --- all words ------------------------------------------------------------------------------------


def test_names_are_unique_slugs() -> None:
    names = [made.name for made in EACH]
    assert len(set(names)) == len(names) - 2  # ordered, category, country: one reading each
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name) for name in names), names


@pytest.mark.parametrize("made", EACH, ids=lambda made: made.name)
def test_no_label_and_no_sentence_shows_how_it_was_made(made: Feature) -> None:
    for text in (made.label, *(made.describe(value) for value in possible(made))):
        assert not re.search(r"\bnan\b|None|inf\b|  |_|[{}\[\]<>]", text), text
        assert text == text.strip()
        assert text


@pytest.mark.parametrize("made", EACH, ids=lambda made: made.name)
def test_one_is_said_of_one_and_many_of_more(made: Feature) -> None:
    one, many = re.escape(made.noun.one), re.escape(made.noun.many)
    for value in possible(made):
        text = made.describe(value)
        if one != many:
            assert not re.search(rf"(?<![\d.,])1 (more |fewer )?{many}", text), text
            assert not re.search(rf"([02-9]|\d\d) (more |fewer )?{one}(?!s)\b", text), text
        assert not re.search(r"(?<![\d.,])1 (days|sessions)\b|([02-9]|\d\d) (day|session)\b", text)


@pytest.mark.parametrize("made", EACH, ids=lambda made: made.name)
def test_a_feature_survives_the_way_through_json(made: Feature) -> None:
    assert read_feature(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize("made", EACH, ids=lambda made: made.name)
def test_the_account_is_named_where_the_account_is_meant(made: Feature) -> None:
    of_account = made.noun.scope == "account"
    assert made.name.startswith("account_") == of_account
    for text in (made.label, *(made.describe(value) for value in possible(made))):
        assert ("account" in text) == of_account or text.startswith("no events to"), text


def test_more_of_what_speaks_against_a_lead_speaks_against_it() -> None:
    directions = {
        word: (asked(word).direction, asked(word, BOUNCES).direction)
        for word, meaning in VOCABULARY.items()
        if meaning.sign
    }
    assert directions == {
        "count": (1, -1),
        "active_days": (1, -1),
        "sessions": (1, -1),
        "decayed_count": (1, -1),
        "days_since_last": (-1, 1),
    }
    assert asked("total").direction == asked("total", BOUNCES).direction == 0
    assert asked("number", REVENUE).direction == 0


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "name", "label"),
    [
        (asked("count"), "pricing_page_view_count_ever", "pricing-page views so far"),
        (
            asked("count", window=DAY),
            "pricing_page_view_count_1d",
            "pricing-page views in the last day",
        ),
        (
            asked("count", VIEWS.at_account(), WEEK),
            "account_pricing_page_view_count_7d",
            "pricing-page views at the account in the last 7 days",
        ),
        (
            asked("total", window=WEEK),
            "pricing_page_view_total_7d",
            "sum of the values of pricing-page views in the last 7 days",
        ),
        (
            asked("active_days", window=WEEK),
            "pricing_page_view_active_days_7d",
            "days with pricing-page views in the last 7 days",
        ),
        (
            asked("days_since_last"),
            "pricing_page_view_days_since_last",
            "days since the last pricing-page view",
        ),
        (
            asked("decayed_count"),
            "pricing_page_view_decayed_14d",
            "pricing-page views, fading by half every 14 days",
        ),
        (
            asked("decayed_total"),
            "pricing_page_view_decayed_total_2_5d",
            "sum of the values of pricing-page views, fading by half every 2.5 days",
        ),
        (asked("last_event", ANY), "any_event_last", "type of the last event"),
        (
            asked("event_before", ANY),
            "any_event_before_last",
            "type of the event before the last",
        ),
        (asked("tenure", LEAD), "tenure_days", "days since the lead came"),
        (
            asked("tenure", ACCOUNT),
            "account_tenure_days",
            "days since the account's first lead came",
        ),
        (asked("number", REVENUE), "annual_revenue", "annual revenue"),
        (asked("band", REVENUE), "annual_revenue_band", "annual revenue"),
        (asked("category", INDUSTRY), "industry", "industry"),
        (
            asked("completeness", RECORD),
            "record_completeness",
            "how much of the record is filled in",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Feature) else "",
)
def test_names_and_labels_derive_from_word_noun_and_window(
    made: Feature, name: str, label: str
) -> None:
    assert (made.name, made.label) == (name, label)


def of_views(text: str) -> str:
    """``V`` and ``Vs`` stand for the views, ``W`` for the week."""
    text = re.sub(r"\bV(?=s?\b)", "pricing-page view", text)
    return re.sub(r"\bW\b", "in the last 7 days", text)


@pytest.mark.parametrize(
    ("word", "window", "value", "sentence"),
    [
        ("count", WEEK, 0.0, "no Vs W"),
        ("count", WEEK, 1.0, "1 V W"),
        ("count", WEEK, 3.0, "3 Vs W"),
        ("count", DAY, 2.0, "2 Vs in the last day"),
        ("count", EVER, 0.0, "no Vs so far"),
        ("count", EVER, 12_345.0, "12,345 Vs so far"),
        ("total", WEEK, 0.0, "no value of Vs W"),
        ("total", WEEK, 2.25, "values of Vs add up to 2.2 W"),
        ("total", EVER, 1_234_567.8, "values of Vs add up to 1,234,568 so far"),
        ("mean", WEEK, MISSING, "no value of Vs W"),
        ("mean", WEEK, 2.5, "mean value of Vs is 2.5 W"),
        ("maximum", EVER, -3.0, "greatest value of Vs is -3 so far"),
        ("active_days", WEEK, 0.0, "no day with Vs W"),
        ("active_days", WEEK, 1.0, "Vs on 1 day W"),
        ("active_days", EVER, 1_000.0, "Vs on 1,000 days so far"),
        ("sessions", WEEK, 0.0, "no session with Vs W"),
        ("sessions", WEEK, 1.0, "Vs in 1 session W"),
        ("sessions", WEEK, 5.0, "Vs in 5 sessions W"),
        ("share", WEEK, 0.25, "25 % of events W were Vs"),
        ("trend", WEEK, 0.0, "as many Vs W as before"),
        ("trend", WEEK, 1.0, "1 more V W than in the 7 days before"),
        ("trend", WEEK, -2.0, "2 fewer Vs W than in the 7 days before"),
        ("off_hours_share", EVER, 0.5, "50 % of Vs so far came outside office hours"),
        ("weekend_share", WEEK, 1.0, "100 % of Vs W came at the weekend"),
        ("days_since_last", EVER, MISSING, "no V yet"),
        ("days_since_last", EVER, 1e-9, "last V less than a day ago"),
        ("days_since_last", EVER, 0.999, "last V less than a day ago"),
        ("days_since_last", EVER, 1.0, "last V 1 day ago"),
        ("days_since_last", EVER, 1.99, "last V 1 day ago"),
        ("days_since_last", EVER, 2.0, "last V 2 days ago"),
        ("days_since_last", EVER, 3_650.0, "last V 3,650 days ago"),
        ("days_since_first", EVER, 2.0, "first V 2 days ago"),
        ("decayed_count", EVER, 0.0, "no recent Vs"),
        ("decayed_count", EVER, 0.0499, "no recent Vs"),
        (
            "decayed_count",
            EVER,
            2.345,
            "Vs lately weigh 2.3, older ones fading by half every 14 days",
        ),
        (
            "decayed_total",
            EVER,
            1_234.5,
            "values of Vs lately add up to 1,234, older ones fading by half every 2.5 days",
        ),
        ("order_of_first", EVER, MISSING, "no V yet"),
        ("order_of_first", EVER, 1.0, "the first V was the 1st of all events"),
        ("order_of_first", EVER, 22.0, "the first V was the 22nd of all events"),
    ],
)
def test_sentences_of_events_are_right_for(
    word: str, window: Window, value: float, sentence: str
) -> None:
    assert asked(word, VIEWS, window).describe(value) == of_views(sentence)


@pytest.mark.parametrize(
    ("made", "value", "sentence"),
    [
        (asked("last_event", ANY), MISSING, "no event yet"),
        (asked("event_before", ANY), MISSING, "fewer than two events so far"),
        (asked("last_event", ANY), 0.0, "last event: pricing-page view"),
        (asked("event_before", ANY), 1.0, "event before the last: demo request"),
        (asked("tenure", LEAD), 0.0, "the lead came less than a day ago"),
        (asked("tenure", LEAD), 365.0, "the lead came 365 days ago"),
        (asked("tenure", ACCOUNT), 1.5, "the account's first lead came 1 day ago"),
        (asked("number", REVENUE), MISSING, "annual revenue not known"),
        (asked("number", REVENUE), 0.0, "annual revenue: 0"),
        (asked("number", REVENUE), -1.5, "annual revenue: -1.5"),
        (asked("number", REVENUE), 12_500_000.4, "annual revenue: 12,500,000"),
        (asked("band", REVENUE), 1.0, "annual revenue: over 1,000,000"),
        (asked("ordered", INDUSTRY), -1.0, "industry: a rare or new value"),
        (asked("ordered", INDUSTRY), 1.0, "industry: large"),
        (asked("category", INDUSTRY), MISSING, "industry not known"),
        (asked("category", INDUSTRY), 0.0, "industry: Software"),
        (asked("category", INDUSTRY), 1.0, "industry: Retail"),
        (asked("category", INDUSTRY), 2.0, "industry: a rare or new value"),
        (asked("category", INDUSTRY, levels=()), 0.0, "industry: a rare or new value"),
        (asked("completeness", RECORD), 0.5, "50 % of the record is filled in"),
    ],
    ids=lambda part: part.name if isinstance(part, Feature) else str(part),
)
def test_sentences_of_records_are_right_for(made: Feature, value: float, sentence: str) -> None:
    assert made.describe(value) == sentence


def test_a_type_of_event_that_training_did_not_know_has_a_sentence() -> None:
    """A table of features that is read back may say "(other)"."""
    assert asked("last_event", ANY).describe(4.0) == "last event: of another kind"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (2.345, "2.3"), (99.5, "99.5"), (100.5, "100"), (-1234.0, "-1,234")],
)
def test_numbers_are_written_as_a_person_writes_them(value: float, text: str) -> None:
    assert say.number(value) == text


def test_a_trend_over_one_day_is_said_of_one_day() -> None:
    said = asked("trend", VIEWS, DAY).describe(2.0)
    assert said == "2 more pricing-page views in the last day than in the day before"


@pytest.mark.parametrize("value", [0.04, -0.04, 99.96])
def test_a_number_is_never_written_as_if_it_were_whole(value: float) -> None:
    assert not say.number(value).endswith(".0")


@QUICK
@given(st.floats(min_value=0.1, max_value=10_000, allow_nan=False))
def test_a_name_is_a_slug_whatever_the_half_life(half_life_days: float) -> None:
    for word in ("decayed_count", "decayed_total"):
        name = asked(word, half_life_days=half_life_days).name
        assert re.fullmatch(r"[a-z0-9_]+", name), name


@QUICK
@given(st.integers(1, 20_000))
def test_a_name_is_a_slug_whatever_the_window(days: int) -> None:
    windowed = [name for name, word in VOCABULARY.items() if word.windowed]
    names = [asked(word, VIEWS, Window(days)).name for word in windowed]
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names), names


# --- as data --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"window": Window(8)},
        {"half_life_days": 3.0},
        {"gap_minutes": 3.0},
        {"zone": "UTC"},
        {"among": ("x",)},
        {"edges": (1.0, 2.0)},
        {"levels": ("x",)},
        {"noun": REVENUE},
        {"noun": VIEWS.at_account()},
        {"word": VOCABULARY["total"]},
    ],
)
def test_json_keeps_what_tells_two_features_apart(change: dict[str, Any]) -> None:
    one = asked("count", VIEWS, WEEK)
    other = dataclasses.replace(one, **change)
    assert one.to_json() != other.to_json()
    assert read_feature(json.loads(json.dumps(other.to_json()))) == other


def test_a_word_this_build_does_not_know_is_refused() -> None:
    data = asked("count").to_json() | {"word": "median"}
    with pytest.raises(ModelError, match=r"one of .*count.*total.*got 'median'.*trained") as got:
        read_feature(data)
    assert isinstance(got.value, LeadmlError)


def test_only_categories_are_categories() -> None:
    assert {name for name, word in VOCABULARY.items() if word.is_category} == {
        *(
            "last_event",
            "event_before",
            "category",
            "country",
            "region",
            "domain_kind",
            "job_function",
        )
    }
    assert {name for name, word in VOCABULARY.items() if word.learns} == {
        *("category", "country", "region")
    }
