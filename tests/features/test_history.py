"""Does the past answer as its plain definition does?

The oracle is a loop over events that anyone can read. Times are drawn from the edges of windows,
for uniform ones would let a window that is one second short pass.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.history import AttributeLog, EventLog, History, build_history
from leadml.tables import Tables
from leadml.timeline import DAY_NS, Window, from_nanos, nanos

SECOND_NS = 10**9
LEADS = ("ada", "bob", "cyd", "dot")
VIEW, DEMO = "view", "demo"
TYPES: tuple[tuple[str, ...], ...] = ((VIEW,), (DEMO,), (VIEW, DEMO), ("never",))
WINDOWS = (Window(None), Window(1), Window(7), Window(30))

NOON = pd.Timestamp("2026-03-10 12:34:56.789012345", tz="UTC").value
MIDNIGHT = pd.Timestamp("2026-03-10", tz="UTC").value
NEAR = (0, 1, -1, 1_000, -1_000, SECOND_NS, -SECOND_NS)
"""Nanoseconds beside an edge: on it, 1 ns, 1 µs and 1 s to either side."""

PLENTY = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
SOME = settings(PLENTY, max_examples=40)


@dataclass(frozen=True)
class Event:
    lead: str
    kind: str
    known: int
    value: float


@dataclass(frozen=True)
class Change:
    lead: str
    valid_from: int
    values: dict[str, Any]


# --- worlds --------------------------------------------------------------------------------------

moments = st.sampled_from([NOON, NOON + DAY_NS, NOON - 7 * DAY_NS, MIDNIGHT, MIDNIGHT + DAY_NS])
edges = st.builds(
    lambda as_of, back, near: as_of - back * DAY_NS + near,
    moments,
    st.sampled_from([0, 0, 1, 7, 30, 31, 400]),
    st.sampled_from(NEAR),
)
events = st.builds(
    Event,
    st.sampled_from([*LEADS[:3], "a stranger"]),  # "dot" never does anything
    st.sampled_from([VIEW, VIEW, DEMO]),
    edges,
    st.sampled_from([math.nan, 0.0, 1.0, 2.5, -3.0, 0.1, 1e6]),
)
logs = st.lists(events, max_size=25).flatmap(
    lambda some: (
        st.lists(st.sampled_from(some), max_size=3).map(lambda twice: some + twice)
        if some
        else st.just(some)
    )
)
examples = st.lists(st.tuples(st.sampled_from(LEADS), moments), min_size=1, max_size=8)
half_lives = st.sampled_from([0.5, 1.0, 14.0, 365.0])


def past_of(log: list[Event], pairs: list[tuple[str, int]]) -> History:
    frame = pd.DataFrame(
        {
            "lead_id": pd.Series([event.lead for event in log], dtype="str"),
            "event_type": pd.Series([event.kind for event in log], dtype="str"),
            "known_at": from_nanos(np.array([event.known for event in log], dtype=np.int64)),
            "value": np.array([event.value for event in log], dtype=np.float64),
        }
    )
    leads = pd.DataFrame(
        {
            "lead_id": pd.Series(LEADS, dtype="str"),
            "created_at": from_nanos(np.full(len(LEADS), MIDNIGHT)),
        }
    )
    changes = pd.DataFrame({"lead_id": leads["lead_id"][:0], "valid_from": leads["created_at"][:0]})
    ids = pd.Index(leads["lead_id"])
    lead = ids.get_indexer([name for name, _ in pairs]).astype(np.int64)
    as_of = np.array([moment for _, moment in pairs], dtype=np.int64)
    return History(EventLog(frame, ids), AttributeLog(leads, changes), lead, as_of)


# --- the plain definition -------------------------------------------------------------------------


def plainly_seen(
    log: list[Event], lead: str, as_of: int, kinds: tuple[str, ...], window: Window
) -> list[Event]:
    """Known in [as_of - window, as_of)."""
    own = [event for event in log if event.lead == lead and event.kind in kinds]
    past = [event for event in own if event.known < as_of]
    if window.days is None:
        return past
    return [event for event in past if event.known >= as_of - window.days * DAY_NS]


def plain_total(seen: list[Event]) -> float:
    return math.fsum(event.value for event in seen if not math.isnan(event.value))


def plain_active_days(seen: list[Event]) -> int:
    return len({event.known // DAY_NS for event in seen})


def plain_days_since(seen: list[Event], as_of: int) -> float:
    return (as_of - max(event.known for event in seen)) / DAY_NS if seen else math.nan


def plain_decayed(seen: list[Event], as_of: int, half_life_days: float) -> float:
    ages = [(as_of - event.known) / DAY_NS for event in seen]
    return math.fsum(0.5 ** (age / half_life_days) for age in ages)


@PLENTY
@given(logs, examples)
def test_counts_equal_the_plain_definition(log: list[Event], pairs: list[tuple[str, int]]) -> None:
    past = past_of(log, pairs)
    for kinds in TYPES:
        for window in WINDOWS:
            seen = [plainly_seen(log, *pair, kinds, window) for pair in pairs]
            assert past.count(kinds, window).tolist() == [len(some) for some in seen]


@PLENTY
@given(logs, examples)
def test_active_days_equal_the_plain_definition(
    log: list[Event], pairs: list[tuple[str, int]]
) -> None:
    past = past_of(log, pairs)
    for kinds in TYPES:
        for window in WINDOWS:
            seen = [plainly_seen(log, *pair, kinds, window) for pair in pairs]
            expected = [plain_active_days(some) for some in seen]
            assert past.active_days(kinds, window).tolist() == expected


@PLENTY
@given(logs, examples)
def test_totals_equal_the_plain_definition(log: list[Event], pairs: list[tuple[str, int]]) -> None:
    past = past_of(log, pairs)
    for kinds in TYPES:
        for window in WINDOWS:
            seen = [plainly_seen(log, *pair, kinds, window) for pair in pairs]
            expected = [plain_total(some) for some in seen]
            assert past.total(kinds, window) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@PLENTY
@given(logs, examples)
def test_days_since_the_last_equal_the_plain_definition(
    log: list[Event], pairs: list[tuple[str, int]]
) -> None:
    past = past_of(log, pairs)
    for kinds in TYPES:
        seen = [plainly_seen(log, *pair, kinds, Window(None)) for pair in pairs]
        expected = [plain_days_since(s, pair[1]) for s, pair in zip(seen, pairs, strict=True)]
        found = past.days_since_last(kinds)
        assert found == pytest.approx(expected, rel=1e-15, abs=0, nan_ok=True)


@PLENTY
@given(logs, examples, half_lives)
def test_decayed_counts_equal_the_plain_definition(
    log: list[Event], pairs: list[tuple[str, int]], half_life_days: float
) -> None:
    past = past_of(log, pairs)
    for kinds in TYPES:
        seen = [plainly_seen(log, *pair, kinds, Window(None)) for pair in pairs]
        expected = [
            plain_decayed(some, pair[1], half_life_days)
            for some, pair in zip(seen, pairs, strict=True)
        ]
        assert past.decayed_count(kinds, half_life_days) == pytest.approx(expected, rel=1e-9)


@SOME
@given(logs, examples, st.randoms(use_true_random=False))
def test_neither_the_future_nor_the_order_of_rows_nor_other_leads_change_an_answer(
    log: list[Event], pairs: list[tuple[str, int]], random: Any
) -> None:
    whole = answers(past_of(log, pairs))
    shuffled = random.sample(log, len(log))
    for row, (lead, as_of) in enumerate(pairs):
        own = [event for event in shuffled if event.lead == lead and event.known < as_of]
        assert np.array_equal(answers(past_of(own, [(lead, as_of)]))[0], whole[row], equal_nan=True)


@SOME
@given(logs, examples, st.integers(-3_000, 3_000))
def test_a_shift_of_the_clock_by_whole_days_changes_no_answer(
    log: list[Event], pairs: list[tuple[str, int]], days: int
) -> None:
    shift = days * DAY_NS
    later = [Event(e.lead, e.kind, e.known + shift, e.value) for e in log]
    moved = past_of(later, [(lead, as_of + shift) for lead, as_of in pairs])
    assert np.array_equal(answers(moved), answers(past_of(log, pairs)), equal_nan=True)


@SOME
@given(logs, moments, st.integers(1, 60), st.integers(1, 60))
def test_neighbouring_windows_tile(log: list[Event], as_of: int, near: int, far: int) -> None:
    newer = past_of(log, [(lead, as_of) for lead in LEADS])
    older = past_of(log, [(lead, as_of - near * DAY_NS) for lead in LEADS])
    tiled = newer.count((VIEW,), Window(near)) + older.count((VIEW,), Window(far))
    assert tiled.tolist() == newer.count((VIEW,), Window(near + far)).tolist()


def answers(past: History) -> np.ndarray:
    """Everything a history can be asked about events, a row an example."""
    columns = []
    for kinds in TYPES:
        for window in WINDOWS:
            columns += [
                past.count(kinds, window),
                past.total(kinds, window),
                past.active_days(kinds, window),
            ]
        columns += [past.days_since_last(kinds), past.decayed_count(kinds, 0.5)]
        columns.append(past.decayed_count(kinds, 14.0))
    return np.column_stack(columns)


# --- small enough to check by hand ----------------------------------------------------------------


def at(text: str) -> int:
    return pd.Timestamp(text, tz="UTC").value


def views(lead: str, *known: str) -> list[Event]:
    return [Event(lead, VIEW, at(moment), 1.0) for moment in known]


def test_a_week_begins_with_its_first_nanosecond_and_ends_before_as_of() -> None:
    log = views(
        "ada",
        "2026-03-01 23:59:59.999999999",  # 1 ns before the week
        "2026-03-02 00:00:00",  # the first moment of [as_of - 7 d, as_of)
        "2026-03-08 23:59:59.999999999",  # its last
        "2026-03-09 00:00:00",  # as_of itself: the future
    )
    past = past_of(log, [("ada", at("2026-03-09"))])
    assert past.count((VIEW,), Window(7)).tolist() == [2]
    assert past.count((VIEW,), Window(None)).tolist() == [3]
    # 2 March and 8 March; ever: 1 March too
    assert past.active_days((VIEW,), Window(7)).tolist() == [2]
    assert past.active_days((VIEW,), Window(None)).tolist() == [3]


def test_three_leads_two_weeks_by_hand() -> None:
    log = [
        Event("ada", VIEW, at("2026-03-01 10:00"), 5.0),
        Event("ada", VIEW, at("2026-03-06 10:00"), math.nan),
        Event("ada", VIEW, at("2026-03-06 15:00"), 2.0),
        Event("ada", DEMO, at("2026-03-08 00:00"), 100.0),
        Event("bob", VIEW, at("2026-03-08 18:00"), 7.0),
    ]
    past = past_of(log, [(lead, at("2026-03-09")) for lead in ("ada", "bob", "cyd")])
    # ada's week is [2 March, 9 March): the two views of the 6th
    assert past.count((VIEW,), Window(7)).tolist() == [2, 1, 0]
    assert past.count((VIEW, DEMO), Window(7)).tolist() == [3, 1, 0]
    # a missing value adds nothing: 2.0; ever: 5.0 + 2.0
    assert past.total((VIEW,), Window(7)).tolist() == [2.0, 7.0, 0.0]
    assert past.total((VIEW,), Window(None)).tolist() == [7.0, 7.0, 0.0]
    # two views on one day are one active day
    assert past.active_days((VIEW,), Window(7)).tolist() == [1, 1, 0]
    # 6 March 15:00 to 9 March 00:00 is 2 days 9 hours = 2.375; 8 March 18:00 is 6 hours
    assert past.days_since_last((VIEW,))[:2].tolist() == [2.375, 0.25]
    assert np.isnan(past.days_since_last((VIEW,))[2])
    assert past.days_since_last((DEMO,))[0] == 1.0


def test_every_half_life_halves_an_event() -> None:
    log = views("ada", "2026-03-08", "2026-03-07", "2026-03-07", "2026-03-05")
    past = past_of(
        log, [("ada", at("2026-03-09")), ("ada", at("2026-03-08")), ("bob", at("2027-01-01"))]
    )
    # half-life 1 day, as of the 9th: 1/2 + 2 * 1/4 + 1/16; as of the 8th: 2 * 1/2 + 1/8
    assert past.decayed_count((VIEW,), 1.0).tolist() == [1.0625, 1.125, 0.0]
    # half-life 2 days: 2^-0.5 + 2 * 2^-1 + 2^-2
    assert past.decayed_count((VIEW,), 2.0)[0] == pytest.approx(0.5**0.5 + 1.25, rel=1e-15)


def test_an_event_counts_from_when_it_was_known() -> None:
    """What happened before as_of but was recorded at it is not seen: the frame holds known_at."""
    happened, recorded = at("2026-03-01"), at("2026-03-09")
    past = past_of(
        [Event("ada", VIEW, max(happened, recorded), 1.0)],
        [("ada", at("2026-03-09")), ("ada", at("2026-03-09") + 1)],
    )
    assert past.count((VIEW,), Window(None)).tolist() == [0, 1]
    assert past.days_since_last((VIEW,))[1] == 1 / DAY_NS


def test_age_counts_from_creation_to_as_of() -> None:
    past = past_of([], [("ada", MIDNIGHT), ("ada", MIDNIGHT + 36 * 3_600 * SECOND_NS)])
    assert past.age_days().tolist() == [0.0, 1.5]


def test_a_world_without_events_answers_with_nothing() -> None:
    past = past_of([], [(lead, NOON) for lead in LEADS])
    assert not past.count((VIEW,), Window(7)).any()
    assert not past.total((VIEW,), Window(7)).any()
    assert not past.active_days((VIEW,), Window(7)).any()
    assert not past.decayed_count((VIEW,), 1.0).any()
    assert np.isnan(past.days_since_last((VIEW,))).all()


def test_no_examples_get_no_answers() -> None:
    past = past_of(views("ada", "2026-03-01"), [])
    assert answers(past).shape[0] == 0


def test_values_of_one_moment_add_up_to_the_same_bits_in_any_order() -> None:
    """As floats 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
    moment, as_of = at("2026-03-01"), at("2026-03-02")
    totals = {
        past_of([Event("ada", VIEW, moment, value) for value in order], [("ada", as_of)])
        .total((VIEW,), Window(7))
        .tobytes()
        for order in itertools.permutations([0.1, 0.2, 0.3, 1e6])
    }
    assert len(totals) == 1


