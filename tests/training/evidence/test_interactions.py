"""What counts only together: a planted interaction is found, and without one alarms are rare."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from training.evidence.interactions import FALSE_ALARMS, find_interactions

LEADS, LOOKS = 1_000, 3
N = LEADS * LOOKS
NOUNS = 5
START = pd.Timestamp("2026-01-01", tz="UTC")


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
    days = pd.to_timedelta(np.random.default_rng(seed + 10**6).random(N) * 180, unit="D")
    odds = -1.8 + high @ [0.4, 0.4, 0.4, 0.5, 0.5] + together * high[:, 3] * high[:, 4] + own
    return {
        "matrix": matrix,
        "contributions": (high - 0.5) * [0.4, 0.4, 0.4, 0.5, 0.5],
        "converted": rng.random(N) < expit(odds),
        "examples": pd.DataFrame(
            {
                "lead_id": pd.Series(
                    np.repeat([f"L{k}" for k in range(LEADS)], LOOKS), dtype="str"
                ),
                "as_of": START + days,
            }
        ),
    }


def test_a_planted_interaction_is_found_and_told_in_four_cells() -> None:
    made = world(seed=1, together=1.0)
    found = find_interactions(catalog_of(), **made)
    assert found["tested"] == 10, "5 subjects make 10 pairs"
    (pair,) = found["found"]
    assert [pair[key]["subject"] for key in ("first", "second")] == ["x3", "x4"]
    assert [pair[key]["ends"] for key in ("first", "second")] == ["high", "high"]
    assert pair["p"] < pair["p_of_all"] < FALSE_ALARMS
    median = np.quantile(made["matrix"], 0.5, axis=0).round(2)
    first, second = (made["matrix"][:, k] >= median[k] for k in (3, 4))
    cells = {
        "both": first & second,
        "first": first & ~second,
        "second": second & ~first,
        "neither": ~first & ~second,
    }
    for name, inside in cells.items():
        own = pair["cells"][name]
        frame = made["examples"].assign(lead=made["examples"]["lead_id"], won=made["converted"])
        frame = frame[inside]
        assert (own["n"], own["won"]) == (len(frame), frame["won"].sum())
        assert own["leads"] == frame["lead"].nunique()
        assert own["lower"] < own["rate"] < own["upper"]
    odds = {
        name: (own["won"] + 0.5) / (own["n"] - own["won"] + 0.5)
        for name, own in pair["cells"].items()
    }
    both = odds["first"] * odds["second"] / odds["neither"]
    assert pair["expected"] == pytest.approx(both / (1 + both), abs=0.01), "time says nothing"
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


def moving(*, seed: int) -> dict[str, Any]:
    """No two numbers say anything together, but leads get better and x3 and x4 rise with them.

    A lead stands once; x3 says more as time passes.
    """
    rng = np.random.default_rng(seed)
    passed = np.sort(rng.random(LEADS * LOOKS * 2))
    matrix = rng.random((len(passed), NOUNS))
    matrix[:, 3:] = np.clip(matrix[:, 3:] + 0.8 * (passed[:, None] - 0.5), 0, 1)
    high = (matrix >= 0.5).astype(float)
    odds = -1.8 + high @ [0.4, 0.4, 0.4, 0.5, 0.5] + 2.5 * (passed - 0.5)
    odds += 1.5 * (passed - 0.5) * (high[:, 3] - 0.5)
    return {
        "matrix": matrix,
        "contributions": (high - 0.5) * [0.4, 0.4, 0.4, 0.5, 0.5],
        "converted": rng.random(len(passed)) < expit(odds),
        "examples": pd.DataFrame(
            {
                "lead_id": pd.Series([f"L{k}" for k in range(len(passed))], dtype="str"),
                "as_of": START + pd.to_timedelta(passed * 180, unit="D"),
            }
        ),
    }


def test_the_passing_of_time_is_not_taken_for_an_interaction() -> None:
    found = [
        any(
            {row["first"]["subject"], row["second"]["subject"]} == {"x3", "x4"}
            for row in find_interactions(catalog_of(), **moving(seed=seed))["found"]
        )
        for seed in range(40)
    ]
    assert sum(found) <= 4, "fewer than 1 is expected of this pair"


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
        "examples": made["examples"].iloc[order].reset_index(drop=True),
    }
    one, other = (find_interactions(catalog_of(), **own)["found"][0] for own in (made, mixed))
    assert one["p"] == pytest.approx(other["p"])
    assert one["cells"]["both"]["n"] == other["cells"]["both"]["n"]
