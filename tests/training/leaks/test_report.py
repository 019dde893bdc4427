"""Which columns know the outcome before they could: the planted one, and no other."""

import dataclasses
import json
import logging

import numpy as np
import pandas as pd
import pytest

from features.catalog import declare_catalog
from leadml.config import Attributes, Config, parse_config
from leadml.said.tables import column_lines, leak_lines
from leadml.tables import Tables
from training.examples import build_examples
from training.leaks.filling import Filling
from training.leaks.report import ColumnReport, is_cleared, judge, judge_time, refused, report_leaks
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


# A small world: 600 leads, two a day, closed twenty days later.

START = pd.Timestamp("2026-01-01", tz="UTC")
DAY = pd.Timedelta(1, "D")
ROWS = 600


def world(changes: pd.DataFrame | None = None, **columns: object) -> tuple[Tables, pd.DataFrame]:
    """The tables and the examples, each lead looked at as it comes; every third is won."""
    created = pd.Series(START + pd.to_timedelta(np.arange(ROWS) / 2, unit="D")).dt.as_unit("us")
    ids = pd.Series([f"L{k:03d}" for k in range(ROWS)], dtype="str")
    won = won_leads()
    leads = pd.DataFrame({"lead_id": ids, "created_at": created}).assign(**columns)
    outcomes = pd.DataFrame(
        {
            "lead_id": ids,
            "outcome": pd.Series(np.where(won, "closed_won", "closed_lost"), dtype="str"),
            "closed_at": created + 20 * DAY,
            "amount": np.nan,
        }
    )
    none = pd.DataFrame()
    told = none if changes is None else changes
    tables = Tables(leads, none, outcomes, told, none, START + 900 * DAY)
    examples = pd.DataFrame({"lead_id": ids, "as_of": created, "converted": won, "group": ids})
    return tables, examples


def won_leads() -> np.ndarray:
    return np.random.default_rng(0).random(ROWS) < 1 / 3


def noisy(strength: float, *, seed: int = 1) -> np.ndarray:
    """A number that is higher for won leads by ``strength`` standard deviations."""
    return np.random.default_rng(seed).normal(size=ROWS) + strength * won_leads()


def reported(
    tables: Tables, examples: pd.DataFrame, **settings: dict[str, object]
) -> dict[str, ColumnReport]:
    found = report_leaks(tables, examples, parse_config(settings))
    return {report.column: report for report in found}


