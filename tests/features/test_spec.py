"""Do names, labels and sentences say what a feature measures, whatever its value?"""

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.spec import (
    VOCABULARY,
    Feature,
    Noun,
    active_days,
    age,
    category,
    count,
    days_since_last,
    decayed_count,
    encode_levels,
    number,
    say_number,
    total,
)
from leadml.errors import LeadmlError, ModelError
from leadml.timeline import Window

VIEWS = Noun(
    "pricing_page_view",
    ("pricing_page_view",),
    "pricing-page view",
    "pricing-page views",
    "engagement",
)
REVENUE = Noun("annual_revenue", ("annual_revenue",), "annual revenue", "annual revenue", "fit")
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
EVER, DAY, WEEK = Window(None), Window(1), Window(7)
MISSING = math.nan

EACH = (
    *count(VIEWS, EVER, DAY, WEEK),
    *total(VIEWS, WEEK),
    *active_days(VIEWS, WEEK),
    *days_since_last(VIEWS),
    *decayed_count(VIEWS, half_life_days=14.0),
    *age(),
    *number(REVENUE),
    *category(INDUSTRY, ("Software", "Retail")),
)
"""At least one feature of every word of the vocabulary."""


def test_every_word_of_the_vocabulary_is_tried_here() -> None:
    assert {feature.operation for feature in EACH} == set(VOCABULARY)


def test_names_and_labels_derive_from_operation_noun_and_window() -> None:
    assert [(feature.name, feature.label) for feature in EACH] == [
        ("pricing_page_view_count_ever", "pricing-page views so far"),
        ("pricing_page_view_count_1d", "pricing-page views in the last day"),
        ("pricing_page_view_count_7d", "pricing-page views in the last 7 days"),
        (
            "pricing_page_view_total_7d",
            "sum of the values of pricing-page views in the last 7 days",
        ),
        ("pricing_page_view_active_days_7d", "days with pricing-page views in the last 7 days"),
        ("pricing_page_view_days_since_last", "days since the last pricing-page view"),
        ("pricing_page_view_decayed_14d", "pricing-page views, fading by half every 14 days"),
        ("age_days", "days since the lead came"),
        ("annual_revenue", "annual revenue"),
        ("industry", "industry"),
    ]


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        (count(VIEWS, WEEK), 0.0, "no pricing-page views in the last 7 days"),
        (count(VIEWS, WEEK), 1.0, "1 pricing-page view in the last 7 days"),
        (count(VIEWS, WEEK), 3.0, "3 pricing-page views in the last 7 days"),
        (count(VIEWS, DAY), 2.0, "2 pricing-page views in the last day"),
        (count(VIEWS, EVER), 0.0, "no pricing-page views so far"),
        (count(VIEWS, EVER), 12_345.0, "12,345 pricing-page views so far"),
        (total(VIEWS, WEEK), 0.0, "values of pricing-page views add up to 0 in the last 7 days"),
        (total(VIEWS, WEEK), 2.25, "values of pricing-page views add up to 2.2 in the last 7 days"),
        (
            total(VIEWS, EVER),
            1_234_567.8,
            "values of pricing-page views add up to 1,234,568 so far",
        ),
        (active_days(VIEWS, WEEK), 0.0, "no day with pricing-page views in the last 7 days"),
        (active_days(VIEWS, WEEK), 1.0, "pricing-page views on 1 day in the last 7 days"),
        (active_days(VIEWS, WEEK), 5.0, "pricing-page views on 5 days in the last 7 days"),
        (active_days(VIEWS, EVER), 1_000.0, "pricing-page views on 1,000 days so far"),
        (days_since_last(VIEWS), MISSING, "no pricing-page view yet"),
        (days_since_last(VIEWS), 1e-9, "last pricing-page view less than a day ago"),
        (days_since_last(VIEWS), 0.999, "last pricing-page view less than a day ago"),
        (days_since_last(VIEWS), 1.0, "last pricing-page view 1 day ago"),
        (days_since_last(VIEWS), 1.99, "last pricing-page view 1 day ago"),
        (days_since_last(VIEWS), 2.0, "last pricing-page view 2 days ago"),
        (days_since_last(VIEWS), 3_650.0, "last pricing-page view 3,650 days ago"),
        (decayed_count(VIEWS, half_life_days=14.0), 0.0, "no recent pricing-page views"),
        (decayed_count(VIEWS, half_life_days=14.0), 0.0499, "no recent pricing-page views"),
        (
            decayed_count(VIEWS, half_life_days=14.0),
            2.345,
            "pricing-page views lately weigh 2.3, older ones fading by half every 14 days",
        ),
        (
            decayed_count(VIEWS, half_life_days=2.5),
            1_234.5,
            "pricing-page views lately weigh 1,234.5, older ones fading by half every 2.5 days",
        ),
        (age(), 0.0, "came less than a day ago"),
        (age(), 1.5, "came 1 day ago"),
        (age(), 365.0, "came 365 days ago"),
        (number(REVENUE), MISSING, "annual revenue not known"),
        (number(REVENUE), 0.0, "annual revenue: 0"),
        (number(REVENUE), -1.5, "annual revenue: -1.5"),
        (number(REVENUE), 12_500_000.4, "annual revenue: 12,500,000"),
        (category(INDUSTRY, ("Software", "Retail")), MISSING, "industry not known"),
        (category(INDUSTRY, ("Software", "Retail")), 0.0, "industry: Software"),
        (category(INDUSTRY, ("Software", "Retail")), 1.0, "industry: Retail"),
        (category(INDUSTRY, ("Software", "Retail")), 2.0, "industry: a rare or new value"),
        (category(INDUSTRY), 0.0, "industry: a rare or new value"),
    ],
)
def test_sentences_are_right_for(feature: tuple[Feature, ...], value: float, sentence: str) -> None:
    assert feature[0].describe(value) == sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (2.345, "2.3"), (99.5, "99.5"), (100.5, "100"), (-1234.0, "-1,234")],
)
def test_numbers_are_written_as_a_person_writes_them(value: float, text: str) -> None:
    assert say_number(value) == text


