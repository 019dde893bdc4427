"""How far leads get: counted by hand, each lead given the same time."""

import numpy as np
import pytest

from tests.training.small_company import company, moment
from training.funnel.quarters import pick_quarters
from training.funnel.stage_rates import StageRates, climb, measure_stages


def rates_of(tables, *, within_days=30) -> StageRates:
    quarters = pick_quarters(tables)
    assert quarters is not None
    found = measure_stages(climb(tables), quarters, within_days=within_days)
    assert found is not None
    return found


LEADS = [
    *((f"a{k}", "2026-01-10", None) for k in range(4)),
    *((f"b{k}", "2026-04-10", None) for k in range(5)),
]
OUTCOMES = [
    ("a0", "mql", "2026-01-12"),
    ("a0", "sql", "2026-01-20"),
    ("a0", "closed_won", "2026-02-08"),  # 29 days after it came
    ("a1", "mql", "2026-01-20"),
    ("a1", "sql", "2026-02-09"),  # 30 days after it came: too late
    ("a2", "closed_won", "2026-01-30"),  # nobody said how it got there
    ("b0", "mql", "2026-04-11"),
    ("b1", "closed_lost", "2026-04-11"),
]


def test_each_step_is_counted_within_the_time_and_later_stages_imply_earlier_ones() -> None:
    found = rates_of(company(LEADS, OUTCOMES, end="2026-08-01"))
    assert found.stages == ("mql", "sql", "closed_won")
    assert found.absent == ("opportunity",)
    january, april = found.cohorts
    assert (january.name, january.leads) == ("Q1 2026", 4)
    assert [(step.count, step.n) for step in january.steps] == [(3, 4), (2, 3), (2, 2)]
    assert (january.through.count, january.through.n) == (2, 4)
    assert [(step.count, step.n) for step in april.steps] == [(1, 5), (0, 1), (0, 0)]
    assert april.steps[2].value is None


def test_young_leads_are_not_counted_as_failures() -> None:
    tables = company([*LEADS, ("c0", "2026-06-20", None)], OUTCOMES)
    assert [cohort.leads for cohort in rates_of(tables).cohorts] == [4]
    assert [c.name for c in rates_of(tables, within_days=0).cohorts] == ["Q1 2026", "Q2 2026"]


def test_of_a_quarter_too_young_enough_older_leads_are_a_row_of_their_own() -> None:
    many = [(f"m{k}", "2026-05-31", None) for k in range(25)]
    cohorts = rates_of(company([*LEADS, *many], OUTCOMES)).cohorts
    assert [(cohort.name, cohort.leads) for cohort in cohorts] == [("Q1 2026", 4), ("Q2 2026", 30)]
    assert cohorts[1].end == moment("2026-06-01")
    young = [("c0", "2026-06-01", None)]
    assert rates_of(company([*LEADS, *many, *young], OUTCOMES)).cohorts == cohorts


def test_where_no_quarter_is_old_enough_its_older_leads_are_counted() -> None:
    outcomes = [("a", "mql", "2026-04-03")]
    tables = company([("a", "2026-04-02", None), ("b", "2026-05-30", None)], outcomes)
    found = rates_of(tables, within_days=60)
    assert [(cohort.name, cohort.leads) for cohort in found.cohorts] == [("Q2 2026", 1)]
    young = rates_of(tables, within_days=365)
    assert young.cohorts == ()
    assert young.together is None


def test_a_wait_needs_a_date_of_both_stages() -> None:
    waits = rates_of(company(LEADS, OUTCOMES, end="2026-08-01")).waits
    assert (waits[0].n, waits[0].median) == (3, 2.0)  # 2, 10 and 1 days
    assert (waits[1].n, waits[1].median) == (2, 14.0)  # 8 and 20 days; a2 has no dates
    assert (waits[2].n, waits[2].median) == (1, 19.0)


