"""Are leads drawn by chance alone, the same ones every time, and do they tell of all?"""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from leadml.errors import ConfigError, DataError, SignalError
from leadml.explore import Rate, _difference, _point, draw, propensity, true_lift
from leadml.intervals import wilson_bounds

IDS = [f"L{k}" for k in range(20_000)]


def log_of(rows: list[tuple[str, bool, bool, float, bool]]) -> pd.DataFrame:
    names = ["lead_id", "above", "explored", "propensity", "converted"]
    return pd.DataFrame(rows, columns=names)


# --- draws ----------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=40, unique=True),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_batch_changes_a_draw(ids: list[str], share: float, rng: object) -> None:
    drawn = dict(zip(ids, draw(ids, share=share, period="2026-W14", seed=3), strict=True))
    shuffled = list(ids)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    again = draw(shuffled, share=share, period="2026-W14", seed=3)
    assert dict(zip(shuffled, again, strict=True)) == drawn
    alone = draw(ids[:1], share=share, period="2026-W14", seed=3)
    assert alone.tolist() == [drawn[ids[0]]]


def test_another_process_draws_the_same() -> None:
    code = (
        "from leadml.explore import draw; "
        "print(draw([f'L{k}' for k in range(64)], share=0.5, period='p', seed=1).tolist())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "12", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(draw(IDS[:64], share=0.5, period="p", seed=1).tolist())


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_as_many_are_drawn_as_the_share_says(share: float) -> None:
    drawn = int(draw(IDS, share=share, period="2026-W14", seed=0).sum())
    low, high = binom.interval(0.999, len(IDS), share)
    assert low <= drawn <= high


def test_points_lie_evenly_between_0_and_1() -> None:
    points = [_point(lead, "2026-W14", 0) for lead in IDS]
    assert 0 <= min(points) < max(points) < 1
    assert kstest(points, "uniform").pvalue > 0.001


def test_a_share_of_nothing_draws_none_and_of_all_draws_all() -> None:
    assert not draw(IDS, share=0.0, period="p", seed=0).any()
    assert draw(IDS, share=1.0, period="p", seed=0).all()
    assert draw([], share=0.5, period="p", seed=0).shape == (0,)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_draws_the_same_leads_and_more(one: float, other: float) -> None:
    small, great = sorted([one, other])
    fewer = draw(IDS[:200], share=small, period="p", seed=0)
    more = draw(IDS[:200], share=great, period="p", seed=0)
    assert not (fewer & ~more).any()


def test_periods_and_seeds_draw_independently_of_each_other() -> None:
    first = draw(IDS, share=0.1, period="2026-W14", seed=0)
    for period, seed in (("2026-W15", 0), ("2026-W14", 1)):
        both = int((first & draw(IDS, share=0.1, period=period, seed=seed)).sum())
        low, high = binom.interval(0.999, len(IDS), 0.01)
        assert low <= both <= high


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"must lie between 0 and 1, got .* Write 0\.05"):
        draw(IDS[:1], share=share, period="p", seed=0)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        propensity(np.array([True]), can_pass=np.array([True]), share=share)


def test_above_is_certain_below_is_the_share_and_out_of_reach_is_never() -> None:
    above = np.array([True, True, False, False])
    can_pass = np.array([True, False, True, False])
    assert propensity(above, can_pass=can_pass, share=0.1).tolist() == [1.0, 1.0, 0.1, 0.0]


# --- what they tell -------------------------------------------------------------------------------

# Above: 4 leads, 2 win                                             -> 1/2
# Below, explored: a at 1/2 wins (stands for 2), b at 1/4 does not (stands for 4) -> 2/6
# Below, untouched: d at 1/2 does not (2), e at 1/4 wins (4/3)      -> (4/3) / (10/3) = 2/5
# Out of reach: f, whose win says nothing.
BY_HAND = log_of(
    [
        ("w", True, False, 1.0, True),
        ("x", True, False, 1.0, True),
        ("y", True, False, 1.0, False),
        ("z", True, False, 1.0, False),
        ("a", False, True, 0.5, True),
        ("b", False, True, 0.25, False),
        ("d", False, False, 0.5, False),
        ("e", False, False, 0.25, True),
        ("f", False, False, 0.0, True),
    ]
)


def test_a_lead_counts_as_many_times_as_leads_it_stands_for() -> None:
    found = true_lift(BY_HAND)
    assert found.above.value == pytest.approx(1 / 2)
    assert found.below.value == pytest.approx(1 / 3)
    assert found.untouched.value == pytest.approx(2 / 5)
    assert found.lift.value == pytest.approx(1 / 2 - 1 / 3)
    assert found.effect.value == pytest.approx(1 / 3 - 2 / 5)
    assert (found.above.leads, found.below.leads, found.untouched.leads) == (4, 2, 2)
    assert found.lift.leads == 6
    assert found.out_of_reach == 1


def test_intervals_are_wilsons_on_as_many_leads_as_the_weights_are_worth() -> None:
    found = true_lift(BY_HAND)
    # Weights 2 and 4: 6**2 / (4 + 16) = 1.8 leads.
    lower, upper = wilson_bounds(np.array([1 / 3]), np.array([1.8]))
    assert (found.below.lower, found.below.upper) == pytest.approx((lower[0], upper[0]))
    lower, upper = wilson_bounds(np.array([1 / 2]), np.array([4.0]))
    assert (found.above.lower, found.above.upper) == pytest.approx((lower[0], upper[0]))


