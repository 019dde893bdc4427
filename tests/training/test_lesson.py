"""Does every fit see what its moment knew, each lead and each age counting as it should?"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import Catalog
from features.feature import Feature
from features.spec import VOCABULARY
from leadml.timeline import Window
from tests.training.lessons import (
    CATALOG,
    CITY,
    DAY,
    SINCE,
    START,
    VIEWS,
    another_future,
    examples_of,
    history,
    lesson_of,
    rows_of,
    sample_of,
)
from training.examples import Known, known_at
from training.lesson import Lesson, directions, take


def seen(leads: str, *, lead_weight: float) -> np.ndarray:
    """The weights of examples of leads called by single letters, one a day."""
    as_of = START + pd.to_timedelta(np.arange(len(leads)), unit="D")
    end = START + 100 * DAY
    examples = examples_of(as_of, [pd.NaT] * len(leads), end=end, leads=leads)
    lesson = lesson_of((examples, rows_of(len(leads), seed=0)), lead_weight=lead_weight)
    return lesson.sample(lesson.known(end), end).target(0).weights


# --- weights --------------------------------------------------------------------------------------


def test_a_lead_seen_ten_times_counts_as_one_or_as_ten_by_hand() -> None:
    one, ten = 0, slice(1, None)
    shared = seen("a" + "b" * 10, lead_weight=1.0)
    apart = seen("a" + "b" * 10, lead_weight=0.0)
    between = seen("a" + "b" * 10, lead_weight=0.5)
    assert shared[ten].sum() / shared[one] == pytest.approx(1.0)
    assert apart[ten].sum() / apart[one] == pytest.approx(10.0)
    assert between[ten].sum() / between[one] == pytest.approx(np.sqrt(10))
    for weights in (shared, apart, between):
        assert weights.mean() == pytest.approx(1.0)


def test_a_lead_shares_its_weight_among_those_examples_that_are_known() -> None:
    # The later examples of b are not known yet: it counts as one of two, not one of four.
    as_of = START + pd.to_timedelta([0, 1, 2, 50, 51], unit="D")
    end = START + 100 * DAY
    examples = examples_of(as_of, [pd.NaT] * 5, end=end, leads="abbbb")
    lesson = lesson_of((examples, rows_of(5, seed=0)))
    moment = START + 40 * DAY
    assert lesson.sample(lesson.known(moment), moment).share.tolist() == [1.0, 0.5, 0.5]


def test_an_example_one_half_life_older_counts_half() -> None:
    sample = sample_of(
        np.zeros((3, 1)), np.array([True, False, False]), age_days=np.array([365.0, 185.0, 5.0])
    )
    weights = sample.target(180).weights
    assert weights / weights[-1] == pytest.approx([0.25, 0.5, 1.0])
    assert weights.mean() == pytest.approx(1.0)
    assert sample.target(0).weights.tolist() == [1.0, 1.0, 1.0]


def test_share_and_age_count_together() -> None:
    share, age = np.array([1.0, 0.1]), np.array([60.0, 0.0])
    sample = sample_of(np.zeros((2, 1)), np.array([True, False]), share=share, age_days=age)
    weights = sample.target(60).weights
    assert weights[0] / weights[1] == pytest.approx(5.0)


def test_age_is_counted_to_the_moment_of_the_fit_in_days() -> None:
    as_of = [START, START + 12.25 * DAY]
    examples = examples_of(as_of, [pd.NaT] * 2, end=START + 100 * DAY)
    lesson = lesson_of((examples, rows_of(2, seed=0)))
    for moment in (START + 50 * DAY, (START + 50 * DAY).as_unit("us"), START + 50.5 * DAY):
        sample = lesson.sample(lesson.known(moment), moment)
        expected = [(moment - own) / DAY for own in as_of]
        assert sample.age_days.tolist() == pytest.approx(expected)


# --- what a moment knew ---------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), day=st.integers(35, 120), most=st.sampled_from([0, 50]))
def test_a_sample_is_the_rows_a_moment_knew_and_no_later_outcome_changes_it(
    seed: int, day: int, most: int
) -> None:
    made = history(120, days=120, seed=seed, moments=3)
    moment = START + day * DAY
    lesson = lesson_of(made)
    known = lesson.known(moment, most=most)
    sample = lesson.sample(known, moment)
    everything = known_at(made[0], moment)
    assert np.array_equal(sample.matrix, made[1][known.rows], equal_nan=True)
    assert sample.converted.tolist() == everything.converted[known.rows].tolist()
    assert sample.offset.tolist() == everything.offset[known.rows].tolist()
    assert (sample.age_days >= 10).all(), "no younger than the shortest horizon"
    other = lesson_of((another_future(made[0], moment, seed=seed), made[1]))
    again = other.sample(other.known(moment, most=most), moment)
    for name in ("matrix", "converted", "offset", "age_days", "share"):
        assert getattr(again, name).tobytes() == getattr(sample, name).tobytes()
    assert (again.levels, again.directions) == (sample.levels, sample.directions)


@settings(max_examples=30, deadline=None)
@given(most=st.integers(1, 130), seed=st.integers(0, 99), day=st.integers(35, 120))
def test_no_more_examples_than_asked_are_drawn_in_order_and_by_the_seed(
    most: int, seed: int, day: int
) -> None:
    lesson = lesson_of(history(100, days=120, seed=1), seed=seed)
    moment = START + day * DAY
    everything, drawn = lesson.known(moment), lesson.known(moment, most=most)
    assert len(drawn.rows) == min(most, len(everything.rows))
    assert (np.diff(drawn.rows) > 0).all()
    assert drawn.converted.tolist() == everything.converted[drawn.rows].tolist()
    assert drawn.offset.tolist() == everything.offset[drawn.rows].tolist()
    assert lesson.known(moment, most=most).rows.tolist() == drawn.rows.tolist()
    fewer = lesson.known(moment, most=max(most // 2, 1))
    assert set(fewer.rows) <= set(drawn.rows)


def test_another_seed_draws_others() -> None:
    made = history(100, days=120, seed=1)
    drawn = [lesson_of(made, seed=s).known(made[0].end, most=40).rows.tolist() for s in (0, 1)]
    assert drawn[0] != drawn[1]


def test_what_is_taken_keeps_its_labels() -> None:
    rows = np.arange(6)
    some = take(Known(rows, rows % 2 == 0, rows / 10), np.array([2, 5]))
    assert some.rows.tolist() == [2, 5]
    assert some.converted.tolist() == [True, False]
    assert some.offset.tolist() == [0.2, 0.5]


def test_leads_and_groups_are_those_of_the_examples_that_teach() -> None:
    lesson = lesson_of(history(100, days=60, seed=1, accounts=7))
    n = lesson.examples.teaching
    assert len(lesson.leads) == len(lesson.groups) == len(lesson.matrix) == n < 100
    assert lesson.groups.tolist() == lesson.examples.looked["group"].tolist()[:n]
    assert lesson.leads.tolist() == lesson.examples.looked["lead_id"].tolist()[:n]


# --- directions and levels ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ((), (0, 1, -1, 0)),
        (("view_count_7d",), (0, 0, -1, 0)),
        (("view_days_since_last",), (0, 1, 0, 0)),
        (("view",), (0, 0, 0, 0)),
        (("size", "city"), (0, 1, -1, 0)),
        (("all",), (0, 0, 0, 0)),
        (("unknown", "view_count"), (0, 1, -1, 0)),
    ],
)
def test_directions_are_lifted_by_feature_by_what_it_speaks_of_or_all_at_once(
    free: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    assert directions(CATALOG, free) == expected
    lesson = lesson_of(history(40, days=90, seed=1), unconstrained=free)
    known = lesson.known(lesson.examples.end)
    assert lesson.sample(known, lesson.examples.end).directions == expected


def over(feature: Feature, *windows: int | None) -> list[Feature]:
    return [dataclasses.replace(feature, window=Window(days)) for days in windows]


def test_of_several_windows_only_the_shortest_is_held_to_its_direction() -> None:
    days = dataclasses.replace(VIEWS, word=VOCABULARY["active_days"])
    there = dataclasses.replace(VIEWS, noun=VIEWS.noun.at_account())
    features = (
        *over(VIEWS, None, 30, 7, 90),
        *over(days, 90, None),
        *over(there, None),
        SINCE,
    )
    catalog = Catalog(features, {})
    assert directions(catalog, ()) == (0, 0, 1, 0, 1, 0, 1, -1)
    # Lifting the shortest does not hold the next one.
    assert directions(catalog, ("view_count_7d",)) == (0, 0, 0, 0, 1, 0, 1, -1)
    assert directions(catalog, ("view",)) == (0, 0, 0, 0, 0, 0, 1, 0)


def test_negative_evidence_speaks_against() -> None:
    noun = dataclasses.replace(VIEWS.noun, name="bounce", group="negative")
    bounces = dataclasses.replace(VIEWS, noun=noun)
    assert directions(Catalog((VIEWS, bounces), {}), ()) == (1, -1)


def test_a_category_tells_its_levels_and_one_without_any_still_is_a_category() -> None:
    made = history(40, days=90, seed=1)
    none = dataclasses.replace(CITY, noun=dataclasses.replace(CITY.noun, name="x"), levels=())
    plain = lesson_of(made)
    lesson = Lesson(
        plain.examples, plain.matrix[:, [0, 3, 3]], Catalog((CATALOG.features[0], CITY, none), {}),
        plain.settings,
    )  # fmt: skip
    assert lesson.sample(lesson.known(made[0].end), made[0].end).levels == (0, 2, 1)
