"""The curve of a number: bins and bars hold every value once, and the effects are their means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.evidence.curve import BARS, POINTS, measure_curve


def test_the_effects_of_few_values_are_those_one_counts_by_hand() -> None:
    values = np.repeat([0.0, 1.0, 2.0, np.nan], [100, 50, 50, 10])
    effect = np.concatenate([np.full(100, -0.5), np.linspace(0, 1, 50), np.ones(50), -np.ones(10)])
    curve = measure_curve(values, effect)
    assert curve is not None
    points = curve["points"]
    assert [(p["value"], p["low"], p["high"], p["n"]) for p in points] == [
        (0.0, 0.0, 0.0, 100),
        (1.0, 1.0, 1.0, 50),
        (2.0, 2.0, 2.0, 50),
    ]
    assert [p["effect"] for p in points] == pytest.approx([-0.5, 0.5, 1.0])
    assert (points[1]["lower"], points[1]["upper"]) == pytest.approx((0.1, 0.9))
    assert curve["missing"] == {"n": 10, "effect": -1.0, "lower": -1.0, "upper": -1.0}
    assert curve["bars"] == [
        {"low": -0.5, "high": 0.5, "n": 100},
        {"low": 0.5, "high": 1.5, "n": 50},
        {"low": 1.5, "high": 2.5, "n": 50},
    ]
    assert (curve["scale"], curve["beyond"]) == ("linear", 0)


def test_a_skewed_number_stands_on_a_logarithmic_axis_with_zeros_before_it() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(300), np.exp(rng.normal(4, 2, 2_000))])
    curve = measure_curve(values, np.log1p(values))
    assert curve is not None
    assert curve["scale"] == "log"
    zeros, *rest = curve["bars"]
    assert zeros == {"low": 0.0, "high": 0.0, "n": 300}
    ratios = [bar["high"] / bar["low"] for bar in rest]
    assert len(rest) == BARS
    assert ratios == pytest.approx([ratios[0]] * BARS)
    assert curve["points"][0]["n"] == 300
    low, high = rest[0]["low"], rest[-1]["high"]
    beyond = (values > high) | ((values > 0) & (values < low))
    assert curve["beyond"] == beyond.sum() > 0, "zeros have a bar of their own"


def test_one_absurd_value_does_not_flatten_the_rest() -> None:
    curve = measure_curve(np.append(np.arange(1000.0), 1e12), np.zeros(1001))
    assert curve is not None
    assert curve["bars"][-1]["high"] < 1_000
    assert curve["beyond"] == 5 + 5, "the absurd one among those above"
    assert sum(bar["n"] for bar in curve["bars"]) == 1001


@pytest.mark.parametrize("values", [[], [np.nan] * 3, [1.0] * 9, [0.0, 1.0] * 9])
def test_fewer_than_three_values_make_no_curve(values: list[float]) -> None:
    assert measure_curve(np.array(values), np.zeros(len(values))) is None


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.just(0.0), st.just(np.nan), st.floats(-1e6, 1e6, width=32)),
        min_size=3,
        max_size=300,
    )
)
def test_points_and_bars_each_hold_every_known_value_once(values: list[float]) -> None:
    numbers = np.array(values)
    curve = measure_curve(numbers, np.sin(numbers))
    known = numbers[~np.isnan(numbers)]
    if len(np.unique(known)) < 3:
        assert curve is None
        return
    assert curve is not None
    points, bars = curve["points"], curve["bars"]
    assert len(points) <= POINTS + 1
    assert sum(p["n"] for p in points) == sum(b["n"] for b in bars) == len(known)
    medians = [p["value"] for p in points]
    assert all(p["low"] <= p["value"] <= p["high"] for p in points)
    assert all(p["lower"] <= p["upper"] for p in points)
    assert medians == sorted(medians) or (known < 0).any(), "zeros apart lie amid negative values"
    weighed = sum(p["n"] * p["effect"] for p in points)
    assert weighed == pytest.approx(np.sin(known).sum(), abs=1e-6)
