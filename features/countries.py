"""Countries: which country, and which part of the world, does a text name?

`country_name` gives every spelling of a country one English name: ISO codes, names in English,
German, Dutch, French, Spanish and Italian, native names, and the usual short forms. The name is
CLDR's; the spellings are those of two packages, and of the few in `_MORE` that neither has. The
whole text must name the country: "Guinea pig" is none.

>>> country_name("USA"), country_name("Deutschland"), country_name("the Netherlands")
('United States', 'Germany', 'Netherlands')
>>> country_name("Atlantis") is None
True
>>> region_name("NL")
'Western Europe'
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_Country = tuple[str, str | None]
"""Name and region."""

_LANGUAGES = ("en", "de", "nl", "fr", "es", "it")
_LONGEST = 100
_NO_CODES = {"no"}
"""In small letters these are answers, not codes: a column of yes and no is not about Norway."""

_NAMES = {"HK": "Hong Kong", "MO": "Macao", "MM": "Myanmar", "PS": "Palestine", "XK": "Kosovo"}
"""Where the package's name is long, or there is none."""

_REGIONS = {"XK": "Southern Europe"}
"""Where the package knows no region."""

_MORE = {
    "BA": "Bosnia",
    "CD": "Congo, Democratic Republic; DR Congo; Congo (Kinshasa)",
    "CG": "Congo; Congo (Brazzaville)",
    "CI": "Ivory Coast",
    "CN": "PRC; P.R. China; Mainland China",
    "CV": "Cabo Verde",
    "GB": "England; Scotland; Wales; Northern Ireland; Britain; Großbritannien; Groot-Brittannië;"
    "Grande-Bretagne; Gran Bretaña; Gran Bretagna",
    "GR": "Hellas",
    "HK": "Hong Kong SAR; Hongkong",
    "KR": "Korea; Korea (South)",
    "LA": "Lao PDR",
    "LY": "Libyan Arab Jamahiriya",
    "MO": "Macau",
    "NL": "Holland; Hollande; Holanda",
    "PS": "Palestinian Territory",
    "SA": "KSA",
    "US": "America; United States (USA); USA (United States); US of A",
    "VA": "Vatican; Holy See",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
    "XK": "Kosova",
}
"""Spellings that neither package has."""


def country_name(text: str) -> str | None:
    """The English short name of the country that a text names; None where it names none.

    Case, accents, dots and a leading "the" do not matter in a name. A two- or three-letter ISO code
    stands in capitals or in small letters, not mixed; a numeric code is a number, not a country.
    """
    country = _country(text)
    return None if country is None else country[0]


def region_name(text: str) -> str | None:
    """The part of the world the country of a text lies in, as the United Nations part it.

    None where the text names no country, or one that lies in no region (Antarctica).

    >>> region_name("Brasil"), region_name("Singapore")
    ('Latin America and the Caribbean', 'South-eastern Asia')
    """
    country = _country(text)
    return None if country is None else country[1]


def _country(text: str) -> _Country | None:
    text = text[: _LONGEST + 1].strip()
    if len(text) > _LONGEST:
        return None
    codes, names = _tables()
    code = text.replace(".", "")
    if len(code) <= 3 and (code.isupper() or (code.islower() and code not in _NO_CODES)):
        found = codes.get(code.upper())
        if found is not None:
            return found
    return names.get(_plain(text))


def _plain(text: str) -> str:
    """A name without case, accents, dots and articles: what two spellings of it share."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    bare = re.sub(r"[.'’`´]", "", bare)
    words = re.findall(r"[^\W_]+", bare)
    if words[:1] == ["the"]:
        words = words[1:]
    return " ".join("saint" if word == "st" else word for word in words)


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, _Country], dict[str, _Country]]:
    """What each code, and each spelling of a name, stands for."""
    from countryinfo import all_countries

    known = [dict[str, Any](country.info()) for country in all_countries()]
    facts = {info["ISO"]["alpha2"]: info for info in reversed(known) if info.get("ISO")}
    countries: dict[str, _Country] = {}
    codes: dict[str, _Country] = {}
    for code, name in _names().items():
        info = facts.get(code, {})
        region = info.get("subregion") or _REGIONS.get(code)
        countries[code] = codes[code] = (name, region)
        codes[info.get("ISO", {}).get("alpha3", code)] = countries[code]
    names: dict[str, _Country] = {}
    for code, spelling in _spellings(known):
        if code in countries and spelling not in codes:
            names.setdefault(_plain(spelling), countries[code])
    names.pop("", None)
    return codes, names


def _names() -> dict[str, str]:
    """CLDR's English name of each country, by its two-letter code."""
    from country_list import countries_for_language

    return {
        code: name.replace("’", "'").replace(" & ", " and ").replace("St. ", "Saint ")
        for code, name in (dict(countries_for_language("en")) | _NAMES).items()
    }


def _spellings(known: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Code and spelling, the surest source first."""
    from country_list import countries_for_language

    yield from _names().items()
    for code, listed in _MORE.items():
        yield from ((code, spelling) for spelling in listed.split(";"))
    for language in _LANGUAGES:
        yield from countries_for_language(language)
    by_code = [(info.get("ISO", {}).get("alpha2", ""), info) for info in known]
    for code, info in by_code:
        yield from ((code, spelling) for spelling in (info["name"], *info.get("altSpellings", [])))
        yield code, info.get("nativeName", "")
    for code, info in by_code:
        yield from ((code, spelling) for spelling in info.get("translations", {}).values())
