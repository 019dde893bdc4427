"""Costs: what was spent in whole months over the leads that came in them."""

import pytest

from tests.training.small_company import company, moment
from training.funnel.quarters import pick_quarters
from training.funnel.spending import Spending, measure_spending
from training.funnel.stage_rates import climb

LEADS = [
    ("a", "2026-01-05", "fair"),
    ("b", "2026-01-31T23:59", "fair"),
    ("c", "2026-02-01", "web"),
    ("d", "2026-02-05", "word of mouth"),
    ("e", "2026-02-05", None),
    ("f", "2026-06-05", "fair"),
]
OUTCOMES = [
    ("a", "sql", "2026-01-20"),
    ("a", "closed_won", "2026-03-01"),
    ("c", "mql", "2026-02-09"),
]
SPEND = [
    ("fair", "2026-01-01", 100.0),
    ("fair", "2026-02-01", 20.0),
    ("web", "2026-02-01", 30.0),
    ("radio", "2026-02-01", 50.0),
    ("fair", "2026-06-01", 70.0),
]


def spending_of(leads=LEADS, *, spend=SPEND, within_days=90, **how) -> Spending | None:
    tables = company(leads, OUTCOMES, spend=spend, **how)
    quarters = pick_quarters(tables)
    assert quarters is not None
    return measure_spending(tables, climb(tables), quarters, within_days=within_days)


def test_costs_stand_over_the_leads_of_their_months() -> None:
    found = spending_of()
    assert found is not None
    assert found.stages == ("mql", "sql", "closed_won")
    priced = found.priced
    assert priced is not None
    assert (priced.start, priced.end, priced.months) == (
        moment("2026-01-01"),
        moment("2026-03-01"),
        2,
    )
    by_name = {row.source.name: row.cost for row in priced.sources}
    assert list(by_name) == ["fair", "radio", "web"]
    assert (by_name["fair"].spent, by_name["fair"].leads) == (120.0, 2)
    assert by_name["fair"].each == (60.0, 120.0, 120.0, 120.0)
    assert by_name["web"].each == (30.0, 30.0, None, None)
    assert by_name["radio"].each == (None, None, None, None)
    assert priced.paid.each[0] == pytest.approx(200.0 / 3)
    assert (priced.every.leads, priced.every.each[0]) == (5, 40.0)


def test_spend_without_leads_and_leads_without_spend_are_named() -> None:
    found = spending_of()
    assert found is not None
    assert found.priced is not None
    assert found.priced.leadless == ("radio",)
    assert found.priced.unpaid == ("", "word of mouth")
    assert found.priced.unpaid_leads == 2


def test_months_too_young_are_told_as_cost_of_a_lead_only() -> None:
    spend = [("fair", f"2026-0{month}-01", 70.0) for month in (4, 5, 6)]
    found = spending_of([*LEADS, ("g", "2026-04-09", "fair")], spend=spend)
    assert found is not None
    assert found.priced is None
    assert found.this is not None
    assert (found.this.cost.spent, found.this.cost.leads, found.this.cost.each[0]) == (
        210.0,
        2,
        105.0,
    )
    assert found.last is None  # nothing spent then


def test_a_running_quarter_counts_whole_months_only_and_as_many_before() -> None:
    spend = [("fair", f"2026-0{month}-01", 10.0 * month) for month in range(1, 6)]
    leads = [*LEADS, ("g", "2026-04-09", "fair"), ("h", "2026-05-02", "fair")]
    found = spending_of(leads, spend=spend, end="2026-05-20")
    assert found is not None
    assert found.this is not None
    assert (found.this.end, found.this.cost.spent) == (moment("2026-05-01"), 40.0)
    assert found.last is not None
    assert (found.last.end, found.last.cost.spent) == (moment("2026-02-01"), 10.0)
    assert found.last.cost.each[0] == 5.0


def test_days_within_a_month_are_of_that_month_and_rows_that_say_nothing_are_left_out() -> None:
    spend = [
        ("fair", "2026-01-31", 90.0),
        (None, "2026-01-01", 5.0),
        ("fair", "2026-01-01", float("nan")),
    ]
    found = spending_of(spend=spend)
    assert found is not None
    assert found.priced is not None
    assert (found.priced.paid.spent, found.priced.paid.leads) == (90.0, 2)


def test_nothing_is_said_without_spend_or_without_sources() -> None:
    assert spending_of(spend=[]) is None
    assert spending_of(sourced=False) is None
    assert spending_of(spend=[("fair", "2020-01-01", 5.0)]) is None


def test_no_source_is_lost_among_the_others() -> None:
    spend = [(f"s{k:02}", "2026-01-01", 1.0 + k) for k in range(30)]
    leads = [(f"l{k}", "2026-01-05", f"s{k % 30:02}") for k in range(60)]
    found = spending_of(leads, spend=spend)
    assert found is not None
    assert found.priced is not None
    assert [row.source.pooled for row in found.priced.sources] == [0] * 10 + [20]
    assert sum(row.cost.spent for row in found.priced.sources) == found.priced.paid.spent
    assert sum(row.cost.leads for row in found.priced.sources) == 60
