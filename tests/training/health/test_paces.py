"""An event type that stopped is told, by the pace it had; what merely pauses or clumps is not."""

import numpy as np
import pandas as pd
import pytest

from leadml.events import EventType
from leadml.tables import Tables
from training.health.paces import Pace, measure_paces

END = pd.Timestamp("2026-07-01", tz="UTC")
WEBINAR = {"webinar": EventType("webinar", "webinars")}


def tables(days_ago: list[float], *, clock: str = "times") -> Tables:
    """A log of webinars, each so many days before the end."""
    known = pd.Series([END - pd.Timedelta(days=d) for d in days_ago], dtype="datetime64[us, UTC]")
    lead = pd.Series([f"L{k}" for k in range(len(days_ago))], dtype="str")
    events = pd.DataFrame(
        {
            "lead_id": lead,
            "occurred_at": known,
            "event_type": pd.Series(["webinar"] * len(days_ago), dtype="str"),
            "value": np.nan,
            "known_at": known,
        }
    )
    empty = pd.DataFrame({"lead_id": pd.Series([], dtype="str")})
    leads = pd.DataFrame({"lead_id": lead, "created_at": known})
    return Tables(leads, events, empty, empty, empty, END, clock)


def pace(days_ago: list[float]) -> Pace:
    return measure_paces(tables(days_ago), WEBINAR)[0]


def test_what_comes_daily_still_comes() -> None:
    """One a day, 0.5 to 99.5 days ago: 14 in the newest weeks, 86 in the 85.5 days before."""
    found = pace([d + 0.5 for d in range(100)])
    assert (found.verdict, found.seen) == ("comes", 14)
    assert found.last == END - pd.Timedelta(hours=12)
    assert found.per_day == pytest.approx(86 / 85.5)
    assert found.expected == pytest.approx(14 * 86 / 85.5)


def test_a_daily_event_that_is_silent_for_20_days_has_stopped() -> None:
    """80 days with one each, 20 to 99 days ago; exp(-20) is rare enough."""
    found = pace([20.0 + d for d in range(80)])
    assert (found.verdict, found.seen) == ("stopped", 0)
    assert found.last == END - pd.Timedelta(days=20)
    assert found.expected == pytest.approx(20 * 80 / 79)


def test_an_event_that_stopped_two_years_ago_has_stopped() -> None:
    assert pace([730.0 + d for d in range(80)]).verdict == "stopped"


def test_a_monthly_webinar_with_many_guests_has_not_stopped_after_25_days() -> None:
    """40 guests a time: by guests 33 would have been expected, by days hardly one."""
    found = pace([25.0 + 30 * month for month in range(8) for _ in range(40)])
    assert found.verdict == "comes"
    assert found.expected > 30


def test_a_pause_shorter_than_two_weeks_is_not_told() -> None:
    assert pace([13.0 + d / 10 for d in range(800)]).verdict == "comes"


def test_what_hardly_comes_any_more_trickles() -> None:
    """Five a day, then one in two weeks: 70 are expected."""
    daily = [14.0 + d / 5 for d in range(500)]
    found = pace([3.0, *daily])
    assert (found.verdict, found.seen) == ("trickles", 1)
    assert round(found.expected) == 70
    assert pace([*range(1, 9), *daily]).verdict == "comes"


def test_what_paused_like_this_before_does_not_trickle() -> None:
    busy = [14.0 + d / 5 for d in range(500) if not 28 <= d / 5 < 56]
    assert pace([3.0, *busy]).verdict == "comes"


def test_what_never_came_is_never_and_a_short_history_has_no_pace() -> None:
    assert pace([]) == Pace("webinar", "webinars", "never", None, 0.0, 0, 0.0)
    assert pace([20.0 + d for d in range(55)]).verdict == "comes"


def test_without_dates_nothing_is_said() -> None:
    assert measure_paces(tables([1.0], clock="none"), WEBINAR) == []
