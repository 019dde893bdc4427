"""Is the catalogue what the configuration asks for, and does it survive being stored?

`golden/catalog.txt` shows every feature of the simulator's configuration to a reader. After a
change that is meant, write it anew with ``LEADML_WRITE_GOLDEN=1 pytest tests/features``.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import Catalog, declare_catalog
from features.engagement import evidence
from features.firmographics import declare_firmographics, learn_levels
from features.history import build_history
from features.spec import Feature, Noun, category, count, days_since_last, number
from leadml.config import Attributes, Config, parse_config
from leadml.errors import DataError
from leadml.events import EventType
from leadml.tables import Tables
from leadml.timeline import Window

GOLDEN = Path(__file__).parent / "golden" / "catalog.txt"
START = pd.Timestamp("2026-01-01", tz="UTC")
VIEWS = Noun("view", ("view",), "view", "views", "engagement")
INDUSTRY = Noun("industry", ("industry",), "industry", "industry", "fit")
EVENTS = {
    "view": {"one": "view", "many": "views"},
    "click": {"one": "click", "many": "clicks"},
    "demo": {"one": "demo request", "many": "demo requests", "kind": "intent"},
}


def tables_of(leads: pd.DataFrame, happened: list[tuple[str, str, float]]) -> Tables:
    created = pd.Series(START, index=leads.index)
    log = pd.DataFrame(
        {
            "lead_id": pd.Series([lead for lead, _, _ in happened], dtype="str"),
            "event_type": pd.Series([kind for _, kind, _ in happened], dtype="str"),
            "value": np.array([value for _, _, value in happened], dtype=np.float64),
            "known_at": pd.Series(START, index=range(len(happened)), dtype="datetime64[us, UTC]"),
        }
    )
    nothing = pd.DataFrame({"lead_id": leads["lead_id"][:0], "valid_from": created[:0]})
    end = START + pd.Timedelta(90, "D")
    return Tables(leads.assign(created_at=created), log, nothing, nothing, nothing, end)


def leads_of(industry: list[str | None]) -> pd.DataFrame:
    ids = pd.Series([f"L{k}" for k in range(len(industry))], dtype="str")
    return pd.DataFrame({"lead_id": ids, "industry": pd.Series(industry, dtype="str")})


# --- golden ---------------------------------------------------------------------------------------


def shown(catalog: Catalog) -> str:
    """The catalogue for a reader: a block a feature, with how it speaks."""
    lines = [
        "# Every feature of the simulator's configuration: name, group, what it measures,",
        "# and how it says nothing, one, and many. Levels of categories are learned from data.",
    ]
    for feature in catalog.features:
        lines += ["", f"{feature.name}  ({feature.noun.group})", f"    {feature.label}"]
        lines += [f"    {value:>5g}  {feature.describe(value)}" for value in said_values(feature)]
    return "\n".join(lines) + "\n"


def said_values(feature: Feature) -> list[float]:
    if feature.is_category:
        return [math.nan, 0.0]
    empty = math.nan if feature.operation in {"number", "days_since_last"} else 0.0
    return [empty, 1.0, 25.5 if feature.operation in {"total", "decayed_count"} else 25.0]


def test_the_catalogue_of_the_simulated_company_is_as_written_down(
    tables: Tables, config: Config
) -> None:
    text = shown(declare_catalog(tables, config))
    if os.environ.get("LEADML_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


# --- what is declared -----------------------------------------------------------------------------


def test_events_that_never_occur_make_no_features_but_keep_their_words() -> None:
    config = parse_config({"events": EVENTS})
    made = declare_catalog(tables_of(leads_of(["a"]), [("L0", "view", math.nan)]), config)
    assert {feature.noun.name for feature in made.features} == {"lead", "view", "industry"}
    assert set(made.events) == set(EVENTS)


def test_only_events_with_values_are_summed() -> None:
    happened = [("L0", "view", 3.0), ("L0", "demo", math.nan)]
    config = parse_config({"events": EVENTS, "features": {"windows_days": [30, 7, 30]}})
    names = declare_catalog(tables_of(leads_of(["a"]), happened), config).names
    assert [name for name in names if "total" in name] == ["view_total_ever", "view_total_30d"]
    assert "view_count_7d" in names


def test_events_of_one_kind_are_also_asked_for_together() -> None:
    happened = [("L0", "view", math.nan), ("L0", "click", math.nan), ("L0", "demo", math.nan)]
    made = declare_catalog(tables_of(leads_of(["a"]), happened), parse_config({"events": EVENTS}))
    together = {f.noun.name: f.noun.keys for f in made.features if f.noun.name.startswith("any_")}
    assert together == {"any_engagement": ("view", "click")}  # one kind of intent needs no sum


def test_attributes_that_are_dates_excluded_or_refused_make_no_features() -> None:
    leads = leads_of(["a", "b"]).assign(
        employees=[1.0, 2.0],
        birthday=pd.Series(["2001-01-01", None], dtype="str"),
        email=pd.Series(["a@b", "c@d"], dtype="str"),
        call=pd.Series(["won", "lost"], dtype="str"),
    )
    tables = tables_of(leads, [])
    refused = Attributes(exclude=("email",))
    allowed = Attributes(exclude=("email",), allow=("call",))
    own = [f.name for f in declare_firmographics(tables, refused, leaks=["call"])]
    assert own == ["industry", "employees"]
    assert "call" in [f.name for f in declare_firmographics(tables, allowed, leaks=["call"])]


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="something to learn from"):
        declare_catalog(tables_of(leads_of(["a"])[["lead_id"]], []), parse_config({}))


def test_an_undated_table_makes_features_of_attributes_only() -> None:
    tables = tables_of(leads_of(["a"]), [("L0", "view", math.nan)])
    undated = Tables(
        tables.leads,
        tables.events,
        tables.outcomes,
        tables.attributes,
        tables.spend,
        tables.end,
        "none",
    )
    assert declare_catalog(undated, parse_config({"events": EVENTS})).names == ["industry"]


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="unique, got industry twice"):
        Catalog((*category(INDUSTRY), *number(INDUSTRY)), {})


def test_two_events_whose_names_melt_into_one_slug_are_refused() -> None:
    alike = {"Demo Request": EVENTS["demo"], "demo-request": EVENTS["demo"]}
    happened = [("L0", "Demo Request", math.nan), ("L0", "demo-request", math.nan)]
    with pytest.raises(DataError, match=r"unique, got demo_request_count_\w+"):
        declare_catalog(tables_of(leads_of(["a"]), happened), parse_config({"events": alike}))


def test_the_policy_asks_for_every_kind_even_where_no_event_is_of_it() -> None:
    asked = evidence({"demo": EventType("demo request", "demo requests", "intent")})
    assert set(asked) == {"engagement", "intent", "product", "service", "negative"}
    assert asked["intent"].noun.keys == ("demo",)
    assert asked["negative"].noun.keys == ()


# --- levels ---------------------------------------------------------------------------------------


def test_levels_are_ranked_by_how_common_they_are_and_ties_by_name() -> None:
    text = ["b", "b", "c", "a", "a", "c", "d", None]
    assert learn_levels(text, Attributes(min_count=1, max_levels=9)) == ("a", "b", "c", "d")
    assert learn_levels(["z", *text, "z", "z"], Attributes(min_count=2, max_levels=9))[0] == "z"


def test_levels_stop_at_the_least_count_and_at_the_most_levels() -> None:
    text = ["a"] * 3 + ["b"] * 2 + ["c"]
    assert learn_levels(text, Attributes(min_count=2, max_levels=9)) == ("a", "b")
    assert learn_levels(text, Attributes(min_count=3, max_levels=9)) == ("a",)
    assert learn_levels(text, Attributes(min_count=1, max_levels=2)) == ("a", "b")
    assert learn_levels([], Attributes(min_count=1, max_levels=2)) == ()


@given(st.permutations(["a", "a", "b", "b", "c", "d", "d"]))
def test_the_order_of_rows_does_not_change_the_levels(text: list[str]) -> None:
    assert learn_levels(text, Attributes(min_count=2, max_levels=2)) == ("a", "b")


def test_levels_are_learned_from_the_past_of_the_examples() -> None:
    tables = tables_of(leads_of(["a", "b", "b", None]), [])
    examples = tables.leads[["lead_id"]].assign(as_of=START)
    settings = Attributes(min_count=2, max_levels=5)
    declared = Catalog((*category(INDUSTRY), *count(VIEWS, Window(7))), {})
    past = build_history(tables, examples)
    learned = declared.with_levels(past, settings)
    assert [feature.levels for feature in learned.features] == [("b",), ()]
    assert [feature.levels for feature in declared.features] == [(), ()]  # left as it was
    assert declared.with_all_levels(past).features[0].levels == ("b", "a")


# --- as data --------------------------------------------------------------------------------------


def test_a_catalogue_survives_the_way_through_json(tables: Tables, config: Config) -> None:
    examples = tables.leads[["lead_id"]].assign(as_of=tables.leads["created_at"])
    made = declare_catalog(tables, config)
    made = made.with_levels(build_history(tables, examples), config.attributes)
    assert any(feature.levels for feature in made.features)
    assert Catalog.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_features_of_one_noun_are_one_subject() -> None:
    made = Catalog((*count(VIEWS, Window(7)), *number(INDUSTRY), *days_since_last(VIEWS)), {})
    assert made.subjects() == [[0, 2], [1]]
    assert made.attribute_columns == ["industry"]
    sums = made.group_sum(np.array([[1.0, 2.0, 4.0]]), "engagement", "intent")
    assert sums.tolist() == [5.0]
