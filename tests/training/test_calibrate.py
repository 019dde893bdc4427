"""The map from margins to probabilities, recovered from worlds whose map is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.model import Calibration, sigmoid
from training.calibrate import (
    LEAST_SLOPE,
    WINS_FOR_A_SLOPE,
    fit_calibration,
    fit_platt,
    level_shift,
)


def world(
    n: int, *, slope: float, offset: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, 1.5, n)
    converted = rng.random(n) < sigmoid(slope * margin + offset)
    return margin, converted, pd.Series([f"L{k}" for k in range(n)], dtype="str")


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, -1.0), (1.8, 1.2)])
def test_slope_and_offset_of_a_simulated_world_are_recovered(slope: float, offset: float) -> None:
    found = fit_calibration(*world(40_000, slope=slope, offset=offset))
    assert found.slope == pytest.approx(slope, abs=0.05)
    assert found.offset == pytest.approx(offset, abs=0.05)


def test_no_other_map_is_more_likely() -> None:
    margin, converted, _ = world(2_000, slope=0.7, offset=-0.4)

    def loss(slope: float, offset: float) -> float:
        z = np.where(converted, -1, 1) * (slope * margin + offset)
        return float(np.logaddexp(0, z).mean())

    slope, offset = fit_platt(margin, converted)
    for a, b in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3), (1e-3, -1e-3)):
        assert loss(slope, offset) <= loss(slope + a, offset + b)


def test_below_a_hundred_wins_only_the_level_is_fitted() -> None:
    margin, converted, leads = world(4_000, slope=0.5, offset=-1.0)
    wins = np.flatnonzero(converted)
    few = np.sort(np.concatenate([wins[: WINS_FOR_A_SLOPE - 1], np.flatnonzero(~converted)]))
    enough = np.sort(np.append(few, wins[WINS_FOR_A_SLOPE - 1]))
    assert fit_calibration(margin[few], converted[few], leads.iloc[few]).slope == 1.0
    assert fit_calibration(margin[enough], converted[enough], leads.iloc[enough]).slope != 1.0


@pytest.mark.parametrize("n", [90, 400, 5_000])
def test_the_mean_probability_equals_the_share_that_converted(n: int) -> None:
    margin, converted, leads = world(n, slope=0.6, offset=-0.8)
    found = fit_calibration(margin, converted, leads)
    assert found.probability(margin).mean() == pytest.approx(converted.mean(), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    slope=st.floats(-2, 2), offset=st.floats(-3, 3), n=st.integers(60, 800), seed=st.integers(0, 99)
)
def test_the_map_never_turns_the_ranking_round(
    slope: float, offset: float, n: int, seed: int
) -> None:
    margin, converted, leads = world(n, slope=slope, offset=offset, seed=seed)
    converted[:2] = True, False
    found = fit_calibration(margin, converted, leads)
    assert found.slope >= LEAST_SLOPE
    assert found.probability(margin).mean() == pytest.approx(converted.mean(), abs=1e-5)
    assert (np.diff(found.probability(np.sort(margin))) >= 0).all()


def test_a_margin_that_ranks_the_wrong_way_keeps_the_level_and_almost_no_slope() -> None:
    margin, converted, leads = world(5_000, slope=-1.0, offset=0.3)
    found = fit_calibration(margin, converted, leads)
    assert found.slope == LEAST_SLOPE
    assert found.probability(margin).mean() == pytest.approx(converted.mean(), abs=1e-6)


def test_a_level_shift_moves_the_level_and_nothing_else() -> None:
    margin, converted, _ = world(500, slope=1.0, offset=-2.0)
    shift = level_shift(margin, converted)
    assert sigmoid(margin + shift).mean() == pytest.approx(converted.mean(), abs=1e-9)


def test_every_bin_counts_its_distinct_leads() -> None:
    margin, converted, _ = world(3_000, slope=1.0, offset=0.0)
    leads = pd.Series([f"L{k // 3}" for k in range(3_000)], dtype="str")
    found = fit_calibration(margin, converted, leads)
    assert len(found.leads) == len(found.edges) + 1 == 10  # 1,000 leads, 100 a bin
    assert (np.diff(found.edges) > 0).all()
    for k, count in enumerate(found.leads):
        low, high = np.r_[-np.inf, found.edges, np.inf][k : k + 2]
        assert count == leads[(margin >= low) & (margin < high)].nunique()


def test_rows_may_carry_any_index() -> None:
    margin, converted, leads = world(600, slope=1.0, offset=0.0)
    moved = leads.set_axis(np.arange(600)[::-1] + 5_000)
    plain, found = (fit_calibration(margin, converted, own) for own in (leads, moved))
    assert (found.slope, found.offset) == (plain.slope, plain.offset)
    assert found.leads.tolist() == plain.leads.tolist()


@settings(max_examples=60, deadline=None)
@given(
    margin=st.lists(st.floats(-30, 30), min_size=1, max_size=20),
    slope=st.floats(0.05, 3),
    offset=st.floats(-4, 4),
    counts=st.lists(st.integers(1, 500), min_size=2, max_size=2),
)
def test_an_interval_brackets_its_probability(
    margin: list[float], slope: float, offset: float, counts: list[int]
) -> None:
    found = Calibration(slope, offset, np.array([0.0]), np.array(counts, dtype=np.float64))
    lower, upper = found.interval(np.array(margin))
    probability = found.probability(np.array(margin))
    assert ((lower >= 0) & (lower <= probability)).all()
    assert ((probability <= upper) & (upper <= 1)).all()


def test_the_interval_covers_the_true_probability_about_as_often_as_it_says() -> None:
    # Thirty worlds, each with its own 600 calibration leads; 90 % nominal, for leads like these.
    covered = []
    for seed in range(30):
        margin, converted, leads = world(600, slope=0.8, offset=-0.7, seed=seed)
        found = fit_calibration(margin, converted, leads)
        fresh, _, _ = world(400, slope=0.8, offset=-0.7, seed=1_000 + seed)
        lower, upper = found.interval(fresh)
        truth = sigmoid(0.8 * fresh - 0.7)
        covered.append(np.mean((lower <= truth) & (truth <= upper)))
    assert np.mean(covered) >= 0.88
