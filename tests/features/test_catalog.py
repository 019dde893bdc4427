"""Is the catalogue what the configuration asks for, and does it survive being stored?

`golden/catalog.txt` shows every feature of the simulator's configuration to a reader, and
`golden/words.txt` every word of the vocabulary. After a change that is meant, write them anew with
``LEADML_WRITE_GOLDEN=1 pytest tests/features``.
"""

import dataclasses
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalog import Catalog, declare_catalog
from features.engagement import declare_engagement
from features.feature import Feature
from features.nouns import Noun
from features.past import build_past
from features.spec import VOCABULARY
from leadml.config import Attributes, Config, Features, parse_config
from leadml.errors import ConfigError, DataError
from leadml.events import EventType
from leadml.tables import Tables
from tests.features.worlds import VIEWS, WEEK, feature, noun

GOLDEN = Path(__file__).parent / "golden"
START = pd.Timestamp("2026-01-01", tz="UTC")
INDUSTRY = dataclasses.replace(noun("industry"), group="fit")
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

DIRECTIONS = {1: "for", -1: "against", 0: "-"}


def shown(catalog: Catalog) -> str:
    """The catalogue for a reader: a line a feature, with how it speaks."""
    heads = ("name", "label", "group", "higher is", "empty", "for example", "when empty")
    rows = [heads, *(row_of(made) for made in catalog.features)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(heads))]
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def row_of(made: Feature) -> tuple[str, ...]:
    value, empty = sample(made), made.word.empty
    said = f"{value:g}: {made.describe(value)}"
    direction = DIRECTIONS[made.direction]
    return (
        *(made.name, made.label, made.noun.group, direction),
        *(f"{empty:g}", said, made.describe(empty)),
    )


def sample(made: Feature) -> float:
    """A value that shows how a feature speaks."""
    if made.levels or made.is_category:
        return 0.0
    if "share" in made.word.name or made.word.name == "completeness":
        return 0.25
    whole = {"count", "active_days", "sessions", "trend", "order_of_first"}
    return 3.0 if made.word.name in whole else 12.5


def check_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("LEADML_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_catalogue_of_the_simulated_company_is_as_written_down(
    tables: Tables, config: Config
) -> None:
    past = build_past(tables, tables.leads[["lead_id"]].assign(as_of=tables.end))
    declared = declare_catalog(tables, config)
    check_golden("catalog.txt", shown(declared.with_levels(past, config.attributes)))


def test_every_word_of_the_vocabulary_speaks_as_written_down() -> None:
    events = {
        "view": EventType("pricing-page view", "pricing-page views"),
        "click": EventType("email click", "email clicks"),
        "unsubscribed": EventType("unsubscription", "unsubscriptions", "negative"),
    }
    of_events = tuple(word.name for word in VOCABULARY.values() if word.of_events)
    words = tuple(each for word in of_events for each in (word, f"account_{word}"))
    settings = Features(per_event=words, per_kind=words, overall=words, windows_days=(30,))
    columns = {"number": "employees", "band": "revenue", "ordered": "tier", "country": "country"}
    columns |= {"category": "industry", "domain_kind": "email", "region": "country"}
    columns |= {"seniority": "job_title", "job_function": "job_title"}
    levels: dict[str, tuple[str, ...]] = {
        "band": ("up to 10", "over 10"),
        "ordered": ("low", "high"),
    }
    levels |= {"category": ("Retail",), "country": ("Germany",), "domain_kind": ("company",)}
    levels |= {"region": ("Western Europe",)}
    levels |= {"seniority": ("junior", "senior"), "job_function": ("sales",)}
    fit = [
        feature(word, noun_of(column), levels=levels.get(word, ()))
        for word, column in columns.items()
    ]
    fit.append(feature("completeness", noun_of("record")))
    made = declare_engagement(events, settings, with_values={"view"})
    catalog = Catalog((*made, *fit), events)
    assert {each.word.name for each in catalog.features} == set(VOCABULARY)
    check_golden("words.txt", shown(catalog))


def noun_of(column: str) -> Noun:
    said = column.replace("_", " ")
    return Noun(column, (column,), said, said, "fit")


# --- what is declared -----------------------------------------------------------------------------


def test_events_that_never_occur_make_no_features_but_keep_their_words() -> None:
    config = parse_config({"events": EVENTS})
    made = declare_catalog(tables_of(leads_of(["a"]), [("L0", "view", math.nan)]), config)
    assert {each.noun.name for each in made.features} == {"", "view", "industry"}
    assert set(made.events) == set(EVENTS)


