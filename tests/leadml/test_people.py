"""What tells a person is hidden, and nothing else is changed."""

import re
import time
from dataclasses import dataclass

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.people import hidden, hide_people, shown_ids, tells_a_person, without_people


@pytest.mark.parametrize(
    ("lead_id", "tells"),
    [
        ("jane@example.com", True),
        ("mailto:jane@example", True),
        ("+49 170 1234567", True),
        ("(415) 555-0123", True),
        ("0170/1234567", True),
        ("4155550123", True),
        ("0151234", True),
        ("[49] 170 1234567", True),
        ("0049.170/1234567 ext 12", True),
        ("＋49 170 1234567", True),
        ("L000123", False),
        ("660737", False),
        ("1234567", False),
        ("00Q5e00000AbCdE", False),
        ("7927b2df-8bba-4d29-b9a2-b6e0beafc086", False),
        ("@", False),
        ("", False),
    ],
)
def test_an_id_that_looks_like_an_address_or_a_number_tells_a_person(
    lead_id: str,
    tells: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert tells_a_person(lead_id) is tells


def test_a_hidden_id_is_the_same_in_every_report() -> None:
    assert shown_ids(["a@b.c"], with_names=False)["a@b.c"] == hidden("a@b.c")
    assert re.fullmatch("[0-9a-f]{10}", hidden("a@b.c\ud800"))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("account owner is jane.doe@example.com", "jane.doe@example.com"),
        ("source: jane%40example.com, 12 %", "jane%40example.com"),
        ("“jane@example.com”: 14 % of 20 leads", "jane@example.com"),
        ("jane＠example.com", "jane＠example.com"),
        ("owner is +49 170 1234567", "+49 170 1234567"),
        ("owner is +1 (415) 555-0123", "+1 (415) 555-0123"),
        ("owner is 0049 170 1234567", "0049 170 1234567"),
        ("owner is 0170/1234567", "0170/1234567"),
        ("owner is (0170) 123 45 67", "(0170) 123 45 67"),
        ("owner is 4155550123", "4155550123"),
        ("owner is 415-555-2671", "415-555-2671"),
        ("owner is (415) 555-2671 now", "(415) 555-2671"),
        ("Tel 1-800-555-0199", "1-800-555-0199"),
        ("owner is +49.170.1234567", "+49.170.1234567"),
        ("It is jane@example.com.", "jane@example.com"),
    ],
)
def test_an_address_or_a_number_within_a_text_is_hidden(text: str, part: str) -> None:
    assert without_people(text) == text.replace(part, hidden(part))


@pytest.mark.parametrize(
    "text",
    [
        "12,500 views, 0.104 (0.098–0.112) of 1,234,567 leads",
        "2026-01-05T00:00:00+00:00",
        "2026-01-05 00:00:00",
        "05.01.2026 – 07.02.2026",
        "from 200 to 1,000 employees + 3 %",
        "€ 1,200,000 at 09:30, version 2026.10.0",
        "0.0100 to 0.0250",
        "0.0000000000123 to under 0.091",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "7927b2df-8bba-4d29-b9a2-b6e0beafc086",
        "a difference of −0.0012 (−0.0078 to +0.0054) on 900 leads",
        "+0.0123456 and +12.3456789, +5–10 2026, (−16 to +49) 2026 100",
        "5 @ 9",
        "@media",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_people(text) == text


@given(st.dates(), st.floats(allow_nan=False), st.integers())
def test_dates_and_numbers_as_we_write_them_stay(day: object, number: float, count: int) -> None:
    text = f"{day}: {number:.4f}, {number:.15f} of {count:,}"
    assert without_people(text) == text


def test_a_text_as_long_as_a_book_takes_no_time() -> None:
    began = time.process_time()
    for text in ("a" * 200_000, "1" * 200_000, "+1 " * 70_000, "0170 " * 40_000):
        without_people(text)
    assert time.process_time() - began < 2


@dataclass(frozen=True, slots=True)
class Told:
    words: tuple[str, ...]
    rate: float


def test_every_text_in_any_depth_is_hidden_and_ids_are_left_to_others() -> None:
    jane = "jane@example.com"
    frame = pd.DataFrame({"lead_id": [jane], "source": [jane], "rate": [0.5], "list": [[jane]]})
    sorted_out = frame.assign(source=frame["source"].astype("category"))
    data = {jane: [Told((jane, "x"), 0.5)], "lead_id": jane, "n": 3}
    assert hide_people(data) == {
        hidden(jane): [Told((hidden(jane), "x"), 0.5)],
        "lead_id": jane,
        "n": 3,
    }
    for own in (frame, sorted_out):
        told = hide_people(own).iloc[0].to_dict()
        assert told == {
            "lead_id": jane,
            "source": hidden(jane),
            "rate": 0.5,
            "list": [hidden(jane)],
        }
    assert frame["source"].tolist() == [jane]