# --- long histories -------------------------------------------------------------------------------


@pytest.mark.parametrize("half_life_days", [0.01, 0.5, 14.0, 3_650.0])
def test_ten_years_of_decay_keep_their_precision(half_life_days: float) -> None:
    """One event every three hours for ten years; 0.01 days make 365,000 half-lives of it."""
    start, step = at("2016-01-01"), 3 * 3_600 * SECOND_NS
    log = [Event("ada", VIEW, start + k * step, 1.0) for k in range(29_220)]
    as_of = log[-1].known + 1
    past = past_of(log, [("ada", as_of), ("ada", as_of + DAY_NS), ("ada", log[14_000].known)])
    expected = [
        plain_decayed(
            plainly_seen(log, "ada", moment, (VIEW,), Window(None)), moment, half_life_days
        )
        for moment in (as_of, as_of + DAY_NS, log[14_000].known)
    ]
    found = past.decayed_count((VIEW,), half_life_days)
    assert np.isfinite(found).all()
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-300)


def test_a_lead_far_older_than_its_neighbour_decays_without_overflow() -> None:
    """Between two leads the clock jumps back 20 years, 7,305 half-lives; 2 ** 7,305 is no float."""
    log = views("ada", *[f"2026-01-0{day}" for day in range(1, 10)])
    log += views("bob", *[f"2006-01-0{day}" for day in range(1, 10)])
    past = past_of(log, [("ada", at("2026-01-10")), ("bob", at("2006-01-10"))])
    # 1/2 + 1/4 + ... + 1/512
    assert past.decayed_count((VIEW,), 1.0).tolist() == [1 - 2**-9, 1 - 2**-9]


