"""Are the moments of many events read as those of one?"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.wire.acts import FEW, NEVER, read_moments
from serving.wire.schemas import END, FIRST, read_moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))]
)
MOMENTS = st.datetimes(
    FIRST.replace(tzinfo=None) + timedelta(days=1),
    END.replace(tzinfo=None) - timedelta(days=1),
    timezones=ZONES,
)
LOOKS = st.sampled_from(
    [
        lambda moment: moment.isoformat(),
        lambda moment: moment.isoformat(sep=" ", timespec="minutes"),
        lambda moment: moment.isoformat(timespec="microseconds"),
        lambda moment: moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        lambda moment: moment.astimezone(UTC).isoformat().lower().replace("+00:00", "z"),
    ]
)
TEXTS = st.tuples(MOMENTS, LOOKS).map(lambda drawn: drawn[1](drawn[0]))


def nanos(text: str) -> int:
    return (read_moment(text) - EPOCH) // timedelta(microseconds=1) * 1000


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_many_times_are_read_as_each_is(texts: list[str]) -> None:
    many = (texts * (FEW // len(texts) + 1))[: FEW + 1]
    assert read_moments(many).tolist() == [nanos(text) for text in many]


@given(st.lists(st.dates(FIRST.date(), END.date() - timedelta(days=1)), min_size=1, max_size=20))
def test_many_dates_are_read_as_each_is(days: list[datetime]) -> None:
    many = [day.isoformat() for day in days] * FEW
    assert read_moments(many).tolist() == [nanos(text) for text in many]


@pytest.mark.parametrize("first", ["2026-07-01", "2026-07-01T10:00:00Z"])
@pytest.mark.parametrize(
    "odd",
    [
        "2026-07-01T09:30:15.1234567Z",
        "2026-07-01",
        "2026-07-01T12:00+02:00",
        "2026-02-30",
        "2026-07-01T24:30Z",
        "2026-07-01T09:30:00+25:00",
        "1900-12-31T23:59:59Z",
        "2200-01-01",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_odd_one_among_many_is_read_as_if_it_were_alone(first: str, odd: str) -> None:
    alone = read_moments([odd]).tolist()
    assert read_moments([first, odd] + [first] * FEW).tolist()[1:2] == alone


def test_what_is_no_moment_never_was() -> None:
    assert read_moments(["2026-02-30", "2026-02-28"]).tolist() == [NEVER, nanos("2026-02-28")]
