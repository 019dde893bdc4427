"""Scores by stage and by source: counted by hand, and no rate on a handful of leads."""

import numpy as np
import pandas as pd
import pytest

from tests.training.small_company import company
from training.funnel.source_scores import LEAST_LEADS, count_scores, cross_sources
from training.metrics import wilson


def judged_of(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "probability", "converted"])


def test_open_leads_are_counted_by_range_and_stage() -> None:
    scores = pd.DataFrame(
        {
            "probability": [0.005, 0.01, 0.01, 0.6, 1.0, np.nan],
            "stage": ["lead", "lead", "mql", "sql", "sql", "lead"],
        }
    )
    found = count_scores(scores)
    assert found.stages == ("lead", "sql", "mql")
    assert found.counts[0] == (1, 0, 0)
    assert found.counts[1] == (1, 0, 1)  # a range holds its lower end
    assert found.counts[-1] == (0, 2, 0)
    assert (found.scored, found.unscored) == (5, 1)
    assert sum(map(sum, found.counts)) == 5


def test_no_open_lead_is_no_error() -> None:
    empty = count_scores(pd.DataFrame({"probability": [], "stage": []}))
    assert (empty.scored, empty.unscored, empty.stages) == (0, 0, ())
    none = count_scores(pd.DataFrame({"probability": [np.nan], "stage": ["lead"]}))
    assert (none.scored, none.unscored) == (0, 1)


def test_a_rate_needs_enough_leads_and_is_as_wide_as_they_make_it() -> None:
    leads = [(f"l{k}", "2026-01-05", "fair" if k < 30 else "web") for k in range(59)]
    rows = [(f"l{k}", 0.005, k < 3) for k in range(59)]
    rows += [(f"l{k}", 0.006, False) for k in range(30)]  # looked at again
    found = cross_sources(company(leads), judged_of(rows))
    assert found is not None
    fair, web = (row.cells[0] for row in found.rows)
    assert fair.leads == LEAST_LEADS
    assert fair.rate == pytest.approx(3 / 60)
    bounds = wilson(1.5, 30)
    assert (fair.lower, fair.upper) == pytest.approx((bounds.lower, bounds.upper))
    assert (web.leads, web.rate) == (29, None)
    assert found.every.cells[0].leads == 59


def test_ranges_hold_a_share_of_the_examples_each() -> None:
    leads = [(f"l{k}", "2026-01-05", "fair") for k in range(100)]
    rows = [(f"l{k}", 0.015 if k < 93 else 0.4 if k < 98 else 0.9, False) for k in range(100)]
    found = cross_sources(company(leads), judged_of(rows))
    assert found is not None
    assert found.edges == (0.0, 0.3, 1.0)
    assert [cell.leads for cell in found.every.cells] == [93, 7]


def test_a_source_far_from_all_leads_of_like_score_is_told_apart() -> None:
    leads = [(f"l{k}", "2026-01-05", "good" if k < 100 else "web") for k in range(1000)]
    rng = np.random.default_rng(0)
    rows = [(f"l{k}", 0.2, bool(rng.random() < (0.6 if k < 100 else 0.2))) for k in range(1000)]
    found = cross_sources(company(leads), judged_of(rows))
    assert found is not None
    assert {row.source.name: row.cells[0].apart for row in found.rows} == {"good": 1, "web": -1}


def test_sources_that_convert_alike_are_not_told_apart() -> None:
    leads = [(f"l{k}", "2026-01-05", "abc"[k % 3]) for k in range(900)]
    rows = [(f"l{k}", 0.2, k % 4 == 0) for k in range(900)]
    found = cross_sources(company(leads), judged_of(rows))
    assert found is not None
    assert [row.cells[0].apart for row in found.rows] == [0, 0, 0]


def test_a_share_of_nothing_is_not_more_than_nothing() -> None:
    leads = [(f"l{k}", "2026-01-05", "a" if k < 35 else "b") for k in range(300)]
    rows = [(f"l{k}", 0.2, False) for k in range(300)]
    found = cross_sources(company(leads), judged_of(rows))
    assert found is not None
    assert [row.cells[0].apart for row in found.rows] == [0, 0]


def test_without_sources_or_judged_leads_there_is_no_table() -> None:
    leads = [("a", "2026-01-05", None)]
    rows = judged_of([("a", 0.1, True)])
    assert cross_sources(company(leads, sourced=False), rows) is None
    assert cross_sources(company(leads), rows.iloc[:0]) is None
    unknown = cross_sources(company(leads), rows)
    assert unknown is not None
    assert [row.source.known for row in unknown.rows] == [False]