def rate_of(won: int, n: int) -> Rate:
    lower, upper = wilson_bounds(np.array([won / n]), np.array([float(n)]), z=1.959963984540054)
    return Rate(won / n, float(lower[0]), float(upper[0]), n)


def test_the_interval_of_a_difference_equals_the_published() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10, 95 %:
    # 56/70 - 48/80 -> 0.0524 to 0.3339; 9/10 - 3/10 -> 0.1705 to 0.8090.
    for pair, ends in {
        ((56, 70), (48, 80)): (0.0524, 0.3339),
        ((9, 10), (3, 10)): (0.1705, 0.8090),
    }.items():
        found = _difference(*(rate_of(*one) for one in pair))
        assert (found.lower, found.upper) == pytest.approx(ends, abs=5e-5)


def test_rows_of_one_lead_are_worth_one_lead() -> None:
    once, again = true_lift(BY_HAND), true_lift(pd.concat([BY_HAND] * 5, ignore_index=True))
    for name in ("above", "below", "untouched", "lift", "effect"):
        one, five = getattr(once, name), getattr(again, name)
        assert (five.value, five.lower, five.upper, five.leads) == pytest.approx(
            (one.value, one.lower, one.upper, one.leads)
        )


def test_no_win_among_the_explored_still_leaves_an_interval() -> None:
    rows = [("w", True, False, 1.0, True), ("u", False, False, 0.1, False)]
    rows += [(f"b{k}", False, True, 0.1, False) for k in range(20)]
    below = true_lift(log_of(rows)).below
    # Wilson at 0 of 20: z2 / (20 + z2) with z2 = 2.7055
    assert (below.value, below.lower, below.upper) == pytest.approx((0, 0, 2.7055 / 22.7055), 1e-4)


def simulated(seed: int) -> pd.DataFrame:
    """Leads looked at once; below the line (.2) a call triples the odds, above all are called."""
    rng = np.random.default_rng(seed)
    n = 6_000
    probability = rng.beta(1.2, 6, n)
    above = probability >= 0.2
    ids = pd.Series([f"{seed} {k}" for k in range(n)], dtype="str")
    chance = propensity(above, can_pass=np.ones(n, dtype=bool), share=0.1)
    explored = draw(ids, share=0.1, period="p", seed=seed) & ~above
    called = above | explored
    odds = probability / (1 - probability) * np.where(called, 3.0, 1.0)
    converted = rng.random(n) < odds / (1 + odds)
    return pd.DataFrame(
        {
            "lead_id": ids,
            "above": above,
            "explored": explored,
            "propensity": chance,
            "converted": converted,
            "called": 3 * probability / (1 + 2 * probability),
            "left": probability,
        }
    )


def test_leads_explored_at_ten_percent_recover_the_true_rates_and_intervals_hold() -> None:
    off: list[list[float]] = []
    covered: dict[str, list[bool]] = {"below": [], "untouched": [], "lift": [], "effect": []}
    for seed in range(150):
        log = simulated(seed)
        low = log[~log["above"]]
        truth = {"below": low["called"].mean(), "untouched": low["left"].mean()}
        truth["lift"] = log.loc[log["above"], "called"].mean() - truth["below"]
        truth["effect"] = truth["below"] - truth["untouched"]
        found = true_lift(log)
        off.append([found.below.value - truth["below"], found.lift.value - truth["lift"]])
        for name, hits in covered.items():
            rate = getattr(found, name)
            hits.append(rate.lower <= truth[name] <= rate.upper)
    # The standard error of one run is about .02, of the mean of 150 about .0017.
    assert np.abs(np.mean(off, axis=0)).max() < 0.005
    for name, hits in covered.items():
        assert 0.83 <= np.mean(hits) <= 0.97, name  # 90 % of 150, two and a half errors


def test_what_cannot_be_estimated_is_refused_in_words() -> None:
    with pytest.raises(SignalError, match="must hold leads explored below it, got none"):
        true_lift(BY_HAND[~BY_HAND["explored"]])
    with pytest.raises(SignalError, match="above the line"):
        true_lift(BY_HAND[~BY_HAND["above"]])
    with pytest.raises(SignalError, match="not explored"):
        true_lift(BY_HAND[BY_HAND["above"] | BY_HAND["explored"]])


def test_a_log_that_cannot_be_right_is_refused() -> None:
    with pytest.raises(DataError, match=r"must hold lead_id, above.*got none of propensity"):
        true_lift(BY_HAND.drop(columns="propensity"))
    for changed in (
        {"propensity": BY_HAND["propensity"].replace(0.5, 1.5)},
        {"propensity": BY_HAND["propensity"].replace(0.5, np.nan)},
        {"explored": BY_HAND["lead_id"].eq("w") | BY_HAND["explored"]},
        {"explored": BY_HAND["lead_id"].eq("f") | BY_HAND["explored"]},
    ):
        with pytest.raises(DataError, match=r"an explored one lie below the line.*got \d"):
            true_lift(BY_HAND.assign(**changed))
