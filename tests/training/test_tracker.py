"""The map tracked through a drifting world: as far as outcomes tell, as sure as they make it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from leadml.intervals import Z90
from leadml.model import sigmoid
from training.tracker import (
    LEAST_SLOPE,
    LEVEL_DEVIATION,
    SLOPE_DEVIATION,
    SLOPE_DRIFT,
    USUAL_DRIFT,
    Belief,
    Outcomes,
    track_map,
    update,
)

PRIOR = Belief(-0.5, np.array([1.0, -0.5]), np.array([[0.09, 0.02], [0.02, 0.25]]), 0.3)


def told(
    n: int, *, slope: float = 1.0, offset: float = -1.0, seed: int = 0, scarcer: float = 0.0
) -> Outcomes:
    """What a period tells of a world whose map is known; labels may be scarcer by an offset."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, 1.2, n)
    converted = rng.random(n) < sigmoid(slope * margin + offset + scarcer)
    return Outcomes(margin, converted, np.full(n, scarcer), n)


def nothing() -> Outcomes:
    return Outcomes(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0), 0)


def level_at(belief: Belief, margin: float) -> float:
    return float(belief.log_odds(np.array([margin]))[0])


def test_a_period_without_outcomes_leaves_the_mean_and_widens_the_rest_by_the_drift() -> None:
    after = update(PRIOR, nothing())
    assert after.mean == pytest.approx(PRIOR.mean)
    # Level drifts .3 a period, slope a tenth of it: .25 + .09 = .34 and .09 + .0009 = .0909.
    assert after.variance == pytest.approx(np.array([[0.0909, 0.02], [0.02, 0.34]]))
    assert after.variance[0, 0] == pytest.approx(0.09 + (SLOPE_DRIFT * 0.3) ** 2)


def test_a_belief_widens_with_every_period_that_passes() -> None:
    assert PRIOR.later(0).variance == pytest.approx(PRIOR.variance)
    twice, at_once = PRIOR.later(1).later(1.5), PRIOR.later(2.5)
    assert twice.variance == pytest.approx(at_once.variance)
    assert at_once.variance[1, 1] == pytest.approx(0.25 + 2.5 * 0.09)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 400),
    slope=st.floats(0.3, 2.5),
    offset=st.floats(-4, 3),
    scarcer=st.floats(-2, 0),
    drift=st.floats(0.0, 0.6),
    share=st.floats(0.2, 1.0),
    seed=st.integers(0, 999),
)
def test_the_mean_after_outcomes_is_the_most_likely_one_that_an_optimiser_finds(
    n: int, slope: float, offset: float, scarcer: float, drift: float, share: float, seed: int
) -> None:
    own = told(n, slope=slope, offset=offset, seed=seed, scarcer=scarcer)
    leads = max(int(share * n), 1)
    outcomes = Outcomes(own.margin, own.converted, own.offset, leads, periods=2.0)
    prior = Belief(0.2, np.array([1.0, -0.5]), np.array([[0.04, 0.03], [0.03, 0.3]]), drift)
    wide = prior.variance + 2 * np.diag([(SLOPE_DRIFT * drift) ** 2, drift**2])

    def unlikely(mean: np.ndarray) -> float:
        log_odds = mean[0] * (own.margin - 0.2) + mean[1] + own.offset
        loss = np.logaddexp(0, np.where(own.converted, -log_odds, log_odds)).sum()
        away = mean - prior.mean
        return float(leads / n * loss + 0.5 * away @ np.linalg.inv(wide) @ away)

    found = minimize(unlikely, prior.mean, method="BFGS", options={"gtol": 1e-7})
    if found.x[0] < LEAST_SLOPE:
        return
    after = update(prior, outcomes)
    assert after.mean == pytest.approx(found.x, abs=1e-4)
    assert unlikely(after.mean) <= unlikely(found.x) + 1e-9
    # As sure as the curvature there says, by finite differences.
    step, axes = 1e-3, np.eye(2) * 1e-3
    curvature = np.array(
        [
            [
                unlikely(after.mean + a + b)
                - unlikely(after.mean + a - b)
                - unlikely(after.mean - a + b)
                + unlikely(after.mean - a - b)
                for a in axes
            ]
            for b in axes
        ]
    ) / (4 * step**2)
    assert np.linalg.inv(after.variance) == pytest.approx(curvature, rel=1e-3, abs=1e-2)


def test_few_outcomes_move_the_level_a_little_and_many_move_it_fully() -> None:
    # The truth lies 1.5 above a prior with a deviation of .5. Ten outcomes weigh about
    # 10 * p(1-p) = 2.5 against 1 / .25 = 4: two fifths of the way. Ten thousand outweigh all.
    prior = Belief(0.0, np.array([1.0, -1.0]), np.diag([1e-8, 0.25]), 0.0)
    ways = []
    for n in (10, 100, 10_000):
        moved = [
            update(prior, told(n, offset=0.5, seed=seed)).mean[1] - prior.mean[1]
            for seed in range(40)
        ]
        ways.append(float(np.mean(moved)) / 1.5)
    assert ways == pytest.approx([0.38, 0.84, 1.0], abs=0.06)


def test_examples_of_one_lead_do_not_count_anew() -> None:
    once = told(300, seed=3)
    ten = Outcomes(
        np.repeat(once.margin, 10), np.repeat(once.converted, 10), np.repeat(once.offset, 10), 300
    )
    first, second = update(PRIOR, once), update(PRIOR, ten)
    assert second.mean == pytest.approx(first.mean)
    assert second.variance == pytest.approx(first.variance)