def told_at(days_after_creation: float, rows: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """A history that tells ``values`` of the given leads so long after they came."""
    tables, _ = world()
    when = tables.leads["created_at"].iloc[rows] + pd.Timedelta(days_after_creation, "D")
    return pd.DataFrame(
        {
            "lead_id": tables.leads["lead_id"].iloc[rows].to_numpy(),
            "valid_from": when.dt.as_unit("us").to_numpy(),
            "size": values[rows],
        }
    ).astype({"lead_id": "str", "valid_from": "datetime64[us, UTC]"})


def test_columns_that_merely_tell_the_time_are_suspects_and_said_to_be() -> None:
    month = pd.Series(np.arange(ROWS) // 60)
    campaign = ("C" + (month * 7 % 10).astype("str")).astype("str")
    once = pd.Series("fair").astype("str").reindex(np.where(month == 4, 0, -1))
    columns = {"invoice_no": np.arange(ROWS) * 3.0, "campaign": campaign, "fair": once.to_numpy()}
    found = reported(*world(**columns, size=noisy(0.5)))
    for name in ("invoice_no", "campaign", "fair"):
        assert found[name].verdict == "suspect"
        assert "it tells the time" in found[name].reason
        assert found[name].time_told > 0.9
    assert found["size"].verdict == "fine"
    assert found["size"].time_told < 0.4


def test_what_follows_the_moment_of_looking_tells_the_time_as_well() -> None:
    later = np.random.default_rng(5).uniform(0, 900, ROWS)
    tables, examples = world(days_open=later)
    looked = examples.assign(as_of=examples["as_of"] + pd.to_timedelta(later, unit="D"))
    assert reported(tables, examples)["days_open"].verdict == "fine"
    assert reported(tables, looked)["days_open"].verdict == "suspect"


def test_without_an_order_of_time_nothing_tells_it() -> None:
    tables, examples = world(invoice_no=np.arange(ROWS) * 3.0)
    shuffled = reported(dataclasses.replace(tables, clock="none"), examples)["invoice_no"]
    ordered = reported(dataclasses.replace(tables, clock="sequence"), examples)["invoice_no"]
    assert (shuffled.time_told, shuffled.verdict) == (None, "fine")
    assert ordered.verdict == "suspect"


def test_a_leak_does_not_hide_behind_its_copy() -> None:
    seconds = noisy(1.6)
    minutes = np.round(seconds, 1)
    alone = reported(*world(seconds=seconds, size=noisy(0.2, seed=2)))["seconds"]
    beside = reported(*world(seconds=seconds, minutes=minutes, size=noisy(0.2, seed=2)))
    assert alone.auc_lost > 0.2
    for name in ("seconds", "minutes"):
        assert beside[name].auc_lost == pytest.approx(alone.auc_lost, abs=0.05)
        assert beside[name].verdict == "leak"


def test_two_honest_columns_are_not_taken_for_copies() -> None:
    found = reported(*world(one=noisy(1.3), other=noisy(1.3, seed=2)))
    both, one = found["other"].auc_alone, found["one"].auc_alone
    assert min(both, one) >= 0.70
    assert found["one"].auc_lost < 0.2  # the other is still there


def test_a_column_told_after_the_outcome_is_a_leak_where_it_tells() -> None:
    values, rows = noisy(3.0), np.arange(ROWS)
    late = told_at(25, rows[: ROWS * 6 // 10], values)
    found = reported(*world(late, size=values))["size"]
    # of six leads in ten the history tells late; of the others today's value is all there is
    assert (found.filled_before, found.filled_after) == (0.0, pytest.approx(0.6))
    assert found.changed_later == pytest.approx(0.6)
    assert found.auc_alone > 0.54
    assert found.verdict == "leak"
    assert "first tells it after the outcome for 60%" in found.reason


def test_a_column_always_told_after_the_outcome_is_a_suspect_for_it_never_tells() -> None:
    values = noisy(1.0)
    found = reported(*world(told_at(25, np.arange(ROWS), values), size=values, age=1.0))["size"]
    assert (found.filled_after, found.filled_won, found.verdict) == (1.0, 0.0, "suspect")


def test_a_history_clears_a_column_that_looks_filled_for_the_won() -> None:
    rows = np.flatnonzero(won_leads() | (np.arange(ROWS) % 5 < 3))
    values = np.ones(ROWS)
    half = np.where(np.isin(np.arange(ROWS), rows), 1.0, np.nan)
    dark = reported(*world(size=half, age=1.0))["size"]
    shown = reported(*world(told_at(0, rows, values), size=half, age=1.0))["size"]
    assert (shown.filled_won, shown.filled_lost) == (dark.filled_won, dark.filled_lost)
    assert dark.filled_won - dark.filled_lost > 0.35
    assert (dark.verdict, dark.filled_before, dark.filled_after) == ("leak", None, None)
    assert (shown.verdict, shown.filled_before, shown.filled_after) == ("fine", 1.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "cleared"),
    [
        (1.0, 0.0, True),
        (0.25, 0.0, True),
        (0.24, 0.0, False),
        (0.9, 0.1, True),
        (0.89, 0.11, False),
        (0.0, 0.0, False),
        (None, None, False),
    ],
)
def test_a_history_clears_where_it_speaks_enough_and_rarely_late(
    before: float | None,
    after: float | None,
    cleared: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert is_cleared(Filling(before, after, 0.0)) is cleared


@pytest.mark.parametrize(
    ("alone", "after", "told", "verdict", "says"),
    [
        (0.54, 0.5, None, "leak", "after the outcome for 50%"),
        (0.53, 0.5, None, "suspect", "after the outcome for 50%"),
        (0.60, 0.49, None, "fine", ""),
        (0.60, None, 0.85, "suspect", "tells the time"),
        (0.60, None, 0.84, "fine", ""),
        (0.60, 0.5, 0.9, "leak", "; it tells the time"),
    ],
)
def test_the_verdict_on_time_says_what_spoke(
    alone: float, after: float | None, told: float | None, verdict: str, says: str
) -> None:
    before = None if after is None else 1 - after
    found, reason = judge_time(alone, Filling(before, after, 0.0), told)
    assert found == verdict
    assert says in reason
    assert bool(reason) == (verdict != "fine")


def test_a_permission_is_logged_and_stands_in_the_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tables, examples = world(size=noisy(4.0), age=noisy(0.2, seed=2))
    with caplog.at_level(logging.INFO, logger="training.leaks.report"):
        kept_out = reported(tables, examples)
        assert caplog.messages == []
        allowed = reported(tables, examples, attributes={"allow": ["size", "age"]})
    (line,) = caplog.messages
    assert line.startswith("leak allowed by attributes.allow: size (alone it sorts")
    assert (kept_out["size"].allowed, allowed["size"].allowed) == (False, True)
    assert allowed["size"].verdict == "leak"
    (said,) = leak_lines([dataclasses.asdict(allowed["size"])])
    assert said.endswith(". Allowed by attributes.allow.")
    assert "Allowed" not in leak_lines([dataclasses.asdict(kept_out["size"])])[0]


def test_threads_change_nothing() -> None:
    seen = world(size=noisy(1.0), age=noisy(1.2, seed=2), role=noisy(0.9, seed=3).round())
    one, two, every = (reported(*seen, training={"threads": count}) for count in (1, 2, 0))
    assert one == two == every
    assert all(report.auc_lost != 0 for report in one.values())


def test_every_report_is_plain_data_of_which_each_column_is_a_line() -> None:
    late = told_at(25, np.arange(10), noisy(1.0))
    tables, examples = world(late, size=noisy(1.0), empty=np.nan, fixed="x")
    plain = [dataclasses.asdict(report) for report in report_leaks(tables, examples, Config())]
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    _, head, *lines = column_lines(plain)
    assert [line.split()[1] for line in lines] == ["size", "empty", "fixed"] or len(lines) == 3
    assert {len(line) for line in lines} == {len(head)}
    assert column_lines([]) == []