def test_totals_of_a_long_history_keep_their_precision() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 2, 5_000).round(2)
    start, step = at("2016-01-01"), 17 * 3_600 * SECOND_NS
    log = [Event("ada", VIEW, start + k * step, float(v)) for k, v in enumerate(values)]
    as_of = log[-1].known + 1
    past = past_of(log, [("ada", as_of)])
    for window in WINDOWS:
        expected = plain_total(plainly_seen(log, "ada", as_of, (VIEW,), window))
        assert past.total((VIEW,), window)[0] == pytest.approx(expected, rel=1e-9)


# --- attributes -----------------------------------------------------------------------------------

texts = st.sampled_from([None, "Retail", "Health"])
sizes = st.sampled_from([math.nan, 10.0, 20.0])
changes = st.builds(
    lambda lead, when, industry, title, employees: Change(
        lead, when, {"industry": industry, "title": title, "employees": employees}
    ),
    st.sampled_from([*LEADS[:3], "a stranger"]),
    st.builds(lambda as_of, near: as_of + near, moments, st.sampled_from(NEAR)),
    texts,
    texts,
    sizes,
)
OWN = {
    "industry": ["Software", None, "Retail", "Media"],
    "employees": [1.0, math.nan, 3.0, 4.0],
    "country": ["NL", "DE", None, "FR"],
}
"""What the leads table says today; it has no title, and the history has no country."""


