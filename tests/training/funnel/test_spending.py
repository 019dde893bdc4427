"""Costs: what was spent in whole months over the leads that came in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.small_company import company, moment
from training.funnel.quarters import pick_quarters
from training.funnel.spending import Cost, Price, Spending, measure_spending, price_of
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


def costs_of(cost: Cost) -> tuple[float | None, ...]:
    return (cost.each, *(price.value for price in cost.in_time))


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
    assert costs_of(by_name["fair"]) == (60.0, 120.0, 120.0, 120.0)
    assert costs_of(by_name["web"]) == (30.0, 30.0, None, None)
    assert costs_of(by_name["radio"]) == (None, None, None, None)
    assert priced.paid.each == pytest.approx(200.0 / 3)
    assert (priced.every.leads, priced.every.each) == (5, 40.0)


def test_who_takes_longer_is_counted_so_far_and_not_in_time() -> None:
    found = spending_of(within_days=30)
    assert found is not None
    assert found.priced is not None
    assert found.end == moment("2026-07-01")
    fair = found.priced.sources[0].cost
    assert [price.count for price in fair.in_time] == [1, 1, 0]  # a was won on its 55th day
    assert [price.count for price in fair.so_far] == [1, 1, 1]
    assert (fair.in_time[2].value, fair.so_far[2].value) == (None, 120.0)


def test_a_cost_has_the_interval_of_the_share_it_is_divided_by() -> None:
    # Wilson's 90 % interval of 10 of 100: (n p + z²/2 ± z √(n p q + z²/4)) / (n + z²) with
    # z = 1.645, so (10 + 1.353 ± 1.645 √(9 + 0.676)) / 102.706 = 0.0607 and 0.1604.
    found = price_of(1000.0, 100, 10)
    assert (found.count, found.value) == (10, 100.0)
    assert found.lower == pytest.approx(10.0 / 0.1604, rel=1e-3)
    assert found.upper == pytest.approx(10.0 / 0.0607, rel=1e-3)


def test_where_no_one_got_there_a_cost_has_a_lower_end_only() -> None:
    found = price_of(1000.0, 100, 0)  # Wilson's upper end of 0 of 100 is z² / (n + z²)
    assert (found.count, found.value, found.upper) == (0, None, None)
    assert found.lower == pytest.approx(10.0 * 102.706 / 2.706, rel=1e-3)
    assert price_of(0.0, 100, 10) == Price(10, None, None, None)
    assert price_of(1000.0, 0, 0) == Price(0, None, None, None)


@given(st.integers(1, 500), st.data())
def test_an_interval_of_a_cost_holds_it_and_no_customer_is_cheaper_than_a_lead(leads, data) -> None:
    count = data.draw(st.integers(1, leads))
    found = price_of(700.0, leads, count)
    assert found.value is not None
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower <= found.value * (1 + 1e-9)
    assert found.value <= found.upper * (1 + 1e-9)
    assert found.lower >= 700.0 / leads * (1 - 1e-9)


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
    assert (found.this.cost.spent, found.this.cost.leads, found.this.cost.each) == (
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
    assert found.last.cost.each == 5.0


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
