"""Deals: what was won in a quarter, counted by hand, by when it closed."""

import dataclasses

import pytest

from leadml.tables import Tables
from tests.training.small_company import company, moment
from training.funnel.deals import Revenue, measure_revenue
from training.funnel.quarters import pick_quarters

LEADS = [("old", "2025-12-01", None), ("a", "2026-01-05", None), ("b", "2026-02-05", None)]
LEADS += [("c", "2026-04-05", None), ("d", "2026-04-05", None)]
WON = [
    ("old", "closed_won", "2025-12-31", 50.0),
    ("a", "closed_won", "2026-04-01", 300.0),  # came in Q1, closed in Q2
    ("b", "closed_won", "2026-03-31T23:59", 100.0),
    ("c", "closed_won", "2026-05-01", None),
    ("d", "closed_won", "2026-05-02", 200.0),
    ("d", "closed_lost", "2026-05-03", 900.0),
]


def of(rows=WON, *, leads=LEADS, **how) -> Tables:
    made = company(leads, [row[:3] for row in rows], **how)
    amounts = [float("nan") if row[3] is None else row[3] for row in rows]
    return dataclasses.replace(made, outcomes=made.outcomes.assign(amount=amounts))


def measured(tables: Tables) -> Revenue | None:
    quarters = pick_quarters(tables)
    assert quarters is not None
    return measure_revenue(tables, quarters)


def test_a_win_counts_in_the_quarter_in_which_it_closed() -> None:
    found = measured(of())
    assert found is not None
    assert [(row.closed.name, row.won, row.revenue) for row in found.quarters] == [
        ("Q4 2025", 1, 50.0),
        ("Q1 2026", 1, 100.0),
        ("Q2 2026", 3, 500.0),
    ]
    assert found.this is not None
    assert (found.this.priced, found.this.unpriced, found.this.average) == (2, 1, 250.0)
    assert found.last is not None
    assert found.last.average == 100.0
    assert found.change is not None
    assert found.change.value == pytest.approx(3 * 90 / 91)


def test_the_ends_of_the_data_cut_the_first_and_the_last_quarter() -> None:
    found = measured(of(end="2026-05-13"))
    assert found is not None
    first, last = found.quarters[0].closed, found.quarters[-1].closed
    assert (first.name, first.start) == ("Q4 2025", moment("2025-12-01"))
    assert (last.name, last.end) == ("Q2 2026", moment("2026-05-13"))
    assert found.last is not None
    assert found.last.won == 0  # b closed after as many days of Q1


def test_four_quarters_are_told_and_none_of_which_little_is_known() -> None:
    found = measured(of(leads=[("old", "2024-12-01", None), *LEADS[1:]]))
    assert found is not None
    assert [row.closed.name for row in found.quarters] == [
        "Q3 2025",
        "Q4 2025",
        "Q1 2026",
        "Q2 2026",
    ]
    short = measured(of(WON[1:], leads=[("old", "2025-12-26", None), *LEADS[1:]]))
    assert short is not None
    assert [row.closed.name for row in short.quarters] == ["Q1 2026", "Q2 2026"]


def test_a_row_that_stands_twice_is_one_deal_and_two_deals_are_one_lead() -> None:
    found = measured(of([*WON, WON[1], ("a", "closed_won", "2026-06-01", 70.0)]))
    assert found is not None
    assert found.this is not None
    assert (found.this.won, found.this.priced, found.this.revenue) == (3, 3, 570.0)


def test_a_quarter_without_a_win_brought_nothing() -> None:
    found = measured(of(WON[:1]))
    assert found is not None
    assert found.this is not None
    assert (found.this.won, found.this.revenue, found.this.average) == (0, None, None)


def test_nothing_is_told_without_wins_or_without_amounts() -> None:
    assert measured(of(WON[-1:])) is None
    assert measured(of([(*row[:3], None) for row in WON])) == Revenue((), None, None, None)
