"""What counts only together: a planted interaction is found, and without one alarms are rare."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from training.evidence.interactions import FALSE_ALARMS, find_interactions, product_p

LEADS, LOOKS = 1_000, 3
N = LEADS * LOOKS
NOUNS = 5


def catalog_of(*, shared: bool = False) -> Catalog:
    """Numbers, each a subject of its own; the last two read one column where they share it."""
    columns = ["x0", "x1", "x2", "x3", "x3" if shared else "x4"]
    return Catalog(
        tuple(
            Feature(VOCABULARY["number"], Noun(f"x{k}", (column,), f"x{k}", f"x{k}", "fit"))
            for k, column in enumerate(columns)
        ),
        {},
    )


def world(*, seed: int, together: float) -> dict[str, Any]:
    """Five numbers that each say something; x3 and x4 say more, or less, where both are high."""
    rng = np.random.default_rng(seed)
    matrix = np.repeat(rng.random((LEADS, NOUNS)), LOOKS, axis=0)
    matrix[:, 3] = rng.random(N)  # differs from look to look
    high = (matrix >= 0.5).astype(float)
    own = np.repeat(rng.normal(0, 0.7, LEADS), LOOKS)  # a lead's looks are alike
    odds = -1.8 + high @ [0.4, 0.4, 0.4, 0.5, 0.5] + together * high[:, 3] * high[:, 4] + own
    return {
        "matrix": matrix,
        "contributions": (high - 0.5) * [0.4, 0.4, 0.4, 0.5, 0.5],
        "converted": rng.random(N) < expit(odds),
        "lead_ids": pd.Series(np.repeat([f"L{k}" for k in range(LEADS)], LOOKS), dtype="str"),
    }


def test_a_planted_interaction_is_found_and_told_in_four_cells() -> None:
    made = world(seed=1, together=1.0)
    found = find_interactions(catalog_of(), **made)
    assert found["tested"] == 10, "5 subjects make 10 pairs"
    (pair,) = found["found"]
    assert [pair[key]["subject"] for key in ("first", "second")] == ["x3", "x4"]
    assert [pair[key]["ends"] for key in ("first", "second")] == ["high", "high"]
    assert pair["p"] < pair["p_of_all"] < FALSE_ALARMS
    median = np.quantile(made["matrix"], 0.5, axis=0)
    first, second = (made["matrix"][:, k] >= median[k] for k in (3, 4))
    cells = {
        "both": first & second,
        "first": first & ~second,
        "second": second & ~first,
        "neither": ~first & ~second,
    }
    for name, inside in cells.items():
        own = pair["cells"][name]
        frame = pd.DataFrame({"lead": made["lead_ids"], "won": made["converted"]})[inside]
        assert (own["n"], own["won"]) == (len(frame), frame["won"].sum())
        assert own["leads"] == frame["lead"].nunique()
        assert own["lower"] < own["rate"] < own["upper"]
    odds = {
        name: (own["won"] + 0.5) / (own["n"] - own["won"] + 0.5)
        for name, own in pair["cells"].items()
    }
    both = odds["first"] * odds["second"] / odds["neither"]
    assert pair["expected"] == pytest.approx(both / (1 + both))
    assert pair["cells"]["both"]["lower"] > pair["expected"]


def test_an_interaction_the_other_way_is_found_too() -> None:
    found = find_interactions(catalog_of(), **world(seed=2, together=-1.0))["found"]
    assert [row["second"]["subject"] for row in found] == ["x4"]
    assert found[0]["cells"]["both"]["rate"] < found[0]["expected"]


def test_without_an_interaction_reports_raise_a_false_alarm_about_as_often_as_they_say() -> None:
    alarms = [
        bool(find_interactions(catalog_of(), **world(seed=seed, together=0.0))["found"])
        for seed in range(100)
    ]
    assert sum(alarms) <= 10, "5 are expected; more than 10 come once in a hundred times"


def test_the_p_of_one_pair_is_uniform_where_leads_stand_repeatedly() -> None:
    rng = np.random.default_rng(0)
    lead = np.repeat(np.arange(500), 4)
    ps = []
    for _ in range(400):
        first = np.repeat(rng.random(500) < 0.5, 4)
        second = np.repeat(rng.random(500) < 0.4, 4)
        odds = -2 + first + 0.8 * second + np.repeat(rng.normal(0, 1.5, 500), 4)
        ps.append(product_p(2 * first + second, rng.random(2_000) < expit(odds), lead))
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
    found = product_p(cell, converted, np.arange(4_000))
    normal = np.random.default_rng(0).normal(size=2_000_000)
    assert found == pytest.approx(np.mean(np.abs(normal) > abs(z)), rel=0.02, abs=1e-4)


def test_too_few_leads_or_conversions_in_a_cell_are_not_asked() -> None:
    rng = np.random.default_rng(0)
    lead = np.arange(400)
    cell, converted = lead % 4, rng.random(400) < 0.3
    assert product_p(cell, converted, lead) is not None
    assert product_p(cell, lead < 16, lead) is None, "4 conversions a cell"
    assert product_p(cell, lead >= 16, lead) is None, "4 without a conversion"
    assert product_p(cell, converted, np.where(cell == 3, 3, lead)) is None, "one lead with both"
    assert product_p(np.minimum(cell, 2), converted, lead) is None, "nobody with both"


def test_subjects_of_the_same_events_are_not_paired() -> None:
    found = find_interactions(catalog_of(shared=True), **world(seed=1, together=1.0))
    assert (found["tested"], found["found"]) == (9, [])


def test_a_model_that_leans_on_nothing_pairs_nothing() -> None:
    made = world(seed=1, together=1.0)
    made["contributions"] = np.zeros((N, NOUNS))
    assert find_interactions(catalog_of(), **made) == {"tested": 0, "found": []}


def test_leads_stay_who_they_are_in_any_order() -> None:
    made = world(seed=1, together=1.0)
    order = np.random.default_rng(0).permutation(N)
    mixed = {
        "matrix": made["matrix"][order],
        "contributions": made["contributions"][order],
        "converted": made["converted"][order],
        "lead_ids": made["lead_ids"].iloc[order].reset_index(drop=True),
    }
    one, other = (find_interactions(catalog_of(), **own)["found"][0] for own in (made, mixed))
    assert one["p"] == pytest.approx(other["p"])
    assert one["cells"]["both"]["n"] == other["cells"]["both"]["n"]
