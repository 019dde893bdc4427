"""Are bands of sizes and amounts read as what they say, and put in their order?"""

import bisect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.bands import band_codes, band_floor, band_labels, order_bands


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("11-50", 11),
        ("51 – 200 employees", 51),
        ("51—200", 51),
        ("1 000 to 4 999", 1_000),
        ("1\u00a0000\u202f-\u202f4\u00a0999", 1_000),
        ("50.000-99.999", 50_000),
        ("1'000 – 4'999", 1_000),
        ("1,001-5,000", 1_001),
        ("0-1", 0),
        ("between 10 and 50", 10),
        ("von 10 bis 50 Mitarbeiter", 10),
        ("10 tot 50 medewerkers", 10),
        ("10 à 50", 10),
        ("de 10 a 50 empleados", 10),
        ("201-500 EMPLOYEES", 201),
        ("Small (11-50)", 11),
        ("Enterprise (1000+)", 1_000),
        (" 11-50 ", 11),
        (">10 - <50", 10),
    ],
)
def test_a_band_of_sizes_begins_at_its_lower_end(text: str, floor: float) -> None:
    assert band_floor(text) == floor


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("$1M-$10M", 1e6),
        ("€500k - 1m", 5e5),
        ("1-10M EUR", 1e6),
        ("$1-10B", 1e9),
        ("$0 - $1,000,000", 0),
        ("$1,000,000.00 - $4,999,999.99", 1e6),
        ("2,5-5 Mio. €", 2.5e6),
        ("1.5M-2.5M", 1.5e6),
        ("100K to 1M", 1e5),
        ("$750,000 - $1M", 7.5e5),
        ("1-5 Mrd", 1e9),
        ("$1 million to $10 million", 1e6),
        ("1-10 crore", 1e7),
    ],
)
def test_a_band_of_amounts_is_scaled_by_its_unit(text: str, floor: float) -> None:
    assert band_floor(text) == floor


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("10,001+", 10_001),
        ("> 1B", 1e9),
        (">= 50", 50),
        ("≥ 1000", 1_000),
        ("over 50", 50),
        ("more than 10 employees", 10),
        ("1000 or more", 1_000),
        ("10 and above", 10),
        ("ab 250", 250),
        ("plus de 100", 100),
        ("$100m+", 1e8),
        ("<10", 0),
        ("≤ 10", 0),
        ("Under $1 million", 0),
        ("up to 10", 0),
        ("bis 10", 0),
        ("less than 10", 0),
        ("10 or fewer", 0),
        ("self-employed", 1),
        ("Just me", 1),
    ],
)
def test_an_open_band_begins_where_it_says_or_at_nought(text: str, floor: float) -> None:
    assert band_floor(text) == floor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "37",
        "1,000",
        "10M",
        "-10",
        "-",
        "+",
        "<",
        "10-",
        "-10-50",
        "word",
        "one to ten",
        "enterprise",
        "2020",
        "2019-2020",
        "2020-2030",
        "2010+",
        "1,234.56 - 5,678.90",
        "2024-01",
        "2024-01-05",
        "01-05",
        "5/1/2024",
        "12.05.2024",
        "9:00-17:00",
        "+31 20 1234567",
        "+31201234567",
        "555-1234",
        "020-1234567",
        "(020) 555-1234",
        "1-800-555-0100",
        "10-20%",
        "3-6 months",
        "Q1-Q2",
        "50-11",
        "10-10",
        "500-1M",
        "1-2-3",
        "1e5-1e6",
        "<>10",
        "A1-10",
        "½-1",
        "🙂",
        "🙂 11-50",
        "\x0011-50\x00",
        "1" * 10_000,
        "11-50 " * 2_000,
        "9" * 70 + "+",
        "((11-50))",
    ],
)
def test_what_is_no_band_has_no_floor(text: str) -> None:
    assert band_floor(text) is None


@given(
    st.text()
    | st.text("0159 ,.-–+<>kM$€()", max_size=20)
    | st.lists(st.sampled_from(["10", "to", "k", "M", "-", "+", "<", "or", "up", "(", ")"])).map(
        " ".join
    )
)
def test_any_text_is_a_band_or_none(text: str) -> None:
    floor = band_floor(text)
    assert floor is None or (floor >= 0 and np.isfinite(floor))


