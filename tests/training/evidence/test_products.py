"""Together or apart: the test of a product keeps its word, whatever time does."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from training.evidence.products import (
    LEAST_IN_STRETCH,
    MOST_STRETCHES,
    expected_rate,
    part_time,
    product_p,
)


def test_the_p_of_one_pair_is_uniform_where_leads_stand_repeatedly() -> None:
    rng = np.random.default_rng(0)
    lead = np.repeat(np.arange(500), 4)
    ps = []
    for _ in range(400):
        first = np.repeat(rng.random(500) < 0.5, 4)
        second = np.repeat(rng.random(500) < 0.4, 4)
        odds = -2 + first + 0.8 * second + np.repeat(rng.normal(0, 1.5, 500), 4)
        converted = rng.random(2_000) < expit(odds)
        stretch = part_time(rng.random(2_000), converted)
        ps.append(product_p(2 * first + second, converted, lead, stretch))
    below = [np.mean([p is not None and p < level for p in ps]) for level in (0.05, 0.2, 0.5)]
    # Three standard errors of 400 draws; looks taken for leads would give .2 below .05.
    assert below == pytest.approx([0.05, 0.2, 0.5], abs=0.075)
    assert below[0] < 0.083


def test_the_p_of_independent_leads_is_that_of_a_score_test_of_logistic_regression() -> None:
    rng = np.random.default_rng(3)
    cell = rng.integers(0, 4, 4_000)
    converted = rng.random(4_000) < np.array([0.1, 0.15, 0.3, 0.5])[cell]
    first, second = cell // 2, cell % 2
    columns = np.column_stack([np.ones(4_000), first, second])

    def loss(weights: np.ndarray) -> float:
        odds = columns @ weights
        return float(np.logaddexp(0, odds).sum() - odds @ converted)

    fitted = expit(columns @ minimize(loss, np.zeros(3)).x)
    product, worth = (first * second).astype(float), fitted * (1 - fitted)
    own = np.linalg.solve((columns.T * worth) @ columns, (columns.T * worth) @ product)
    rest = product - columns @ own
    z = rest @ (converted - fitted) / np.sqrt((rest**2 * (converted - fitted) ** 2).sum())
    found = product_p(cell, converted, np.arange(4_000), np.zeros(4_000, dtype=int))
    normal = np.random.default_rng(0).normal(size=2_000_000)
    assert found == pytest.approx(np.mean(np.abs(normal) > abs(z)), rel=0.02, abs=1e-4)


def test_too_few_leads_or_conversions_in_a_cell_are_not_asked() -> None:
    rng = np.random.default_rng(0)
    lead = np.arange(400)
    cell, converted = lead % 4, rng.random(400) < 0.3
    once = np.zeros(400, dtype=int)
    assert product_p(cell, converted, lead, once) is not None
    assert product_p(cell, lead < 16, lead, once) is None, "4 conversions a cell"
    assert product_p(cell, lead >= 16, lead, once) is None, "4 without a conversion"
    assert product_p(cell, converted, np.where(cell == 3, 3, lead), once) is None, (
        "one lead with both"
    )
    assert product_p(np.minimum(cell, 2), converted, lead, once) is None, "nobody with both"


def test_stretches_of_time_hold_about_as_many_and_never_part_one_moment() -> None:
    moment = np.arange(1_200.0)
    found = part_time(moment, moment % 2 == 0)
    assert np.bincount(found).tolist() == [100] * MOST_STRETCHES
    assert (np.diff(found) >= 0).all()
    assert set(part_time(np.zeros(1_200), moment % 2 == 0)) == {0}
    few = part_time(moment, moment < 2.5 * LEAST_IN_STRETCH)
    assert set(few) == {0, 1}, "50 converted: enough for two stretches"


def test_what_is_expected_is_expected_at_the_same_times() -> None:
    """Both come late only, when all odds are four times what they were: 1:9 by 2, by 3, by 4."""
    cell = np.repeat([0, 1, 2, 0, 1, 2, 3], 11_000)
    stretch = np.repeat([0, 0, 0, 1, 1, 1, 1], 11_000)
    odds = np.array([1 / 9, 2 / 9, 3 / 9])
    rates = [*(odds / (1 + odds)), *(4 * odds / (1 + 4 * odds)), 0.9]
    place = np.tile(np.arange(11_000), 7)
    converted = place < np.repeat(np.round(np.array(rates) * 11_000), 11_000)
    wanted = 24 / 9 / (1 + 24 / 9)
    assert expected_rate(cell, converted, stretch) == pytest.approx(wanted, abs=0.002)


def test_a_stretch_in_which_nobody_converts_breaks_nothing() -> None:
    rng = np.random.default_rng(1)
    cell, stretch = rng.integers(0, 4, 4_000), np.repeat([0, 1, 2, 3], 1_000)
    converted = (rng.random(4_000) < 0.3) & (stretch != 2)
    found = product_p(cell, converted, np.arange(4_000), stretch)
    assert found is not None
    assert 0 < found <= 1
