"""Is every column read as what it is: an amount, a band, a category, a title, nothing?"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.attributes import NUMBERS, Known, Labels
from features.domains import DOMAIN_KINDS
from features.feature import OTHER, Feature
from features.firmographics import declare_firmographics, is_date, learn_levels, unused_columns
from features.spec import VOCABULARY
from features.titles import JOB_FUNCTIONS, SENIORITIES
from leadml.config import Attributes
from leadml.errors import ConfigError
from leadml.tables import Tables
from tests.features.plain import Change, Lead, World
from tests.features.worlds import QUICK, tables_of, texts

CATEGORY, COUNTRY = VOCABULARY["category"], VOCABULARY["country"]


def tables(**columns: list[Any]) -> Tables:
    """Leads with these columns: floats are amounts, all else texts."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    made = tables_of(World([Lead(f"L{k}", 0) for k in range(len(rows))]))
    frame = {
        name: pd.Series(values, dtype="float64")
        if all(isinstance(value, float | None) for value in values) and any(values)
        else texts(values)
        for name, values in columns.items()
    }
    return Tables(
        made.leads.assign(**frame),
        made.events,
        made.outcomes,
        made.attributes,
        made.spend,
        made.end,
    )


def declared(made: Tables, leaks: tuple[str, ...] = (), **settings: Any) -> dict[str, Feature]:
    features = declare_firmographics(made, Attributes(**settings), leaks=leaks)
    return {feature.name: feature for feature in features}


def words(made: dict[str, Feature]) -> dict[str, str]:
    return {name: feature.word.name for name, feature in made.items()}


def test_a_column_is_read_as_what_it_holds() -> None:
    found = declared(
        tables(
            revenue=[1.0, 2.5, None],
            industry=["Retail", "Media", None],
            size=["11-50", "51-200", "1-10"],
            email=["a@gmail.com", "b@acme.com", None],
            job_title=["CEO", "Sales Manager", None],
            country=["NL", "Germany", "France"],
        )
    )
    assert words(found) == {
        "revenue": "number",
        "industry": "category",
        "size": "ordered",
        "email_domain_kind": "domain_kind",
        "job_title_seniority": "seniority",
        "job_title_function": "job_function",
        "country": "country",
        "country_region": "region",
    }
    assert found["size"].levels == ("1-10", "11-50", "51-200")
    assert found["email_domain_kind"].levels == DOMAIN_KINDS
    assert found["job_title_seniority"].levels == SENIORITIES
    assert found["job_title_function"].levels == JOB_FUNCTIONS
    assert all(feature.noun.group == "fit" for feature in found.values())


def test_a_setting_says_otherwise() -> None:
    made = tables(
        revenue=[1.0, 2.5],
        tier=["low", "high"],
        mail=["a@gmail.com", "b@acme.com"],
        email=["a@gmail.com", "b@acme.com"],
        job_title=["CEO", "CFO"],
    )
    found = declared(
        made,
        bands={"revenue": (5.0, 2.0)},
        ordered={"tier": ("low", "mid", "high")},
        email="mail",
        job_title="",
    )
    assert words(found) == {
        "revenue_band": "band",
        "tier": "ordered",
        "mail_domain_kind": "domain_kind",
        "email": "category",
        "job_title": "category",
    }
    assert found["revenue_band"].edges == (2.0, 5.0)
    assert len(found["revenue_band"].levels) == 3
    assert found["tier"].levels == ("low", "mid", "high")


def test_a_column_that_is_mostly_not_what_its_name_says_is_a_category() -> None:
    found = declared(tables(email=["x", "y", "a@acme.com"], country=["A", "B", "NL"]))
    assert words(found) == {"email": "category", "country": "category"}


def test_dates_excluded_and_leaking_columns_make_no_features() -> None:
    made = tables(
        industry=["a", "b"],
        birthday=["2001-01-01", None],
        email=["a@b", "c@d"],
        call=["won", "lost"],
        employees=[1.0, 2.0],
    )
    own = declared(made, leaks=("call",), exclude=("email",))
    assert list(own) == ["industry", "employees"]
    assert "call" in declared(made, leaks=("call",), allow=("call",))
    # a person's word for a leak does not bring back what was kept out
    assert "call" not in declared(made, leaks=("call",), allow=("call",), exclude=("call",))
    assert is_date(made, "birthday")
    assert not is_date(made, "employees")