@given(st.integers(0, 998), st.integers(1, 999), st.sampled_from(["-", " – ", " to ", " bis "]))
def test_two_small_numbers_are_a_band_if_they_rise(low: int, high: int, between: str) -> None:
    assert band_floor(f"{low}{between}{high} employees") == (low if low < high else None)


# --- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "levels",
    [
        (
            "Self-employed",
            "1-10",
            "11-50",
            "51-200",
            "201-500",
            "501-1,000",
            "1,001-5,000",
            "10,001+",
        ),
        ("<$1M", "$1M-$10M", "$10M-$50M", "$50M-$1B", "> $1B"),
        ("<10", "1-10", "10-49", "10+"),
        ("11-50", "11-50 employees"),
    ],
)
def test_levels_stand_in_the_order_of_their_bands(levels: tuple[str, ...]) -> None:
    assert order_bands(levels) == levels
    assert order_bands(sorted(levels)) == levels
    assert order_bands(levels[::-1]) == levels


@pytest.mark.parametrize(
    "levels", [[], ["11-50"], ["11-50", "unknown"], ["11-50", "51-200", ""], ["low", "high"]]
)
def test_levels_have_no_order_unless_all_are_bands_and_two_at_least(levels: list[str]) -> None:
    assert order_bands(levels) is None


# --- labels and codes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "labels"),
    [
        ((10, 50, 250), ("up to 10", "11 to 50", "51 to 250", "over 250")),
        ((10.0,), ("up to 10", "over 10")),
        ((1, 2, 5), ("up to 1", "2", "3 to 5", "over 5")),
        ((0.5, 10), ("up to 0.5", "over 0.5 to 10", "over 10")),
        ((1_000, 1_000_000), ("up to 1,000", "1,001 to 1,000,000", "over 1,000,000")),
        ((-5, 0), ("up to -5", "-4 to 0", "over 0")),
    ],
)
def test_bands_between_edges_are_called_by_the_numbers_they_hold(
    edges: tuple[float, ...], labels: tuple[str, ...]
) -> None:
    assert band_labels(edges) == labels


def test_labels_of_values_that_are_not_whole_leave_nothing_out() -> None:
    assert band_labels((10, 50), whole=False) == ("up to 10", "over 10 to 50", "over 50")


def test_a_value_at_an_edge_lies_in_the_band_below_it() -> None:
    values = np.array([-np.inf, 0, 10, np.nextafter(10, 11), 11, 50, 51, np.inf, np.nan])
    codes = band_codes(values, (10, 50))
    assert codes.dtype == np.float64
    np.testing.assert_array_equal(codes, [0, 0, 0, 1, 1, 1, 2, 2, np.nan])


@pytest.mark.parametrize("edges", [(), (2, 1), (1, 1), (1, np.nan), (np.inf,)])
def test_edges_must_be_finite_and_rise(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="Edges of bands must be finite and rise"):
        band_labels(edges)
    with pytest.raises(ValueError, match="Edges of bands must be finite and rise"):
        band_codes(np.zeros(1), edges)


edges_of_counts = st.lists(st.integers(1, 999), min_size=1, max_size=6, unique=True).map(sorted)


@given(edges_of_counts, st.integers(0, 1_000))
def test_a_code_counts_the_edges_below_and_its_label_holds_the_value(
    edges: list[int], value: int
) -> None:
    code = band_codes(np.array([value], dtype=float), edges)[0]
    assert code == sum(edge < value for edge in edges) == bisect.bisect_left(edges, value)
    label = band_labels(edges)[int(code)]
    ends = [int(word.replace(",", "")) for word in label.split() if word[0].isdigit()]
    if label.startswith("up to"):
        assert value <= ends[0]
    elif label.startswith("over"):
        assert value > ends[0]
    else:
        assert ends[0] <= value <= ends[-1]


@given(edges_of_counts)
def test_labels_are_bands_in_their_order(edges: list[int]) -> None:
    labels = band_labels(edges, whole=False)
    assert band_floor(labels[0]) == 0
    assert band_floor(labels[-1]) == edges[-1]
    if len(labels) > 1:
        assert order_bands(labels) == labels
