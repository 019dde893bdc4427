"""Does the feature table hold what was knowable, and nothing else, however it is asked for?"""

import dataclasses
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import build_matrix, from_frame, iter_matrices, to_frame
from features.catalog import Catalog, declare_catalog
from features.feature import OTHER
from features.past import build_past
from leadml.checks import read_tables
from leadml.config import Config, Features, parse_config
from leadml.errors import DataError
from leadml.tables import Tables
from tests.features.worlds import WEEK, feature, noun

AS_OF = pd.Timestamp("2026-01-01", tz="UTC")
TICK = pd.Timedelta(1, "us")

SMALL = Catalog(
    (
        feature("count", noun("view"), WEEK),
        feature("days_since_last", noun("view")),
        feature("number", noun("employees")),
        feature("category", noun("industry"), levels=("Software", "Retail")),
        feature("category", noun("code"), levels=("3", "true", "1.5")),
    ),
    {},
)
OVERALL = (
    *("count", "total", "mean", "maximum", "active_days", "sessions", "trend", "off_hours_share"),
    *("weekend_share", "days_since_last", "days_since_first", "decayed_count", "decayed_total"),
    *("last_event", "event_before", "tenure"),
)
ASKED = Features(
    per_event=("count", "share", "order_of_first"),
    per_kind=("days_since_last", "active_days", "account_count", "account_share"),
    overall=(*OVERALL, *(f"account_{word}" for word in OVERALL)),
)
"""Every word of events, of leads and of accounts."""


# --- invariances, on the simulated company --------------------------------------------------------


@pytest.fixture(scope="module")
def catalog(tables: Tables, config: Config) -> Catalog:
    examples = tables.leads[["lead_id"]].assign(as_of=tables.leads["created_at"])
    past = build_past(tables, examples)
    attributes = dataclasses.replace(config.attributes, exclude=(), completeness=True)
    asked = dataclasses.replace(config, features=ASKED, attributes=attributes)
    return declare_catalog(tables, asked).with_levels(past, config.attributes)


@pytest.fixture(scope="module")
def examples(tables: Tables) -> pd.DataFrame:
    """Every lead on arrival, at the first two month starts after it, and at one of its events."""
    created = tables.leads[["lead_id", "created_at"]]
    month = pd.tseries.offsets.MonthBegin(normalize=True)
    first = created["created_at"].dt.normalize() + month
    seen = tables.events.drop_duplicates("lead_id")
    acted = created.merge(seen[["lead_id", "known_at"]], on="lead_id")
    acted = acted[acted["known_at"] >= acted["created_at"]]
    parts = [
        created.assign(as_of=created["created_at"]),
        created.assign(as_of=first),
        created.assign(as_of=first + pd.Timedelta(31, "D")),
        acted.assign(as_of=acted["known_at"]),
    ]
    return pd.concat(parts, ignore_index=True)[["lead_id", "as_of"]]


@pytest.fixture(scope="module")
def matrix(catalog: Catalog, tables: Tables, examples: pd.DataFrame) -> np.ndarray:
    return build_matrix(catalog, build_past(tables, examples))


def differing(catalog: Catalog, found: np.ndarray, expected: np.ndarray) -> dict[str, int]:
    """How many examples differ, by feature; bit by bit, NaN equal to NaN."""
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return {name: int(n) for name, n in zip(catalog.names, (~same).sum(axis=0), strict=True) if n}


def test_the_invariances_are_tried_on_a_table_that_says_something(
    catalog: Catalog, matrix: np.ndarray
) -> None:
    assert len(matrix) > 6_000
    varying = [len(np.unique(column[~np.isnan(column)])) > 1 for column in matrix.T]
    assert np.mean(varying) > 0.9
    assert len(catalog.features) > 200


@pytest.mark.parametrize("as_of", ["2025-09-01", "2026-01-01", "2026-05-17T13:37:00"])
def test_the_future_changes_no_feature(catalog: Catalog, tables: Tables, as_of: str) -> None:
    """Cut just after as_of, for what a lead is at as_of counts; its events at as_of do not."""
    moment = pd.Timestamp(as_of, tz="UTC")
    leads = tables.leads.loc[tables.leads["created_at"] <= moment, ["lead_id"]]
    asked = leads.assign(as_of=moment).reset_index(drop=True)
    whole = build_matrix(catalog, build_past(tables, asked))
    cut = build_matrix(catalog, build_past(tables.upto(moment + TICK), asked))
    assert differing(catalog, cut, whole) == {}