def attributes_of(log: list[Change]) -> AttributeLog:
    leads = pd.DataFrame(
        {
            "lead_id": pd.Series(LEADS, dtype="str"),
            "created_at": from_nanos(np.full(len(LEADS), MIDNIGHT)),
            "industry": pd.Series(OWN["industry"], dtype="str"),
            "employees": OWN["employees"],
            "country": pd.Series(OWN["country"], dtype="str"),
        }
    )
    frame = pd.DataFrame(
        {
            "lead_id": pd.Series([change.lead for change in log], dtype="str"),
            "valid_from": from_nanos(np.array([c.valid_from for c in log], dtype=np.int64)),
            "industry": pd.Series([c.values["industry"] for c in log], dtype="str"),
            "title": pd.Series([c.values["title"] for c in log], dtype="str"),
            "employees": pd.Series([c.values["employees"] for c in log], dtype="float64"),
        }
    )
    return AttributeLog(leads, frame)


def plain_attribute(log: list[Change], lead: str, as_of: int, column: str) -> object:
    """The newest value told with valid_from <= as_of; today's only if nothing is ever told."""
    told = [c for c in log if c.lead == lead and not pd.isna(c.values.get(column))]
    if not told:
        return OWN[column][LEADS.index(lead)] if column in OWN else math.nan
    value: object = math.nan
    newest = None
    for change in told:
        if change.valid_from <= as_of and (newest is None or change.valid_from >= newest):
            value, newest = change.values[column], change.valid_from
    return value


