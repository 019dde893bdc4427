"""Do searches and running sums over stretches equal a loop, whatever stands beside a stretch?"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.scans import first_not_before, greatest, maxima, running_sums
from tests.features.worlds import QUICK

stretches = st.lists(st.lists(st.integers(-3, 12), max_size=9).map(sorted), min_size=1, max_size=6)
amounts = st.sampled_from([0.0, 0.1, 1.0, -2.5, 1e6, 0.3])
weighted = st.lists(
    st.lists(st.tuples(amounts, st.sampled_from([1.0, 0.5, 0.1, 0.0])), min_size=1, max_size=12),
    min_size=1,
    max_size=5,
)


def laid_out(stretches: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times one after another, and where each stretch starts and stops; a dummy at the end."""
    ends = np.cumsum([0, *(len(stretch) for stretch in stretches)])
    times = np.array([*itertools.chain(*stretches), 0], dtype=np.int64)
    return times, ends[:-1], ends[1:]


def plainly_first(times: np.ndarray, start: int, stop: int, moment: int) -> int:
    return next((k for k in range(start, stop) if times[k] >= moment), stop)


@QUICK
@given(stretches, st.data())
def test_the_first_not_before_a_moment_is_the_one_a_loop_finds(
    stretches: list[list[int]], data: st.DataObject
) -> None:
    times, starts, stops = laid_out(stretches)
    asked = np.array(data.draw(st.lists(st.integers(0, len(starts) - 1), min_size=1, max_size=9)))
    start, stop = starts[asked], stops[asked]
    moments = np.array(
        [data.draw(st.lists(st.integers(-4, 13), min_size=len(asked), max_size=len(asked)))] * 2
    )
    moments[1] += 1
    expected = [
        [plainly_first(times, *bounds) for bounds in zip(start, stop, row, strict=True)]
        for row in moments
    ]
    found = first_not_before(times, start, stop, moments)
    assert np.array_equal(found, expected)
    assert first_not_before(times, start, stop, moments[1]).tolist() == expected[1]


@QUICK
@given(stretches, st.integers(-4, 13))
def test_a_search_alone_finds_what_it_finds_among_others(
    stretches: list[list[int]], moment: int
) -> None:
    times, start, stop = laid_out(stretches)
    moments = np.full(len(start), moment)
    together = first_not_before(times, start, stop, moments)
    for k in range(len(start)):
        alone = first_not_before(times, start[[k]], stop[[k]], moments[[k]])
        assert alone.tolist() == [together[k]]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 1_000, 1_023, 1_024, 1_025])
def test_every_place_of_a_stretch_of_any_length_is_found(length: int) -> None:
    """Twice, so that the search for many is taken; times are 0, 10, 20, …"""
    times = np.append(np.arange(length) * 10, -5)
    ends = np.array([0, 0]), np.array([length, length])
    for place in range(length + 1):
        for moment in (place * 10 - 9, place * 10):
            found = first_not_before(times, *ends, np.array([moment, moment]))
            assert found.tolist() == [place, place]


def test_a_search_for_nothing_finds_nothing() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    assert first_not_before(np.zeros(1, dtype=np.int64), nobody, nobody, nobody).shape == (0,)
    assert first_not_before(np.zeros(1, dtype=np.int64), nobody, nobody, nobody[None]).size == 0


@QUICK
@given(weighted)
def test_running_sums_equal_a_loop(stretches: list[list[tuple[float, float]]]) -> None:
    expected = []
    for stretch in stretches:
        so_far = 0.0
        for place, (value, kept) in enumerate(stretch):
            so_far = value + (so_far * kept if place else 0.0)
            expected.append(so_far)
    values = np.array([value for stretch in stretches for value, _ in stretch])
    carried = np.array([kept * (k > 0) for s in stretches for k, (_, kept) in enumerate(s)])
    given_before = values.copy(), carried.copy()
    found = running_sums(values, carried)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert np.array_equal(values, given_before[0])
    assert np.array_equal(carried, given_before[1])


@QUICK
@given(weighted)
def test_a_running_sum_has_the_same_bits_whatever_stands_beside_its_stretch(
    stretches: list[list[tuple[float, float]]],
) -> None:
    values = [np.array([value for value, _ in s]) for s in stretches]
    carried = [np.array([kept * (k > 0) for k, (_, kept) in enumerate(s)]) for s in stretches]
    together = running_sums(np.concatenate(values), np.concatenate(carried))
    alone = [running_sums(v, c) for v, c in zip(values, carried, strict=True)]
    assert np.concatenate(alone).tobytes() == together.tobytes()


def test_a_running_sum_of_a_million_rows_keeps_its_digits() -> None:
    values = np.random.default_rng(0).random(1_000_000)
    carried = np.ones(len(values))
    carried[0] = 0
    assert running_sums(values, carried)[-1] == pytest.approx(math.fsum(values), rel=1e-14)


def test_no_rows_have_no_sums() -> None:
    assert running_sums(np.zeros(0), np.zeros(0)).shape == (0,)


@QUICK
@given(st.lists(amounts | st.just(-math.inf), min_size=1, max_size=20))
def test_the_greatest_value_of_every_range_is_the_one_a_loop_finds(values: list[float]) -> None:
    levels = maxima(np.array(values), len(values))
    ranges = [(a, b) for a in range(len(values) + 1) for b in range(a, len(values) + 1)]
    first, until = np.array(ranges).T
    expected = [max(values[a:b], default=-math.inf) for a, b in ranges]
    assert greatest(levels, first, until).tolist() == expected


@pytest.mark.parametrize("longest", range(1, 10))
def test_levels_reach_as_far_as_the_longest_range_needs(longest: int) -> None:
    values = np.arange(20.0)
    levels = maxima(values, longest)
    assert len(levels) == longest.bit_length()
    for first in range(20 - longest + 1):
        found = greatest(levels, np.array([first]), np.array([first + longest]))
        assert found.tolist() == [first + longest - 1]
