"""Is a column read the same way, whatever dtype or file it comes from?"""

import math
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadml.columns import (
    Times,
    as_consent,
    as_numbers,
    as_text,
    as_times,
    check_timezone,
    settled,
)
from leadml.errors import DataError

AMSTERDAM = "Europe/Amsterdam"


def read(column: list[Any] | pd.Series, **how: str) -> Times:
    return as_times(pd.Series(column) if isinstance(column, list) else column, **how)


def said(times: Times) -> list[str]:
    """Moments in UTC, "" where missing."""
    return ["" if pd.isna(t) else t.strftime("%Y-%m-%d %H:%M:%S") for t in times.values]


def plain(column: pd.Series) -> list[object]:
    """Values with None for missing."""
    return [None if pd.isna(value) else value for value in column]


# --- times ----------------------------------------------------------------------------------------


def test_times_with_zones_are_their_moments() -> None:
    times = read(["2026-07-01T09:00Z", "2026-07-01 09:00+02:00", "2026-01-01 23:30-0500"])
    assert said(times) == ["2026-07-01 09:00:00", "2026-07-01 07:00:00", "2026-01-02 04:30:00"]
    assert not times.unreadable.any()
    assert not times.zoneless.any()
    assert not times.days_only
    assert str(times.values.dtype).endswith(", UTC]")


def test_a_declared_zone_does_not_move_times_that_carry_their_own() -> None:
    times = read(["2026-07-01T09:00Z", "2026-07-01T09:00"], timezone=AMSTERDAM)
    assert said(times) == ["2026-07-01 09:00:00", "2026-07-01 07:00:00"]


@pytest.mark.parametrize("timezone", ["", AMSTERDAM, "America/New_York"])
def test_bare_dates_are_midnights_in_utc_whatever_the_zone(timezone: str) -> None:
    times = read(["2026-07-01", None, "2026-12-31"], timezone=timezone)
    assert said(times) == ["2026-07-01 00:00:00", "", "2026-12-31 00:00:00"]
    assert times.days_only
    assert not times.unreadable.any()


def test_a_time_of_day_without_a_zone_is_told_apart_from_one_that_cannot_be_read() -> None:
    times = read(["2026-07-01 09:00", "soon", None])
    assert times.zoneless.tolist() == [True, False, False]
    assert times.unreadable.tolist() == [False, True, False]
    assert times.values.isna().all()


def test_dates_beside_zoned_times_are_midnights() -> None:
    times = read(["2026-07-01", "2026-07-01 09:00Z", "nonsense", None])
    assert said(times) == ["2026-07-01 00:00:00", "2026-07-01 09:00:00", "", ""]
    assert times.unreadable.tolist() == [False, False, True, False]
    assert not times.days_only


def test_a_summer_and_a_winter_time_take_their_own_offset() -> None:
    times = read(["2026-07-01 09:00", "2026-01-01 09:00"], timezone=AMSTERDAM)
    assert said(times) == ["2026-07-01 07:00:00", "2026-01-01 08:00:00"]


def test_an_hour_that_comes_twice_is_the_first_and_one_that_never_comes_is_the_next() -> None:
    """In Amsterdam 02:30 comes twice on 25 October 2026, and not at all on 29 March."""
    times = read(["2026-10-25 02:30", "2026-03-29 02:30", "2026-07-01 09:00"], timezone=AMSTERDAM)
    assert said(times)[0] == "2026-10-25 00:30:00"  # summer time still: UTC+2
    assert said(times)[1] == "2026-03-29 01:00:00"  # 03:00 summer time
    assert not times.unreadable.any()


def test_a_format_of_ones_own_is_followed() -> None:
    days_first = read(["01/07/2026", "31/12/2026", "2026-07-01"], time_format="%d/%m/%Y")
    assert said(days_first) == ["2026-07-01 00:00:00", "2026-12-31 00:00:00", ""]
    assert days_first.unreadable.tolist() == [False, False, True]
    assert days_first.days_only
    timed = read(["01/07/2026 09:00"], time_format="%d/%m/%Y %H:%M", timezone=AMSTERDAM)
    assert said(timed) == ["2026-07-01 07:00:00"]
    assert read(["01/07/2026 09:00"], time_format="%d/%m/%Y %H:%M").zoneless.all()


def test_a_format_with_offsets_takes_summer_and_winter_in_one_column() -> None:
    texts = ["01/07/2026 09:00 +0200", "01/12/2026 09:00 +0100"]
    times = read(texts, time_format="%d/%m/%Y %H:%M %z")
    assert said(times) == ["2026-07-01 07:00:00", "2026-12-01 08:00:00"]


@pytest.mark.parametrize("text", ["20260701T0000Z", "2026-07-01T00Z", "20260701T0900+0200"])
def test_other_spellings_of_a_zone_are_read_or_refused_but_do_not_break(text: str) -> None:
    times = read([text, "2026-07-01 10:00"])
    moment = pd.Timestamp(text)
    assert times.unreadable[0] or times.values[0] == moment


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1_719_824_400, 1_719_824_401]),
        pd.Series([1.5, np.nan]),
        pd.Series([45_000], dtype="Int64"),
        pd.Series([20_260_701, 2026]),
        pd.Series([True, False]),
    ],
    ids=["seconds", "floats", "Excel days", "like dates", "truths"],
)
def test_numbers_are_no_times(column: pd.Series) -> None:
    times = as_times(column)
    assert times.unreadable.tolist() == column.notna().tolist()
    assert times.values.isna().all()


@pytest.mark.parametrize("column", [[], [None, None], [np.nan, np.nan]])
def test_a_column_of_nothing_holds_no_times(column: list[Any]) -> None:
    times = read(pd.Series(column, dtype="float64" if column and column[0] else "str"))
    assert said(times) == [""] * len(column)
    assert not times.unreadable.any()
    assert not times.days_only


