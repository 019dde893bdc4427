"""Which columns know the outcome before they could: the planted one, and no other."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.catalog import declare_catalog
from leadml.config import Attributes, Config
from leadml.tables import Tables
from training.examples import build_examples
from training.leaks import ColumnReport, judge, refused, report_leaks
from training.train import TrainingResult

PLANTED = "last_call_outcome"


@pytest.fixture(scope="module")
def mature(config: Config, tables: Tables) -> pd.DataFrame:
    return build_examples(tables, config).mature


@pytest.fixture(scope="module")
def reports(config: Config, tables: Tables, mature: pd.DataFrame) -> dict[str, ColumnReport]:
    return {report.column: report for report in report_leaks(tables, mature, config)}


def test_the_planted_column_is_a_leak_and_no_other_is(reports: dict[str, ColumnReport]) -> None:
    assert refused(list(reports.values())) == [PLANTED]
    assert reports[PLANTED].auc_alone > 0.9
    assert f"{reports[PLANTED].auc_alone:.2f}" in reports[PLANTED].reason


def test_every_attribute_is_looked_at(reports: dict[str, ColumnReport], tables: Tables) -> None:
    assert set(reports) == set(tables.attribute_columns)


def test_an_excluded_attribute_is_not_looked_at(
    config: Config, tables: Tables, mature: pd.DataFrame
) -> None:
    kept = {"country", "newsletter"}
    out = tuple(set(tables.attribute_columns) - kept)
    without = dataclasses.replace(config, attributes=Attributes(exclude=out))
    assert {report.column for report in report_leaks(tables, mature, without)} == kept


def test_the_shares_filled_are_those_that_pandas_counts(
    reports: dict[str, ColumnReport], tables: Tables, mature: pd.DataFrame
) -> None:
    newest = mature.groupby("lead_id")["converted"].last()
    filled = tables.leads.set_index("lead_id")[PLANTED].reindex(newest.index).notna()
    shares = filled.groupby(newest).mean()
    report = reports[PLANTED]
    assert (report.filled_won, report.filled_lost) == pytest.approx((shares[True], shares[False]))


def test_a_leak_stays_out_of_the_model(trained: TrainingResult) -> None:
    assert PLANTED not in trained.catalog.names
    verdicts = {row["column"]: row["verdict"] for row in trained.model.card["leaks"]}
    assert verdicts[PLANTED] == "leak"


def test_a_person_may_allow_a_leak_by_name(config: Config, tables: Tables) -> None:
    allowed = dataclasses.replace(config, attributes=Attributes(allow=(PLANTED,)))
    assert PLANTED not in declare_catalog(tables, config, leaks=[PLANTED]).names
    assert PLANTED in declare_catalog(tables, allowed, leaks=[PLANTED]).names


@pytest.mark.parametrize(
    ("column", "alone", "lost", "filled", "dated", "verdict", "says"),
    [
        ("anything", 0.90, 0.0, (1, 1), True, "leak", "AUC 0.90"),
        ("anything", 0.899, 0.0, (1, 1), True, "fine", ""),
        ("anything", 0.70, 0.05, (1, 1), True, "leak", "the rest loses 0.05"),
        ("anything", 0.70, 0.049, (1, 1), True, "fine", ""),
        ("anything", 0.69, 0.20, (1, 1), True, "fine", ""),
        ("anything", 0.50, 0.0, (0.9, 0.55), True, "leak", "filled for 90% of won"),
        ("anything", 0.50, 0.0, (0.55, 0.9), True, "leak", "55% of won leads but 90%"),
        ("anything", 0.50, 0.0, (0.9, 0.56), True, "fine", ""),
        ("Tags", 0.60, 0.0, (1, 1), False, "leak", "'tags' says"),
        ("Tags", 0.60, 0.0, (1, 1), True, "suspect", "'tags' says"),
        ("Tags", 0.53, 0.0, (1, 1), False, "fine", ""),
        ("last_activity", 0.60, 0.0, (1, 1), True, "suspect", "'last' says"),
        ("blast_radius", 0.60, 0.0, (1, 1), True, "fine", ""),
        ("total_visits", 0.60, 0.0, (1, 1), False, "suspect", "running total"),
        ("total_visits", 0.60, 0.0, (1, 1), True, "fine", ""),
        ("total_visits", 0.53, 0.0, (1, 1), False, "fine", ""),
    ],
)
def test_the_verdict_says_which_sign_spoke(
    column: str,
    alone: float,
    lost: float,
    filled: tuple[float, float],
    dated: bool,  # noqa: FBT001 - a column of the table above
    verdict: str,
    says: str,
) -> None:
    found, reason = judge(column, alone, lost, filled, dated=dated)
    assert found == verdict
    assert says in reason
    assert bool(reason) == (verdict != "fine")


def test_names_shared_by_a_few_leads_each_do_not_sort_out_of_fold(
    config: Config, tables: Tables, mature: pd.DataFrame
) -> None:
    names = pd.Series([f"N{k * 7919 % 190}" for k in range(len(tables.leads))], dtype="str")
    named = dataclasses.replace(tables, leads=tables.leads.assign(nickname=names))
    found = {report.column: report for report in report_leaks(named, mature, config)}
    assert found["nickname"].auc_alone == pytest.approx(0.5, abs=0.1)
    assert found["nickname"].verdict == "fine"


def test_without_both_outcomes_nothing_can_be_said(
    config: Config, tables: Tables, mature: pd.DataFrame
) -> None:
    assert report_leaks(tables, mature.assign(converted=np.zeros(len(mature), bool)), config) == []
