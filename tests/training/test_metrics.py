"""Each metric against a peer or a table worked by hand, and what an interval is worth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn import metrics as peer
from sklearn.linear_model import LogisticRegression

from training.metrics import (
    ALL,
    CELLS,
    GRID,
    PROBABILITY,
    RANKING,
    RESAMPLES,
    Estimate,
    auc,
    average_precision,
    bootstrap_weights,
    brier,
    calibration_slope,
    estimate,
    lift,
    log_loss,
    observed_to_expected,
    share_of_wins,
    smooth_calibration_error,
    wilson,
)

PEERS = {
    auc: peer.roc_auc_score,
    average_precision: peer.average_precision_score,
    log_loss: peer.log_loss,
    brier: peer.brier_score_loss,
}


def sure_of_itself(n: int, *, seed: int = 0, sure: float = 1.6) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities whose log-odds are ``sure`` times too far out."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.0, 1.2, n)
    return rng.random(n) < expit(odds), expit(sure * odds)


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of both kinds, scores with many ties, weights some of which are 0."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    levels = draw(st.sampled_from([1, 3, 10, 10**6]))
    score = (rng.integers(0, levels, n) + 0.5) / levels
    converted = rng.random(n) < 0.4
    converted[:2] = True, False
    weight = rng.integers(0, 3, n) if draw(st.booleans()) else rng.uniform(0.1, 3, n)
    weight = weight.astype(float)
    weight[:2] = 1.0
    order = rng.permutation(n)
    return converted[order], score[order], weight[order]


@settings(max_examples=100, deadline=None)
@given(judged())
def test_metrics_equal_those_of_sklearn_with_weights_and_ties(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    converted, score, weight = drawn
    for own, other in PEERS.items():
        expected = other(converted, score, sample_weight=weight)
        assert own(converted, score, weight) == pytest.approx(expected, abs=1e-12, rel=1e-12)


def test_a_weight_of_two_is_a_row_drawn_twice() -> None:
    converted = np.array([True, False, True, False])
    score = np.array([0.9, 0.9, 0.4, 0.2])
    for metric in ALL.values():
        twice = np.array([0, 0, 1, 2, 3, 3])
        assert metric(converted, score, np.array([2.0, 1, 1, 2])) == pytest.approx(
            metric(converted[twice], score[twice], np.ones(6)), abs=1e-12
        )


@settings(max_examples=40, deadline=None)
@given(judged())
def test_a_weight_of_k_is_a_row_drawn_k_times(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    converted, score, weight = drawn
    times = np.ceil(weight).astype(int)
    rows = np.repeat(np.arange(len(score)), times)
    for name, metric in ALL.items():
        if name == "calibration_slope":
            continue  # without end where a threshold parts won from lost; see below
        whole = metric(converted[rows], score[rows], np.ones(len(rows)))
        assert metric(converted, score, times.astype(float)) == pytest.approx(whole, abs=1e-9), name


# Best score first: one win at .9; a tie of five at .5 with two wins; four losses below.
#   top 10 % = 1 row:  the win at .9                                    -> 1 of 3
#   top 20 % = 2 rows: and a fifth of the tie, which holds 2 wins       -> 1.4 of 3
#   top 30 % = 3 rows: and two fifths of it                             -> 1.8 of 3
BY_HAND = (
    np.array([True, True, True, False, False, False, False, False, False, False]),
    np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.2, 0.3]),
)


@pytest.mark.parametrize(("top", "wins"), [(0.1, 1.0), (0.2, 1.4), (0.3, 1.8), (1.0, 3.0)])
def test_tied_scores_share_their_wins_out_in_the_top(top: float, wins: float) -> None:
    converted, score = BY_HAND
    assert share_of_wins(top)(converted, score, np.ones(10)) == pytest.approx(wins / 3)
    assert lift(top)(converted, score, np.ones(10)) == pytest.approx(wins / 3 / top)


def test_the_order_of_rows_changes_no_metric() -> None:
    converted, score = BY_HAND
    order = np.random.default_rng(1).permutation(10)
    for metric in ALL.values():
        assert metric(converted, score, np.ones(10)) == pytest.approx(
            metric(converted[order], score[order], np.ones(10)), abs=1e-12
        )


def test_the_calibration_slope_is_that_of_a_logistic_regression_without_penalty() -> None:
    for seed, sure in ((0, 1.6), (1, 0.4), (2, 1.0), (3, -1.0)):
        converted, probability = sure_of_itself(800, seed=seed, sure=sure)
        weight = np.random.default_rng(seed).uniform(0, 3, 800)
        other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000)
        other.fit(logit(probability)[:, None], converted, weight)
        slope = calibration_slope(converted, probability, weight)
        assert slope == pytest.approx(other.coef_[0, 0], rel=1e-4)


def test_the_calibration_slope_of_one_number_for_all_is_none() -> None:
    converted, _ = BY_HAND
    groups = pd.Series([f"L{k}" for k in range(10)], dtype="str")
    found = estimate(PROBABILITY, converted, np.full(10, 0.3), groups, seed=0)
    assert np.isnan(found["calibration_slope"].value)
    assert set(found["calibration_slope"].to_json().values()) == {None}
    assert None not in found["brier"].to_json().values()


def test_a_perfect_or_certain_probability_is_judged_without_a_crash() -> None:
    converted = np.arange(40) % 2 == 0
    groups = pd.Series([f"L{k}" for k in range(40)], dtype="str")
    for probability in (converted * 1.0, ~converted * 1.0, np.where(converted, 0.9, 0.1)):
        found = estimate(ALL, converted, probability, groups, seed=0)
        for name, figure in found.items():
            assert np.isfinite([figure.value, figure.lower, figure.upper]).all(), name


def test_observed_to_expected_is_wins_by_the_sum_of_probabilities() -> None:
    converted = np.array([True, False, False, True])
    probability = np.array([0.5, 0.25, 0.05, 0.2])
    assert observed_to_expected(converted, probability, np.ones(4)) == pytest.approx(2 / 1.0)
    weight = np.array([2.0, 0.0, 0.0, 5.0])  # 7 wins for each 2 * .5 + 5 * .2 = 2 expected
    assert observed_to_expected(converted, probability, weight) == pytest.approx(3.5)


def smoothed_by_hand(
    converted: np.ndarray, probability: np.ndarray, weight: np.ndarray, width: float
) -> float:
    """Residuals spread by a Gaussian that is thrown back at 0 and 1, cell by cell."""
    centers = (np.arange(GRID) + 0.5) / GRID
    smoothed = np.zeros(GRID)
    for won, p, w in zip(converted, probability, weight, strict=True):
        at = centers[min(int(p * GRID), GRID - 1)]
        images = [2 * turn + sign * at for turn in range(-6, 7) for sign in (1, -1)]
        kernel = sum(norm.pdf(centers, image, width) for image in images) / GRID
        smoothed += w * (won - p) * kernel
    return float(np.abs(smoothed).sum() / weight.sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_smooth_calibration_error_is_that_of_a_kernel_as_wide_as_itself(seed: int) -> None:
    converted, probability = sure_of_itself(60, seed=seed, sure=(0.2, 0.8, 1.6, 5.0)[seed])
    weight = np.random.default_rng(seed).uniform(0.1, 2, 60)
    width = brentq(
        lambda w: smoothed_by_hand(converted, probability, weight, w) - w, 2 / GRID, 1.0, xtol=1e-4
    )
    found = smooth_calibration_error(converted, probability, weight)
    assert found == pytest.approx(width, abs=1.0 / GRID)


def test_the_smooth_calibration_error_of_a_constant_is_its_distance_from_the_rate() -> None:
    # All residuals lie in one cell, so that no kernel lets them cancel: |.25 - p|.
    converted = np.arange(400) % 4 == 0
    for probability in (0.0, 0.1, 0.4, 0.95, 1.0):
        found = smooth_calibration_error(converted, np.full(400, probability), np.ones(400))
        assert found == pytest.approx(abs(0.25 - probability), abs=1e-9)
    nobody = np.zeros(400, dtype=bool)
    assert smooth_calibration_error(nobody, np.full(400, 0.9), np.ones(400)) == pytest.approx(0.9)


def test_true_probabilities_have_a_small_smooth_calibration_error_and_wrong_ones_a_large() -> None:
    converted, probability = sure_of_itself(20_000, sure=1.0)
    whole = np.ones(20_000)
    assert smooth_calibration_error(converted, probability, whole) < 0.015
    higher = np.minimum(probability + 0.1, 1.0)
    assert smooth_calibration_error(converted, higher, whole) == pytest.approx(0.1, abs=0.01)


def test_a_constant_score_sorts_like_chance() -> None:
    converted, _ = BY_HAND
    constant = np.full(10, 0.3)
    assert auc(converted, constant, np.ones(10)) == pytest.approx(0.5)
    assert average_precision(converted, constant, np.ones(10)) == pytest.approx(0.3)
    assert lift(0.2)(converted, constant, np.ones(10)) == pytest.approx(1.0)


def test_a_bootstrap_draws_whole_groups_as_many_as_there_are() -> None:
    groups = pd.Series([f"g{k % 7}" for k in range(50)], dtype="str")
    draws = list(bootstrap_weights(groups, seed=4))
    assert len(draws) == RESAMPLES
    for weights in draws:
        by_group = pd.Series(weights).groupby(groups)
        assert by_group.nunique().eq(1).all(), "all rows of a group are drawn alike"
        assert by_group.first().sum() == 7
    assert len({weights.tobytes() for weights in draws}) > RESAMPLES / 2


def test_a_bootstrap_of_rows_that_repeat_a_group_is_wider() -> None:
    rng = np.random.default_rng(0)
    lead = np.repeat(np.arange(60), 10)
    won, score = (rng.random(60) < 0.4)[lead], rng.random(60)[lead]
    names = pd.Series([f"L{k}" for k in lead], dtype="str")
    alone = pd.Series([f"row {k}" for k in range(600)], dtype="str")
    widths = [
        found.upper - found.lower
        for found in (
            estimate({"auc": auc}, won, score, groups, seed=1)["auc"] for groups in (names, alone)
        )
    ]
    assert widths[0] > 2 * widths[1]


def test_the_interval_of_every_metric_contains_its_value() -> None:
    converted, score = BY_HAND
    groups = pd.Series([f"L{k}" for k in range(10)], dtype="str")
    found = estimate(ALL, converted, score, groups, seed=0)
    assert set(found) == {*RANKING, *PROBABILITY}
    for name, figure in found.items():
        assert figure.lower <= figure.value <= figure.upper, name
        assert figure.lower < figure.upper, name
        whole = ALL[name](converted, score, np.ones(10))
        assert figure.value == pytest.approx(whole, abs=1e-12)


def intervals_on_rows(
    converted: np.ndarray, score: np.ndarray, groups: pd.Series, *, seed: int
) -> dict[str, tuple[float, float]]:
    """Each metric's interval from resamples of the rows themselves."""
    drawn: dict[str, list[float]] = {name: [] for name in ALL}
    for weight in bootstrap_weights(groups, seed=seed):
        rows = np.repeat(np.arange(len(score)), weight.astype(int))
        if converted[rows].any() and not converted[rows].all():
            for name, metric in ALL.items():
                drawn[name].append(metric(converted[rows], score[rows], np.ones(len(rows))))
    return {name: tuple(np.quantile(found, (0.05, 0.95))) for name, found in drawn.items()}


