"""Are values counted in the right bins, and is the index the one of the books?"""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from leadml.profile import HALF, Profile, Spread, measure_psi

VIEWS = Spread("views", (0.0, 2.0), (), (50, 30, 15, 5))
"""None, one or two, more; and five examples of which it is not known."""

INDUSTRY = Spread("industry", (), (1, 3), (60, 20, 20, 0))
"""Levels 1 and 3, any other, missing."""

MARGIN = Spread("margin", (-1.0, 1.0), (), (40, 40, 20, 0))

PROFILE = Profile((VIEWS, INDUSTRY), MARGIN)

SPREADS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=6
).filter(lambda bins: sum(now for _, now in bins) > 0)


def plain_psi(then: list[int], now: list[int]) -> float:
    """The definition, bin by bin."""
    filled = [(a, b) for a, b in zip(then, now, strict=True) if a or b]
    total_then = sum(a + HALF for a, _ in filled)
    total_now = sum(b + HALF for _, b in filled)
    return sum(
        ((b + HALF) / total_now - (a + HALF) / total_then)
        * math.log(((b + HALF) / total_now) / ((a + HALF) / total_then))
        for a, b in filled
    )


def of_one(counts: list[int]) -> Profile:
    edges = tuple(float(k) for k in range(len(counts) - 2))
    return Profile((), Spread("margin", edges, (), tuple(counts)))


# --- bins -----------------------------------------------------------------------------------------


def test_values_are_counted_bin_by_bin() -> None:
    """An edge belongs to the bin that it ends; codes without a bin share one."""
    matrix = np.array([[0.0, 1], [0.5, 3], [2.0, 0], [2.1, 9], [-1.0, 2], [np.nan, np.nan]])
    margin = np.array([-1.0, -0.9, 1.0, 1.1, np.nan, 0.0])

    counts = PROFILE.count(matrix, margin)

    assert counts.tolist() == [2, 2, 1, 1, 1, 1, 3, 1, 1, 3, 1, 1]


def test_a_number_that_is_never_known_has_one_bin_for_when_it_is() -> None:
    profile = Profile((Spread("age", (), (), (0, 7)),), MARGIN)
    matrix = np.array([[5.0], [np.nan], [-3.0]])
    assert profile.count(matrix, np.zeros(3)).tolist() == [2, 1, 0, 3, 0, 0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([-1.0, 0.0, 0.5, 2.0, 3.0, np.nan]),
            st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 70.0, np.nan]),
            st.sampled_from([-2.0, -1.0, 0.0, 1.0, 1.5, np.nan]),
        ),
        max_size=30,
    )
)
def test_every_value_is_in_one_bin_and_lots_add_up(rows: list[tuple[float, ...]]) -> None:
    values = np.array(rows, dtype=np.float64).reshape(-1, 3)
    whole = PROFILE.count(values[:, :2], values[:, 2])
    half = len(values) // 2
    parts = [PROFILE.count(own[:, :2], own[:, 2]) for own in (values[:half], values[half:])]
    assert np.array_equal(parts[0] + parts[1], whole)
    assert np.add.reduceat(whole, [0, 4, 8]).tolist() == [len(values)] * 3


def test_a_profile_comes_back_from_json_as_it_was() -> None:
    sharp = Profile((Spread("x", (0.1 + 0.2, np.nextafter(1, 2)), (), (1, 2, 3, 4)),), MARGIN)
    assert Profile.from_json(json.loads(json.dumps(sharp.to_json()))) == sharp


# --- the index ------------------------------------------------------------------------------------


def test_the_index_of_a_small_table_by_hand() -> None:
    """With the half: 40.5, 40.5, 20.5 of 101.5 then, 10.5, 20.5, 70.5 of 101.5 now.

    (.1034-.3990) ln(.1034/.3990) + (.2020-.3990) ln(.2020/.3990) + (.6946-.2020) ln(.6946/.2020)
    = .3990 + .1341 + .6085
    """
    counts = np.array([50, 30, 15, 5, 60, 20, 20, 0, 10, 20, 70, 0])
    psi = measure_psi(PROFILE, counts)
    assert psi[:2].tolist() == [0.0, 0.0]
    assert psi[2] == pytest.approx(1.1416, abs=2e-4)


@given(SPREADS)
def test_the_index_is_the_plain_definition_and_a_symmetric_divergence(
    bins: list[tuple[int, int]],
) -> None:
    then, now = ([*own] for own in zip(*bins, strict=True))
    found = float(measure_psi(of_one(then), np.array(now))[0])
    assert found == pytest.approx(plain_psi(then, now), abs=1e-12)
    filled = np.array([(a + HALF, b + HALF) for a, b in bins if a or b])
    p, q = (filled / filled.sum(axis=0)).T
    assert found == pytest.approx(float((rel_entr(p, q) + rel_entr(q, p)).sum()), abs=1e-12)
    if sum(then):
        assert float(measure_psi(of_one(now), np.array(then))[0]) == pytest.approx(found, abs=1e-12)
    assert found >= 0


def test_bins_that_neither_side_fills_change_nothing() -> None:
    few = measure_psi(of_one([40, 60, 0]), np.array([50, 50, 0]))
    more = measure_psi(of_one([40, 60, 0, 0, 0]), np.array([50, 50, 0, 0, 0]))
    assert few[0] == more[0] > 0


def test_without_leads_nothing_is_said() -> None:
    assert np.isnan(measure_psi(PROFILE, np.zeros(12, dtype=np.int64))).all()


def test_of_leads_like_those_of_training_the_index_is_what_chance_makes_it() -> None:
    """About (bins - 1) (1/n + 1/m): here 4 (1/1000 + 1/2000) = 0.006."""
    rng = np.random.default_rng(0)
    shares = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    psis = [
        measure_psi(of_one(rng.multinomial(2000, shares).tolist()), rng.multinomial(1000, shares))
        for _ in range(400)
    ]
    assert np.mean(psis) == pytest.approx(0.006, rel=0.1)
