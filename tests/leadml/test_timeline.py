"""Is a moment read as it was meant, and is it the same moment in every unit?"""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.errors import DataError
from leadml.timeline import (
    DAY_NS,
    Window,
    as_moment,
    ceil_to_midnight,
    days,
    from_nanos,
    nanos,
    parse_moment,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01", "2026-07-01T00:00:00+00:00"),
        ("2026-07-01T00:00", "2026-07-01T00:00:00+00:00"),
        ("2026-07-01T09:30Z", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T09:30+02:00", "2026-07-01T07:30:00+00:00"),
        ("2026-07-01 09:30:15.123456-05:00", "2026-07-01T14:30:15.123456+00:00"),
        ("2026-07-01T00:00+02:00", "2026-06-30T22:00:00+00:00"),
    ],
)
def test_a_moment_is_read_as_utc(text: str, expected: str) -> None:
    assert parse_moment(text).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["", "now", "yesterday", "01/07/2026", "2026-13-01", "2026-02-30", "1719824400", "1"]
)
def test_what_is_no_iso_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DataError, match=r"ISO date or time, got.*Write 2026-07-01 or"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["2026-07-01T09:30", "2026-07-01 00:00:00.000001"])
def test_a_time_of_day_without_its_zone_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="must carry its zone"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:00-01:00", "0001-01-01T00:00+01:00"])
def test_a_moment_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        parse_moment(text)


def test_a_datetime_keeps_its_moment_whatever_its_zone() -> None:
    east = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert as_moment(east) == as_moment(datetime(2026, 7, 1, tzinfo=UTC))
    assert str(as_moment(east).tz) == "UTC"
    assert as_moment(datetime(2026, 7, 1)) == pd.Timestamp("2026-07-01", tz="UTC")  # noqa: DTZ001


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "America/New_York"])
def test_nanoseconds_are_the_same_from_any_unit_and_zone(unit: str, zone: str) -> None:
    moments = ["1969-12-31 23:59:59", "1970-01-01", "2026-03-29 01:00", "2026-10-25 00:59:59"]
    times = pd.DatetimeIndex(moments, tz="UTC").as_unit(unit).tz_convert(zone)  # type: ignore[arg-type]
    expected = [round(pd.Timestamp(text, tz="UTC").timestamp()) * 10**9 for text in moments]
    assert expected[:2] == [-(10**9), 0]
    assert nanos(times).tolist() == expected
    assert nanos(pd.Series(times)).tolist() == expected
    assert nanos(times).dtype == np.int64


def test_times_without_a_zone_have_no_nanoseconds() -> None:
    with pytest.raises(DataError, match="timezone-aware"):
        nanos(pd.DatetimeIndex(["2026-07-01"]))


@given(st.lists(st.integers(-(2**62), 2**62), max_size=5))
def test_from_nanos_is_the_inverse_of_nanos(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    assert nanos(from_nanos(array)).tolist() == values


@pytest.mark.parametrize(
    ("window", "suffix", "words"),
    [
        (Window(1), "1d", "in the last day"),
        (Window(90), "90d", "in the last 90 days"),
        (Window(None), "ever", "so far"),
    ],
)
def test_a_window_has_its_words(window: Window, suffix: str, words: str) -> None:
    assert (window.suffix, window.words) == (suffix, words)


def test_midnight_is_the_first_at_or_after_a_time() -> None:
    times = pd.DatetimeIndex(
        ["2026-07-01", "2026-07-01 00:00:00.000001", "2026-07-01 23:59:59"], tz="UTC"
    )
    assert ceil_to_midnight(times).day.tolist() == [1, 2, 2]


def test_a_day_is_a_day() -> None:
    assert days(1.5) == timedelta(hours=36)
    assert timedelta(seconds=DAY_NS / 1e9) == days(1)