def test_up_to_as_many_distinct_scores_as_cells_the_intervals_are_those_of_the_rows() -> None:
    converted, probability = sure_of_itself(700, seed=3)
    score = np.round(probability * (CELLS - 1)) / (CELLS - 1)
    groups = pd.Series([f"L{k // 2}" for k in range(700)], dtype="str")
    found = estimate(ALL, converted, score, groups, seed=5)
    for name, (lower, upper) in intervals_on_rows(converted, score, groups, seed=5).items():
        own = found[name]
        assert (own.lower, own.upper) == (
            pytest.approx(min(lower, own.value), abs=1e-7),
            pytest.approx(max(upper, own.value), abs=1e-7),
        ), name


def test_with_more_distinct_scores_the_intervals_are_close_to_those_of_the_rows() -> None:
    converted, score = sure_of_itself(3_000, seed=4)
    groups = pd.Series([f"L{k // 2}" for k in range(3_000)], dtype="str")
    found = estimate(ALL, converted, score, groups, seed=5)
    for name, (lower, upper) in intervals_on_rows(converted, score, groups, seed=5).items():
        off = 0.03 * (upper - lower)
        own = found[name]
        assert (own.lower, own.upper) == (
            pytest.approx(lower, abs=off),
            pytest.approx(upper, abs=off),
        ), name


