"""Bands tile the values of a feature; conditions part them in two."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from leadml.timeline import Window
from training.evidence.bands import conditions, part_values

VIEWS = Feature(
    VOCABULARY["count"], Noun("view", ("view",), "view", "views", "engagement"), Window(7)
)
SINCE = Feature(VOCABULARY["days_since_last"], VIEWS.noun)
SIZE = Feature(VOCABULARY["number"], Noun("size", ("size",), "size", "size", "fit"))
RANK = Feature(
    VOCABULARY["ordered"], Noun("rank", ("rank",), "rank", "rank", "fit"), levels=("a", "b", "c")
)
KIND = Feature(
    VOCABULARY["category"], Noun("kind", ("kind",), "kind", "kind", "fit"), levels=("x", "y")
)
NAN = float("nan")


@pytest.mark.parametrize("feature", [SINCE, SIZE, RANK, KIND])
@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.0, NAN]), min_size=1, max_size=40))
def test_every_value_is_in_one_band(feature: Feature, values: list[float]) -> None:
    inside = np.array([band.inside for band in part_values(feature, np.array(values))])
    assert (inside.sum(axis=0) == 1).all()
    assert inside.any(axis=1).all()


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60))
@example([0.0, 0.0, 1.6323588670469984e-19])
def test_bands_of_numbers_rise_and_hold_their_ends(values: list[float]) -> None:
    numbers = np.array(values)
    ends = []
    for band in part_values(SIZE, numbers):
        assert (band.low, band.high) == (numbers[band.inside].min(), numbers[band.inside].max())
        ends += [band.low, band.high]
    assert ends == sorted(ends)


def test_steps_of_an_order_stand_in_their_order_and_the_unknown_last() -> None:
    bands = part_values(RANK, np.array([2.0, 2.0, 0.0, -1.0, 1.0, NAN]))
    assert [band.text for band in bands] == [
        "rank: a",
        "rank: b",
        "rank: c",
        "rank: a rare or new value",
        "rank not known",
    ]
    assert [band.kind for band in bands] == ["level"] * 4 + ["missing"]


def test_ends_are_written_as_finely_as_it_takes() -> None:
    bands = part_values(SIZE, np.array([0.014, 0.2, 1.26, 1.5, 20.4, 30.0, 4000.2, 9000.0]))
    assert [band.text for band in bands] == [
        "size: 0.01 to under 0.99",
        "size: 0.99 to under 11",
        "size: 11 to under 1,023",
        "size: 1,023 to 9,000",
    ]


def words_hold(text: str, value: float) -> bool:
    """Whether a value is of a range, by its words alone."""
    low, high = text.removeprefix("size: ").replace(",", "").split(" to ")
    if high.startswith("under "):
        return float(low) <= value < float(high.removeprefix("under "))
    return float(low) <= value


@settings(deadline=None)
@given(st.lists(st.integers(2, 9_000), min_size=8, max_size=60, unique=True), st.floats(0.1, 2))
def test_every_value_is_of_one_band_by_the_words_too(values: list[int], unit: float) -> None:
    numbers = np.array(values) * unit + 100 / 3
    bands = part_values(SIZE, numbers)[1:]
    for band in (band for band in bands if " to " in band.text):
        for value in numbers[numbers >= numbers[bands[0].inside].min()]:
            assert words_hold(band.text, value) == bool(band.inside[numbers == value][0])


def test_a_band_begins_no_finer_than_it_ends() -> None:
    moments = np.array([0.000021, 3.0, 17.2, 18.0, 40.0, 51.0, 90.0, 102.5])
    assert part_values(SIZE, moments)[0].text == "size: 0 to under 14"


def test_whole_numbers_end_where_they_end() -> None:
    values = np.array([17.0, 46.0, 47.0, 102.0, 103.0, 200.0, 201.0, 12_345_678.0])
    assert [band.text for band in part_values(SIZE, values)] == [
        "size: 17 to 46",
        "size: 47 to 102",
        "size: 103 to 200",
        "size: 201 to 12,345,678",
    ]


def test_bands_close_together_are_told_apart_by_more_digits() -> None:
    values = np.array([52.121, 52.129, 52.133, 52.145, 52.152, 52.166, 52.171, 52.18])
    texts = [band.text for band in part_values(SIZE, values)]
    assert texts[1:3] == ["size: 52.13 to under 52.15", "size: 52.15 to under 52.17"]


def test_zeros_apart_leave_no_edge_next_to_zero_in_words() -> None:
    texts = [band.text for band in part_values(SIZE, np.array([-5.5, 0.0, 0.0, 0.0, 2.5, 7.5]))]
    assert texts == ["size: -5.5 to 0", "size: 2.5", "size: 7.5"]


def test_a_condition_of_an_uneven_number_says_the_edge_it_parts_at() -> None:
    values = np.array([10.5, 20.5, 30.5, 40.5, 50.5, 60.5, 70.5, 80.5])
    found = {(c.text, c.ends): c.inside.tolist() for c in conditions(SIZE, values)}
    assert found["size: 46 to 81", "high"] == [False] * 4 + [True] * 4
    assert found["size: 10 to under 46", "low"] == [True] * 4 + [False] * 4


def test_a_number_is_parted_upwards_and_downwards_at_each_band_and_by_being_known() -> None:
    values = np.array([0.0, 0.0, 1.0, 3.0, NAN])
    found = {(c.text, c.ends): c.inside.tolist() for c in conditions(SIZE, values)}
    assert found == {
        ("size not known", ""): [False, False, False, False, True],
        ("size: 1 to 3", "high"): [False, False, True, True, False],
        ("size: 0", "low"): [True, True, False, False, False],
        ("size: 3", "high"): [False, False, False, True, False],
        ("size: 0 to 1", "low"): [True, True, True, False, False],
    }


def test_counts_are_parted_first_into_none_and_some() -> None:
    label = "views in the last 7 days"
    found = {c.text: c.inside.tolist() for c in conditions(VIEWS, np.array([0.0, 0.0, 1.0, 1.0]))}
    assert found == {
        f"no {label}": [True, True, False, False],
        "1 view in the last 7 days": [False, False, True, True],
    }


def test_an_order_is_parted_between_its_steps_and_the_unknown_is_on_neither_side() -> None:
    found = {c.text: c.inside.tolist() for c in conditions(RANK, np.array([0.0, 1.0, 2.0, -1.0]))}
    assert found["rank: b or higher"] == [False, True, True, False]
    assert found["rank: b or lower"] == [True, True, False, False]
    assert found["rank: a"] == [True, False, False, False]
