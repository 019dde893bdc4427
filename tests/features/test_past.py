"""Is the same past found however its tables are written, renamed, shifted and cut?

Every answer is compared bit by bit, on worlds whose times lie on edges; `test_build` does the same
on a simulated company.
"""

import dataclasses
import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import Catalog
from features.feature import EVER
from features.past import Past, build_past
from leadml.arrays import Matrix
from leadml.errors import DataError
from leadml.tables import Tables
from leadml.timeline import from_nanos, nanos
from tests.features.plain import DAY, Change, Event, Lead, World
from tests.features.worlds import (
    EVERYTHING,
    FEW,
    MIDNIGHT,
    NOON,
    VIEWS,
    Example,
    at,
    event_table,
    example_table,
    examples,
    matrix_of,
    past_of,
    same,
    tables_of,
    texts,
    worlds,
)

KOLKATA = Catalog(
    tuple(
        dataclasses.replace(feature, zone="Asia/Kolkata" if feature.zone else "")
        for feature in EVERYTHING.features
    ),
    {},
)
"""A zone whose clock never changes."""

BACKWARDS = {"ada": "z", "bob": "y", "cyd": "x", "dot": "w", "eve": "v", "a stranger": "u"}
SIZES = (1, 3, 10, 1 << 40)


def answers(past: Past, size: int = 1 << 40, catalog: Catalog = EVERYTHING) -> Matrix:
    """The answers to everything, from blocks of some size."""
    found = np.full((len(past), len(catalog.features)), -77.0)
    blocks = past.blocks(size)
    for block in (blocks[k] for k in range(len(blocks))):
        history = block.history(catalog.plan)
        for column, feature in enumerate(catalog.features):
            found[block.rows, column] = feature.compute(history)
    return found


# --- invariances ----------------------------------------------------------------------------------


@FEW
@given(worlds, examples, st.sampled_from(SIZES))
def test_where_the_past_is_cut_changes_no_answer(
    world: World, pairs: list[Example], size: int
) -> None:
    past = past_of(world, pairs)
    whole = past.history()
    expected = np.column_stack([feature.compute(whole) for feature in EVERYTHING.features])
    assert same(answers(past, size), expected)


