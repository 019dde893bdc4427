"""Does the past answer as its plain definition does?

The oracle is `plain`: a short loop for every word that anyone can read. Worlds are those of
`worlds`, whose times lie on the edges of windows, days, pauses and office hours.
"""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import Catalog
from features.feature import EVER, Feature
from features.history import History
from features.nouns import Noun
from features.past import build_past
from features.spec import VOCABULARY
from features.strands import plan_for
from leadml.timeline import Window, from_nanos
from tests.features.plain import (
    DAY,
    HOUR,
    MEANING,
    MINUTE,
    SECOND,
    Ask,
    Event,
    Lead,
    World,
    event_before,
    past,
)
from tests.features.worlds import (
    ALL,
    EVERYTHING,
    FEW,
    KINDS,
    MIDNIGHT,
    MOMENTS,
    NAMES,
    NOON,
    OVERLAPPING,
    QUICK,
    VIEWS,
    WEEK,
    WINDOWS,
    Example,
    at,
    example_table,
    examples,
    feature,
    matrix_of,
    past_of,
    tables_of,
    worlds,
)

EXACT = {
    *("count", "active_days", "sessions", "trend", "maximum", "order_of_first", "share"),
    *("off_hours_share", "weekend_share", "days_since_last", "days_since_first", "tenure"),
    *("last_event", "event_before", "number", "band", "ordered", "category", "country", "region"),
    *("domain_kind", "seniority", "job_function", "completeness"),
}
"""Words whose answers are whole numbers, or one rounded division of two of them."""


# --- the plain definition -------------------------------------------------------------------------


def test_every_word_of_the_vocabulary_has_a_plain_meaning() -> None:
    assert set(MEANING) == set(VOCABULARY)
    assert {made.word.name for made in EVERYTHING.features} == set(VOCABULARY)


def scale(asked: Feature, ask: Ask) -> float:
    """How large the sums are that an answer is a difference of: all values so far, added up."""
    if not asked.word.of_events:
        return 0.0
    seen = past(ask, asked.noun.scope, asked.noun.keys)
    return math.fsum(abs(event.value) for event in seen if not math.isnan(event.value))


@QUICK
@given(worlds, examples)
def test_every_word_equals_its_plain_definition(world: World, pairs: list[Example]) -> None:
    people = {lead.name: lead for lead in world.leads}
    asks = [Ask(world, people[name], as_of) for name, as_of in pairs]
    found = matrix_of(world, pairs)
    for column, asked in enumerate(EVERYTHING.features):
        meaning = MEANING[asked.word.name]
        for row, ask in enumerate(asks):
            got, expected = float(found[row, column]), float(meaning(asked, ask))
            if asked.word.name in EXACT:
                right = got == expected or (math.isnan(got) and math.isnan(expected))
            else:
                near = 1e-12 * scale(asked, ask)
                right = math.isclose(got, expected, rel_tol=1e-9, abs_tol=near)
                right = right or (math.isnan(got) and math.isnan(expected))
            assert right, (asked.name, ask.lead.name, ask.as_of, got, expected)


@QUICK
@given(worlds, examples)
def test_the_event_before_equals_its_plain_definition(world: World, pairs: list[Example]) -> None:
    later = [Event(NAMES[0], kind, at("2027-01-01")) for kind in KINDS]
    world = World(world.leads, world.events + later, world.changes)
    people = {lead.name: lead for lead in world.leads}
    nouns = (ALL, ALL.at_account(), OVERLAPPING, OVERLAPPING.at_account())
    asked = [feature("event_before", noun, levels=noun.keys) for noun in nouns]
    found = matrix_of(world, pairs, Catalog(tuple(asked), {}))
    expected = [
        [event_before(each, Ask(world, people[name], as_of)) for each in asked]
        for name, as_of in pairs
    ]
    assert np.array_equal(found, np.reshape(expected, found.shape), equal_nan=True)


def test_where_nothing_happened_nothing_happened_before_the_last_event() -> None:
    """A request without events, say."""
    asked = feature("event_before", ALL, levels=KINDS)
    history = past_of(World(people("ada")), [("ada", NOON)]).history()
    assert np.isnan(asked.compute(history)).all()


@FEW
@given(worlds, examples, st.data())
def test_what_is_asked_first_or_without_a_plan_changes_no_answer(
    world: World, pairs: list[Example], data: st.DataObject
) -> None:
    planned = past_of(world, pairs).history(EVERYTHING.plan)
    unplanned = past_of(world, pairs).history()
    shuffled = data.draw(st.permutations(EVERYTHING.features))
    for asked in shuffled[:60]:
        assert np.array_equal(asked.compute(planned), asked.compute(unplanned), equal_nan=True)


