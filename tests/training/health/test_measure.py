"""What is filled is compared a week after leads came; what changed is told beyond noise."""

import dataclasses

import pandas as pd
import pytest

from leadml.config import Config
from leadml.tables import Tables
from training.health.measure import Filling, measure_fillings, measure_health
from training.train import TrainingResult

END = pd.Timestamp("2026-07-01", tz="UTC")
SINCE = END - pd.Timedelta(days=91)


def filling(known_then: int, leads_then: int, known_now: int, leads_now: int) -> Filling:
    return Filling("city", True, known_then, leads_then, known_now, leads_now)  # noqa: FBT003


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((900, 1000, 180, 200), "as before"),
        ((900, 1000, 172, 200), "as before"),  # 86 %: less than 5 points away
        ((900, 1000, 140, 200), "more often missing"),
        ((500, 1000, 180, 200), "less often missing"),
        ((900, 1000, 18, 200), "died"),  # 9 %: a tenth of 90 %
        ((900, 1000, 20, 200), "more often missing"),
        ((90, 1000, 0, 200), "more often missing"),  # 9 % was never much
        ((900, 1000, 0, 99), "as before"),  # too few to say
        ((0, 1000, 0, 200), "never filled"),
        ((0, 0, 0, 0), "never filled"),
        ((55, 100, 45, 100), "as before"),  # 10 points are 1.4 standard errors
    ],
)
def test_the_verdict_on_a_column(counts: tuple[int, int, int, int], verdict: str) -> None:
    assert filling(*counts).verdict == verdict


def small_tables() -> Tables:
    """Five leads: 500, 200 and 92 days before the end, 80 days before, and 3 days before.

    The city of the second was told after 100 days, that of the fourth after 2; the first is older
    than a year before the quarter, the last too young to be looked at.
    """
    ids = pd.Series(["old", "late", "before", "new", "young"], dtype="str")
    created = pd.Series([END - pd.Timedelta(days=d) for d in (500, 200, 92, 80, 3)])
    leads = pd.DataFrame(
        {
            "lead_id": ids,
            "created_at": created.astype("datetime64[us, UTC]"),
            "city": pd.Series(["Rome", "Rome", "Oslo", "Oslo", "Oslo"], dtype="str"),
            "size": [1.0, 2.0, float("nan"), float("nan"), 5.0],
        }
    )
    told = pd.DataFrame(
        {
            "lead_id": pd.Series(["late", "new"], dtype="str"),
            "valid_from": (
                created.iloc[[1, 3]].reset_index(drop=True) + pd.to_timedelta([100, 2], unit="D")
            ).astype("datetime64[us, UTC]"),
            "city": pd.Series(["Rome", "Oslo"], dtype="str"),
        }
    )
    times = pd.Series([], dtype="datetime64[us, UTC]")
    text = pd.Series([], dtype="str")
    events = pd.DataFrame(
        {
            "lead_id": text,
            "occurred_at": times,
            "event_type": text,
            "value": pd.Series([], dtype="float64"),
            "known_at": times,
        }
    )
    outcomes = pd.DataFrame({"lead_id": text, "outcome": text, "closed_at": times})
    return Tables(leads, events, outcomes, told, pd.DataFrame(), END)


def test_columns_are_counted_as_they_were_a_week_after_a_lead_came() -> None:
    """Then: late (city not yet told, size 2), before (Oslo, no size). Now: told after 2 days."""
    city, size = measure_fillings(small_tables(), ["city", "size"], {"size"}, since=SINCE)
    assert (city.known_then, city.leads_then, city.known_now, city.leads_now) == (1, 2, 1, 1)
    assert (size.known_then, size.leads_then, size.known_now, size.leads_now) == (1, 2, 0, 1)
    assert (city.used, size.used) == (False, True)


def test_the_health_of_a_real_training(
    tables: Tables, config: Config, trained: TrainingResult
) -> None:
    health = measure_health(tables, trained.model, config)
    assert health.since == tables.end - pd.Timedelta(days=91)
    refused = {row["column"] for row in trained.model.card["leaks"] if row["verdict"] == "leak"}
    assert refused
    assert {one.column for one in health.fillings} == set(tables.attribute_columns) - refused
    assert [pace.event_type for pace in health.paces] == list(config.events)
    assert health.keeps_history == set(tables.attributes) - {"lead_id", "valid_from"}


def test_a_column_emptied_and_a_log_cut_are_noticed(
    tables: Tables, config: Config, trained: TrainingResult
) -> None:
    since = tables.end - pd.Timedelta(days=91)
    leads = tables.leads.assign(
        country=tables.leads["country"].mask(tables.leads["created_at"] >= since)
    )
    late = tables.events["known_at"] >= tables.end - pd.Timedelta(days=40)
    gone = late & (tables.events["event_type"] == "email_open")
    hurt = dataclasses.replace(tables, leads=leads, events=tables.events[~gone])
    health = measure_health(hurt, trained.model, config)
    assert [one.column for one in health.fillings if one.verdict == "died"] == ["country"]
    assert [p.event_type for p in health.paces if p.verdict != "comes"] == ["email_open"]


def test_without_dates_nothing_is_measured(
    tables: Tables, config: Config, trained: TrainingResult
) -> None:
    health = measure_health(dataclasses.replace(tables, clock="none"), trained.model, config)
    assert (health.since, health.drift, health.fillings, health.paces) == (None, None, (), ())
