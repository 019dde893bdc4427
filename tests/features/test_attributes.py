"""Is an attribute read as it was known, and as what it is: a number, a text, or nothing?

That every word of attributes equals its plain definition is shown in `test_history`.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.attributes import (
    NUMBERS,
    Known,
    Labels,
    encode_leads,
    encode_texts,
)
from features.feature import Feature
from features.history import History
from features.log import encode_events
from features.spec import VOCABULARY
from leadml.errors import DataError
from leadml.timeline import from_nanos
from tests.features.plain import DAY, Change, Lead, World
from tests.features.worlds import (
    QUICK,
    at,
    event_table,
    feature,
    noun,
    past_of,
    tables_of,
    texts,
)

START = at("2026-01-01")


def known(world: World, column: str, *moments: tuple[str, int]) -> list[Any]:
    """What was known of a column, None for nothing."""
    found = past_of(world, list(moments)).attribute(column).as_series().tolist()
    return [None if pd.isna(value) else value for value in found]


# --- history --------------------------------------------------------------------------------------

RECORD = {"city": "Ulm", "employees": 1.0, "country": "NL"}
ADA = Lead("ada", START, None, RECORD)
HISTORY = [
    Change("ada", at("2026-02-01"), {"city": "Ede", "title": None, "employees": 10.0}),
    Change("ada", at("2026-03-01"), {"city": None, "title": "CEO", "employees": 20.0}),
]


def test_attributes_of_one_lead_by_hand() -> None:
    world = World([ADA, Lead("bob", START, None, RECORD)], [], HISTORY)
    moments = [
        ("ada", at("2026-02-01") - 1),
        ("ada", at("2026-02-01")),
        ("ada", at("2026-03-01") - 1),
        ("ada", at("2026-03-01")),
    ]
    # before its history begins nothing is known: today's 1.0 would be the future
    assert known(world, "employees", *moments) == [None, 10.0, 10.0, 20.0]
    # a blank says "unchanged"
    assert known(world, "city", *moments) == [None, "Ede", "Ede", "Ede"]
    # the leads table has no title
    assert known(world, "title", *moments) == [None, None, None, "CEO"]
    # no history of the country at all, and none of bob's: the leads table's own value counts
    assert known(world, "country", *moments) == ["NL"] * 4
    assert known(world, "city", ("bob", START)) == ["Ulm"]
    assert known(world, "nothing", *moments) == [None] * 4


def test_a_change_far_in_the_future_hides_todays_value() -> None:
    world = World([ADA], [], [Change("ada", at("2030-01-01"), {"city": "Bonn"})])
    assert known(world, "city", ("ada", at("2026-06-01"))) == [None]


def test_changes_of_strangers_are_left_out() -> None:
    world = World([ADA], [], [Change("a stranger", START, {"city": "Bonn"})])
    assert known(world, "city", ("ada", START + DAY)) == ["Ulm"]


def test_changes_may_stand_in_any_order() -> None:
    world = World([ADA], [], HISTORY[::-1])
    assert known(world, "employees", ("ada", at("2026-03-02"))) == [20.0]


def test_of_two_changes_at_one_instant_the_order_of_rows_decides_nothing() -> None:
    twice = [Change("ada", START, {"city": city}) for city in ("Ede", "Ulm")]
    found = [
        known(World([ADA], [], order), "city", ("ada", START)) for order in (twice, twice[::-1])
    ]
    assert found[0] == found[1]


def test_a_column_that_holds_numbers_in_one_table_and_texts_in_the_other_holds_texts() -> None:
    tables = tables_of(World([ADA, Lead("bob", START, None, RECORD)]))
    changes = pd.DataFrame(
        {
            "lead_id": texts(["ada"]),
            "valid_from": from_nanos(np.array([START + DAY])),
            "employees": texts(["about ten"]),
        }
    )
    leads, ids = encode_leads(tables.leads, changes)
    assert ids.to_pylist() == ["ada", "bob"]
    lead, as_of = np.array([0, 0, 1]), np.array([START, START + DAY, START])
    found = leads.at("employees", lead, as_of).as_series()
    assert [None if pd.isna(v) else v for v in found] == [None, "about ten", "1"]


@pytest.mark.parametrize("form", ["str", "object", "string", "category"])
def test_the_form_of_texts_changes_nothing(form: str) -> None:
    tables = tables_of(World([ADA, Lead("bob", START, "acme", {"city": None})], [], HISTORY))
    leads = tables.leads.astype({"account_id": form, "city": form})
    changes = tables.attributes.astype({"lead_id": form, "city": form})
    found, ids = encode_leads(leads, changes)
    code = np.array([ids.to_pylist().index("ada"), ids.to_pylist().index("bob")])
    cities = found.at("city", code, np.full(2, at("2026-02-02"))).as_series()
    assert cities.iloc[0] == "Ede"
    assert pd.isna(cities.iloc[1])
    assert found.at("employees", code, np.full(2, at("2026-03-02"))).values[0] == 20.0


# --- accounts -------------------------------------------------------------------------------------

accounts = st.lists(st.sampled_from([None, "acme", "bolt", "cord"]), min_size=1, max_size=9)


@QUICK
@given(accounts)
def test_leads_are_numbered_account_by_account(accounts: list[str | None]) -> None:
    world = World([Lead(f"L{k}", START + k, account) for k, account in enumerate(accounts)])
    tables = tables_of(world)
    leads, ids = encode_leads(tables.leads, tables.attributes)
    of = {lead.name: lead.account for lead in world.leads}
    by_code = [of[name] for name in ids.to_pylist()]
    assert leads.account[0] == 0
    assert set(np.diff(leads.account)) <= {0, 1}
    for one, other in ((a, b) for a in range(len(ids)) for b in range(a)):
        together = by_code[one] is not None and by_code[one] == by_code[other]
        assert (leads.account[one] == leads.account[other]) == together
    created = {lead.name: lead.created for lead in world.leads}
    assert leads.created.tolist() == [created[name] for name in ids.to_pylist()]


def test_an_account_came_with_its_first_lead() -> None:
    world = World(
        [Lead("a", 50, "acme"), Lead("b", 20), Lead("c", 10, "acme"), Lead("d", 5, "bolt")]
    )
    tables = tables_of(world)
    leads, ids = encode_leads(tables.leads, tables.attributes)
    came = dict(zip(ids.to_pylist(), leads.came("account").tolist(), strict=True))
    assert came == {"a": 10, "b": 20, "c": 10, "d": 5}
    came = dict(zip(ids.to_pylist(), leads.came("lead").tolist(), strict=True))
    assert came == {"a": 50, "b": 20, "c": 10, "d": 5}


def test_without_a_column_of_accounts_everyone_is_alone() -> None:
    tables = tables_of(World([Lead("a", 1, "acme"), Lead("b", 2, "acme")]))
    leads, _ = encode_leads(tables.leads.drop(columns="account_id"), tables.attributes)
    assert leads.account.tolist() == [0, 1]


def test_some_leads_alone_have_the_records_they_have_among_all() -> None:
    world = World(
        [Lead(name, START + k, name[0], RECORD) for k, name in enumerate(["a1", "b1", "a2", "b2"])],
        [],
        [Change("b2", START, {"city": "Bonn"}), Change("a1", START, {"city": "Ede"})],
    )
    tables = tables_of(world)
    leads, ids = encode_leads(tables.leads, tables.attributes)
    assert ids.to_pylist() == ["a1", "a2", "b1", "b2"]
    some = leads.only(2, 4)
    assert (len(some), some.account.tolist()) == (2, [0, 0])
    assert some.created.tolist() == leads.created[2:].tolist()
    cities = some.at("city", np.array([0, 1]), np.full(2, START)).as_series()
    assert cities.tolist() == ["Ulm", "Bonn"]


def test_no_leads_are_an_empty_log() -> None:
    tables = tables_of(World([ADA]))
    leads, ids = encode_leads(tables.leads[:0], tables.attributes)
    assert (len(leads), len(ids)) == (0, 0)
    log = encode_events(event_table([]), ids)
    assert len(leads.account_log(log)) == 0
    assert leads.came("account").shape == (0,)
    nobody = np.zeros(0, dtype=np.int64)
    assert len(History(log, leads, nobody, nobody)) == 0


# --- what is known --------------------------------------------------------------------------------


def test_missing_rare_and_never_seen_levels_have_their_own_codes() -> None:
    text = texts(["Retail", "Software", None, "Mining", "retail", ""])
    codes = encode_texts(text, ("Software", "Retail"))
    assert np.array_equal(codes, [1, 0, np.nan, 2, 2, 2], equal_nan=True)


def test_without_levels_everything_known_is_other() -> None:
    codes = encode_texts(texts(["a", None]), ())
    assert np.array_equal(codes, [0, np.nan], equal_nan=True)


def test_the_order_of_levels_is_the_order_of_codes() -> None:
    assert encode_texts(texts(["b", "a"]), ("a", "b")).tolist() == [1, 0]
    assert encode_texts(texts(["b", "a"]), ("b", "a")).tolist() == [0, 1]


def test_two_derivations_of_one_text_do_not_meet() -> None:
    """What was made of the labels is kept, by what made it and of which levels."""
    labels = Labels(("Ab", "cd"))
    assert labels.codes(("ab", "cd"), str.lower)[:2].tolist() == [0, 1]
    assert labels.codes(("ab", "cd"))[:2].tolist() == [2, 1]
    assert labels.codes(("cd", "ab"), str.lower)[:2].tolist() == [1, 0]
    assert labels.codes(("AB",), str.upper)[:2].tolist() == [0, 1]
    assert labels.codes(("ab", "cd"), str.lower)[:2].tolist() == [0, 1]


def test_a_text_of_which_nothing_can_be_made_is_missing() -> None:
    def first_digit(text: str) -> str | None:
        return text[0] if text[0].isdigit() else None

    codes = Labels(("1a", "b", "2")).codes(("1",), first_digit)
    assert np.array_equal(codes, [0, np.nan, 1, np.nan], equal_nan=True)


def test_numbers_may_be_read_as_texts_and_texts_without_any_value_as_numbers() -> None:
    numbers = Known(np.array([3.0, np.nan, 1.5]), NUMBERS)
    assert np.array_equal(numbers.codes(("1.5", "3")), [1, np.nan, 0], equal_nan=True)
    assert numbers.missing.tolist() == [False, True, False]
    nothing = Known(np.array([-1, -1]), Labels(("never said",)))
    assert np.isnan(nothing.amounts("size")).all()
    assert nothing.missing.tolist() == [True, True]


@pytest.mark.parametrize("word", ["number", "band"])
def test_an_attribute_that_held_numbers_in_training_and_holds_texts_now_is_refused(
    word: str,
) -> None:
    asked: Feature = feature(word, noun("employees"), edges=(10.0,))
    world = World([Lead("ada", START, None, {"employees": "ten or so"})])
    with pytest.raises(DataError, match="'employees' must hold numbers, as in training, got 'ten"):
        asked.compute(past_of(world, [("ada", START)]).history())


def test_a_category_that_holds_numbers_now_is_read_as_their_texts() -> None:
    world = World([Lead("ada", START, None, {"employees": 3.0})])
    found = feature("category", noun("employees"), levels=("3",)).compute(
        past_of(world, [("ada", START)]).history()
    )
    assert found.tolist() == [0.0]


def test_a_column_no_table_has_is_known_of_nobody() -> None:
    history = past_of(World([ADA]), [("ada", START)]).history()
    for word in ("number", "category", "ordered", "country", "domain_kind", "seniority"):
        assert np.isnan(feature(word, noun("moon"), levels=("a",)).compute(history)).all()
    assert feature("completeness", noun("record", "city", "moon")).compute(history).tolist() == [
        0.5
    ]
    assert VOCABULARY["completeness"].empty == 0
