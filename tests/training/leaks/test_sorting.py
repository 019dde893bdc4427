"""How well does a column sort? The plain definitions, and columns whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from training.leaks.sorting import (
    FOLDS,
    PRIOR,
    auc_of_trees,
    binned,
    column_codes,
    mean_out_of_fold,
    time_told,
)

N = 1_200
TIME = np.arange(1, N + 1) / N
FOLD = np.random.default_rng(0).integers(0, FOLDS, N)


def told(values: np.ndarray) -> float:
    return time_told(binned(values.astype(np.float64)), TIME, FOLD)


def test_the_mean_of_a_bin_is_that_of_the_other_folds() -> None:
    rng = np.random.default_rng(1)
    bins, target, fold = rng.integers(0, 4, 60), rng.random(60), rng.integers(0, FOLDS, 60)
    for row, said in enumerate(mean_out_of_fold(bins, target, fold)):
        others = fold != fold[row]
        alike = target[others & (bins == bins[row])]
        prior = PRIOR * target[others].mean()
        assert said == pytest.approx((alike.sum() + prior) / (len(alike) + PRIOR))


def test_few_values_have_a_bin_each_and_many_are_taken_in_twentieths() -> None:
    assert binned(np.array([5.0, np.nan, 5.0, 9.0])).tolist() == [2, 0, 2, 3]
    for many in (np.arange(1_000.0), np.arange(100.0)):
        assert np.bincount(binned(many))[1:].tolist() == [len(many) // 20] * 20
    often = np.repeat(np.arange(100.0), 5)
    assert np.bincount(binned(often))[2:].tolist() == [5] * 100


def test_rare_texts_share_a_code_and_missing_has_none() -> None:
    texts = pd.Series(["a"] * 3 + ["b"] * 2 + [f"rare {k}" for k in range(300)] + [None])
    codes = column_codes(texts.astype("str"))
    assert codes[:5].tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(codes[-1])
    assert np.nanmax(codes) == 200


def test_a_running_number_and_a_monthly_code_tell_the_time() -> None:
    month = np.floor(TIME * 11.99)
    shuffled = np.random.default_rng(2).permutation(12)[month.astype(int)]
    assert told(np.arange(N)) > 0.99
    assert told(-np.arange(N)) > 0.99
    assert told(shuffled) > 0.98  # codes in no order, as names of campaigns are


def test_a_column_filled_in_one_month_only_tells_the_time() -> None:
    spring = np.where((TIME > 0.4) & (TIME < 0.48), 1.0, np.nan)
    assert told(spring) > 0.98
    assert told(np.nan_to_num(spring)) < 0.5  # "no" and "yes" for everyone: "no" tells nothing


def test_noise_a_constant_and_the_day_of_the_week_do_not_tell_the_time() -> None:
    rng = np.random.default_rng(3)
    assert told(rng.normal(size=N)) < 0.3
    assert told(np.ones(N)) < 0.1
    assert told(np.arange(N) % 7) < 0.1
    assert told(np.where(np.arange(N) < 40, 1.0, np.nan)) == 0.0  # too few to say


def test_a_switch_halfway_tells_as_much_as_arithmetic_says() -> None:
    # the halves have means 1/4 and 3/4: what is left is a quarter of the variance
    assert told((TIME > 0.5).astype(float)) == pytest.approx(np.sqrt(3 / 4), abs=0.005)


def test_trees_sort_what_is_known_and_nothing_from_nothing() -> None:
    rng = np.random.default_rng(4)
    converted = rng.random(N) < 0.3
    known = np.column_stack([converted + rng.normal(0, 0.1, N), rng.normal(size=N)])
    assert auc_of_trees(known, converted, FOLD, texts=[]) > 0.99
    assert auc_of_trees(known[:, 1:], converted, FOLD, texts=[]) == pytest.approx(0.5, abs=0.06)
    assert auc_of_trees(known[:, :0], converted, FOLD, texts=[]) == 0.5
