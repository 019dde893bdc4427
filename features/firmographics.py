"""Firmographics: who is the lead, and what is its company like?"""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from features.attributes import Derive, Known
from features.bands import band_labels, order_bands
from features.countries import country_name
from features.domains import DOMAIN_KINDS, domain_kind
from features.feature import OTHER, Feature, Word
from features.nouns import Noun
from features.spec import VOCABULARY
from features.titles import JOB_FUNCTIONS, SENIORITIES
from leadml.columns import column_words
from leadml.config import Attributes
from leadml.errors import ConfigError, listed, nearest
from leadml.events import slug
from leadml.tables import Tables


def declare_firmographics(
    tables: Tables, settings: Attributes, *, leaks: Collection[str] = ()
) -> tuple[Feature, ...]:
    """The features of the attribute columns; levels found in training are still to be learned.

    Args:
        tables: says which attribute columns there are, and which hold numbers.
        settings: says which are kept out, and which are more than a number or a category.
        leaks: columns the leak report refuses; out, unless ``settings.allow`` names them.

    Raises:
        ConfigError: a setting speaks of a column that cannot be what it says.
    """
    _check(tables, settings)
    out = {*settings.kept_out, *(set(leaks) - set(settings.allow))}
    used = [c for c in tables.attribute_columns if c not in out and not is_date(tables, c)]
    declared = [feature for column in used for feature in _of_column(column, tables, settings)]
    if settings.completeness and len(used) > 1:
        record = Noun("record", tuple(used), "record", "records", "fit")
        declared.append(Feature(VOCABULARY["completeness"], record))
    return tuple(declared)


def _of_column(column: str, tables: Tables, settings: Attributes) -> list[Feature]:
    """What one column says: the first reading that fits it."""
    word = VOCABULARY
    noun = Noun(slug(column), (column,), column_words(column), column_words(column), "fit")

    def called(said: str) -> Noun:
        return dataclasses.replace(noun, one=said, many=said)

    texts = _texts(tables, column, most=settings.max_levels)
    named = {"email": settings.email, "job_title": settings.job_title, "country": settings.country}
    role = next((role for role, name in named.items() if name and slug(name) == slug(column)), "")
    if column in settings.bands:
        edges = tuple(sorted(settings.bands[column]))
        levels = band_labels(edges, whole=_is_whole(tables, column))
        found = [Feature(word["band"], noun, edges=edges, levels=levels)]
    elif is_number(tables, column):
        found = [Feature(word["number"], noun)]
    elif column in settings.ordered:
        found = [Feature(word["ordered"], noun, levels=settings.ordered[column])]
    elif role == "email" and _mostly(texts, domain_kind):
        found = [Feature(word["domain_kind"], called("e-mail domain"), levels=DOMAIN_KINDS)]
    elif role == "job_title":
        found = [
            Feature(word["seniority"], called("seniority"), levels=SENIORITIES),
            Feature(word["job_function"], called("job function"), levels=JOB_FUNCTIONS),
        ]
    elif role == "country" and _mostly(texts, country_name):
        found = [Feature(word["country"], noun), Feature(word["region"], called("region"))]
    elif len(texts) <= settings.max_levels and (bands := order_bands(texts)):
        found = [Feature(word["ordered"], noun, levels=bands)]
    else:
        found = [Feature(word["category"], noun)]
    return found


def unused_columns(tables: Tables, settings: Attributes) -> dict[str, str]:
    """The attribute columns that no feature can learn from, each with the reason."""
    unused: dict[str, str] = {}
    for column in tables.attribute_columns:
        if column in settings.kept_out:
            continue
        if is_date(tables, column):
            unused[column] = "it holds dates, which no feature reads"
            continue
        learned = [f for f in _of_column(column, tables, settings) if f.word.learns]
        if learned and column in tables.leads and not _common(tables, column, learned[0], settings):
            unused[column] = f"no value of it stands in {settings.min_count} leads"
    return unused


def learn_levels(known: Known, word: Word, settings: Attributes) -> tuple[str, ...]:
    """The levels worth telling apart, commonest first, ties by name.

    Args:
        known: an attribute of the training examples.
        word: what makes levels of its texts.
        settings: how many levels there may be, and how common each must be.
    """
    known = known.as_texts()
    counts = np.bincount(known.values + 1, minlength=len(known.labels.texts) + 1)[1:]
    said = known.labels.texts
    made = [word.derive(text) for text in said] if word.derive else list(said)
    totals = pd.Series(counts, index=pd.Index(made, dtype="str")).groupby(level=0).sum()
    common = totals[totals >= settings.min_count].drop(OTHER, errors="ignore")
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


def _check(tables: Tables, settings: Attributes) -> None:
    for setting in ("bands", "ordered"):
        for column, given in getattr(settings, setting).items():
            if column not in tables.attribute_columns:
                msg = (
                    f"attributes.{setting} must name attribute columns, got '{column}'."
                    f"{nearest(column, tables.attribute_columns)}"
                )
                raise ConfigError(msg)
            number = is_number(tables, column)
            if number != (setting == "bands"):
                is_, must = ("numbers", "texts") if number else ("texts", "numbers")
                msg = f"attributes.{setting}.{column} must be of {must}, but it holds {is_}."
                raise ConfigError(msg)
            if not given or len(set(given)) < len(given):
                msg = (
                    f"attributes.{setting}.{column} must hold different values, "
                    f"got {listed(map(str, given)) or 'none'}."
                )
                raise ConfigError(msg)


def _texts(tables: Tables, column: str, *, most: int) -> list[str]:
    """Distinct texts of a column, in alphabetical order; some of them where there are very many."""
    found: set[str] = set()
    for frame in (tables.leads, tables.attributes):
        if column in frame:
            found |= set(sorted(frame[column].dropna().unique())[: most + 1])
    return sorted(found)


def _is_whole(tables: Tables, column: str) -> bool:
    """Whether an attribute's amounts are whole numbers."""
    frame = tables.leads if column in tables.leads else tables.attributes
    return bool((frame[column].dropna() % 1 == 0).all())


def _mostly(texts: Sequence[str], derive: Derive) -> bool:
    """Whether most texts say something to ``derive``."""
    return 2 * sum(derive(text) is not None for text in texts) > len(texts)


def _common(tables: Tables, column: str, feature: Feature, settings: Attributes) -> bool:
    """Whether any level of a text is common enough to learn from."""
    texts = tables.leads[column].dropna()
    made = texts.map(feature.word.derive) if feature.word.derive else texts
    return bool((made.value_counts() >= settings.min_count).any())