def test_a_resample_without_wins_says_nothing() -> None:
    converted = np.array([True] + [False] * 5)
    groups = pd.Series([f"L{k}" for k in range(6)], dtype="str")
    found = estimate({"auc": auc}, converted, np.arange(6) / 10, groups, seed=0)["auc"]
    assert found == Estimate(0.0, 0.0, 0.0)


def test_the_interval_covers_the_true_auc_about_as_often_as_it_says() -> None:
    # Scores of winners lie one standard deviation higher: AUC = Phi(1 / sqrt 2) = 0.7602.
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(60):
        won = rng.random(200) < 0.4
        score = rng.normal(size=200) + won
        groups = pd.Series(np.arange(200).astype(str), dtype="str")
        found = estimate({"auc": auc}, won, score, groups, seed=1)["auc"]
        covered.append(found.lower <= 0.760250 <= found.upper)
    assert 0.8 <= np.mean(covered) <= 0.98  # 90 % of 60, give or take two and a half errors


def test_a_single_group_gives_the_value_as_its_interval() -> None:
    converted, score = BY_HAND
    found = estimate({"auc": auc}, converted, score, pd.Series(["one"] * 10), seed=0)["auc"]
    assert found.lower == found.upper == found.value


def test_wilson_equals_the_published_intervals() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3, 95 %:
    # 81/263 -> 0.2553 to 0.3662; 15/148 -> 0.0624 to 0.1605; 0/20 -> 0 to 0.1611;
    # 1/29 -> 0.0061 to 0.1718.
    table = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611)}
    for (won, n), (lower, upper) in {**table, (1, 29): (0.0061, 0.1718)}.items():
        found = wilson(won, n, z=1.959963984540054)
        assert (found.value, found.lower, found.upper) == (
            won / n,
            pytest.approx(lower, abs=5e-5),
            pytest.approx(upper, abs=5e-5),
        )


def test_wilson_keeps_within_zero_and_one_and_knows_nothing_of_nothing() -> None:
    assert (wilson(0, 0).lower, wilson(0, 0).upper) == (0.0, 1.0)
    assert wilson(0, 12).lower == 0.0
    assert wilson(12, 12).upper == pytest.approx(1.0)
    assert wilson(12, 12).lower < 1.0
