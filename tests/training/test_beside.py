"""Differences are those of the figures, and know what both scorers find hard."""

import numpy as np
import pandas as pd
import pytest

from training.beside import differences, estimates, figures_from_json, figures_to_json
from training.metrics import ALL, RANKING, Resampled, resample


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict[str, Resampled]]:
    """The model, the same with a little noise, and one that is no probability."""
    rng = np.random.default_rng(4)
    odds = rng.normal(-1.0, 1.5, 3_000)
    converted = rng.random(3_000) < 1 / (1 + np.exp(-odds))
    groups = pd.Series([f"A{k // 2}" for k in range(3_000)], dtype="str")
    scores = {
        "model": 1 / (1 + np.exp(-odds)),
        "close": 1 / (1 + np.exp(-odds - rng.normal(0, 0.3, 3_000))),
        "newest first": np.arange(3_000.0),
    }
    return {
        name: resample(RANKING if name == "newest first" else ALL, converted, score, groups, seed=0)
        for name, score in scores.items()
    }


def test_a_difference_is_that_of_the_exact_figures(drawn: dict[str, dict[str, Resampled]]) -> None:
    found, figures = differences(drawn, "model"), estimates(drawn)
    assert set(found) == {"close", "newest first"}
    assert set(found["newest first"]) == {"auc", "wins_in_top_20"}
    for rival, own in found.items():
        for metric, difference in own.items():
            wanted = figures["model"][metric].value - figures[rival][metric].value
            assert difference.value == pytest.approx(wanted)
            assert difference.lower <= difference.value <= difference.upper


def test_a_difference_is_told_where_both_intervals_overlap(
    drawn: dict[str, dict[str, Resampled]],
) -> None:
    figures, found = estimates(drawn), differences(drawn, "model")["close"]
    assert figures["close"]["auc"].upper > figures["model"]["auc"].lower, "the intervals overlap"
    assert found["auc"].lower > 0, "the difference does not hold nothing"
    assert found["log_loss"].upper < 0


def test_a_scorer_is_not_ahead_of_itself(drawn: dict[str, dict[str, Resampled]]) -> None:
    twin = differences({"model": drawn["model"], "twin": drawn["model"]}, "model")["twin"]
    assert {(e.lower, e.value, e.upper) for e in twin.values()} == {(0.0, 0.0, 0.0)}


def test_figures_come_back_as_they_were(drawn: dict[str, dict[str, Resampled]]) -> None:
    found = differences(drawn, "model")
    assert figures_from_json(figures_to_json(found)) == found
