"""The summary for a chat: short whatever comes, and harmless whatever the data say."""

import re

import pandas as pd
import pytest

from tests.training.report.judged import driver, judged_card
from tests.training.report.rendered import NBSP
from training.report.minute import Today
from training.report.summary import MOST_LETTERS, build_summary, plain

LINKED = re.compile(
    r"://|www\.|[@#][^\s\u200b]|GH-\d|[^\s\u200b]\.[^\W\d]|[^\W\d]:[^\s\u200b]|:[^\W\d]",
    re.IGNORECASE,
)
"""What GitHub, Slack or Teams make a link, a mention or a picture of."""

HOSTILE = "[x](http://evil.example) <script>alert(1)</script> ![i](u) @here `c` *b* | # ~"


def leads() -> pd.DataFrame:
    return pd.DataFrame({"stage": ["sql"] * 12, "probability": [0.25] * 12})


def summary(card: dict | None = None, where: str = "out/report.html", **given) -> str:
    today = Today(**({"open_leads": leads()} | given))
    return build_summary(card or judged_card(), today, version="3", where=where)


def test_it_says_the_minute_the_drivers_what_to_do_and_where() -> None:
    text = summary(since="This is the first model.", mend=["Mend x."]).replace(NBSP, " ")
    assert text.startswith(
        "**lead-scorer, version 3**\n\n- Judged on 1,000 leads that the model had not learned from"
    )
    assert "- Calling the top 20 % of leads first reaches 46 % (41–51) of the wins" in text
    assert "- Its probabilities may be taken at face value: on average it said 15 %" in text
    assert "- This is the first model." in text
    assert (
        "- “Pricing-page views: yes”: 20 % (18–22; 300 leads) became customers; "
        "“Pricing-page views: no”: 5.0 % (3.0–7.0; 700 leads)"
    ) in text
    assert "What to do:\n- Call the 12 open leads that are at SQL now" in text
    assert "- Mend x." in text
    assert text.endswith("Report: `out/report.html`\n")


def test_an_address_is_a_link() -> None:
    assert summary(where="https://host/report").endswith("Report: <https://host/report>\n")


def test_three_drivers_at_most() -> None:
    card = judged_card(drivers=[driver(f"subject {k}", 1.0 + k) for k in range(9)])
    assert summary(card).count("became customers; ") == 3


def test_warnings_come_first_and_nothing_is_ranked_without_a_signal() -> None:
    text = summary(judged_card(usable=False))
    assert text.index("No usable signal") < text.index("Judged on")
    assert "Strongest evidence" not in text
    assert "Calling the top" not in text
    assert "Do not rank leads by this model" in text
    assert "OPTIMISTIC" in summary(judged_card(clock="none"))


def test_it_stays_short_whatever_comes() -> None:
    long = [driver("&" * 200, 3.0 - k) for k in range(3)]
    card = judged_card(name="<" * 200, drivers=long, usable=True)
    text = summary(card, since="_" * 900, mend=["*" * 900] * 3, where="/x" * 100)
    assert len(text) < MOST_LETTERS
    assert text.endswith(f"Report: `{'/x' * 100}`\n")
    assert len(summary(card, where="w" * 5000)) < MOST_LETTERS


def test_texts_of_the_data_are_harmless() -> None:
    bad = driver(HOSTILE[:50], 1.0)
    text = summary(judged_card(name=HOSTILE[:55], drivers=[bad]), mend=[HOSTILE])
    assert "<script" not in text
    assert "http://" not in text
    for mark in ("[", "]", "`", "!", "|", "~"):
        loose = re.findall(rf"(?<!\\){re.escape(mark)}", text.removesuffix("`out/report.html`\n"))
        assert not loose, mark


def test_plain_text_stays_as_it_is() -> None:
    assert plain("pricing-page views, 3 (or 4)") == "pricing-page views, 3 (or 4)"
    assert plain("a rate of 3.5 % at 10:30. Then 1,000") == "a rate of 3.5 % at 10:30. Then 1,000"
    assert plain("a\n\n# b") == "a #\u200b b"


@pytest.mark.parametrize(
    "text",
    [
        "www.example.org",
        "WWW.example.org",
        "evil.example",
        "jane@example.org",
        "@here",
        "@jane",
        "#12",
        "#general",
        "owner/name#12",
        "GH-12",
        "http://example.org",
        "ftp://10.0.0.1",
        "https://1.2.3.4",
        "mailto:jane",
        ":smile:",
        "&#64;here",
    ],
)
def test_nothing_in_a_text_becomes_a_link_or_a_mention(text: str) -> None:
    """Chats and GitHub look for them after backslashes have gone."""
    assert LINKED.search(text)
    for said in (plain(text), plain(f"source: {text} (web)"), plain(f"({text})")):
        assert not LINKED.search(re.sub(r"\\([^\w\s])", r"\1", said)), said
    assert plain(text).replace("\u200b", "").replace("&amp;", "&") == text
