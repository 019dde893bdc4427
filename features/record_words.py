"""The vocabulary of the record: what an attribute says, as it was known at the moment.

A number, a step of an order or a category; some texts are read for more than themselves.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from features import sentences as say
from features.attributes import Derive
from features.bands import band_codes
from features.countries import country_name, region_name
from features.domains import domain_kind
from features.feature import Feature, Word
from features.history import History
from features.titles import job_function, seniority
from leadml.arrays import Floats

NONE = math.nan


def _amounts(feature: Feature, past: History) -> Floats:
    return past.attribute(feature.noun.keys[0]).amounts(feature.noun.keys[0])


def _bands(feature: Feature, past: History) -> Floats:
    return band_codes(_amounts(feature, past), feature.edges)


MOST_KEPT = 65_536
"""Of so many texts it is remembered what was made of them: the same ones come again."""


def _kept(derive: Derive) -> Derive:
    return lru_cache(maxsize=MOST_KEPT)(derive)


def _codes(feature: Feature, past: History) -> Floats:
    return past.attribute(feature.noun.keys[0]).codes(feature.levels, feature.word.derive)


def _places(feature: Feature, past: History) -> Floats:
    """Like `_codes`, for levels in an order: a text that is none of them is -1."""
    codes = _codes(feature, past)
    return np.where(codes == len(feature.levels), -1.0, codes)


def _filled(feature: Feature, past: History) -> Floats:
    missing = [past.attribute(column).missing for column in feature.noun.keys]
    return np.asarray((~np.array(missing)).mean(axis=0), dtype=np.float64)


def _read(name: str, stem: str = "", *, derive: Derive | None = None, learns: bool = False) -> Word:
    """A word that makes a category of a text, or of what ``derive`` makes of it."""
    return Word(
        name,
        lambda _: stem,
        lambda f: f.noun.one,
        _codes,
        say.level,
        empty=NONE,
        of_events=False,
        is_category=True,
        derive=derive,
        learns=learns,
    )


def _step(
    name: str,
    stem: str,
    compute: Callable[[Feature, History], Floats],
    *,
    derive: Derive | None = None,
) -> Word:
    """A word whose values are places in an order of levels."""
    return Word(
        name,
        lambda _: stem,
        lambda f: f.noun.one,
        compute,
        say.level,
        empty=NONE,
        of_events=False,
        derive=derive,
    )


RECORD_WORDS = (
    Word(
        "number",
        lambda _: "",
        lambda f: f.noun.one,
        _amounts,
        say.known,
        empty=NONE,
        of_events=False,
    ),
    _step("band", "band", _bands),
    _step("ordered", "", _places),
    _step("seniority", "seniority", _places, derive=_kept(seniority)),
    _read("category", learns=True),
    _read("country", derive=_kept(country_name), learns=True),
    _read("region", "region", derive=_kept(region_name), learns=True),
    _read("domain_kind", "domain_kind", derive=_kept(domain_kind)),
    _read("job_function", "function", derive=_kept(job_function)),
    Word(
        "completeness",
        lambda _: "completeness",
        lambda f: f"how much of the {f.noun.one} is filled in",
        _filled,
        lambda f, v: f"{say.share(v)} of the {f.noun.one} is filled in",
        of_events=False,
    ),
)
"""Every word of an attribute."""