def test_each_step_has_the_same_time_from_the_stage_before() -> None:
    outcomes = [
        ("a0", "mql", "2026-02-05"),
        ("a0", "sql", "2026-03-01"),  # 50 days after it came, 24 after it was an MQL
        ("a1", "mql", "2026-02-05"),
        ("a1", "sql", "2026-03-07"),  # 30 days after it was an MQL: too late
        ("a2", "mql", "2026-05-20"),
        ("a2", "sql", "2026-05-21"),  # at the end it has been an MQL for 20 days only
    ]
    waits = rates_of(company(LEADS, outcomes, end="2026-06-09")).waits
    assert (waits[1].n, waits[1].median) == (1, 24.0)


def test_of_stages_told_in_the_wrong_order_no_wait_is_made() -> None:
    outcomes = [("a", "sql", "2026-01-12"), ("a", "mql", "2026-01-20")]
    waits = rates_of(company([("a", "2026-01-10", None)], outcomes)).waits
    assert [wait.n for wait in waits] == [1, 0]


def test_an_answer_of_sales_says_that_a_lead_was_an_mql_and_no_more() -> None:
    outcomes = [
        ("a0", "sales_rejected", "2026-01-12"),
        ("a1", "mql", "2026-01-12"),
        ("a2", "sql", "2026-01-12"),
    ]
    january = rates_of(company(LEADS, outcomes)).cohorts[0]
    assert [(step.count, step.n) for step in january.steps] == [(3, 4), (1, 3)]


def test_this_quarter_is_judged_as_soon_after_arrival_as_half_of_it_allows() -> None:
    leads = [("old", "2025-12-01", None), *LEADS]
    leads += [("late", "2026-06-15", None)]
    beside = rates_of(company(leads, OUTCOMES), within_days=90).beside
    assert beside is not None
    assert beside.within_days == 30  # 61 of 91 days have had 30, only 31 have had 60
    assert (beside.this.leads, beside.last.leads) == (5, 4)
    assert [(step.count, step.n) for step in beside.last.steps] == [(3, 4), (2, 3), (2, 2)]
    assert beside.steps[0] is not None
    assert beside.steps[0].value == pytest.approx(1 / 5 - 3 / 4)
    assert beside.steps[2] is None


def test_both_quarters_are_judged_on_the_same_days() -> None:
    leads = [("old", "2025-12-01", None), ("in", "2026-03-02", None), ("out", "2026-03-03", None)]
    leads += [("new", "2026-05-31", None)]
    beside = rates_of(company(leads, [("in", "mql", "2026-03-05")]), within_days=90).beside
    assert beside is not None
    assert (beside.this.leads, beside.last.leads) == (1, 1)  # 61 days from the start of each


def test_too_young_a_quarter_is_not_judged() -> None:
    leads = [("old", "2025-12-01", None), ("new", "2026-04-05", None)]
    assert rates_of(company(leads, [("old", "mql", "2025-12-05")], end="2026-04-12")).beside is None


def test_without_stages_there_are_no_rates() -> None:
    tables = company(LEADS, [("a0", "closed_lost", "2026-01-12")])
    quarters = pick_quarters(tables)
    assert quarters is not None
    assert measure_stages(climb(tables), quarters, within_days=30) is None


def test_the_ladder_equals_a_plain_loop(tables) -> None:
    ladder = climb(tables)
    rows = tables.outcomes.groupby("lead_id")
    implied = ("sql", "opportunity", "closed_won")
    k = ladder.stages.index("sql")
    for position in range(0, len(tables.leads), 40):
        lead = tables.leads.iloc[position]
        own = rows.get_group(lead["lead_id"]) if lead["lead_id"] in rows.groups else None
        if own is not None:
            own = own.loc[own["outcome"].isin(implied), "closed_at"]
        expected = np.inf
        if own is not None and len(own):
            expected = max((own.min() - lead["created_at"]).total_seconds() / 86_400, 0.0)
        assert ladder.implied[position, k] == pytest.approx(expected)
