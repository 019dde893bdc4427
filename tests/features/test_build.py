"""Does the feature table hold what was knowable, and nothing else, however it is asked for?"""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import build_matrix, from_frame, to_frame
from features.catalog import Catalog, declare_catalog
from features.history import build_history
from features.spec import OTHER, Noun, category, count, days_since_last, number
from leadml.config import Config
from leadml.errors import DataError
from leadml.tables import Tables
from leadml.timeline import Window

AS_OF = pd.Timestamp("2026-01-01", tz="UTC")
TICK = pd.Timedelta(1, "us")

VIEWS = Noun("view", ("view",), "view", "views", "engagement")
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
SIZE = Noun("employees", ("employees",), "employees", "employees", "fit")
CODE = Noun("code", ("code",), "code", "code", "fit")
SMALL = Catalog(
    (
        *count(VIEWS, Window(7)),
        *days_since_last(VIEWS),
        *number(SIZE),
        *category(INDUSTRY, ("Software", "Retail")),
        *category(CODE, ("3", "true", "1.5")),
    ),
    {},
)


# --- invariances, on the simulated company --------------------------------------------------------


@pytest.fixture(scope="module")
def catalog(tables: Tables, config: Config) -> Catalog:
    examples = tables.leads[["lead_id"]].assign(as_of=tables.leads["created_at"])
    past = build_history(tables, examples)
    return declare_catalog(tables, config).with_levels(past, config.attributes)


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
    return build_matrix(catalog, build_history(tables, examples))


def differing(catalog: Catalog, found: np.ndarray, expected: np.ndarray) -> dict[str, int]:
    """How many examples differ, by feature; bit by bit, NaN equal to NaN."""
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return {name: int(n) for name, n in zip(catalog.names, (~same).sum(axis=0), strict=True) if n}


def test_the_invariances_are_tried_on_a_table_that_says_something(matrix: np.ndarray) -> None:
    assert len(matrix) > 6_000
    varying = [len(np.unique(column[~np.isnan(column)])) > 1 for column in matrix.T]
    assert np.mean(varying) > 0.9


@pytest.mark.parametrize("as_of", ["2025-09-01", "2026-01-01", "2026-05-17T13:37:00"])
def test_the_future_changes_no_feature(catalog: Catalog, tables: Tables, as_of: str) -> None:
    """Cut just after as_of, for what a lead is at as_of counts; its events at as_of do not."""
    moment = pd.Timestamp(as_of, tz="UTC")
    leads = tables.leads.loc[tables.leads["created_at"] <= moment, ["lead_id"]]
    asked = leads.assign(as_of=moment).reset_index(drop=True)
    whole = build_matrix(catalog, build_history(tables, asked))
    cut = build_matrix(catalog, build_history(tables.upto(moment + TICK), asked))
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
    whole = build_matrix(catalog, build_history(tables, asked))
    assert differing(catalog, build_matrix(catalog, build_history(cut, asked)), whole) == {}


def test_the_order_of_event_rows_changes_no_feature(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    shuffled = tables.events.sample(frac=1, random_state=1).reset_index(drop=True)
    moved = dataclasses.replace(tables, events=shuffled)
    found = build_matrix(catalog, build_history(moved, examples))
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
    found = build_matrix(catalog, build_history(moved, of(examples)))
    assert differing(catalog, found, matrix) == {}


@pytest.mark.parametrize("days", [1, -400])
def test_a_shift_of_the_clock_by_whole_days_changes_no_feature(
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
    assert differing(catalog, build_matrix(catalog, build_history(moved, asked)), matrix) == {}


def test_one_lead_alone_gets_the_features_it_gets_in_a_batch(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    rows = np.random.default_rng(0).choice(len(examples), 40, replace=False)
    for row in rows:
        asked = examples.iloc[[row]].reset_index(drop=True)
        alone = of_leads(tables, asked["lead_id"])
        found = build_matrix(catalog, build_history(alone, asked))
        assert differing(catalog, found, matrix[[row]]) == {}


def test_leads_split_into_buckets_get_the_features_they_get_together(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame, matrix: np.ndarray
) -> None:
    bucket = pd.util.hash_pandas_object(examples["lead_id"], index=False).to_numpy() % 4
    for number_ in range(4):
        rows = np.flatnonzero(bucket == number_)
        asked = examples.iloc[rows].reset_index(drop=True)
        found = build_matrix(catalog, build_history(of_leads(tables, asked["lead_id"]), asked))
        assert differing(catalog, found, matrix[rows]) == {}


def test_building_leaves_its_arguments_as_they_were(
    catalog: Catalog, tables: Tables, examples: pd.DataFrame
) -> None:
    before = tables.fingerprint()
    asked = examples.head(50).copy()
    build_matrix(catalog, build_history(tables, asked))
    assert tables.fingerprint() == before
    assert asked.equals(examples.head(50))


def of_leads(tables: Tables, lead_ids: pd.Series) -> Tables:
    """The tables as if there were no other leads."""

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["lead_id"].isin(lead_ids)].reset_index(drop=True)

    return dataclasses.replace(
        tables,
        leads=own(tables.leads),
        events=own(tables.events),
        attributes=own(tables.attributes),
    )


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