@FEW
@given(worlds, examples, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_answer(
    world: World, pairs: list[Example], random: Random
) -> None:
    def shuffled(rows: list[Any]) -> list[Any]:
        return random.sample(rows, len(rows))

    order = shuffled(list(range(len(pairs))))
    moved = World(*(shuffled(rows) for rows in world))
    found = matrix_of(moved, [pairs[k] for k in order])
    assert same(found, matrix_of(world, pairs)[order])


@FEW
@given(worlds, examples)
def test_the_names_of_leads_and_accounts_change_no_answer(
    world: World, pairs: list[Example]
) -> None:
    def of(account: str | None) -> str | None:
        return account and {"acme": "2", "bolt": "1"}[account]

    renamed = World(
        [
            lead._replace(name=BACKWARDS[lead.name], account=of(lead.account))
            for lead in world.leads
        ],
        [event._replace(lead=BACKWARDS[event.lead]) for event in world.events],
        [change._replace(lead=BACKWARDS[change.lead]) for change in world.changes],
    )
    found = matrix_of(renamed, [(BACKWARDS[name], as_of) for name, as_of in pairs])
    assert same(found, matrix_of(world, pairs))


@FEW
@given(worlds, examples, st.integers(-900, 900))
def test_a_shift_of_the_clock_by_whole_weeks_changes_no_answer(
    world: World, pairs: list[Example], weeks: int
) -> None:
    shift = weeks * 7 * DAY
    later = World(
        [lead._replace(created=lead.created + shift) for lead in world.leads],
        [
            event._replace(
                occurred=event.occurred + shift,
                recorded=None if event.recorded is None else event.recorded + shift,
            )
            for event in world.events
        ],
        [change._replace(valid_from=change.valid_from + shift) for change in world.changes],
    )
    found = matrix_of(later, [(name, as_of + shift) for name, as_of in pairs], KOLKATA)
    assert same(found, matrix_of(world, pairs, KOLKATA))


@FEW
@given(worlds, examples)
def test_the_future_changes_no_answer(world: World, pairs: list[Example]) -> None:
    """Each row from what was known by its moment: the lead's own record counts at as_of itself."""
    whole = matrix_of(world, pairs)
    created = {lead.name: lead.created for lead in world.leads}
    for row, (name, as_of) in enumerate(pairs):
        if created[name] <= as_of:
            cut = tables_of(world).upto(from_nanos(np.array([as_of + 1]))[0])
            assert same(answers(build_past(cut, example_table([(name, as_of)])))[0], whole[row])


@FEW
@given(worlds, examples)
def test_one_row_alone_has_the_answers_it_has_among_others(
    world: World, pairs: list[Example]
) -> None:
    whole = matrix_of(world, pairs)
    for row, pair in enumerate(pairs):
        assert same(matrix_of(world, [pair])[0], whole[row])


def of_account(world: World, name: str) -> World:
    """The world as if there were nobody but the lead and its colleagues."""
    (lead,) = [lead for lead in world.leads if lead.name == name]
    kept = [o for o in world.leads if o is lead or (lead.account and o.account == lead.account)]
    names = {other.name for other in kept}
    return World(
        kept,
        [event for event in world.events if event.lead in names],
        [change for change in world.changes if change.lead in names],
    )


@FEW
@given(worlds, examples)
def test_those_who_are_no_colleagues_change_no_answer(world: World, pairs: list[Example]) -> None:
    whole = matrix_of(world, pairs)
    for row, pair in enumerate(pairs):
        assert same(matrix_of(of_account(world, pair[0]), [pair])[0], whole[row])


def in_zone(tables: Tables, zone: str) -> Tables:
    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        times = frame.select_dtypes("datetimetz")
        return frame.assign(**{str(name): times[name].dt.tz_convert(zone) for name in times})

    return dataclasses.replace(
        tables,
        leads=moved(tables.leads),
        events=moved(tables.events),
        attributes=moved(tables.attributes),
    )


def in_form(tables: Tables, form: Any) -> Tables:
    names = ["lead_id", "event_type"]
    return dataclasses.replace(
        tables,
        leads=tables.leads.astype({"account_id": form}),
        events=tables.events.astype(dict.fromkeys(names, form)),
        attributes=tables.attributes.astype({"lead_id": form}),
    )


REWRITTEN: dict[str, Callable[[Tables], Tables]] = {
    "in another zone": lambda tables: in_zone(tables, "America/St_Johns"),
    "as objects": lambda tables: in_form(tables, object),
    "as categories": lambda tables: in_form(tables, "category"),
    "as Arrow strings": lambda tables: in_form(tables, pd.ArrowDtype(pa.string())),
    "as large Arrow strings": lambda tables: in_form(tables, pd.ArrowDtype(pa.large_string())),
    "as Arrow dictionaries": lambda tables: in_form(
        tables, pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_the_same_tables_written_in_another_way_give_the_same_answers(how: str) -> None:
    @FEW
    @given(worlds, examples)
    def holds(world: World, pairs: list[Example]) -> None:
        tables = tables_of(world)
        asked = example_table(pairs)
        found = answers(build_past(REWRITTEN[how](tables), asked))
        assert same(found, answers(build_past(tables, asked)))

    holds()


def test_the_ids_of_the_leads_may_be_categories() -> None:
    tables = tables_of(World([Lead("ada", 0), Lead("bob", 0)], [Event("bob", "view", 1)]))
    leads = tables.leads.astype({"lead_id": "category"})
    past = build_past(dataclasses.replace(tables, leads=leads), example_table([("bob", 5)]))
    assert past.history().count(VIEWS, EVER).tolist() == [1]


# --- blocks ---------------------------------------------------------------------------------------


@FEW
@given(worlds, examples, st.sampled_from(SIZES))
def test_blocks_hold_every_event_example_and_lead_once_and_whole_accounts(
    world: World, pairs: list[Example], size: int
) -> None:
    past = past_of(world, pairs)
    cut = past.blocks(size)
    blocks = [cut[k] for k in range(len(cut))]
    assert sorted(row for block in blocks for row in block.rows) == list(range(len(past)))
    assert sum(len(block.log) for block in blocks) == len(past.log)
    assert sum(len(block.leads) for block in blocks) == len(past.leads)
    accounts = int(past.leads.account[-1]) + 1
    assert sum(int(block.leads.account[-1]) + 1 for block in blocks) == accounts


def test_small_blocks_are_many_and_a_large_one_is_all() -> None:
    names = "abcdefgh"
    people = [Lead(name, 0, name if k % 2 else "acme") for k, name in enumerate(names)]
    past = past_of(World(people, [Event(name, "view", 1) for name in names]), [("a", 2)])
    # weights: acme has a, c, e, g: 4 events and an example of weight 2; the others 1 each
    small, large = past.blocks(1), past.blocks(100)
    assert [len(small[k].leads) for k in range(len(small))] == [4, 1, 1, 1, 1]
    assert [len(large[k].leads) for k in range(len(large))] == [8]


# --- from tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["us", "ns", "ms"])
def test_the_unit_a_frame_keeps_its_times_in_changes_nothing(unit: str) -> None:
    world = World(
        [Lead("ada", at("2026-03-01 09:00"), None, {"city": "Ulm"})],
        [Event("ada", "view", at("2026-03-02 09:00"))],
        [Change("ada", at("2026-03-02 09:00"), {"city": "Ede"})],
    )
    tables = tables_of(world)

    def kept_in(frame: pd.DataFrame) -> pd.DataFrame:
        times = frame.select_dtypes("datetimetz")
        return frame.assign(**{str(name): times[name].dt.as_unit(unit) for name in times})

    moved = dataclasses.replace(
        tables,
        leads=kept_in(tables.leads),
        events=kept_in(tables.events),
        attributes=kept_in(tables.attributes),
    )
    asked = example_table([("ada", at("2026-03-02 09:00")), ("ada", at("2026-03-09 09:00"))])
    past = build_past(moved, kept_in(asked))
    assert same(answers(past), answers(build_past(tables, asked)))
    assert past.history().tenure_days("lead").tolist() == [1.0, 8.0]
    assert past.attribute("city").as_series().tolist() == ["Ede", "Ede"]


def test_times_survive_the_way_through_nanoseconds() -> None:
    times = np.array([NOON, MIDNIGHT, -1, 0], dtype=np.int64)
    assert nanos(from_nanos(times)).tolist() == times.tolist()


def test_times_without_a_zone_are_refused() -> None:
    tables = tables_of(World([Lead("ada", 0)]))
    naive = pd.DataFrame({"lead_id": texts(["ada"]), "as_of": pd.to_datetime(["2026-01-01"])})
    with pytest.raises(DataError, match="timezone-aware"):
        build_past(tables, naive)


def test_an_example_of_an_unknown_lead_is_refused_and_named() -> None:
    tables = tables_of(World([Lead("1", 0), Lead("2", 0)]))
    strangers = [("1", 5), ("4", 5), ("3", 5), ("4", 6)]
    with pytest.raises(DataError, match=r"must be in the leads table, got 3, 4\. Mend the ids"):
        build_past(tables, example_table(strangers))


def test_ids_are_texts_and_differ_where_their_texts_do() -> None:
    """1 and "01" are two leads; reading a file makes 1, 1.0 and "1" the same text."""
    world = World([Lead("1", 0), Lead("01", 0), Lead("1.0", 0)], [Event("1", "view", 1)])
    found = matrix_of(world, [("1", 5), ("01", 5), ("1.0", 5)])
    assert found[:, EVERYTHING.names.index("view_count_ever")].tolist() == [1, 0, 0]


def test_no_leads_no_events_and_no_examples_have_a_past() -> None:
    nobody = tables_of(World([Lead("ada", 0)]))
    empty = dataclasses.replace(nobody, leads=nobody.leads[:0])
    past = build_past(empty, example_table([]))
    assert (len(past), len(past.log)) == (0, 0)
    for size in SIZES:
        assert answers(past, size).shape == (0, len(EVERYTHING.features))


def test_building_leaves_its_arguments_as_they_were() -> None:
    world = World([Lead("ada", 0, "acme"), Lead("bob", 0, "acme")], [Event("ada", "view", 1)])
    tables, asked = tables_of(world), example_table([("bob", 5), ("ada", 3)])
    before, kept = tables.fingerprint(), asked.copy()
    past = build_past(tables, asked)
    answers(past, 1)
    first = past.log.time.copy(), past.log.owner.copy()
    answers(past)
    assert tables.fingerprint() == before
    assert asked.equals(kept)
    assert (past.log.time.tolist(), past.log.owner.tolist()) == (
        first[0].tolist(),
        first[1].tolist(),
    )


def test_an_event_type_of_the_future_only_shows_nowhere() -> None:
    people = [Lead(name, 0, "acme", {"city": "Ulm"}) for name in ("ada", "bob")]
    now = [Event("ada", "view", at("2026-01-01"), None, 2.0)]
    later = [Event(name, "demo", at("2026-06-01"), None, 9.0) for name in ("ada", "bob")]
    pairs = [("ada", at("2026-06-01")), ("bob", at("2026-03-01"))]
    assert same(matrix_of(World(people, now + later), pairs), matrix_of(World(people, now), pairs))
    assert not math.isnan(matrix_of(World(people, now), pairs)[0, 0])


def test_a_thousand_duplicates_count_a_thousand_times() -> None:
    log = [Event("ada", "view", at("2026-01-01"), None, 0.5)] * 1_000
    past = past_of(World([Lead("ada", 0)], log), [("ada", at("2026-01-02"))])
    found = dict(zip(EVERYTHING.names, answers(past)[0], strict=True))
    assert found["view_count_7d"] == 1_000
    assert found["view_total_7d"] == 500
    assert found["view_active_days_7d"] == found["view_sessions_7d"] == 1
    assert len(event_table(log)) == 1_000
