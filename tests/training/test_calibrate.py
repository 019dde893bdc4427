"""The map from margins to probabilities, recovered from worlds whose map is known."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.model import sigmoid
from training.calibrate import (
    fit_calibration,
    fit_platt,
    level_shift,
)
from training.replay import Stretch
from training.tracker import LEAST_SLOPE

Curve = Callable[[np.ndarray], np.ndarray]


def straight(margin: np.ndarray) -> np.ndarray:
    return 0.8 * margin - 0.5


def kinked(margin: np.ndarray) -> np.ndarray:
    """Flat below 0, steep above."""
    return np.where(margin < 0, 0.2 * margin, 2.0 * margin) - 1.0


def wavy(margin: np.ndarray) -> np.ndarray:
    """No rising curve removes the waves; their standard deviation is .6 / sqrt 2 = .42."""
    return margin - 0.5 + 0.6 * np.sin(12 * margin)


def stretch(margin: np.ndarray, converted: np.ndarray, *, scarcer: float = 0.0) -> Stretch:
    ids = pd.Series([f"L{k}" for k in range(len(margin))], dtype="str")
    offset = np.full(len(margin), scarcer)
    return Stretch(np.arange(len(margin)), margin, converted, offset, ids, ids)


def past(n: int, truth: Curve = straight, *, periods: int = 4, seed: int = 0) -> list[Stretch]:
    """``n`` examples a period, of other leads each, of a world where nothing drifts."""
    rng = np.random.default_rng(seed)
    stretches = []
    for k in range(periods):
        margin = rng.normal(0, 1.5, n)
        own = stretch(margin, rng.random(n) < sigmoid(truth(margin)))
        ids = own.leads + f" of {k}"
        stretches.append(dataclasses.replace(own, leads=ids, groups=ids))
    return stretches


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, -1.0), (1.8, 1.2)])
def test_slope_and_offset_of_a_simulated_world_are_recovered(slope: float, offset: float) -> None:
    found = fit_calibration(past(10_000, lambda margin: slope * margin + offset))
    assert found.bend is None
    assert found.slope == pytest.approx(slope, abs=0.06)
    assert found.offset == pytest.approx(offset, abs=0.06)


def test_scarcer_labels_tell_the_map_of_the_main_one() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(0, 1.5, 10_000)
    stretches = [
        stretch(margin, rng.random(10_000) < sigmoid(straight(margin) + scarcer), scarcer=scarcer)
        for scarcer in (0.0, -0.7, -1.5)
    ]
    found = fit_calibration(stretches)
    assert (found.slope, found.offset) == (
        pytest.approx(0.8, abs=0.06),
        pytest.approx(-0.5, abs=0.08),
    )


def test_no_other_platt_map_is_more_likely() -> None:
    own = past(2_000)[0]

    def loss(slope: float, offset: float) -> float:
        z = np.where(own.converted, -1, 1) * (slope * own.margin + offset)
        return float(np.logaddexp(0, z).mean())

    slope, offset = fit_platt(own.margin, own.converted)
    for a, b in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3), (1e-3, -1e-3)):
        assert loss(slope, offset) < loss(slope + a, offset + b)


@settings(max_examples=40, deadline=None)
@given(slope=st.floats(-2, 2), offset=st.floats(-3, 3), n=st.integers(60, 800), seed=st.integers(0))
def test_a_platt_map_keeps_the_level_and_never_turns_the_ranking_round(
    slope: float, offset: float, n: int, seed: int
) -> None:
    own = past(n, lambda margin: slope * margin + offset, periods=1, seed=seed)[0]
    converted = own.converted.copy()
    converted[:2] = True, False
    found = fit_platt(own.margin, converted)
    assert found[0] >= 0
    said = sigmoid(found[0] * own.margin + found[1])
    assert said.mean() == pytest.approx(converted.mean(), abs=1e-5)


def test_a_level_shift_moves_the_level_and_nothing_else() -> None:
    own = past(500)[0]
    shift = level_shift(own.margin, own.converted)
    assert sigmoid(own.margin + shift).mean() == pytest.approx(own.converted.mean(), abs=1e-9)


def test_below_a_hundred_wins_the_slope_is_one() -> None:
    own = past(1_500, periods=1, seed=1)[0]
    wins = np.flatnonzero(own.converted)
    few = np.ones(1_500, dtype=bool)
    few[wins[99:]] = False
    enough = few.copy()
    enough[wins[99]] = True
    found, learned = fit_calibration([own.of(few)]), fit_calibration([own.of(enough)])
    assert found.slope == pytest.approx(1.0, abs=1e-4)
    assert found.variance[0] < 1e-6
    assert abs(learned.slope - 1.0) > 0.01
    said = found.probability(own.margin[few]).mean()
    assert said == pytest.approx(own.converted[few].mean(), rel=0.1), "the level is learned"


def test_the_map_never_turns_the_ranking_round() -> None:
    stretches = past(2_000, lambda margin: 0.3 - margin)
    found = fit_calibration(stretches)
    assert found.slope >= LEAST_SLOPE - 1e-9
    newest = stretches[-1]
    assert (np.diff(found.probability(np.sort(newest.margin))) >= 0).all()
    said = found.probability(newest.margin).mean()
    assert said == pytest.approx(newest.converted.mean(), abs=0.03)


def test_a_bent_truth_is_bent_and_comes_nearer_to_it_than_a_straight_map() -> None:
    found = fit_calibration(past(5_000, kinked))
    assert found.bend is not None
    assert (np.diff(found.bend.at) > 0).all()
    assert (np.diff(found.bend.to) > 0).all()
    margin = np.linspace(-3, 3, 301)
    truth = sigmoid(kinked(margin))
    unbent = fit_calibration(past(5_000, kinked, periods=1))
    assert unbent.bend is None, "one stretch cannot tell whether a shape holds"
    away = np.abs(found.probability(margin) - truth).mean()
    assert away < 0.025
    assert away < np.abs(unbent.probability(margin) - truth).mean() / 2


def test_a_bend_needs_many_wins() -> None:
    stretches = past(5_000, kinked)
    few = []
    for own in stretches[:-1]:
        kept = ~own.converted
        kept[np.flatnonzero(own.converted)[:166]] = True
        few.append(own.of(kept))
    assert sum(int(own.converted.sum()) for own in few) == 498
    assert fit_calibration([*few, stretches[-1]]).bend is None
    assert fit_calibration(stretches).bend is not None


def test_a_straight_truth_is_rarely_bent() -> None:
    bent = [fit_calibration(past(1_500, seed=seed)).bend is not None for seed in range(20)]
    assert sum(bent) <= 3


def test_leads_of_like_score_hardly_differ_from_a_straight_truth() -> None:
    found = [fit_calibration(past(4_000, seed=seed)).spread for seed in range(8)]
    assert np.mean(found) < 0.07


def test_the_spread_of_a_truth_that_lies_about_the_map_is_found() -> None:
    # Twenty groups of like margin average some of the waves out, so the truth is counted the same
    # way: each group's distance from the best line.
    stretches = past(20_000, wavy)
    found = fit_calibration(stretches)
    newest = stretches[-1]
    groups = np.array_split(np.argsort(newest.margin), 20)
    line = found.log_odds(newest.margin)
    p = sigmoid(line)
    away = [
        (sigmoid(wavy(newest.margin[rows])) - p[rows]).sum() / (p[rows] * (1 - p[rows])).sum()
        for rows in groups
    ]
    information = [(p[rows] * (1 - p[rows])).sum() for rows in groups]
    truth = float(np.sqrt(np.average(np.square(away), weights=information)))
    assert truth > 0.15
    assert found.spread == pytest.approx(truth, rel=0.25)


def test_a_map_counts_its_distinct_leads_once() -> None:
    stretches = past(300)
    same = [
        dataclasses.replace(own, leads=stretches[0].leads, groups=stretches[0].groups)
        for own in stretches
    ]
    assert fit_calibration(stretches).leads == 1_200
    assert fit_calibration(same).leads == 300


def test_rows_may_carry_any_index() -> None:
    stretches = past(400)
    moved = [
        dataclasses.replace(own, leads=own.leads.set_axis(np.arange(400)[::-1] + 5_000))
        for own in stretches
    ]
    assert fit_calibration(moved) == fit_calibration(stretches)


def test_the_interval_covers_the_true_probability_about_as_often_as_it_says() -> None:
    covered = []
    margin = np.random.default_rng(0).normal(0, 1.5, 300)
    for seed in range(40):
        levels = -0.7 + np.cumsum(np.random.default_rng(seed).normal(0, 0.2, 7))
        stretches = [
            past(300, lambda m, o=level: 0.8 * m + o, periods=1, seed=1_000 * seed + k)[0]
            for k, level in enumerate(levels[:-1])
        ]
        lower, upper = fit_calibration(stretches).interval(margin)
        truth = sigmoid(0.8 * margin + levels[-1])
        assert ((lower >= 0) & (lower <= upper) & (upper <= 1)).all()
        covered.append(np.mean((lower <= truth) & (truth <= upper)))
    assert 0.82 <= np.mean(covered) <= 0.99


MARGIN = np.random.default_rng(5).normal(0, 1.5, 3_000)
WON = np.random.default_rng(6).random(3_000) < sigmoid(MARGIN - 0.5)
SOME = np.random.default_rng(7).random(3_000) < 0.4


@pytest.mark.parametrize(
    "stretches",
    [
        pytest.param([(np.zeros(3_000), SOME)] * 4, id="all margins alike"),
        pytest.param([(MARGIN, WON), (np.zeros(3_000), SOME)], id="the newest margins alike"),
        pytest.param([(np.sign(MARGIN), WON)] * 4, id="two margins"),
        pytest.param([(MARGIN, WON), (MARGIN[:50], SOME[:50] & False)], id="newest all lost"),
        pytest.param([(MARGIN, WON), (MARGIN[:50], SOME[:50] | True)], id="newest all won"),
        pytest.param([(MARGIN[:50], SOME[:50] & False), (MARGIN, WON)], id="oldest all lost"),
        pytest.param([(MARGIN, WON), (MARGIN[:1], WON[:1])], id="the newest is one example"),
        pytest.param([(np.where(WON, 12.0, -12.0), WON)] * 4, id="perfect"),
        pytest.param([(np.where(WON, 35.0, -35.0) + 0.1 * MARGIN, WON)] * 4, id="perfect and sure"),
        pytest.param([(10 * MARGIN, ~WON)] * 3, id="far too sure of the contrary"),
    ],
)
def test_odd_margins_and_outcomes_give_a_map_that_rises(
    stretches: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    found = fit_calibration([stretch(margin, won) for margin, won in stretches])
    said = found.probability(np.linspace(-40, 40, 801))
    assert np.isfinite([found.slope, found.offset, found.spread, *found.variance]).all()
    assert ((said >= 0) & (said <= 1)).all()
    assert (np.diff(said) >= 0).all()
    assert found.slope > 0
