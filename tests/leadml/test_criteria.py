"""Does a criterion hold where a person would say so, and is a broken one refused by its name?"""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.criteria import Criterion, check_criterion
from leadml.errors import ConfigError

NAN = math.nan


def held(criterion: Criterion, values: list[Any], dtype: Any = None) -> list[bool]:
    return criterion.holds(pd.Series(values, dtype=dtype)).tolist()


def test_a_range_holds_at_both_of_its_ends_and_never_for_what_is_missing() -> None:
    sizes = [49.999, 50.0, 1000.0, 1000.001, NAN]
    assert held(Criterion("n", at_least=50, at_most=1000), sizes) == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert held(Criterion("n", at_least=50), sizes) == [False, True, True, True, False]
    assert held(Criterion("n", at_most=50), sizes) == [True, True, False, False, False]


def test_a_number_written_as_text_is_a_number_and_other_text_is_in_no_range() -> None:
    said = ["250", " 51 ", "51-200", "many", None]
    assert held(Criterion("n", at_least=50), said) == [True, True, False, False, False]


def test_one_of_compares_texts_whatever_their_case_and_blanks() -> None:
    criterion = Criterion("industry", one_of=("Retail ", "LOGISTICS"))
    said = [" retail", "Logistics", "logistic", "", None]
    assert held(criterion, said) == [True, True, False, False, False]


def test_case_is_that_of_every_language() -> None:
    assert held(Criterion("street", one_of=("STRASSE",)), ["Straße", "Strase"]) == [True, False]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([3.0, 4.0, NAN], "float64"), ([3, 4, 5], "int64"), (["3", "4", "x"], "str")],
)
def test_one_of_reads_a_number_as_it_is_written(values: list[Any], dtype: str) -> None:
    assert held(Criterion("code", one_of=("3",)), values, dtype) == [True, False, False]


def test_one_of_reads_truth_values_as_texts() -> None:
    assert held(Criterion("is_partner", one_of=("True",)), [True, False]) == [True, False]
    assert held(Criterion("is_partner", one_of=("true",)), [True, None], object) == [True, False]


def test_matches_searches_anywhere_whatever_the_case() -> None:
    criterion = Criterion("job_title", matches=r"\bhead of\b|ceo")
    said = ["HEAD OF IT", "Deputy head of IT", "ahead of IT", "CEO", None]
    assert held(criterion, said) == [True, True, False, True, False]


def test_all_that_is_asked_must_hold() -> None:
    criterion = Criterion("code", at_least=10, one_of=("7", "11"), matches="1")
    assert held(criterion, [7, 10, 11, 21]) == [False, False, True, False]


def test_no_rows_give_no_answers() -> None:
    assert held(Criterion("n", matches="x"), [], "str") == []


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=20),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
)
def test_a_range_is_what_python_says_of_each_number(
    values: list[float | None], low: float, width: float
) -> None:
    found = held(Criterion("n", at_least=low, at_most=low + width), values, "float64")
    # Numbers are compared as they are written, to 15 digits.
    for value, holds in zip(values, found, strict=True):
        near = value is not None and min(abs(value - low), abs(value - low - width)) < 1e-6
        assert near or holds == (value is not None and low <= value <= low + width)


def test_holding_changes_nothing_it_is_given() -> None:
    values = pd.Series([" A ", None], index=[7, 9], dtype="str")
    before = values.copy()
    holds = Criterion("x", one_of=("a",)).holds(values)
    pd.testing.assert_series_equal(values, before)
    assert holds.dtype == np.bool_
    assert holds.tolist() == [True, False]


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        (Criterion("employees", at_least=50, at_most=1000), "employees between 50 and 1,000"),
        (Criterion("employees", at_least=50), "employees at least 50"),
        (Criterion("revenue_eur", at_most=2_500_000), "revenue in EUR at most 2,500,000"),
        (Criterion("city", one_of=("Ulm",)), "city Ulm"),
        (Criterion("city", one_of=("Ulm", "Ede", "Gent")), "city Ulm, Ede or Gent"),
        (Criterion("job_title", matches="ceo"), "job title that matches 'ceo'"),
        (Criterion("code", at_least=0.5, one_of=("1", "2")), "code at least 0.5 1 or 2"),
    ],
)
def test_a_criterion_says_what_it_asks(criterion: Criterion, said: str) -> None:
    assert criterion.said == said


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        (Criterion("city"), r"^blocks \(city\) must ask something, got nothing\. Set at_least"),
        (
            Criterion("n", at_least=9, at_most=3),
            r"^blocks \(n\): at_least must not exceed at_most, got 9 and 3",
        ),
        (Criterion("n", at_least=NAN), r"^blocks \(n\): at_least must be a number, got nan"),
        (Criterion("n", at_most=NAN), r"^blocks \(n\): at_most must be a number, got nan"),
        (
            Criterion("t", matches="c("),
            r"^blocks \(t\): matches must be a regular expression, got 'c\('",
        ),
    ],
)
def test_a_criterion_that_cannot_be_followed_is_refused(criterion: Criterion, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_criterion(criterion, "blocks")


def test_a_broken_pattern_keeps_its_cause() -> None:
    with pytest.raises(ConfigError) as caught:
        check_criterion(Criterion("t", matches="["), "x")
    assert isinstance(caught.value.__cause__, re.error)


def test_what_can_be_followed_is_let_pass() -> None:
    check_criterion(Criterion("n", at_least=0), "x")
    check_criterion(Criterion("n", at_least=3, at_most=3), "x")
    check_criterion(Criterion("t", one_of=("a",)), "x")