@FEW
@given(worlds, st.sampled_from(MOMENTS), st.integers(1, 60), st.integers(1, 60))
def test_neighbouring_windows_tile(world: World, as_of: int, near: int, far: int) -> None:
    newer = past_of(world, [(name, as_of) for name in NAMES]).history()
    older = past_of(world, [(name, as_of - near * DAY) for name in NAMES]).history()
    for noun in (VIEWS, VIEWS.at_account()):
        tiled = newer.count(noun, Window(near)) + older.count(noun, Window(far))
        assert tiled.tolist() == newer.count(noun, Window(near + far)).tolist()


def test_nouns_that_share_a_type_are_never_counted_in_one_strand() -> None:
    def of(*keys: str) -> Noun:
        return Noun("_".join(keys), keys, "", "", "engagement")

    nouns = [of("a", "b"), of("c"), of("a"), of("b", "c"), of("d"), of("a", "b"), of()]
    plan = plan_for([*nouns, of("c").at_account()], [7, 30, 7])
    assert plan.strands["lead"] == ((("a", "b"), ("c",), ("d",)), (("a",), ("b", "c")))
    assert plan.strands["account"] == ((("c",),),)
    assert plan.days == (7, 30)
    assert plan.back.tolist() == [0, 7 * DAY, 30 * DAY]


# --- small enough to check by hand ----------------------------------------------------------------


def one(word: str, world: World, lead: str, as_of: str, **given: object) -> float:
    """One answer about the views of a lead, or about another noun."""
    noun = given.pop("noun", VIEWS)
    window = given.pop("window", EVER)
    assert isinstance(noun, Noun)
    assert isinstance(window, Window)
    asked = feature(word, noun, window, **given)
    return float(asked.compute(past_of(world, [(lead, at(as_of))]).history())[0])


def long_past(events: pd.DataFrame, as_of: int) -> History:
    tables = dataclasses.replace(tables_of(World(people("ada"))), events=events)
    return build_past(tables, example_table([("ada", as_of)])).history()


def people(*names: str, account: str | None = None) -> list[Lead]:
    return [Lead(name, at("2025-01-01"), account) for name in names]


def views(lead: str, *known: str) -> list[Event]:
    return [Event(lead, "view", at(moment), None, 1.0) for moment in known]


def test_a_week_begins_with_its_first_nanosecond_and_ends_before_as_of() -> None:
    log = views(
        "ada",
        "2026-03-01 23:59:59.999999999",  # 1 ns before the week
        "2026-03-02 00:00:00",  # the first moment of [as_of - 7 d, as_of)
        "2026-03-08 23:59:59.999999999",  # its last
        "2026-03-09 00:00:00",  # as_of itself: the future
    )
    past = past_of(World(people("ada"), log), [("ada", at("2026-03-09"))]).history()
    assert past.count(VIEWS, WEEK).tolist() == [2]
    assert past.count(VIEWS, EVER).tolist() == [3]
    # 2 March and 8 March; ever: 1 March too
    assert past.active_days(VIEWS, WEEK).tolist() == [2]
    assert past.active_days(VIEWS, EVER).tolist() == [3]
    # 2 in the week; 1 in the week before it: 1 more
    assert past.trend(VIEWS, WEEK).tolist() == [1]


