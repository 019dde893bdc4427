"""Do events become the same sorted log, however and in whatever order a source holds them?"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.log import EventLog, as_arrow, codes_of, encode_events, type_codes
from tests.features.plain import DAY, Event
from tests.features.worlds import QUICK, event_table

IDS = pa.array(["ada", "bob", "cyd"], pa.large_string())

rows = st.lists(
    st.tuples(
        st.sampled_from(["cyd", "ada", "a stranger"]),
        st.sampled_from([0, 1, DAY]),
        st.sampled_from(["view", "demo"]),
        st.sampled_from([math.nan, 1.0, -1.0]),
    ),
    max_size=14,
)


def encoded(events: list[tuple[str, int, str, float]]) -> EventLog:
    log = [Event(lead, kind, time, None, value) for lead, time, kind, value in events]
    return encode_events(event_table(log), IDS)


def readable(log: EventLog) -> list[tuple[str, int, str, float]]:
    """What a sorted log holds, owner by owner."""
    done = log.sorted()
    names = IDS.to_pylist()
    return [
        (names[owner], int(done.time[k]), done.types[done.type[k]], float(done.value[k]))
        for owner in range(log.owners)
        for k in range(done.starts[owner], done.starts[owner + 1])
    ]


@QUICK
@given(rows)
def test_a_sorted_log_is_the_known_events_by_owner_time_type_and_value(
    events: list[tuple[str, int, str, float]],
) -> None:
    known = [event for event in events if event[0] in IDS.to_pylist()]
    expected = sorted(known, key=lambda e: (*e[:3], math.isnan(e[3]), e[3]))
    found = readable(encoded(events))
    assert [event[:3] for event in found] == [event[:3] for event in expected]
    assert np.array_equal([e[3] for e in found], [e[3] for e in expected], equal_nan=True)


@QUICK
@given(rows.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_rows_changes_no_byte_of_a_sorted_log(
    both: tuple[list[tuple[str, int, str, float]], list[tuple[str, int, str, float]]],
) -> None:
    one, other = encoded(both[0]).sorted(), encoded(both[1]).sorted()
    for name in ("owner", "time", "type", "value", "starts"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.types == other.types


def test_ten_events_at_one_instant_stand_by_type_then_value_and_missing_last() -> None:
    events = [("ada", 0, kind, value) for kind in "ba" for value in (3.0, math.nan, 1.0, 2.0, -1.0)]
    found = readable(encoded(events))
    assert [event[2] for event in found] == [*"aaaaabbbbb"]
    assert [event[3] for event in found[:4]] == [-1.0, 1.0, 2.0, 3.0]
    assert math.isnan(found[4][3])


def test_ties_of_two_owners_are_settled_apart() -> None:
    """ada's last and bob's first are at one instant: they are no tie."""
    events = [
        ("bob", 5, "a", 1.0),
        ("ada", 5, "b", 2.0),
        ("ada", 5, "a", 3.0),
        ("bob", 5, "a", 0.0),
    ]
    assert readable(encoded(events)) == [
        ("ada", 5, "a", 3.0),
        ("ada", 5, "b", 2.0),
        ("bob", 5, "a", 0.0),
        ("bob", 5, "a", 1.0),
    ]


@pytest.mark.parametrize("owners", [1, 2, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 17])
def test_any_number_of_owners_is_sorted(owners: int) -> None:
    """Codes of up to 16 bits are sorted another way than larger ones."""
    rng = np.random.default_rng(0)
    owner = rng.integers(0, owners, 5_000, dtype=np.int32)
    owner[:2] = 0, owners - 1
    time = rng.integers(0, 50, 5_000)
    log = EventLog(owner, time, np.zeros(5_000, np.int16), np.arange(5_000.0), ("a",), owners)
    done = log.sorted()
    order = np.lexsort((np.arange(5_000), time, owner))
    assert np.array_equal(done.value, order)
    assert np.array_equal(done.owner, owner[order])
    assert np.array_equal(done.starts, np.searchsorted(owner[order], np.arange(owners + 1)))


def test_other_owners_see_an_event_no_earlier_than_allowed() -> None:
    log = encoded([("ada", 10, "a", 1.0), ("bob", 20, "a", 2.0), ("bob", 40, "a", 3.0)])
    moved = log.of(np.zeros(3, dtype=np.int32), 1, np.array([0, 30, 30]))
    assert moved.time.tolist() == [10, 30, 40]
    assert log.time.tolist() == [10, 20, 40]
    assert (moved.owners, moved.types, len(moved)) == (1, ("a",), 3)


Text = Callable[[list[str]], Any]
FORMS: dict[str, Text] = {
    "str": lambda texts: pd.Series(texts, dtype="str"),
    "object": lambda texts: pd.Series(texts, dtype=object),
    "string": lambda texts: pd.Series(texts, dtype="string"),
    "categorical": lambda texts: pd.Series(texts, dtype="category"),
    "categorical of more": lambda texts: pd.Series(
        pd.Categorical(texts, categories=["zzz", *sorted(set(texts), reverse=True), "aaa"])
    ),
    "arrow string": lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
    "arrow large string": lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.large_string())),
    "arrow dictionary": lambda texts: pd.Series(
        texts, dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
    "arrow chunks": lambda texts: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([[text] for text in texts], pa.string()))
    ),
    "arrow dictionary chunks": lambda texts: pd.Series(
        pd.arrays.ArrowExtensionArray(
            pa.chunked_array([pa.array([text]).dictionary_encode() for text in texts])
        )
    ),
}
"""The ways in which a frame may hold texts."""

EVENTS = [
    ("cyd", 1, "view", 1.0),
    ("ada", 2, "demo", 2.0),
    ("a stranger", 3, "view", 3.0),
    ("ada", 1, "view", 4.0),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", ["lead_id", "event_type"])
def test_the_form_texts_are_held_in_changes_nothing(column: str, form: str) -> None:
    frame = event_table([Event(who, kind, when, None, v) for who, when, kind, v in EVENTS])
    held = frame.assign(**{column: FORMS[form](frame[column].tolist())})
    assert readable(encode_events(held, IDS)) == readable(encoded(EVENTS))
    assert [event[3] for event in readable(encoded(EVENTS))] == [4.0, 2.0, 1.0]


@pytest.mark.parametrize("form", FORMS)
def test_the_form_ids_are_held_in_changes_no_code(form: str) -> None:
    texts = FORMS[form](["bob", "nobody", "ada", "bob"])
    assert codes_of(as_arrow(texts), IDS).tolist() == [1, -1, 0, 1]


def test_types_are_coded_in_alphabetical_order() -> None:
    codes, types = type_codes(pa.array(["view", "demo", "view", "Über"]))
    assert types == ("demo", "view", "Über")
    assert codes.tolist() == [1, 0, 1, 2]
    assert encoded([("ada", 1, "view", 1.0), ("ada", 1, "demo", 1.0)]).type_index == {
        "demo": 0,
        "view": 1,
    }


def test_no_events_make_an_empty_log() -> None:
    log = encoded([])
    assert (len(log), log.types, log.owners) == (0, (), 3)
    assert log.sorted().starts.tolist() == [0, 0, 0, 0]


def test_a_source_may_hold_very_many_types() -> None:
    """A column of page addresses, say, taken for the type; types nobody declared do no harm."""
    names = pa.array([f"/page/{k}" for k in range(40_000)])
    codes, types = type_codes(names)
    assert [types[code] for code in codes[[0, 39_999]]] == ["/page/0", "/page/39999"]
