"""What became known between two moments: events, colleagues with theirs, attributes."""

import numpy as np
import pandas as pd
import pytest

from features.catalog import Catalog
from features.feature import EVER, Feature
from features.nouns import event_noun
from features.spec import VOCABULARY
from leadml.events import EventType
from leadml.tables import Tables
from serving.news import (
    ChangedAttribute,
    NewEvents,
    find_changed_attributes,
    find_new_events,
    known_by,
    with_colleagues,
    with_events,
)

VIEW, DEMO = EventType("view", "views"), EventType("demo", "demos")
OWN = Catalog((Feature(VOCABULARY["count"], event_noun("view", VIEW), EVER),), {"view": VIEW})
SHARED = Catalog(
    (Feature(VOCABULARY["count"], event_noun("demo", DEMO).at_account(), EVER),), {"demo": DEMO}
)
DAY1, DAY2, DAY3 = (pd.Timestamp(f"2026-03-0{day}", tz="UTC") for day in (1, 2, 3))
TICK = pd.Timedelta(1, "us")


def frame(columns: str, *rows: tuple) -> pd.DataFrame:
    """Rows of text, times and numbers by the names of their columns."""
    made = {}
    for k, name in enumerate(columns.split()):
        cells = [row[k] for row in rows]
        if name.endswith(("_at", "_from")):
            made[name] = pd.DatetimeIndex(cells, tz="UTC").as_unit("us")
        else:
            number = name in {"employees", "amount", "value"}
            made[name] = pd.Series(cells, dtype="float64" if number else "str")
    return pd.DataFrame(made)


@pytest.fixture
def tables() -> Tables:
    """Ada and Bob at Acme, Cyd at Bolt, Dot nowhere; Bob came on the second day."""
    return Tables(
        frame(
            "lead_id created_at account_id employees industry",
            ("ada", DAY1, "acme", 50.0, "Software"),
            ("bob", DAY2 + TICK, "acme", np.nan, None),
            ("cyd", DAY1, "bolt", 7.0, "Retail"),
            ("dot", DAY1, None, np.nan, None),
        ),
        frame(
            "lead_id known_at event_type",
            ("ada", DAY2 - TICK, "view"),
            ("ada", DAY2, "view"),
            ("ada", DAY2, "demo"),
            ("ada", DAY2 + TICK, "view"),
            ("ada", DAY3 - TICK, "fax"),
            ("ada", DAY3, "view"),
            ("bob", DAY1, "demo"),
            ("bob", DAY2 + TICK, "demo"),
            ("cyd", DAY2, "demo"),
            ("dot", DAY2, "view"),
        ).assign(value=np.nan),
        frame("lead_id closed_at outcome amount", ("cyd", DAY2, "closed_won", np.nan)),
        frame(
            "lead_id valid_from employees industry",
            ("ada", DAY1, 10.0, None),
            ("ada", DAY2, 20.0, None),
            ("ada", DAY3, 50.0, "Software"),
            ("cyd", DAY3 + TICK, 7.0, "Retail"),
        ),
        pd.DataFrame({"source": [], "month": pd.DatetimeIndex([], tz="UTC"), "cost": []}),
        pd.Timestamp("2026-04-01", tz="UTC"),
    )


def told(news: tuple[NewEvents, ...]) -> list[str]:
    return [own.text for own in news]


def test_those_near_a_lead_are_the_colleagues_at_its_account(tables: Tables) -> None:
    near = with_colleagues(tables, pd.Series(["ada", "dot"], dtype="str"))
    assert near.leads["lead_id"].tolist() == ["ada", "bob", "dot"]
    assert len(near.events) == 9
    assert near.outcomes.empty
    assert set(near.attributes["lead_id"]) == {"ada"}
    alone = with_colleagues(tables, pd.Series(["dot"], dtype="str"))
    assert alone.leads["lead_id"].tolist() == ["dot"], "no account is not an account"