@given(st.floats(min_value=0.1, max_value=10_000, allow_nan=False))
def test_a_name_is_a_slug_whatever_the_half_life(half_life_days: float) -> None:
    (feature,) = decayed_count(VIEWS, half_life_days=half_life_days)
    assert re.fullmatch(r"[a-z0-9_]+", feature.name), feature.name


@given(st.integers(1, 20_000))
def test_a_name_is_a_slug_whatever_the_window(days: int) -> None:
    names = [f.name for word in (count, total, active_days) for f in word(VIEWS, Window(days))]
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names), names


@pytest.mark.parametrize("feature", EACH, ids=lambda feature: feature.name)
def test_a_feature_survives_the_way_through_json(feature: Feature) -> None:
    assert Feature.from_json(feature.to_json()) == feature


@pytest.mark.parametrize(
    "change",
    [{"window": Window(8)}, {"half_life_days": 3.0}, {"levels": ("x",)}, {"noun": REVENUE}],
)
def test_json_keeps_what_tells_two_features_apart(change: dict[str, object]) -> None:
    one = EACH[2]
    other = dataclasses.replace(one, **change)  # type: ignore[arg-type]
    assert one.to_json() != other.to_json()
    assert Feature.from_json(other.to_json()) == other


def test_an_operation_this_build_does_not_know_is_refused() -> None:
    data = EACH[0].to_json() | {"operation": "median"}
    with pytest.raises(ModelError, match=r"one of count, total.*got 'median'.*that trained") as got:
        Feature.from_json(data)
    assert isinstance(got.value, LeadmlError)


def test_only_categories_are_categories() -> None:
    assert [feature.operation for feature in EACH if feature.is_category] == ["category"]


def test_missing_rare_and_never_seen_levels_have_their_own_codes() -> None:
    text = pd.Series(["Retail", "Software", None, "Mining", "retail", ""], dtype="str")
    codes = encode_levels(text, ("Software", "Retail"))
    assert np.array_equal(codes, [1, 0, np.nan, 2, 2, 2], equal_nan=True)


def test_without_levels_everything_known_is_other() -> None:
    codes = encode_levels(pd.Series(["a", None], dtype="str"), ())
    assert np.array_equal(codes, [0, np.nan], equal_nan=True)
