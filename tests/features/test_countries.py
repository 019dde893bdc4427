"""Is every spelling of a country the same country, and nothing else a country?"""

import pytest
from country_list import countries_for_language
from hypothesis import given
from hypothesis import strategies as st

from features.countries import country_name, region_name


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        (
            "United States",
            "US; us; USA; usa; U.S.; U.S.A.; United States; united states of america; America",
        ),
        (
            "United States",
            "The United States; Vereinigte Staaten; Verenigde Staten; États-Unis; Etats Unis",
        ),
        ("United States", "Estados Unidos; USA (United States); United States (USA)"),
        (
            "United Kingdom",
            "GB; GBR; UK; uk; U.K.; Great Britain; England; Scotland; Wales; Northern Ireland",
        ),
        ("United Kingdom", "United Kingdom of Great Britain and Northern Ireland; Royaume-Uni"),
        ("United Kingdom", "Großbritannien; Grossbritannien; Verenigd Koninkrijk"),
        ("Germany", "DE; DEU; Deutschland; Allemagne; Duitsland; Alemania; GERMANY; germany"),
        ("Netherlands", "NL; nl; The Netherlands; Holland; Nederland; Niederlande; Pays-Bas"),
        ("South Korea", "KR; KOR; Korea; South Korea; Republic of Korea; Korea, Republic of"),
        ("Czechia", "CZ; Czech Republic; Czechia; Tschechien; Tsjechië"),
        ("Côte d'Ivoire", "CI; Côte d’Ivoire; Cote d'Ivoire; Ivory Coast; Elfenbeinküste"),
        ("Turkey", "TR; TUR; Turkey; Türkiye; Turkiye; Türkei"),
        ("United Arab Emirates", "AE; UAE; uae; U.A.E.; ARE"),
        ("Bosnia and Herzegovina", "BA; Bosnia & Herzegovina; Bosnia"),
        ("Saint Lucia", "LC; St. Lucia; St Lucia; Saint Lucia"),
        ("Saint Martin", "MF; St. Martin (French part)"),
        ("Hong Kong", "HK; Hong Kong; Hong Kong SAR; Hongkong"),
        ("Congo - Kinshasa", "CD; DR Congo; Democratic Republic of the Congo"),
        ("Congo - Brazzaville", "CG; Congo; Republic of the Congo"),
        ("Myanmar", "MM; Burma; Myanmar"),
        ("North Macedonia", "MK; Macedonia"),
        ("Kosovo", "XK; Kosovo"),
        ("Japan", "JP; 日本; Japon"),
        ("Georgia", "GE; Georgia"),
        ("Namibia", "NA; Namibia"),
        ("Norway", "NO; NOR; Norge; Noorwegen"),
        ("India", "IN; in; IND; India; Bharat"),
    ],
)
def test_every_spelling_of_a_country_has_one_name(name: str, spellings: str) -> None:
    found = {spelling: country_name(spelling) for spelling in spellings.split(";")}
    assert found == dict.fromkeys(found, name)


@pytest.mark.parametrize("language", ["en", "de", "nl", "fr", "es", "it"])
def test_every_country_is_known_by_its_code_and_in_six_languages(language: str) -> None:
    wrong = [
        (name, country_name(name), country_name(code))
        for code, name in countries_for_language(language)
        if country_name(name) is None or country_name(name) != country_name(code)
    ]
    assert not wrong


def test_a_name_stands_for_itself() -> None:
    names = {country_name(code) for code, _ in countries_for_language("en")}
    assert len(names) == 249
    assert {name: country_name(name or "") for name in names} == {name: name for name in names}


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("NL", "Western Europe"),
        ("Deutschland", "Western Europe"),
        ("UK", "Northern Europe"),
        ("USA", "Northern America"),
        ("Brasil", "Latin America and the Caribbean"),
        ("Singapore", "South-eastern Asia"),
        ("South Africa", "Sub-Saharan Africa"),
        ("Kosovo", "Southern Europe"),
        ("Antarctica", None),
        ("Atlantis", None),
    ],
)
def test_a_country_lies_in_a_region(text: str, region: str | None) -> None:
    assert region_name(text) == region


def test_all_but_two_uninhabited_places_lie_in_one_of_seventeen_regions() -> None:
    regions = {name: region_name(name) for _, name in countries_for_language("en")}
    assert [name for name, region in regions.items() if region is None] == [
        "Antarctica",
        "Heard & McDonald Islands",
    ]
    assert len(set(regions.values()) - {None}) == 17


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "No",
        "no",
        "Yes",
        "It",
        "Us",
        "XX",
        "Select",
        "Other",
        "unknown",
        "n/a",
        "Mumbai",
        "California",
        "Europe",
        "EMEA",
        "Asia/Pacific Region",
        "Guinea pig",
        "New Mexico",
        "276",
        "840",
        "US, Canada",
        "🇳🇱",
        "\x00",
        "US\x00",
        "the",
        "The",
        "..",
        "x" * 10_000,
        "Germany " * 2_000,
    ],
)
def test_what_names_no_single_country_is_none(text: str) -> None:
    assert country_name(text) is None
    assert region_name(text) is None


@given(st.text() | st.text("ABDEGKLNSU. &'-", max_size=6))
def test_any_text_is_a_country_or_none(text: str) -> None:
    name = country_name(text)
    assert name is None or country_name(name) == name
    assert region_name(text) is None or name is not None