def test_the_order_of_outcomes_changes_nothing() -> None:
    own = told(300, seed=3)
    order = np.random.default_rng(0).permutation(300)
    mixed = Outcomes(own.margin[order], own.converted[order], own.offset[order], 300)
    first, second = track_map([own, own]), track_map([mixed, mixed])
    assert second.mean == pytest.approx(first.mean)
    assert second.variance == pytest.approx(first.variance)


def test_a_scarcer_label_tells_the_level_of_the_main_one() -> None:
    plain = track_map([told(20_000, slope=1.2, offset=-1.0, seed=k) for k in range(2)])
    scarce = track_map(
        [told(20_000, slope=1.2, offset=-1.0, seed=k, scarcer=-1.5) for k in range(2)]
    )
    for belief in (plain, scarce):
        assert belief.slope == pytest.approx(1.2, abs=0.06)
        assert belief.offset == pytest.approx(-1.0, abs=0.06)


def test_a_slope_that_is_known_stays_one_however_far_the_level_drifts() -> None:
    past = [told(200, slope=0.4, offset=-3.0 + 1.5 * (k % 2), seed=k) for k in range(8)]
    known, learned = track_map(past, slope_known=True), track_map(past)
    assert known.slope == pytest.approx(1.0, abs=1e-4)
    assert known.later(5.0).spans[0] < 1e-6
    assert learned.slope < 0.7


def test_one_period_alone_is_believed_to_drift_as_is_usual() -> None:
    own = told(500)
    belief = track_map([own])
    assert belief.drift == USUAL_DRIFT
    center = float(own.margin[own.converted].mean())
    variance = np.diag([SLOPE_DEVIATION**2, LEVEL_DEVIATION**2])
    by_hand = update(Belief(center, np.array([1.0, center]), variance, USUAL_DRIFT), own)
    assert belief.mean == pytest.approx(by_hand.mean)
    assert belief.variance == pytest.approx(by_hand.variance)


def test_a_period_without_conversions_lowers_the_level_and_breaks_nothing() -> None:
    lost = Outcomes(np.zeros(50), np.zeros(50, dtype=bool), np.zeros(50), 50)
    belief = track_map([lost, lost])
    assert level_at(belief, 0.0) < -1.0
    assert np.isfinite(belief.variance).all()
    assert belief.slope == pytest.approx(1.0), "margins that are all alike tell nothing of it"


def test_the_variances_of_slope_and_offset_are_those_of_the_map_at_any_margin() -> None:
    belief = track_map([told(300, seed=k) for k in range(3)])
    slope, together, offset = belief.spans
    for margin in (-3.0, 0.0, 0.7):
        at = np.array([margin - belief.center, 1.0])
        spread = slope * margin**2 + 2 * together * margin + offset
        assert spread == pytest.approx(float(at @ belief.variance @ at))
        assert level_at(belief, margin) == pytest.approx(belief.slope * margin + belief.offset)


def test_a_margin_that_ranks_the_wrong_way_keeps_the_level_and_almost_no_slope() -> None:
    past = [told(2_000, slope=-1.0, offset=0.3, seed=k) for k in range(3)]
    belief = track_map(past)
    assert belief.slope == pytest.approx(LEAST_SLOPE)
    said = sigmoid(belief.log_odds(past[-1].margin)).mean()
    assert said == pytest.approx(past[-1].converted.mean(), abs=0.01)


def test_a_level_that_jumps_is_followed_within_a_period_or_two() -> None:
    # Eight quiet periods of 400, then one log-odds more: near half at once, nearly all at last.
    gaps = []
    for seed in range(8):
        past = [told(400, offset=-1.5, seed=100 * seed + k) for k in range(8)]
        jumped = [told(400, offset=-0.5, seed=100 * seed + k) for k in range(8, 12)]
        before = track_map(past).offset
        gaps.append(
            [-0.5 - before] + [-0.5 - track_map(past + jumped[: k + 1]).offset for k in range(4)]
        )
    before, first, second, *_, last = np.mean(gaps, axis=0)
    assert before == pytest.approx(1.0, abs=0.1)
    assert first < 0.65
    assert second < 0.35
    assert abs(last) < 0.15


def test_how_fast_the_world_drifts_is_learned_from_the_past() -> None:
    found = []
    for drift in (0.02, 0.3):
        own = []
        for seed in range(10):
            rng = np.random.default_rng(seed)
            levels = -1 + np.cumsum(rng.normal(0, drift, 10))
            past = [told(400, offset=o, seed=50 * seed + k) for k, o in enumerate(levels)]
            own.append(track_map(past).drift)
        found.append(float(np.mean(own)))
    assert found[0] < 0.12
    assert found[1] == pytest.approx(0.3, abs=0.1)


def held(drift: float, seed: int) -> bool:
    """Whether the interval of the ninth period holds its true level."""
    levels = -1 + np.cumsum(np.random.default_rng(seed).normal(0, drift, 9))
    past = [told(200, offset=o, seed=10 * seed + k) for k, o in enumerate(levels[:-1])]
    coming = track_map(past).later(1.0)
    return bool(abs(coming.offset - levels[-1]) <= Z90 * np.sqrt(coming.spans[2]))


def test_the_interval_of_the_coming_period_holds_the_true_level_as_often_as_it_says() -> None:
    found = [held(drift, seed) for seed in range(67) for drift in (0.1, 0.3, 0.6)]
    assert 0.80 <= np.mean(found) <= 0.98  # 90 % of 201


def test_the_interval_of_a_quiet_world_is_rather_too_wide_than_too_narrow() -> None:
    # Eight periods cannot tell that nothing drifts.
    assert np.mean([held(0.02, seed) for seed in range(40)]) >= 0.9