def test_only_events_with_values_are_summed() -> None:
    happened = [("L0", "view", 3.0), ("L0", "demo", math.nan)]
    config = parse_config({"events": EVENTS, "features": {"windows_days": [30, 7, 30]}})
    names = declare_catalog(tables_of(leads_of(["a"]), happened), config).names
    assert [name for name in names if "total" in name] == [
        "view_total_ever",
        "view_total_7d",
        "view_total_30d",
    ]
    assert "view_count_7d" in names


def test_events_of_one_kind_are_also_asked_for_together() -> None:
    happened = [("L0", "view", math.nan), ("L0", "click", math.nan), ("L0", "demo", math.nan)]
    made = declare_catalog(tables_of(leads_of(["a"]), happened), parse_config({"events": EVENTS}))
    together = {f.noun.name: f.noun.keys for f in made.features if f.noun.name.startswith("any_")}
    assert together == {"any_engagement": ("view", "click")}  # one kind of intent needs no sum


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
        Catalog((feature("category", INDUSTRY), feature("number", INDUSTRY)), {})


def test_two_events_whose_names_melt_into_one_slug_are_refused() -> None:
    alike = {"Demo Request": EVENTS["demo"], "demo-request": EVENTS["demo"]}
    happened = [("L0", "Demo Request", math.nan), ("L0", "demo-request", math.nan)]
    with pytest.raises(DataError, match=r"unique, got demo_request_count_\w+"):
        declare_catalog(tables_of(leads_of(["a"]), happened), parse_config({"events": alike}))


# --- levels ---------------------------------------------------------------------------------------


def test_levels_are_learned_from_the_past_of_the_examples() -> None:
    tables = tables_of(leads_of(["a", "b", "b", None]), [])
    examples = tables.leads[["lead_id"]].assign(as_of=START)
    settings = Attributes(min_count=2, max_levels=5)
    declared = Catalog((feature("category", INDUSTRY), feature("count", VIEWS, WEEK)), {})
    past = build_past(tables, examples)
    learned = declared.with_levels(past, settings)
    assert [each.levels for each in learned.features] == [("b",), ()]
    assert [each.levels for each in declared.features] == [(), ()]  # left as it was
    assert declared.with_all_levels(past).features[0].levels == ("b", "a")


def test_the_plan_holds_every_noun_whole_and_window_that_is_asked_about() -> None:
    made = Catalog(
        (
            feature("share", noun("a"), WEEK, among=("a", "b")),
            feature("order_of_first", noun("b").at_account(), among=("a", "b")),
            feature("number", noun("c")),
        ),
        {},
    )
    assert made.plan.strands == {
        "lead": ((("a",),), (("a", "b"),)),
        "account": ((("b",),), (("a", "b"),)),
    }
    assert made.plan.days == (7,)


@pytest.mark.parametrize("section", ["per_event", "per_kind", "overall"])
def test_a_word_of_the_configuration_that_does_not_exist_is_refused(section: str) -> None:
    config = parse_config({"events": EVENTS, "features": {section: ["days_since_lst"]}})
    happened = [("L0", "view", math.nan), ("L0", "click", math.nan)]
    with pytest.raises(ConfigError, match=r"got 'days_since_lst'\. Did you mean 'days_since_last'"):
        declare_catalog(tables_of(leads_of(["a"]), happened), config)


# --- as data --------------------------------------------------------------------------------------


def test_a_catalogue_survives_the_way_through_json(tables: Tables, config: Config) -> None:
    examples = tables.leads[["lead_id"]].assign(as_of=tables.leads["created_at"])
    made = declare_catalog(tables, config)
    made = made.with_levels(build_past(tables, examples), config.attributes)
    assert any(each.levels for each in made.features)
    assert Catalog.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_features_of_one_noun_are_one_subject() -> None:
    made = Catalog(
        (
            feature("count", VIEWS, WEEK),
            feature("number", INDUSTRY),
            feature("days_since_last", VIEWS),
        ),
        {},
    )
    assert made.subjects == [[0, 2], [1]]
    assert made.attribute_columns == ["industry"]
    sums = made.group_sums(np.array([[1.0, 2.0, 4.0]]))
    assert {group: own.tolist() for group, own in sums.items()} == {
        "fit": [2.0],
        "engagement": [5.0],
        "intent": [0.0],
        "negative": [0.0],
    }