def test_completeness_speaks_of_the_columns_that_are_used() -> None:
    made = tables(a=["x", None], b=[1.0, 2.0], day=["2001-01-01", None], c=["p", "q"])
    found = declared(made, completeness=True, exclude=("c",))
    assert found["record_completeness"].noun.keys == ("a", "b")
    assert "record_completeness" not in declared(made, completeness=True, exclude=("b", "c"))


def test_a_column_that_only_the_history_has_is_read() -> None:
    world = World([Lead("ada", 0)], [], [Change("ada", 1, {"city": "Ulm", "revenue": 2.0})])
    assert words(declared(tables_of(world))) == {"city": "category", "revenue": "number"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"bands": {"employes": (1.0,)}},
            r"bands must name .* 'employes'\. Did you mean 'employees'",
        ),
        ({"ordered": {"moon": ("a",)}}, r"ordered must name attribute columns, got 'moon'"),
        ({"bands": {"tier": (1.0,)}}, r"bands\.tier must be of numbers, but it holds texts"),
        ({"ordered": {"employees": ("1",)}}, r"employees must be of texts, but it holds numbers"),
        ({"bands": {"employees": (1.0, 1.0)}}, r"must hold different values, got 1\.0, 1\.0"),
        ({"ordered": {"tier": ()}}, r"must hold different values, got none"),
    ],
)
def test_a_setting_that_cannot_be_what_it_says_is_refused(
    settings: dict[str, Any], message: str
) -> None:
    made = tables(employees=[1.0, 2.0], tier=["a", "b"])
    with pytest.raises(ConfigError, match=message):
        declared(made, **settings)


def test_columns_no_feature_can_learn_from_are_named_with_the_reason() -> None:
    made = tables(
        day=["2001-01-01", "2001-01-02"], rare=["a", "b"], common=["c", "c"], size=[1.0, 2.0]
    )
    unused = unused_columns(made, Attributes(min_count=2))
    assert set(unused) == {"day", "rare"}
    assert unused["rare"] == "no value of it stands in 2 leads"
    assert "rare" not in unused_columns(made, Attributes(min_count=2, exclude=("rare",)))


# --- levels ---------------------------------------------------------------------------------------


def known(*values: str | None) -> Known:
    said = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [-1 if value is None else said.index(value) for value in values]
    return Known(np.array(codes, dtype=np.int32), Labels(said))


def learned(*values: str | None, min_count: int = 1, max_levels: int = 9) -> tuple[str, ...]:
    settings = Attributes(min_count=min_count, max_levels=max_levels)
    return learn_levels(known(*values), CATEGORY, settings)


def test_levels_are_ranked_by_how_common_they_are_and_ties_by_name() -> None:
    text = ["b", "b", "c", "a", "a", "c", "d", None]
    assert learned(*text) == ("a", "b", "c", "d")
    assert learned("z", *text, "z", "z", min_count=2)[0] == "z"


def test_levels_stop_at_the_least_count_and_at_the_most_levels() -> None:
    text = ["a"] * 3 + ["b"] * 2 + ["c"]
    assert learned(*text, min_count=2) == ("a", "b")
    assert learned(*text, min_count=3) == ("a",)
    assert learned(*text, max_levels=2) == ("a", "b")
    assert learned() == ()
    assert learned(None, None) == ()


@QUICK
@given(st.permutations(["a", "a", "b", "b", "c", "d", "d", None]))
def test_the_order_of_rows_does_not_change_the_levels(text: list[str | None]) -> None:
    assert learned(*text, min_count=2, max_levels=2) == ("a", "b")


def test_texts_that_mean_one_thing_are_counted_together() -> None:
    texts = known("NL", "Netherlands", "the netherlands", "DE", "Oz", None)
    assert learn_levels(texts, COUNTRY, Attributes(min_count=2)) == ("Netherlands",)
    assert learn_levels(texts, COUNTRY, Attributes(min_count=1)) == ("Netherlands", "Germany")


def test_a_level_called_as_the_rest_is_called_is_the_rest() -> None:
    assert learned("a", OTHER, OTHER) == ("a",)


def test_numbers_that_are_codes_become_levels() -> None:
    numbers = Known(np.array([3.0, 3.0, 1.5, np.nan]), NUMBERS)
    assert learn_levels(numbers, CATEGORY, Attributes(min_count=1)) == ("3", "1.5")