def test_three_leads_two_weeks_by_hand() -> None:
    log = [
        Event("ada", "view", at("2026-03-01 10:00"), None, 5.0),
        Event("ada", "view", at("2026-03-06 10:00"), None, math.nan),
        Event("ada", "view", at("2026-03-06 15:00"), None, 2.0),
        Event("ada", "demo", at("2026-03-08 00:00"), None, 100.0),
        Event("bob", "view", at("2026-03-08 18:00"), None, 7.0),
    ]
    world = World(people("ada", "bob", "cyd"), log)
    past = past_of(world, [(lead, at("2026-03-09")) for lead in ("ada", "bob", "cyd")]).history()
    demo = Noun("demo", ("demo",), "demo", "demos", "intent")
    # ada's week is [2 March, 9 March): the two views of the 6th
    assert past.count(VIEWS, WEEK).tolist() == [2, 1, 0]
    assert past.count(ALL, WEEK).tolist() == [3, 1, 0]
    # a missing value adds nothing: 2.0; ever: 5.0 + 2.0
    assert past.total(VIEWS, WEEK).tolist() == [2.0, 7.0, 0.0]
    assert past.total(VIEWS, EVER).tolist() == [7.0, 7.0, 0.0]
    # and is no part of a mean: 2.0 / 1; ever: (5.0 + 2.0) / 2
    assert past.mean(VIEWS, WEEK)[:2].tolist() == [2.0, 7.0]
    assert past.mean(VIEWS, EVER)[:2].tolist() == [3.5, 7.0]
    assert past.maximum(VIEWS, EVER)[:2].tolist() == [5.0, 7.0]
    assert np.isnan([past.mean(VIEWS, EVER)[2], past.maximum(VIEWS, EVER)[2]]).all()
    # two views on one day are one active day, and five hours apart two sessions
    assert past.active_days(VIEWS, WEEK).tolist() == [1, 1, 0]
    assert past.sessions(VIEWS, WEEK, gap_minutes=30.0).tolist() == [2, 1, 0]
    assert past.sessions(VIEWS, WEEK, gap_minutes=300.0).tolist() == [1, 1, 0]
    # 6 March 15:00 to 9 March 00:00 is 2 days 9 hours = 2.375; 8 March 18:00 is 6 hours
    assert past.days_since_last(VIEWS)[:2].tolist() == [2.375, 0.25]
    assert np.isnan(past.days_since_last(VIEWS)[2])
    assert past.days_since_last(demo)[0] == 1.0
    # 1 March 10:00 to 9 March 00:00 is 7 days 14 hours
    assert past.days_since_first(VIEWS)[0] == 7 + 14 / 24
    # two of ada's three events of the week, both at office hours; 8 March is a Sunday
    assert past.share(VIEWS, KINDS, WEEK)[:2].tolist() == [2 / 3, 1.0]
    assert past.off_hours_share(ALL, WEEK, zone="UTC")[:2].tolist() == [1 / 3, 1.0]
    assert past.weekend_share(ALL, EVER, zone="UTC")[:2].tolist() == [2 / 4, 1.0]
    # three views came before ada's demo; bob has none
    assert past.order_of_first(demo, KINDS)[0] == 4
    assert np.isnan(past.order_of_first(demo, KINDS)[1])
    # KINDS is (view, demo, mail): last a demo, before it a view; bob did one thing only
    assert past.last_type(ALL, back=0)[:2].tolist() == [1, 0]
    assert past.last_type(ALL, back=1)[0] == 0
    assert np.isnan(past.last_type(ALL, back=1)[1:]).all()


def test_an_account_sees_a_colleagues_event_once_both_are_known() -> None:
    """bob came on 5 March; what he did on the 1st is known to his account from then on."""
    ada, bob = Lead("ada", at("2026-01-01"), "acme"), Lead("bob", at("2026-03-05"), "acme")
    cyd = Lead("cyd", at("2026-01-01"), "bolt")
    world = World(
        [ada, bob, cyd], [*views("bob", "2026-03-01"), *views("ada", "2026-03-02"), *views("cyd")]
    )
    moments = ["2026-03-02", "2026-03-05", "2026-03-05 00:00:00.000000001", "2026-03-12"]
    past = past_of(world, [("ada", at(moment)) for moment in moments]).history()
    together = VIEWS.at_account()
    # ada's own on the 2nd is not yet seen at the 2nd; bob's counts from after the 5th
    assert past.count(together, EVER).tolist() == [0, 1, 2, 2]
    assert past.count(VIEWS, EVER).tolist() == [0, 1, 1, 1]
    # the week before the 12th begins on the 5th, when bob's became known
    assert past.count(together, WEEK).tolist() == [0, 1, 2, 1]
    assert past.days_since_last(together)[1:].tolist() == [3.0, 1 / DAY, 7.0]
    # the account came with ada
    assert past.tenure_days("account").tolist() == past.tenure_days("lead").tolist()
    assert one("tenure", world, "bob", "2026-03-06") == 1
    assert one("count", world, "cyd", "2026-03-12", noun=together) == 0


def test_a_lead_without_an_account_is_an_account_of_its_own() -> None:
    world = World(people("ada", "bob"), [*views("ada", "2026-03-01"), *views("bob", "2026-03-02")])
    past = past_of(world, [(name, at("2026-03-09")) for name in ("ada", "bob")]).history()
    assert past.count(VIEWS.at_account(), EVER).tolist() == [1, 1]
    assert past.days_since_last(VIEWS.at_account()).tolist() == [8, 7]


