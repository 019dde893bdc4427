"""What sales answers: the first word, in the quarter in which it was said."""

import pandas as pd

from tests.training.small_company import company
from training.funnel.acceptance import Acceptance, last_answers, measure_acceptance
from training.funnel.quarters import pick_quarters

LEADS = [("old", "2025-12-01", None), *((f"a{k}", "2026-03-20", None) for k in range(6))]
LEADS += [("new", "2026-05-01", None)]


def answers_of(outcomes, **how) -> Acceptance:
    tables = company(LEADS, outcomes, **how)
    quarters = pick_quarters(tables)
    assert quarters is not None
    return measure_acceptance(tables, quarters)


def test_the_first_answer_counts_in_its_quarter() -> None:
    found = answers_of(
        [
            ("old", "sales_accepted", "2026-02-01"),
            ("a0", "sales_rejected", "2026-03-30"),
            ("a0", "sales_accepted", "2026-04-20"),  # came back: it was rejected first
            ("a1", "sales_accepted", "2026-04-02"),
            ("a2", "opportunity", "2026-04-02"),  # nobody said that it was accepted
            ("a3", "sales_rejected", "2026-04-03"),
            ("a4", "closed_lost", "2026-04-03"),  # no answer
        ]
    )
    assert found.this is not None
    assert (found.this.count, found.this.n) == (2, 3)
    assert found.last is not None
    assert (found.last.count, found.last.n) == (1, 2)
    assert found.change is not None
    assert not found.change.beyond
    assert found.waiting is None


def test_the_last_answer_is_that_which_holds() -> None:
    outcomes = [
        ("a0", "sales_rejected", "2026-03-30"),
        ("a0", "sales_accepted", "2026-04-20"),
        ("a1", "sales_rejected", "2026-04-02"),
        ("a1", "closed_lost", "2026-04-03"),
        ("a2", "opportunity", "2026-04-02"),
    ]
    asked = pd.Series(["a1", "a2", "a0", "new"])
    found = last_answers(company(LEADS, outcomes), asked)
    assert found.tolist() == ["sales_rejected", "", "sales_accepted", ""]
    for few in (outcomes[-1:], []):
        none = last_answers(company(LEADS, few), asked)
        assert none.tolist() == [""] * 4
        assert none.dtype == "str"


def test_who_waits_is_an_sql_without_an_answer() -> None:
    found = answers_of(
        [
            ("a0", "sql", "2026-06-01"),
            ("a1", "sql", "2026-06-20"),
            ("a2", "sql", "2026-06-01"),
            ("a2", "sales_accepted", "2026-06-02"),
            ("a3", "sql", "2026-06-01"),
            ("a3", "closed_lost", "2026-06-02"),
            ("a4", "sales_rejected", "2026-06-02"),
        ]
    )
    assert (found.waiting, found.waiting_long) == (2, 1)


def test_one_answer_alone_makes_no_share() -> None:
    found = answers_of([("a0", "sales_accepted", "2026-04-02")])
    assert found.recorded == ("sales_accepted",)
    assert (found.this, found.last, found.change) == (None, None, None)


def test_without_answers_nobody_waits() -> None:
    found = answers_of([("a0", "sql", "2026-04-02")])
    assert (found.recorded, found.waiting) == ((), None)
