"""This quarter and the last: as many days of both, and none that the data lack."""

import pytest

from tests.training.small_company import company, moment
from training.funnel.quarters import pick_quarters

OLD = ("a", "2025-11-03", None)


def test_a_whole_quarter_is_held_against_a_whole_one() -> None:
    found = pick_quarters(company([OLD, ("b", "2026-05-01", None)], end="2026-07-01"))
    assert found is not None
    assert (found.this.name, found.this.end) == ("Q2 2026", moment("2026-07-01"))
    assert found.last is not None
    assert (found.last.name, found.last.days) == ("Q1 2026", 90)
    assert not found.running


def test_a_running_quarter_is_held_against_as_many_days() -> None:
    found = pick_quarters(company([OLD, ("b", "2026-04-20", None)], end="2026-05-11"))
    assert found is not None
    assert found.running
    assert found.this.days == 40
    assert found.last is not None
    assert (found.last.start, found.last.end) == (moment("2026-01-01"), moment("2026-02-10"))


def test_a_last_day_still_open_makes_a_quarter_whole() -> None:
    found = pick_quarters(company([OLD, ("b", "2026-05-01", None)], end="2026-06-30T17:55"))
    assert found is not None
    assert not found.running
    assert found.last is not None
    assert found.last.end == moment("2026-04-01")


def test_a_quarter_that_has_just_begun_is_passed_over_and_named() -> None:
    older = ("a", "2025-09-03", None)
    found = pick_quarters(company([older, ("b", "2026-04-02", None)], end="2026-04-05"))
    assert found is not None
    assert (found.this.name, found.begun) == ("Q1 2026", "Q2 2026")
    assert found.last is not None
    assert found.last.name == "Q4 2025"


def test_only_a_quarter_just_begun_is_taken_all_the_same() -> None:
    found = pick_quarters(company([("b", "2026-04-02", None)], end="2026-04-05"))
    assert found is not None
    assert (found.this.name, found.last, found.begun) == ("Q2 2026", None, "")


@pytest.mark.parametrize(("first", "there"), [("2026-01-07", True), ("2026-01-08", False)])
def test_data_that_begin_within_the_last_quarter_have_none(first: str, there: bool) -> None:  # noqa: FBT001
    found = pick_quarters(company([("a", first, None), ("b", "2026-05-01", None)]))
    assert found is not None
    assert (found.last is not None) == there


def test_the_newest_quarter_is_that_of_the_newest_lead() -> None:
    found = pick_quarters(company([OLD, ("b", "2026-02-01", None)], end="2026-07-01"))
    assert found is not None
    assert found.this.name == "Q1 2026"
    assert not found.running


def test_without_dates_or_leads_there_are_no_quarters() -> None:
    assert pick_quarters(company([OLD], clock="none")) is None
    assert pick_quarters(company([OLD], clock="sequence")) is None
    assert pick_quarters(company([])) is None