def test_office_hours_are_those_of_the_wall_clock_on_both_sides_of_its_change() -> None:
    """Amsterdam: UTC+1 on Friday 27 March 2026, UTC+2 on Monday the 30th."""
    cases = {
        "2026-03-27 06:59:59": 1,  # 07:59:59
        "2026-03-27 07:00": 0,  # 08:00
        "2026-03-27 16:59:59": 0,  # 17:59:59
        "2026-03-27 17:00": 1,  # 18:00
        "2026-03-28 11:00": 1,  # Saturday noon
        "2026-03-29 22:00": 1,  # Monday 00:00
        "2026-03-30 05:59:59": 1,  # 07:59:59
        "2026-03-30 06:00": 0,  # 08:00
        "2026-03-30 15:59:59": 0,  # 17:59:59
        "2026-03-30 16:00": 1,  # 18:00
    }
    for moment, off in cases.items():
        world = World(people("ada"), views("ada", moment))
        assert one("off_hours_share", world, "ada", "2026-04-02", zone="Europe/Amsterdam") == off
    for moment, weekend in {
        "2026-03-27 22:59:59": 0,  # Friday 23:59:59
        "2026-03-27 23:00": 1,  # Saturday 00:00
        "2026-03-29 21:59:59": 1,  # Sunday 23:59:59
        "2026-03-29 22:00": 0,  # Monday 00:00
    }.items():
        world = World(people("ada"), views("ada", moment))
        found = one("weekend_share", world, "ada", "2026-04-02", zone="Europe/Amsterdam")
        assert found == weekend, moment


def test_a_session_goes_on_through_a_pause_as_long_as_the_gap() -> None:
    log = views(
        "ada",
        "2026-03-01 10:00",
        "2026-03-01 10:30",  # 30 minutes: the same session
        "2026-03-01 11:00:00.000000001",  # 1 ns more: the second
        "2026-03-01 11:00:00.000000001",
    )
    world = World(people("ada"), log)
    assert one("sessions", world, "ada", "2026-03-02", gap_minutes=30.0) == 2
    # a window that begins within a session counts what is left of it
    as_of = "2026-03-08 10:15"
    assert one("sessions", world, "ada", as_of, gap_minutes=30.0, window=WEEK) == 2
    assert one("sessions", world, "ada", "2026-03-08 10:31", gap_minutes=30.0, window=WEEK) == 1


def test_of_events_at_one_instant_the_later_type_in_the_alphabet_is_the_later() -> None:
    moment = at("2026-03-01")
    log = [Event("ada", kind, moment) for kind in ("view", "demo", "mail")]
    for order in itertools.permutations(log):
        world = World(people("ada"), list(order))
        # in alphabetical order: demo, mail, view
        assert one("last_event", world, "ada", "2026-03-02", noun=ALL, levels=KINDS) == 0
        assert one("event_before", world, "ada", "2026-03-02", noun=ALL, levels=KINDS) == 2
        # none was known before any other
        assert one("order_of_first", world, "ada", "2026-03-02", among=KINDS) == 1


def test_every_half_life_halves_an_event() -> None:
    log = views("ada", "2026-03-08", "2026-03-07", "2026-03-07", "2026-03-05")
    world = World(people("ada", "bob"), log)
    pairs = [("ada", at("2026-03-09")), ("ada", at("2026-03-08")), ("bob", at("2027-01-01"))]
    past = past_of(world, pairs).history()
    # half-life 1 day, as of the 9th: 1/2 + 2 * 1/4 + 1/16; as of the 8th: 2 * 1/2 + 1/8
    assert past.decayed_count(VIEWS, half_life_days=1.0).tolist() == [1.0625, 1.125, 0.0]
    # half-life 2 days: 2^-0.5 + 2 * 2^-1 + 2^-2
    found = past.decayed_count(VIEWS, half_life_days=2.0)[0]
    assert found == pytest.approx(0.5**0.5 + 1.25, rel=1e-15)
    # values fade alike, a missing one counts nothing: 8 / 2 + 4 / 8
    valued = [Event("ada", "view", at(day), None, v) for day, v in _VALUED.items()]
    worth = past_of(World(people("ada"), valued), pairs[:1]).history()
    assert worth.decayed_total(VIEWS, half_life_days=1.0).tolist() == [4.5]


