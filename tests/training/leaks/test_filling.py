"""When was a column filled? Twelve leads, created a day apart, each closed ten days later."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.attributes import encode_leads
from features.log import as_arrow, codes_of
from leadml.config import Config, parse_config
from leadml.tables import Tables
from leadml.timeline import nanos
from training.leaks.filling import Filling, read_fillings

DAY = pd.Timedelta(1, "D")
START = pd.Timestamp("2026-01-01", tz="UTC")
IDS = pd.Series([f"L{k:02d}" for k in range(12)], dtype="str")
CREATED = pd.Series(START + pd.to_timedelta(range(12), unit="D")).dt.as_unit("us")
CLOSED = CREATED + 10 * DAY


def history(*, last: float = 5.0) -> pd.DataFrame:
    """Leads 0 to 5 told as they came, 6 to 8 a day after closing, 9 as it closed; 10, 11 never.

    Lead 0 is told once more, a day after it closed: ``last``.
    """
    when = [*CREATED[:6], *(CLOSED[6:9] + DAY), CLOSED[9], CLOSED[0] + DAY]
    who = [*range(10), 0]
    value = [1.0] * 10 + [last]
    return pd.DataFrame(
        {
            "lead_id": IDS.iloc[who].reset_index(drop=True),
            "valid_from": pd.Series(when).dt.as_unit("us"),
            "size": value,
        }
    )


def world(changes: pd.DataFrame | None = None) -> Tables:
    leads = pd.DataFrame({"lead_id": IDS, "created_at": CREATED, "size": 1.0, "age": 2.0})
    outcomes = pd.DataFrame(
        {
            "lead_id": IDS,
            "outcome": pd.Series(["closed_won", "closed_lost"] * 6, dtype="str"),
            "closed_at": CLOSED,
            "amount": np.nan,
        }
    )
    none = pd.DataFrame()
    told = history() if changes is None else changes
    return Tables(leads, none, outcomes, told, none, START + 90 * DAY)


def filling(tables: Tables, column: str = "size", config: Config | None = None) -> Filling:
    """What the history says of a column, every lead looked at as it came."""
    leads, ids = encode_leads(tables.leads, tables.attributes)
    lead = codes_of(as_arrow(tables.leads["lead_id"]), ids)
    asked = config or parse_config({})
    fillings = read_fillings(tables, leads, lead, tables.leads["lead_id"], asked)
    return fillings.of(column, leads.at(column, lead, nanos(tables.leads["created_at"])))


def test_values_told_before_and_after_the_outcome_are_counted_of_all_that_have_one() -> None:
    # 6 of 12 as they came; 3 after closing and 1 at the very moment; of 2 it is silent
    assert filling(world()).before == pytest.approx(6 / 12)
    assert filling(world()).after == pytest.approx(4 / 12)


def test_values_that_are_not_the_last_ones_have_changed() -> None:
    # 6 to 9 were missing as they came, and lead 0 became 5
    assert filling(world()).changed == pytest.approx(5 / 12)
    assert filling(world(history(last=1.0))).changed == pytest.approx(4 / 12)


def test_what_is_never_known_has_not_changed() -> None:
    tables = world()
    bare = tables.leads.assign(size=tables.leads["size"].mask(IDS.isin(["L10", "L11"])))
    assert filling(dataclasses.replace(tables, leads=bare)).changed == pytest.approx(5 / 12)


def test_texts_change_as_numbers_do() -> None:
    numbers = world()
    named = {"size": numbers.attributes["size"].map({1.0: "small", 5.0: "large"}).astype("str")}
    texts = dataclasses.replace(
        numbers,
        leads=numbers.leads.assign(size=pd.Series(["small"] * 12, dtype="str")),
        attributes=numbers.attributes.assign(**named),
    )
    assert filling(texts) == filling(numbers)


def test_where_only_days_are_known_the_day_of_the_outcome_is_before_it() -> None:
    found = filling(dataclasses.replace(world(), clock="days"))
    assert (found.before, found.after) == (pytest.approx(7 / 12), pytest.approx(3 / 12))


def test_a_lead_without_a_value_or_without_an_outcome_is_not_counted() -> None:
    tables = world()
    bare = tables.leads.assign(size=tables.leads["size"].mask(IDS.isin(["L10", "L11"])))
    still_open = tables.outcomes[tables.outcomes["lead_id"] != "L09"].reset_index(drop=True)
    found = filling(dataclasses.replace(tables, leads=bare, outcomes=still_open))
    assert (found.before, found.after) == (pytest.approx(6 / 9), pytest.approx(3 / 9))


def test_leads_closed_as_they_come_have_no_before() -> None:
    tables = world()
    at_once = dataclasses.replace(tables, outcomes=tables.outcomes.assign(closed_at=CREATED))
    assert filling(at_once) == Filling(None, None, pytest.approx(5 / 12))


def test_the_outcome_that_is_looked_for_counts_where_it_comes_first() -> None:
    tables = world()
    sql = tables.outcomes.assign(outcome=pd.Series(["sql"] * 12, dtype="str"))
    early = sql.assign(closed_at=CREATED + DAY)
    outcomes = pd.concat([tables.outcomes, early], ignore_index=True)
    told = history().assign(valid_from=lambda frame: frame["valid_from"] + 5 * DAY)
    staged = dataclasses.replace(world(told), outcomes=outcomes)
    # told five days after they came: before closing, but after they reached sql
    assert filling(staged).before == pytest.approx(6 / 12)
    looked_for = parse_config({"label": {"outcome": "sql"}})
    assert filling(staged, config=looked_for).before == 0.0


def test_without_a_history_nothing_is_told() -> None:
    assert filling(world(), "age") == Filling()
    silent = history().assign(size=np.nan)
    assert filling(world(silent)) == Filling()
    assert filling(dataclasses.replace(world(), clock="sequence")) == Filling()
