"""Who stands in the data twice? Six leads, a few of them the same person."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from leadml.config import Attributes
from leadml.tables import Tables
from training.leaks.overlaps import report_duplicates, report_overlaps

START = pd.Timestamp("2026-01-01", tz="UTC")
SETTINGS = Attributes()


def text(*values: str | None) -> "pd.Series[str]":
    return pd.Series(values, dtype="str")


def world(**columns: pd.Series) -> Tables:
    """Leads A to F, an hour apart, with three attributes of their own."""
    created = pd.Series(START + pd.to_timedelta(range(6), unit="h")).dt.as_unit("us")
    leads = pd.DataFrame(
        {
            "lead_id": text(*"ABCDEF"),
            "created_at": created,
            "size": [1.0, 2, 3, 4, 5, 6],
            "city": text("Bonn", "Bari", "Brno", "Bonn", "Bari", "Brno"),
            "role": text("a", "b", "c", "d", "e", "f"),
        }
    ).assign(**columns)
    outcomes = pd.DataFrame(
        {
            "lead_id": text(*"AB"),
            "outcome": text("closed_won", "closed_lost"),
            "closed_at": [START + pd.Timedelta(9, "D")] * 2,
            "amount": np.nan,
        }
    )
    none = pd.DataFrame()
    return Tables(leads, none, outcomes, none, none, START + pd.Timedelta(90, "D"))


def same_time() -> pd.Series:
    return pd.Series([START] * 6).dt.as_unit("us")


def overlaps(tables: Tables, train: str, test: str) -> list[str]:
    """What is said where the first leads named taught and the others judge."""
    return report_overlaps(tables, text(*train), text(*test), SETTINGS)


def test_leads_of_different_people_are_no_duplicates() -> None:
    apart = text("a@x.example", "b@x.example", None, None, "e@x.example", "f@x.example")
    assert report_duplicates(world(email=apart), SETTINGS) == []


def test_one_address_in_any_case_is_one_person() -> None:
    shared = text("Ann@x.example", "b@x.example", " ann@X.example ", "b@x.example", None, None)
    (said,) = report_duplicates(world(email=shared), SETTINGS)
    assert said.startswith("4 leads share 2 e-mail addresses (A, B, C and 1 more)")
    assert "@" not in said


def test_the_column_of_addresses_is_the_one_that_is_set() -> None:
    shared = text("a@x.example", "a@x.example", None, None, None, None)
    tables = world(**{"Work E-mail": shared})
    assert report_duplicates(tables, SETTINGS) == []
    (said,) = report_duplicates(tables, Attributes(email="work_e_mail"))
    assert said.startswith("2 leads share 1 e-mail address (A, B)")
    assert report_duplicates(tables, Attributes(email="")) == []


def test_a_column_without_addresses_names_nobody() -> None:
    domains = text("x.example", "x.example", "unknown", "unknown", "a@b@c", "a@b@c")
    assert report_duplicates(world(email=domains), SETTINGS) == []
    assert report_duplicates(world(email=pd.Series([np.nan] * 6)), SETTINGS) == []


def test_an_address_at_many_leads_is_said_to_be_one() -> None:
    tables = world(email=text(*["info@x.example"] * 6))
    (few,) = report_duplicates(tables, SETTINGS)
    assert "One of them stands" not in few
    leads = pd.concat([tables.leads, tables.leads.assign(lead_id=text(*"GHIJKL"))])
    doubled = dataclasses.replace(tables, leads=leads.reset_index(drop=True))
    said = report_duplicates(doubled, SETTINGS)
    assert "One of them stands at 12 leads." in said[0]


def test_leads_alike_in_everything_were_entered_twice() -> None:
    twins = world().leads.iloc[[0, 0, 1, 1, 4, 5]].reset_index(drop=True)
    leads = twins.assign(lead_id=text(*"ABCDEF"))
    (said,) = report_duplicates(dataclasses.replace(world(), leads=leads), SETTINGS)
    assert said.startswith("4 leads are alike in created_at and in every attribute (A, B, C and")
    assert "2 records" in said


def test_leads_alike_in_all_but_the_moment_are_two() -> None:
    leads = world().leads.iloc[[0, 1, 0, 1, 4, 5]].reset_index(drop=True)
    noon, night = START, START + pd.Timedelta(12, "h")
    moments = pd.Series([noon, noon, night, night, noon, night]).dt.as_unit("us")
    leads = leads.assign(lead_id=text(*"ABCDEF"), created_at=moments)
    assert report_duplicates(dataclasses.replace(world(), leads=leads), SETTINGS) == []


@pytest.mark.parametrize("differs", ["created_at", "size", "city", "role"])
def test_leads_that_differ_in_one_thing_are_two(differs: str) -> None:
    one = world().leads.iloc[[0] * 6].reset_index(drop=True)
    leads = one.assign(lead_id=text(*"ABCDEF"))
    if differs == "created_at":
        leads = leads.assign(created_at=world().leads["created_at"])
    else:
        column = pd.Series(range(6), dtype="float64")
        leads = leads.assign(**{differs: column if differs == "size" else column.astype("str")})
    assert report_duplicates(dataclasses.replace(world(), leads=leads), SETTINGS) == []


def test_leads_of_which_hardly_anything_is_known_are_not_compared() -> None:
    blank = text(*[None] * 6)
    tables = world(created_at=same_time(), city=blank, role=blank, size=pd.Series([1.0] * 6))
    assert report_duplicates(tables, SETTINGS) == []


def test_doubled_and_contrary_outcomes_are_told() -> None:
    tables = world()
    again = tables.outcomes.iloc[[0, 0, 1]].reset_index(drop=True)
    (said,) = report_duplicates(dataclasses.replace(tables, outcomes=again), SETTINGS)
    assert said.startswith("1 outcome too many, the same lead and moment again (A)")
    both = pd.concat([tables.outcomes, tables.outcomes.assign(lead_id=text(*"BC"))])
    contrary = dataclasses.replace(tables, outcomes=both.reset_index(drop=True))
    (said,) = report_duplicates(contrary, SETTINGS)
    assert said.startswith("1 lead both won and lost (B)")


def test_nobody_on_both_sides_is_not_worth_a_word() -> None:
    assert overlaps(world(account_id=text(*"uvwxyz")), "ABC", "DEF") == []
    assert overlaps(world(account_id=text(*[None] * 6)), "ABC", "DEF") == []


def test_each_test_example_is_counted_once_lead_before_person_before_account() -> None:
    tables = world(
        email=text("a@x.example", "b@x.example", None, "b@x.example", None, None),
        account_id=text("u", "v", "w", "v", "w", "z"),
    )
    said = overlaps(tables, "ABC", "AADEF")
    assert said == [
        "2 of 5 test examples (40 %) are of leads that also taught.",
        "1 of 5 test examples (20 %) are of persons who also taught, as another lead.",
        "1 of 5 test examples (20 %) are of accounts of which another lead taught.",
    ]


def test_records_entered_twice_are_one_person_on_both_sides() -> None:
    leads = world().leads.iloc[[0, 1, 0, 3, 4, 5]].reset_index(drop=True)
    tables = dataclasses.replace(world(), leads=leads.assign(lead_id=text(*"ABCDEF")))
    (said,) = overlaps(tables, "AB", "CD")
    assert said.startswith("1 of 2 test examples (50 %) are of persons")


def test_without_dates_it_is_said_that_this_flatters() -> None:
    undated = dataclasses.replace(world(account_id=text(*"uuvwxy")), clock="none")
    (said,) = overlaps(undated, "A", "B")
    assert said.endswith("The table has no dates, so this flatters the figures.")