def test_timestamps_and_python_times_are_read_like_their_text() -> None:
    aware = pd.Series(pd.DatetimeIndex(["2026-07-01 09:00"]).tz_localize(AMSTERDAM))
    assert said(read(aware)) == ["2026-07-01 07:00:00"]
    naive = pd.Series(pd.DatetimeIndex(["2026-07-01 09:00"]))
    assert read(naive).zoneless.all()
    assert said(read(naive, timezone=AMSTERDAM)) == ["2026-07-01 07:00:00"]
    midnight = pd.Series(pd.DatetimeIndex(["2026-07-01"]))
    assert said(read(midnight, timezone=AMSTERDAM)) == ["2026-07-01 00:00:00"]
    objects = pd.Series([datetime(2026, 7, 1, 9, tzinfo=UTC), date(2026, 7, 2)], dtype=object)
    assert said(read(objects)) == ["2026-07-01 09:00:00", "2026-07-02 00:00:00"]


def test_nanoseconds_are_kept() -> None:
    times = read(["2026-07-01T09:00:00.123456789Z"])
    assert times.values[0].nanosecond == 789


@pytest.mark.parametrize("name", ["Europe/Amsterdan", "", "../etc/passwd", "CEST+2"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    check_timezone(AMSTERDAM)
    with pytest.raises(DataError, match=r"data\.timezone must be a zone"):
        check_timezone(name)


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([3, 4]), ["3", "4"]),
        (pd.Series([3.0, 2.5, np.nan]), ["3", "2.5", None]),
        (pd.Series([3, None], dtype="Int64"), ["3", None]),
        (pd.Series([3.0, None], dtype="Float64"), ["3", None]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series([True, None], dtype="boolean"), ["true", None]),
        (pd.Series([" TRUE ", "False", "x ", None], dtype="str"), ["true", "false", "x", None]),
        (pd.Series(["b", None, " a"], dtype="category"), ["b", None, "a"]),
        (pd.Series([1, 2], dtype="category"), ["1", "2"]),
        (
            pd.Series([1, 2.5, None, pd.NA, pd.NaT, "TRUE", np.float64(3), np.True_], dtype=object),
            ["1", "2.5", None, None, None, "true", "3", "true"],
        ),
        (pd.Series([], dtype=object), []),
    ],
    ids=[
        "int",
        "float",
        "Int64",
        "Float64",
        "bool",
        "boolean",
        "str",
        "category",
        "codes",
        "mixed",
        "none",
    ],
)
def test_any_column_reads_as_text(column: pd.Series, expected: list[object]) -> None:
    text = as_text(column)
    assert plain(text) == expected
    assert text.dtype == "str"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.text(max_size=5), max_size=8))
def test_text_read_twice_is_text_read_once(values: list[str | None]) -> None:
    once = as_text(pd.Series(values, dtype="str"))
    assert plain(as_text(once)) == plain(once)
    assert plain(as_text(once.astype(object))) == plain(once)


@pytest.mark.parametrize("value", [True, 3, 3.0, "3", "true", "x"])
def test_a_value_of_a_request_reads_like_the_column_of_a_file(value: object) -> None:
    """JSON brings objects, a file brings dtypes: the same value gives the same text."""
    assert plain(as_text(pd.Series([value], dtype=object))) == plain(as_text(pd.Series([value])))


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["1", " 2e3 ", None], dtype="str"), [1.0, 2000.0, None]),
        (pd.Series([1, None], dtype="Int64"), [1.0, None]),
        (pd.Series([1.5, None], dtype="Float64"), [1.5, None]),
        (pd.Series([True, False]), [1.0, 0.0]),
        (pd.Series([3, "4", None], dtype=object), [3.0, 4.0, None]),
        (pd.Series([], dtype="str"), []),
    ],
    ids=["text", "Int64", "Float64", "bool", "mixed", "none"],
)
def test_any_column_of_numbers_reads_as_numbers(column: pd.Series, expected: list[object]) -> None:
    numbers = as_numbers(column)
    assert plain(numbers) == expected
    assert numbers.dtype == np.float64


@pytest.mark.parametrize("bad", ["many", "", "inf", "-inf", "1e400", "1,000"])
def test_what_is_no_finite_number_is_refused_by_name(bad: str) -> None:
    column = pd.Series(["1", bad, bad], dtype="str", name="employees")
    with pytest.raises(DataError, match=r"employees must hold finite numbers.* and 1 more"):
        as_numbers(column)


# --- settled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5", None], [1.0, 2.5, None]),
        (["1", "x"], ["1", "x"]),
        ([1, 2], [1.0, 2.0]),
        ([1.0, math.inf], [1.0, None]),
        (["1", "inf"], ["1", "inf"]),
        ([True, False], ["true", "false"]),
        (["true", "1"], ["true", "1"]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_settles_to_numbers_only_where_all_it_holds_are_numbers(
    values: list[Any], expected: list[object]
) -> None:
    column = settled(pd.Series(values))
    assert plain(column) == expected
    is_number = any(isinstance(value, float) for value in expected)
    assert column.dtype == (np.float64 if is_number else "str")


def test_settling_twice_changes_nothing() -> None:
    for values in (["1", None], ["1", "x"], [True, None], [1, 2]):
        once = settled(pd.Series(values, dtype=object))
        assert settled(once).equals(once)


def test_consent_is_given_refused_or_not_known() -> None:
    said_ = pd.Series(["Yes", "NO", "1", 0, True, False, None, "perhaps"], dtype=object)
    assert plain(as_consent(said_)) == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, None, None]
