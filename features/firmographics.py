"""Firmographics: who is the lead, and what is its company like?"""

from collections.abc import Collection, Sequence

import pandas as pd

from features.spec import OTHER, Feature, Noun, category, number
from leadml.config import Attributes
from leadml.events import slug
from leadml.tables import Tables


def declare_firmographics(
    tables: Tables, settings: Attributes, *, leaks: Collection[str] = ()
) -> tuple[Feature, ...]:
    """The features of the attribute columns; levels are still to be learned.

    Args:
        tables: says which attribute columns there are, and which hold numbers.
        settings: says which are kept out.
        leaks: columns the leak report refuses; out, unless ``settings.allow`` names them.
    """
    out = {*settings.exclude, *(set(leaks) - set(settings.allow))}
    declared: list[Feature] = []
    for column in tables.attribute_columns:
        if column in out or is_date(tables, column):
            continue
        noun = Noun(slug(column), (column,), words(column), words(column), "fit")
        declared += number(noun) if is_number(tables, column) else category(noun)
    return tuple(declared)


def unused_columns(tables: Tables, settings: Attributes) -> dict[str, str]:
    """The attribute columns that no feature can learn from, each with the reason."""
    unused: dict[str, str] = {}
    for column in tables.attribute_columns:
        if column in settings.exclude:
            continue
        if is_date(tables, column):
            unused[column] = "it holds dates, which no feature reads"
            continue
        text = column in tables.leads and not is_number(tables, column)
        if text and not learn_levels(tables.leads[column], settings):
            unused[column] = f"no value of it stands in {settings.min_count} leads"
    return unused


def learn_levels(text: Sequence[str] | pd.Series, settings: Attributes) -> tuple[str, ...]:
    """The levels worth telling apart, commonest first, ties by name.

    >>> learn_levels(["b", "a", "b", "c"], Attributes(min_count=1, max_levels=2))
    ('b', 'a')
    """
    counts = pd.Series(text, dtype="str").value_counts().drop(OTHER, errors="ignore")
    common = counts[counts >= settings.min_count]
    ranked = sorted(common.items(), key=lambda item: (-item[1], str(item[0])))
    return tuple(str(level) for level, _ in ranked[: settings.max_levels])


def is_number(tables: Tables, column: str) -> bool:
    """Whether an attribute holds amounts."""
    frame = tables.leads if column in tables.leads else tables.attributes
    return pd.api.types.is_float_dtype(frame[column].dtype)


def is_date(tables: Tables, column: str) -> bool:
    """Whether an attribute holds dates, which no feature reads."""
    frame = tables.leads if column in tables.leads else tables.attributes
    text = frame[column].dropna()
    if is_number(tables, column) or not len(text):
        return False
    sample = text.head(50)
    read = pd.to_datetime(sample, format="ISO8601", errors="coerce", utc=True)
    return bool(read.notna().all())


def words(column: str) -> str:
    """A column's name as a person says it.

    >>> words("annual_revenue"), words("TotalVisits")
    ('annual revenue', 'TotalVisits')
    """
    return column.replace("_", " ").strip()