def test_without_accounts_a_lead_is_alone(tables: Tables) -> None:
    plain = Tables(
        tables.leads.drop(columns="account_id"),
        tables.events,
        tables.outcomes,
        tables.attributes,
        tables.spend,
        tables.end,
    )
    near = with_colleagues(plain, pd.Series(["ada"], dtype="str"))
    assert near.leads["lead_id"].tolist() == ["ada"]
    then, now = known_by(near, DAY2), known_by(near, DAY3)
    [ada] = find_new_events(then, now, near.leads["lead_id"], [OWN, SHARED])
    assert told(ada) == ["2 views", "1 demo"]


def test_events_are_seen_after_their_moment_and_records_at_it(tables: Tables) -> None:
    seen = known_by(tables, DAY2)
    assert seen.events["known_at"].max() == DAY2 - TICK
    assert seen.attributes["valid_from"].max() == DAY2
    assert seen.leads["lead_id"].tolist() == ["ada", "cyd", "dot"]
    assert known_by(tables, DAY1).leads["lead_id"].tolist() == ["ada", "cyd", "dot"]
    assert known_by(tables, DAY1 - TICK).leads.empty
    assert seen.leads["industry"].isna().all(), "what the history tells later is not known yet"


def test_events_join_with_those_who_did_them_and_no_attribute(tables: Tables) -> None:
    then, now = known_by(tables, DAY2), known_by(tables, DAY3)
    acted = with_events(then, now)
    assert acted.leads["lead_id"].tolist() == ["ada", "cyd", "dot", "bob"]
    assert acted.leads["industry"].isna().all()
    pd.testing.assert_frame_equal(acted.events, now.events)
    pd.testing.assert_frame_equal(acted.attributes, then.attributes)


def test_new_events_are_counted_by_type_and_by_who_did_them(tables: Tables) -> None:
    then, now = known_by(tables, DAY2), known_by(tables, DAY3)
    ada, bob, cyd, dot = find_new_events(then, now, tables.leads["lead_id"], [OWN, SHARED])
    assert ada == (
        NewEvents("view", 2, "lead", "2 views"),
        NewEvents("demo", 1, "lead", "1 demo"),
        NewEvents("demo", 2, "account", "2 demos by others at the account"),
    )
    others = " by others at the account"
    assert told(bob) == ["2 demos", f"2 views{others}", f"1 demo{others}"]
    assert (told(cyd), told(dot)) == (["1 demo"], ["1 view"])


def test_events_that_no_model_declares_and_colleagues_none_looks_at_are_left_out(
    tables: Tables,
) -> None:
    then, now = known_by(tables, DAY2), known_by(tables, DAY3)
    ada, bob, *_ = find_new_events(then, now, tables.leads["lead_id"], [OWN])
    assert (told(ada), told(bob)) == (["2 views"], [])


def test_between_a_moment_and_itself_nothing_is_new(tables: Tables) -> None:
    then = known_by(tables, DAY3)
    examples = tables.leads[["lead_id"]].assign(as_of=DAY3)
    columns = ["employees", "industry"]
    assert find_new_events(then, then, tables.leads["lead_id"], [OWN, SHARED]) == [()] * 4
    assert find_changed_attributes(then, then, examples, columns) == [()] * 4


def test_changed_attributes_tell_both_values(tables: Tables) -> None:
    then, now = known_by(tables, DAY2), known_by(tables, DAY3)
    examples = tables.leads[["lead_id"]].assign(as_of=DAY3)
    columns = ["industry", "employees", "colour"]
    found = find_changed_attributes(then, now, examples[:1], columns)
    assert found == [
        (
            ChangedAttribute("industry", None, "Software"),
            ChangedAttribute("employees", 20.0, 50.0),
        )
    ]
    assert [own.text for own in found[0]] == [
        "industry: not known → Software",
        "employees: 20 → 50",
    ]
