"""Each metric against a peer or a table worked by hand, and what an interval is worth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from training.metrics import (
    PROBABILITY,
    RANKING,
    RESAMPLES,
    auc,
    average_precision,
    bootstrap_weights,
    brier,
    estimate,
    lift,
    log_loss,
    share_of_wins,
    wilson,
)

PEERS = {
    auc: peer.roc_auc_score,
    average_precision: peer.average_precision_score,
    log_loss: peer.log_loss,
    brier: peer.brier_score_loss,
}


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
    for metric in {**RANKING, **PROBABILITY}.values():
        twice = np.array([0, 0, 1, 2, 3, 3])
        assert metric(converted, score, np.array([2.0, 1, 1, 2])) == pytest.approx(
            metric(converted[twice], score[twice], np.ones(6)), abs=1e-12
        )


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
    for metric in {**RANKING, **PROBABILITY}.values():
        assert metric(converted, score, np.ones(10)) == pytest.approx(
            metric(converted[order], score[order], np.ones(10)), abs=1e-12
        )


def test_a_constant_score_sorts_like_chance() -> None:
    converted, _ = BY_HAND
    constant = np.full(10, 0.3)
    assert auc(converted, constant, np.ones(10)) == pytest.approx(0.5)
    assert average_precision(converted, constant, np.ones(10)) == pytest.approx(0.3)
    assert lift(0.2)(converted, constant, np.ones(10)) == pytest.approx(1.0)


def test_a_bootstrap_draws_whole_groups_as_many_as_there_are() -> None:
    groups = pd.Series([f"g{k % 7}" for k in range(50)], dtype="str")
    draws = bootstrap_weights(groups, seed=4)
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
    found = estimate({**RANKING, **PROBABILITY}, converted, score, groups, seed=0)
    assert set(found) == {*RANKING, *PROBABILITY}
    for name, figure in found.items():
        assert figure.lower <= figure.value <= figure.upper, name
        whole = {**RANKING, **PROBABILITY}[name](converted, score, np.ones(10))
        assert figure.value == pytest.approx(whole, abs=1e-12)


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