_VALUED = {"2026-03-08": 8.0, "2026-03-07": math.nan, "2026-03-06": 4.0}


def test_an_event_counts_from_when_it_was_known() -> None:
    """What happened before as_of but was recorded at it is not seen."""
    happened, recorded = at("2026-03-01"), at("2026-03-09")
    world = World(people("ada"), [Event("ada", "view", happened, recorded, 1.0)])
    past = past_of(world, [("ada", recorded), ("ada", recorded + 1)]).history()
    assert past.count(VIEWS, EVER).tolist() == [0, 1]
    assert past.days_since_last(VIEWS)[1] == 1 / DAY


def test_tenure_counts_from_creation_to_as_of() -> None:
    world = World([Lead("ada", MIDNIGHT)])
    past = past_of(world, [("ada", MIDNIGHT), ("ada", MIDNIGHT + 36 * HOUR)]).history()
    assert past.tenure_days("lead").tolist() == [0.0, 1.5]


def test_a_world_without_events_answers_with_what_stands_for_nothing() -> None:
    for world, pairs in (
        (World(people(*NAMES)), [(name, NOON) for name in NAMES]),
        (World(people("ada")), [("ada", NOON)]),
        (World(people("ada"), views("a stranger", "2026-01-01")), [("ada", NOON)]),
    ):
        found = matrix_of(world, pairs)
        for column, asked in enumerate(EVERYTHING.features):
            if asked.word.of_events and asked.word.name != "tenure":
                empty = np.full(len(pairs), asked.word.empty)
                assert np.array_equal(found[:, column], empty, equal_nan=True), asked.name


def test_before_its_first_event_a_lead_has_what_stands_for_nothing() -> None:
    world = World(people("ada", "bob"), views("ada", "2026-03-01") + views("bob", "2026-01-01"))
    found = matrix_of(world, [("ada", at("2026-02-01"))])[0]
    for value, asked in zip(found, EVERYTHING.features, strict=True):
        if asked.word.of_events and asked.word.name != "tenure":
            assert value == asked.word.empty or math.isnan(value) == math.isnan(asked.word.empty)


def test_no_examples_get_no_answers() -> None:
    world = World(people("ada"), views("ada", "2026-03-01"))
    assert matrix_of(world, []).shape == (0, len(EVERYTHING.features))


