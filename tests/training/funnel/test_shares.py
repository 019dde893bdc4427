"""Shares and changes: the right interval, and silence where chance would do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.intervals import Z90
from training.funnel.shares import changed_count, changed_share, share_of, z_of_family


def test_a_share_of_nothing_has_no_value() -> None:
    empty = share_of(0, 0)
    assert (empty.value, empty.lower, empty.upper) == (None, None, None)
    assert changed_share(share_of(1, 2), empty) is None
    assert changed_share(empty, share_of(1, 2)) is None


def test_the_difference_of_two_shares_has_newcombes_interval() -> None:
    # Newcombe (1998), table II: 56/70 against 48/80, method 10, 95 %: 0.0524 to 0.3339.
    found = changed_share(share_of(56, 70), share_of(48, 80), z=1.959964)
    assert found is not None
    assert found.value == pytest.approx(0.2)
    assert found.lower == pytest.approx(0.0524, abs=5e-5)
    assert found.upper == pytest.approx(0.3339, abs=5e-5)
    assert found.beyond


def test_a_count_is_held_against_as_long_a_time() -> None:
    half = changed_count(50, 100, days=30, days_before=60)
    assert half is not None
    assert half.value == pytest.approx(1.0)
    assert not half.beyond
    double = changed_count(100, 100, days=30, days_before=60)
    assert double is not None
    assert double.value == pytest.approx(2.0)
    assert double.beyond


def test_where_none_came_before_there_is_no_multiple() -> None:
    assert changed_count(0, 0, days=90, days_before=90) is None
    new = changed_count(40, 0, days=90, days_before=90)
    assert new is not None
    assert (new.value, new.upper, new.beyond) == (None, None, True)
    few = changed_count(1, 0, days=90, days_before=90)
    assert few is not None
    assert not few.beyond


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60))
def test_exchanging_the_quarters_turns_the_change_round(a: int, b: int, m: int, n: int) -> None:
    one, other = share_of(min(a, m), m), share_of(min(b, n), n)
    there, back = changed_share(one, other), changed_share(other, one)
    assert there is not None
    assert back is not None
    assert there.lower == pytest.approx(-(back.upper or 0.0))
    assert there.beyond == back.beyond
    assert -1 - 1e-12 <= (there.lower or 0.0) <= (there.upper or 0.0) <= 1 + 1e-12


def test_without_a_change_about_one_in_ten_is_called_one_and_a_family_seldomer() -> None:
    rng = np.random.default_rng(3)
    alarms = [0, 0]
    for _ in range(400):
        this, last = rng.binomial(200, 0.3, 6), rng.binomial(200, 0.3, 6)
        pairs = [
            (share_of(int(a), 200), share_of(int(b), 200)) for a, b in zip(this, last, strict=True)
        ]
        for k, z in enumerate((Z90, z_of_family(6))):
            found = [changed_share(*pair, z=z) for pair in pairs]
            alarms[k] += any(change is not None and change.beyond for change in found)
    assert 0.35 < alarms[0] / 400 < 0.58  # 1 - 0.9**6 = 0.47
    assert alarms[1] / 400 < 0.14