@pytest.mark.parametrize("as_of", ["2025-09-01", "2026-01-01", "2026-05-17T13:37:00"])
def test_events_from_as_of_on_change_no_feature(
    catalog: Catalog, tables: Tables, as_of: str
) -> None:
    moment = pd.Timestamp(as_of, tz="UTC")
    leads = tables.leads.loc[tables.leads["created_at"] < moment, ["lead_id"]]
    asked = leads.assign(as_of=moment).reset_index(drop=True)
    cut = dataclasses.replace(tables, events=tables.upto(moment).events)
    assert len(cut.events) < len(tables.events)
    whole = build_matrix(catalog, build_past(tables, asked))
    assert differing(catalog, build_matrix(catalog, build_past(cut, asked)), whole) == {}


def test_the_order_of_event_rows_changes_no_feature(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    shuffled = tables.events.sample(frac=1, random_state=1).reset_index(drop=True)
    moved = dataclasses.replace(tables, events=shuffled)
    found = build_matrix(catalog, build_past(moved, examples))
    assert differing(catalog, found, matrix) == {}


def test_neither_the_names_nor_the_order_of_leads_change_a_feature(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    ids = tables.leads["lead_id"]
    renamed = dict(zip(ids, ("lead " + ids.str[::-1]), strict=True))
    assert len(set(renamed.values())) == len(ids)

    def of(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(lead_id=frame["lead_id"].map(renamed).astype("str"))

    moved = dataclasses.replace(
        tables,
        leads=of(tables.leads).sort_values("lead_id", ignore_index=True),
        events=of(tables.events),
        attributes=of(tables.attributes),
    )
    found = build_matrix(catalog, build_past(moved, of(examples)))
    assert differing(catalog, found, matrix) == {}


@pytest.mark.parametrize("days", [7, -420])
def test_a_shift_of_the_clock_by_whole_weeks_changes_no_feature(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray, days: int
) -> None:
    shift = pd.Timedelta(days, "D")
    moved = dataclasses.replace(
        tables,
        leads=tables.leads.assign(created_at=tables.leads["created_at"] + shift),
        events=tables.events.assign(known_at=tables.events["known_at"] + shift),
        attributes=tables.attributes.assign(valid_from=tables.attributes["valid_from"] + shift),
    )
    asked = examples.assign(as_of=examples["as_of"] + shift)
    assert differing(catalog, build_matrix(catalog, build_past(moved, asked)), matrix) == {}


def test_one_lead_alone_gets_the_features_it_gets_in_a_batch(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    rows = np.random.default_rng(0).choice(len(examples), 40, replace=False)
    for row in rows:
        asked = examples.iloc[[row]].reset_index(drop=True)
        alone = of_accounts(tables, asked["lead_id"])
        found = build_matrix(catalog, build_past(alone, asked))
        assert differing(catalog, found, matrix[[row]]) == {}


def test_leads_split_into_buckets_get_the_features_they_get_together(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    account = tables.leads.set_index("lead_id")["account_id"].reindex(examples["lead_id"])
    bucket = pd.util.hash_pandas_object(account.fillna(""), index=False).to_numpy() % 4
    for number_ in range(4):
        rows = np.flatnonzero(bucket == number_)
        asked = examples.iloc[rows].reset_index(drop=True)
        found = build_matrix(catalog, build_past(of_accounts(tables, asked["lead_id"]), asked))
        assert differing(catalog, found, matrix[rows]) == {}


@pytest.fixture(scope="module")
def many(tables: Tables) -> pd.DataFrame:
    """So many examples that they are built in blocks."""
    moments = pd.date_range("2025-03-01", periods=14, freq="MS", tz="UTC")
    return tables.leads[["lead_id"]].merge(pd.DataFrame({"as_of": moments}), how="cross")


def test_neither_threads_nor_blocks_change_a_feature(
    catalog: Catalog, tables: Tables, many: pd.DataFrame
) -> None:
    shuffled = many.sample(frac=1, random_state=0, ignore_index=True)
    past = build_past(tables, shuffled)
    assert len(past.blocks()) > 1
    one, two = (build_matrix(catalog, past, threads=threads) for threads in (1, 2))
    assert differing(catalog, two, one) == {}
    whole = past.history(catalog.plan)
    uncut = np.column_stack([feature.compute(whole) for feature in catalog.features])
    assert differing(catalog, one, uncut) == {}


def test_blocks_by_themselves_make_up_the_matrix(
    catalog: Catalog, tables: Tables, many: pd.DataFrame
) -> None:
    past = build_past(tables, many)
    whole = build_matrix(catalog, past, threads=1)
    found = np.full_like(whole, -77.0)
    for rows, part in iter_matrices(catalog, past, threads=2):
        found[rows] = part
    assert differing(catalog, found, whole) == {}


@pytest.mark.parametrize(
    "form",
    [
        "category",
        pd.ArrowDtype(pa.large_string()),
        pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
    ],
    ids=str,
)
def test_the_form_of_the_log_changes_no_feature(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray, form: Any
) -> None:
    events = tables.events.astype({"lead_id": form, "event_type": form})
    past = build_past(dataclasses.replace(tables, events=events), examples)
    assert differing(catalog, build_matrix(catalog, past), matrix) == {}


def test_building_leaves_its_arguments_as_they_were(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame
) -> None:
    before = tables.fingerprint()
    asked = examples.head(50).copy()
    build_matrix(catalog, build_past(tables, asked))
    assert tables.fingerprint() == before
    assert asked.equals(examples.head(50))


def of_accounts(tables: Tables, lead_ids: "pd.Series[str]") -> Tables:
    """The tables as if there were no leads but these and their colleagues."""
    named = tables.leads["lead_id"].isin(lead_ids)
    accounts = tables.leads.loc[named, "account_id"].dropna()
    lead_ids = tables.leads.loc[named | tables.leads["account_id"].isin(accounts), "lead_id"]

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["lead_id"].isin(lead_ids)].reset_index(drop=True)

    return dataclasses.replace(
        tables,
        leads=own(tables.leads),
        events=own(tables.events),
        attributes=own(tables.attributes),
    )


# --- bad input ------------------------------------------------------------------------------------

LEADS = """\
lead_id,created_at,account_id,city
1,2026-01-01T09:00:00Z,acme,Ulm
2,2026-01-02T09:00:00Z,,Ede
3,2026-01-03T09:00:00Z,acme,
4,2026-01-04T09:00:00Z,,Ulm
"""
HEAD = "lead_id,occurred_at,event_type,value,recorded_at\n"
OUTCOMES = "lead_id,outcome,closed_at\n2,won,2026-03-01T09:00:00Z\n"
MARCH, YEAR = pd.Timestamp("2026-03-01", tz="UTC"), pd.Timedelta(365, "D")

Read = Callable[[str], dict[str, list[float]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The features in March of leads 1 to 4, from files."""

    def features_of(events: str, leads: str = LEADS) -> dict[str, list[float]]:
        files = {"leads": leads, "events": events, "outcomes": OUTCOMES}
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        words = {"view": {"one": "view", "many": "views"}, "demo": {"one": "demo", "many": "demos"}}
        asked = ["count", "total", "maximum", "days_since_last", "account_count"]
        settings = {"per_event": asked, "per_kind": [], "windows_days": [30]}
        end = {"end": datetime(2026, 5, 1, tzinfo=UTC)}
        config = parse_config({"events": words, "features": settings, "data": end})
        tables = read_tables(dataclasses.replace(config, folder=tmp_path), now=MARCH + YEAR)
        catalog = declare_catalog(tables, config)
        ids = pd.Series(["1", "2", "3", "4"], dtype="str")
        asked_for = pd.DataFrame({"lead_id": ids, "as_of": MARCH})
        matrix = build_matrix(catalog, build_past(tables, asked_for))
        return dict(zip(catalog.names, matrix.T.tolist(), strict=True))

    return features_of


def test_events_may_be_unsorted_and_doubled(read: Read) -> None:
    rows = ["2,2026-02-20T09:00:00Z,view,1,", "1,2026-01-05T09:00:00Z,view,2,"]
    rows += ["1,2026-02-28T00:00:00Z,view,3,", "1,2026-02-28T00:00:00Z,view,3,"]
    found = read(HEAD + "\n".join(rows))
    assert found["view_count_ever"] == [3, 1, 0, 0]
    assert found["view_total_30d"] == [6, 1, 0, 0]
    assert found["view_days_since_last"][0] == 1
    # 1 and 3 are colleagues; 2 and 4 have no account, and are none
    assert found["account_view_count_ever"] == [3, 1, 3, 0]
    again = read(HEAD + "\n".join(reversed(rows)))
    assert all(np.array_equal(found[name], again[name], equal_nan=True) for name in found)


def test_an_event_recorded_before_it_occurred_counts_from_when_it_occurred(read: Read) -> None:
    found = read(
        HEAD + "1,2026-02-01T00:00:00Z,view,1,2026-01-01T00:00:00Z\n"  # known when it occurred
        "2,2026-02-01T00:00:00Z,view,1,2026-02-08T00:00:00Z\n"  # known a week later
        "3,2026-02-01T00:00:00Z,view,1,2026-03-01T00:00:00Z\n"  # known at as_of: not yet
    )
    assert found["view_days_since_last"][:2] == [28, 21]
    assert found["view_count_ever"] == [1, 1, 0, 0]


def test_an_event_type_that_only_the_future_has_makes_features_of_nothing(read: Read) -> None:
    found = read(HEAD + "1,2026-02-01T00:00:00Z,view,1,\n1,2026-04-01T00:00:00Z,demo,5,\n")
    assert found["demo_count_ever"] == found["demo_total_ever"] == [0, 0, 0, 0]
    assert np.isnan(found["demo_maximum_ever"] + found["demo_days_since_last"]).all()


def test_ids_that_differ_in_type_only_are_one_lead(read: Read) -> None:
    rows = HEAD + '"1",2026-02-01T00:00:00Z,view,,\n 1 ,2026-02-02T00:00:00Z,view,,\n'
    assert read(rows)["view_count_ever"] == [2, 0, 0, 0]


def test_a_value_that_is_missing_adds_nothing_and_one_that_is_no_number_is_refused(
    read: Read,
) -> None:
    rows = HEAD + "1,2026-02-01T00:00:00Z,view,NaN,\n1,2026-02-01T00:00:00Z,view,0.5,\n"
    found = read(rows)
    assert (found["view_count_ever"][0], found["view_total_ever"][0]) == (2, 0.5)
    for bad in ("inf", "-inf", "many"):
        with pytest.raises(DataError, match="value must hold finite numbers"):
            read(rows + f"1,2026-02-01T00:00:00Z,view,{bad},\n")


def test_a_huge_value_of_long_ago_does_not_swallow_those_of_the_window(read: Read) -> None:
    rows = HEAD + "1,2026-01-05T00:00:00Z,view,1e15,\n1,2026-02-20T00:00:00Z,view,0.07,\n"
    assert read(rows)["view_total_30d"][0] == 0.07


def test_values_whose_sum_could_lose_its_cents_or_overflow_are_refused(read: Read) -> None:
    rows = HEAD + "1,2026-01-05T00:00:00Z,view,2e15,\n"
    with pytest.raises(DataError, match=r"up to 1e\+15, got '2e15'"):
        read(rows)


def test_no_events_at_all_leave_what_is_known_of_the_leads(read: Read) -> None:
    found = read(HEAD)
    assert list(found) == ["tenure_days", "city"]


def test_no_examples_make_a_table_without_rows(catalog: Catalog, tables: Tables) -> None:
    nobody = tables.leads[["lead_id"]].assign(as_of=tables.leads["created_at"])[:0]
    assert build_matrix(catalog, build_past(tables, nobody)).shape == (0, len(catalog.features))


# --- the table for people and files ---------------------------------------------------------------

cells = st.floats(allow_nan=True, allow_infinity=False, width=64)
rows_of_small = st.tuples(
    st.integers(0, 1_000).map(float),
    cells,
    cells,
    st.sampled_from([0.0, 1.0, 2.0, math.nan]),
    st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan]),
)
matrices = st.lists(rows_of_small, max_size=12).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, len(SMALL.features))
)


@settings(max_examples=60, deadline=None)
@given(matrices, st.permutations(SMALL.names))
def test_a_table_read_back_is_the_matrix_whatever_the_order_of_its_columns(
    made: np.ndarray, order: list[str]
) -> None:
    frame = to_frame(SMALL, made)[order].assign(another="x")
    assert np.array_equal(from_frame(SMALL, frame), made, equal_nan=True)


def test_the_simulated_table_read_back_is_the_matrix(catalog: Catalog, matrix: np.ndarray) -> None:
    assert differing(catalog, from_frame(catalog, to_frame(catalog, matrix)), matrix) == {}


def test_categories_are_written_as_text_and_unknown_ones_as_other() -> None:
    made = np.array([[1, 0.5, 10, 0, 2], [0, np.nan, np.nan, 2, 3], [2, 3, 5, np.nan, np.nan]])
    frame = to_frame(SMALL, made)
    assert list(frame) == ["view_count_7d", "view_days_since_last", "employees", "industry", "code"]
    assert frame["industry"].tolist()[:2] == ["Software", OTHER]
    assert frame["code"].tolist()[:2] == ["1.5", OTHER]
    assert frame[["industry", "code"]].isna().to_numpy().tolist() == [
        [False] * 2,
        [False] * 2,
        [True] * 2,
    ]
    assert frame["employees"].dtype == np.float64


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        (pd.Series(["Retail", "Software", None], dtype="str"), [1, 0, np.nan]),
        (pd.Series(["Retail", " Software ", None], dtype=object), [1, 0, np.nan]),
        (pd.Series(["Retail", "Software", None], dtype="string"), [1, 0, np.nan]),
        (
            pd.Categorical(["Retail", "Software", None], categories=["Retail", "Software"]),
            [1, 0, np.nan],
        ),
        (
            pd.Categorical(["Retail", "Software", None], categories=["Software", "Retail"]),
            [1, 0, np.nan],
        ),
        (pd.Series(["retail", "Mining", np.nan], dtype=object), [2, 2, np.nan]),
    ],
    ids=["str", "object", "string", "categorical", "categorical the other way", "unknown"],
)
def test_the_dtype_of_a_category_cannot_shift_its_codes(
    column: "pd.Series[str]", codes: list[float]
) -> None:
    frame = to_frame(SMALL, np.zeros((3, 5))).assign(industry=column)
    found = from_frame(SMALL, frame)[:, 3]
    assert np.array_equal(found, codes, equal_nan=True)


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        (pd.Series([3, 4, 3]), [0, 3, 0]),
        (pd.Series([3.0, np.nan, 1.5]), [0, np.nan, 2]),
        (pd.Series([3, None, 4], dtype="Int64"), [0, np.nan, 3]),
        (pd.Series([True, False, True]), [1, 3, 1]),
        (pd.Series([True, None, 3], dtype=object), [1, np.nan, 0]),
        (pd.Series(["TRUE", "3", "1.5"], dtype="str"), [1, 0, 2]),
    ],
    ids=["int", "float", "Int64", "bool", "mixed", "text"],
)
def test_codes_of_numbers_and_truths_are_the_same_from_any_dtype(
    column: "pd.Series[float]", codes: list[float]
) -> None:
    frame = to_frame(SMALL, np.zeros((3, 5))).assign(code=column)
    found = from_frame(SMALL, frame)[:, 4]
    assert np.array_equal(found, codes, equal_nan=True)


def test_numbers_are_read_from_any_dtype() -> None:
    frame = to_frame(SMALL, np.zeros((2, 5)))
    for column in (
        pd.Series(["7", None], dtype="str"),
        pd.Series([7, None], dtype="Int64"),
        pd.Series([7.0, np.nan], dtype="float32"),
        pd.Series([7, None], dtype=object),
    ):
        found = from_frame(SMALL, frame.assign(employees=column))[:, 2]
        assert np.array_equal(found, [7, np.nan], equal_nan=True)


def test_a_missing_column_is_named() -> None:
    frame = to_frame(SMALL, np.zeros((2, 5))).drop(columns=["industry", "employees"])
    with pytest.raises(DataError, match="5 features, got none called employees, industry"):
        from_frame(SMALL, frame)


@pytest.mark.parametrize("bad", ["many", np.inf])
def test_a_number_that_is_none_is_refused(bad: object) -> None:
    frame = to_frame(SMALL, np.zeros((2, 5))).assign(employees=pd.Series([1, bad], dtype=object))
    with pytest.raises(DataError, match="employees must hold finite numbers"):
        from_frame(SMALL, frame)


def test_a_catalogue_without_features_gives_a_table_without_columns() -> None:
    assert from_frame(Catalog((), {}), pd.DataFrame(index=range(3))).shape == (3, 0)