def test_values_of_one_moment_add_up_to_the_same_bits_in_any_order() -> None:
    """As floats 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
    moment = at("2026-03-01")
    for word, options in (("total", {"window": WEEK}), ("decayed_total", {"half_life_days": 3.0})):
        totals = {
            one(
                word,
                World(people("ada"), [Event("ada", "view", moment, None, v) for v in order]),
                "ada",
                "2026-03-02",
                **options,
            )
            for order in itertools.permutations([0.1, 0.2, 0.3, 1e6])
        }
        assert len(totals) == 1


def test_a_greatest_value_may_be_negative_and_a_missing_one_is_none() -> None:
    log = [
        Event("ada", "view", at("2026-03-01") + hours * HOUR, None, value)
        for hours, value in enumerate([9.0, -5.0, math.nan, -7.0, -6.0])
    ]
    world = World(people("ada"), log)
    as_of = at("2026-03-02")
    # windows cut off the first events one by one
    for first, greatest in enumerate([9.0, -5.0, -6.0, -6.0, -6.0]):
        shifted = past_of(world, [("ada", log[first].known + 7 * DAY)]).history()
        assert shifted.maximum(VIEWS, WEEK).tolist() == [greatest]
    only_missing = World(people("ada"), [Event("ada", "view", as_of)])
    assert math.isnan(one("maximum", only_missing, "ada", "2026-03-03"))
    assert math.isnan(one("mean", only_missing, "ada", "2026-03-03"))
    assert one("total", only_missing, "ada", "2026-03-03") == 0


# --- long histories -------------------------------------------------------------------------------

TEN_YEARS = np.arange(at("2016-01-01"), at("2026-01-01"), HOUR)
"""An event an hour."""

HUGE_GAPS = np.array(
    [at("1901-01-01"), at("1901-01-01") + 1, at("1970-01-01"), at("2025-12-31"), at("2199-12-31")]
)


def exactly_decayed(known: np.ndarray, worth: np.ndarray, as_of: int, half_life: float) -> float:
    ages = [(as_of - int(moment)) / DAY / half_life for moment in known]
    return math.fsum(v * 0.5**age for v, age in zip(worth.tolist(), ages, strict=True) if age > 0)


@pytest.mark.parametrize(
    ("known", "half_life", "digits"),
    [
        (TEN_YEARS, 0.01, 1e-12),
        (TEN_YEARS, 1.0, 1e-12),
        (TEN_YEARS, 14.0, 1e-12),
        (TEN_YEARS, 1_000.0, 1e-11),
        (HUGE_GAPS, 0.01, 1e-12),
        (HUGE_GAPS, 1.0, 1e-12),
        (HUGE_GAPS, 14.0, 1e-12),
        (HUGE_GAPS, 1_000.0, 1e-12),
    ],
)
def test_decay_neither_overflows_nor_loses_digits_in_a_long_history(
    known: np.ndarray, half_life: float, digits: float
) -> None:
    """0.01 days make 365,000 half-lives of ten years; 2 ** 365,000 is no float."""
    worth = np.random.default_rng(0).lognormal(3, 2, len(known)).round(2)
    log = [Event("ada", "view", int(t), None, float(v)) for t, v in zip(known, worth, strict=True)]
    last = int(known[-1])
    moments = [last + 1, last + DAY, last + 300 * DAY, int(known[len(known) // 2])]
    past = past_of(World(people("ada"), log), [("ada", moment) for moment in moments]).history()
    counted = past.decayed_count(VIEWS, half_life_days=half_life)
    summed = past.decayed_total(VIEWS, half_life_days=half_life)
    for row, as_of in enumerate(moments):
        expected = exactly_decayed(known, np.ones(len(known)), as_of, half_life)
        assert counted[row] == pytest.approx(expected, rel=digits, abs=1e-300)
        expected = exactly_decayed(known, worth, as_of, half_life)
        assert summed[row] == pytest.approx(expected, rel=digits, abs=1e-300)


def test_a_lead_far_older_than_its_neighbour_decays_without_overflow() -> None:
    """Between two leads the clock jumps back 20 years, 7,305 half-lives; 2 ** 7,305 is no float."""
    log = views("ada", *[f"2026-01-0{day}" for day in range(1, 10)])
    log += views("bob", *[f"2006-01-0{day}" for day in range(1, 10)])
    pairs = [("ada", at("2026-01-10")), ("bob", at("2006-01-10"))]
    past = past_of(World(people("ada", "bob"), log), pairs).history()
    # 1/2 + 1/4 + ... + 1/512
    assert past.decayed_count(VIEWS, half_life_days=1.0).tolist() == [1 - 2**-9, 1 - 2**-9]


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.suffix)
def test_totals_of_a_long_history_keep_their_precision(window: Window) -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 2, 5_000).round(2)
    log = [
        Event("ada", "view", at("2016-01-01") + k * 17 * HOUR, None, float(v))
        for k, v in enumerate(values)
    ]
    as_of = log[-1].known + 1
    found = past_of(World(people("ada"), log), [("ada", as_of)]).history().total(VIEWS, window)
    back = (window.days or 10_000) * DAY
    expected = math.fsum(event.value for event in log if event.known >= as_of - back)
    assert found[0] == pytest.approx(expected, rel=1e-9)


def test_a_million_events_of_one_lead_are_counted_as_numpy_counts_them() -> None:
    rng = np.random.default_rng(0)
    known = at("2026-01-01") + rng.integers(0, 90 * 86_400, 1_000_000) * SECOND
    events = pd.DataFrame(
        {
            "lead_id": pd.Series(["ada"], dtype="str").repeat(len(known)).reset_index(drop=True),
            "event_type": pd.Series(["view"], dtype="str").repeat(len(known)).array,
            "known_at": from_nanos(known),
            "value": rng.random(len(known)),
        }
    )
    as_of = at("2026-03-15")
    past = long_past(events, as_of)
    for window in (EVER, WEEK):
        back = (window.days or 10_000) * DAY
        inside = (known < as_of) & (known >= as_of - back)
        assert past.count(VIEWS, window)[0] == inside.sum()
        assert past.active_days(VIEWS, window)[0] == len(np.unique(known[inside] // DAY))
        pauses = np.diff(np.sort(known[inside])) > MINUTE // 2
        assert past.sessions(VIEWS, window, gap_minutes=0.5)[0] == 1 + pauses.sum()
        assert past.maximum(VIEWS, window)[0] == events["value"].to_numpy()[inside].max()
        total = math.fsum(events["value"].to_numpy()[inside])
        assert past.total(VIEWS, window)[0] == pytest.approx(total, rel=1e-12)