@PLENTY
@given(st.lists(changes, max_size=12), examples)
def test_attributes_equal_the_plain_definition(
    log: list[Change], pairs: list[tuple[str, int]]
) -> None:
    known = attributes_of(log)
    lead = np.array([LEADS.index(name) for name, _ in pairs], dtype=np.int64)
    as_of = np.array([moment for _, moment in pairs], dtype=np.int64)
    for column in ("industry", "title", "employees", "country", "nothing"):
        found = known.at(column, lead, as_of).tolist()
        expected = [
            plain_attribute(log, *pair, column) if column != "nothing" else math.nan
            for pair in pairs
        ]
        assert [None if pd.isna(v) else v for v in found] == [
            None if pd.isna(v) else v for v in expected
        ]


def test_attributes_of_one_lead_by_hand() -> None:
    log = [
        Change("ada", at("2026-02-01"), {"industry": "Health", "title": None, "employees": 10.0}),
        Change("ada", at("2026-03-01"), {"industry": None, "title": "CEO", "employees": 20.0}),
    ]
    moment = np.array([at("2026-01-31"), at("2026-02-01"), at("2026-03-01") - 1, at("2026-03-01")])
    known, ada = attributes_of(log), np.zeros(4, dtype=np.int64)
    # before its history begins nothing is known: today's "Software" would be the future
    assert known.at("employees", ada, moment).tolist()[1:] == [10.0, 10.0, 20.0]
    assert np.isnan(known.at("employees", ada, moment)[0])
    industry = known.at("industry", ada, moment)
    assert industry.isna().tolist() == [True, False, False, False]
    assert set(industry[1:]) == {"Health"}  # a blank says "unchanged"
    # no history of the country at all: the leads table's own value counts
    assert set(known.at("country", ada, moment)) == {"NL"}


# --- from tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["us", "ns", "ms"])
def test_the_unit_a_frame_keeps_its_times_in_changes_nothing(unit: str) -> None:
    created = pd.DatetimeIndex(["2026-03-01 09:00"], tz="UTC").as_unit(unit)  # type: ignore[arg-type]
    ids = pd.Series(["ada"], dtype="str")
    leads = pd.DataFrame({"lead_id": ids, "created_at": created, "industry": ids})
    known = pd.DatetimeIndex(["2026-03-02 09:00"], tz="UTC").as_unit(unit)  # type: ignore[arg-type]
    log = pd.DataFrame(
        {"lead_id": ids, "event_type": [VIEW], "known_at": known, "value": [math.nan]}
    )
    change = pd.DataFrame({"lead_id": ids, "valid_from": known, "industry": ["Retail"]})
    end = pd.Timestamp("2026-06-01", tz="UTC")
    tables = Tables(leads, log, leads[:0], change, leads[:0], end)
    as_of = pd.DatetimeIndex(["2026-03-02 09:00", "2026-03-09 09:00"], tz="UTC").as_unit(unit)  # type: ignore[arg-type]
    past = build_history(tables, pd.DataFrame({"lead_id": ["ada", "ada"], "as_of": as_of}))
    assert past.count((VIEW,), Window(7)).tolist() == [0, 1]
    assert past.age_days().tolist() == [1.0, 8.0]
    assert past.attribute("industry").tolist() == ["Retail", "Retail"]


def test_times_survive_the_way_through_nanoseconds() -> None:
    times = np.array([NOON, MIDNIGHT, -1, 0], dtype=np.int64)
    assert nanos(from_nanos(times)).tolist() == times.tolist()
