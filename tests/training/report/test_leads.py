"""Is every open lead found in the table, and its card opened, without telling who it is?"""

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import training.report.leads as module
from leadml.pages.card import About
from leadml.pages.environment import pages
from leadml.pages.waterfall import logit
from leadml.people import hidden
from tests.browser import open_page, overflow, serious_problems
from tests.training.report.rendered import cards_of
from training.neighbours import Neighbour, Neighbours
from training.report.leads import MOST_CARDS, MOST_LEADS, PACK, read_open_leads

HOSTILE = "<script>alert(1)</script>\"'&amp;"
ABOUT = About("closed_won", 90, dated=True, base=logit(0.03))
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leads</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{% include "page.css" %}{% include "card.css" %}{% include "leads.css" %}</style></head>
<body><main><h1>Report</h1>{% include "leads.html" %}</main>
<script>{% include "tables.js" %}</script><script>{% include "leads.js" %}</script></body></html>"""


def leads(n=60, **changes):
    """So many open leads, L0 the most likely, and one without consent."""
    probability = np.append(np.linspace(0.4, 0.01, n), np.nan)
    reasons = [
        {"text": "3 pricing-page views", "group": "engagement", "effect": 0.7},
        {"text": "country: FR", "group": "fit", "effect": -0.4},
    ]
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{k}" for k in range(n)] + ["gone"],
            "as_of": pd.Timestamp("2026-07-01", tz="UTC"),
            "probability": probability,
            "lower": probability / 2,
            "upper": probability * 1.5,
            "fit_grade": ["ABCD"[k % 4] for k in range(n)] + [""],
            "engagement_grade": pd.array([1 + k % 3 for k in range(n)] + [pd.NA], dtype="Int64"),
            "stage": [("iql", "mql", "sql")[k % 3] for k in range(n)] + ["disqualified"],
            "unscored_reason": [""] * n + ["no consent"],
            "reasons": [reasons] * n + [[]],
            "source": [("web", "fair")[k % 2] for k in range(n)] + ["web"],
        }
    )
    return frame.assign(**changes)


def drawn(open_leads, *, usable=True, dated=True, level="good"):
    """The section in a page of its own."""
    page = pages(Path(module.__file__).parent).from_string(PAGE)
    return page.render(
        open=open_leads,
        dated=dated,
        card=SimpleNamespace(usable=usable),
        belief=SimpleNamespace(level=level, side="too low"),
    )


def text_of(page):
    plain = re.sub(r"<(style|script).*?</\1>|<template.*?</template>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", plain).replace("\u00a0", " "))


def table_of(read):
    """The data of the script as rows of texts."""
    data = json.loads(str(read.data))
    columns = {
        name: own if isinstance(own, list) else [own["texts"][k] for k in own["codes"]]
        for name, own in data.items()
    }
    return pd.DataFrame(columns)


# The data.


def test_every_scored_lead_is_a_row_with_what_its_card_says():
    read = read_open_leads(leads(), ABOUT)
    table = table_of(read)
    assert (read.total, read.scored, len(table)) == (61, 60, 60)
    assert table["ids"].tolist() == [f"L{k}" for k in range(60)]
    assert table.iloc[1].tolist() == ["L1", "39\u00a0%", "20–59", "MQL", "B", "2", "fair"]
    for card, row in zip(read.cards, table.to_dict("records"), strict=True):
        assert (card.lead_id, card.score, card.interval) == (
            row["ids"],
            row["score"],
            row["interval"],
        )
        assert (card.stage, card.fit, card.engagement) == (
            row["stage"],
            row["fit"],
            row["engagement"],
        )


def test_texts_stand_in_the_order_they_sort_in():
    data = json.loads(str(read_open_leads(leads(), ABOUT).data))
    assert data["stage"]["texts"] == ["SQL", "MQL", "IQL"]
    assert data["fit"]["texts"] == ["A", "B", "C", "D"]
    graded = read_open_leads(leads().assign(fit_grade=["", "B"] * 30 + [""]), ABOUT)
    assert json.loads(str(graded.data))["fit"]["texts"] == ["B", ""]


def test_leads_without_a_source_have_no_such_column():
    for frame in (leads().drop(columns="source"), leads().assign(source=None)):
        read = read_open_leads(frame, ABOUT)
        assert not read.sources
        assert "source" not in json.loads(str(read.data))
        assert 'data-column="source"' not in drawn(read)


def test_fifty_thousand_leads_stay_small():
    n = 50_000
    frame = pd.concat([leads(1000).iloc[:1000]] * 50, ignore_index=True)
    frame = frame.assign(lead_id=[f"00Q{k:015d}" for k in range(n)])
    read = read_open_leads(frame, ABOUT)
    assert len(str(read.data).encode()) < 2_000_000
    assert len(read.cards) == MOST_CARDS
    assert len(drawn(read).encode()) < 3_000_000


def test_the_order_of_the_rows_changes_nothing_and_the_frame_is_left_alone():
    frame = leads()
    before = frame.copy(deep=True)
    shuffled = frame.sample(frac=1.0, random_state=3).reset_index(drop=True)
    assert drawn(read_open_leads(frame, ABOUT)) == drawn(read_open_leads(shuffled, ABOUT))
    pd.testing.assert_frame_equal(frame, before)


# Who it is.


def test_such_ids_stand_nowhere_in_the_page_unless_names_are_asked_for():
    jane, past = "jane@example.com", "+49 170 1234567"
    frame = leads().assign(lead_id=[jane, *leads()["lead_id"].iloc[1:]])
    near = (Neighbour(past, "won", 3), Neighbour("P2", "lost", 4))
    similar = {jane: Neighbours(50, 9, 0.18, 0.11, 0.27, near)}
    names = {jane: ("Jane Doe", "Acme")}
    without = drawn(read_open_leads(frame, ABOUT, similar=similar))
    for text in (jane, past, "1234567", "Jane Doe"):
        assert text not in without
        assert text not in "".join(cards_of(without))
    assert hidden(jane) in without
    assert f"Lead {hidden(past)} became a customer after 3 days." in without
    assert "1 id looks like an e-mail address or a telephone number." in without
    asked = drawn(read_open_leads(frame, ABOUT, similar=similar, names=names))
    assert jane in asked
    assert f"Lead {past} became" in asked
    assert "<bdi>Jane Doe</bdi> · <bdi>Acme</bdi>" in asked
    assert "SHA-256" not in asked


# The words.


def test_the_most_likely_stand_in_full_where_scripts_do_not_run():
    page = drawn(read_open_leads(leads(), ABOUT))
    text = text_of(page)
    assert "61 leads are open. These 10 are the most likely to convert." in text
    assert text.count("Lead L") == MOST_LEADS
    assert "Lead L0 40 % (20–60) IQL" in text
    assert "For 3 pricing-page views × 2.0" in text
    assert "No consent 1" in text


def test_a_model_without_a_signal_ranks_nobody():
    text = text_of(drawn(read_open_leads(leads(), ABOUT), usable=False))
    assert "61 leads are open. They are not ranked here" in text
    assert "L0" not in text


def test_poor_calibration_is_said():
    text = text_of(drawn(read_open_leads(leads(), ABOUT), level="poor"))
    assert "Read the order, not the level" in text


@pytest.mark.parametrize(
    ("frame", "dated", "said"),
    [
        (leads().iloc[:0], True, "No lead is open in these data."),
        (leads().iloc[:0], False, "Without dates nobody can tell which leads are still open"),
        (leads().iloc[-1:], True, "1 lead is open. None could be scored."),
        (leads().iloc[:1], True, "1 lead is open. This one is the most likely"),
    ],
)
def test_none_and_one_are_said_as_such(frame, dated, said):
    assert said in text_of(drawn(read_open_leads(frame, ABOUT), dated=dated))


def test_hostile_texts_are_shown_and_never_run(tmp_path):
    reasons = [{"text": HOSTILE, "group": "fit", "effect": 1.0}]
    n = 30
    frame = leads(n).assign(
        lead_id=[f"{HOSTILE}{k}" for k in range(n + 1)],
        stage=HOSTILE,
        source=HOSTILE * 20,
        reasons=[reasons] * (n + 1),
    )
    page = drawn(read_open_leads(frame, ABOUT))
    assert page.count("<script") == 4
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    for width in (360, 1440):
        with open_page(path, width) as opened:
            opened.on("dialog", lambda said: pytest.fail(said.message))
            assert opened.locator(".opens").first.inner_text() == f"{HOSTILE}0"
            opened.locator(".opens").first.click()
            assert opened.locator("#leads-dialog-title").inner_text() == f"Lead {HOSTILE}0"
            assert HOSTILE in card_in(opened)
            assert overflow(opened) == 0


# In a browser.


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    read = read_open_leads(leads(), ABOUT, most_cards=40)
    path.write_text(drawn(read), encoding="utf-8")
    return path


def shown(opened):
    return opened.locator("#leads-table tbody th").all_inner_texts()


def card_in(opened):
    """The text of the card that has just been asked for, once it is there."""
    opened.locator("#leads-dialog-body .score").wait_for()
    return opened.locator("#leads-dialog-body").inner_text().replace("\u00a0", " ")


def count(opened):
    return opened.locator("#leads-count").inner_text()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_table_fits_and_can_be_read_by_everyone(page, width):
    with open_page(page, width, dark=width == 768) as opened:
        assert overflow(opened) == 0
        assert serious_problems(opened) == []
        opened.locator(".opens").first.click()
        assert card_in(opened)
        assert serious_problems(opened) == []
        assert opened.locator("dialog").bounding_box()["width"] <= width


def test_leads_are_searched_parted_and_turned_over(page):
    with open_page(page) as opened:
        assert shown(opened) == [f"L{k}" for k in range(25)]
        assert count(opened) == "60 leads; shown: 1 to 25."
        assert opened.locator("#leads-few").is_hidden()
        opened.locator("#leads-next").click()
        opened.locator("#leads-next").click()
        assert shown(opened) == [f"L{k}" for k in range(50, 60)]
        assert opened.locator("#leads-page").inner_text() == "Page 3 of 3"
        assert opened.evaluate("document.activeElement.id") == "leads-back"
        opened.locator("#leads-search").fill("l5")
        assert shown(opened) == ["L5", *(f"L{k}" for k in range(50, 60))]
        assert count(opened) == "11 of 60 leads; shown: 1 to 11."
        opened.locator("#leads-stage").select_option(label="SQL")
        assert shown(opened) == ["L5", "L50", "L53", "L56", "L59"]
        opened.locator("#leads-search").fill("fair")
        assert set(shown(opened)) <= {f"L{k}" for k in range(1, 60, 2)}
        opened.locator("#leads-search").fill("nobody")
        assert shown(opened) == []
        assert count(opened) == "No lead is like that."


def test_leads_are_sorted_by_every_column_and_the_head_says_so(page):
    with open_page(page) as opened:
        heads = opened.locator("#leads-table thead th")
        opened.get_by_role("button", name="Probability").click()
        assert shown(opened)[0] == "L59"
        assert heads.nth(1).get_attribute("aria-sort") == "ascending"
        opened.get_by_role("button", name="Lead", exact=True).click()
        assert shown(opened)[:3] == ["L0", "L1", "L2"]
        assert heads.nth(0).get_attribute("aria-sort") == "ascending"
        assert heads.nth(1).get_attribute("aria-sort") is None
        opened.get_by_role("button", name="Lead", exact=True).click()
        assert shown(opened)[:2] == ["L59", "L58"]
        opened.get_by_role("button", name="Stage", exact=True).click()
        assert shown(opened)[:3] == ["L2", "L5", "L8"]
        opened.get_by_role("button", name="Fit").click()
        assert shown(opened)[:3] == ["L0", "L4", "L8"]


def test_a_card_is_opened_and_closed_by_keyboard_and_gives_the_focus_back(page):
    with open_page(page) as opened:
        opened.locator("#leads-search").focus()
        opened.keyboard.type("L7")
        opened.locator(".opens").first.focus()
        opened.keyboard.press("Enter")
        assert opened.locator("#leads-dialog-title").inner_text() == "Lead L7"
        card = card_in(opened)
        assert "For\n3 pricing-page views × 2.0" in card
        assert "The average lead" in card
        opened.keyboard.press("Escape")
        assert opened.locator("dialog").is_hidden()
        assert opened.evaluate("document.activeElement.textContent") == "L7"
        opened.keyboard.press("Enter")
        opened.keyboard.press("Tab")
        opened.keyboard.press("Enter")
        assert opened.locator("dialog").is_hidden()
        assert opened.evaluate("document.activeElement.textContent") == "L7"


def test_the_search_and_a_card_say_what_they_are(page):
    with open_page(page) as opened:
        assert opened.locator(".leads-ask").aria_snapshot().splitlines()[:3] == [
            '- search "Open leads":',
            "  - paragraph:",
            "    - text: Search leads",
        ]
        opened.get_by_role("searchbox", name="Search leads").fill("L7")
        assert (
            opened.get_by_role("status").aria_snapshot()
            == '- status: "1 of 60 leads; shown: 1 to 1."'
        )
        assert opened.locator("#leads-count").get_attribute("aria-live") == "polite"
        button = opened.get_by_role("button", name="L7")
        assert button.get_attribute("aria-haspopup") == "dialog"
        button.click()
        assert card_in(opened)
        card = opened.get_by_role("dialog", name="Lead L7")
        said = card.aria_snapshot()
        for part in ('heading "Lead L7" [level=3]', 'button "Close"', 'heading "For" [level=4]'):
            assert part in said
        assert opened.evaluate("document.activeElement.id") == "leads-dialog-title"


def test_every_lead_with_a_card_opens_its_own_from_whichever_pack(tmp_path):
    n = 2 * PACK + 3
    reasons = [[{"text": f"{k} visits", "group": "engagement", "effect": 0.1}] for k in range(n)]
    page = drawn(read_open_leads(leads(n, reasons=[*reasons, []]), ABOUT))
    cards = cards_of(page)
    assert len(cards) == n
    assert all(f"{k} visits" in card for k, card in enumerate(cards))
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    with open_page(path) as opened:
        for k in (0, PACK - 1, PACK, n - 1):
            opened.locator("#leads-search").fill(f"l{k}")
            opened.locator(".opens", has_text=re.compile(f"^L{k}$")).click()
            assert f"\n{k} visits × 1.1" in card_in(opened)
            opened.locator("#leads-close").click()


def test_a_lead_without_a_card_tells_its_row_and_where_the_card_is(page):
    with open_page(page) as opened:
        opened.locator("#leads-search").fill("L45")
        opened.locator(".opens").first.click()
        body = card_in(opened)
        assert "11 % (5–16)" in body or "10 % (5–15)" in body
        assert "IQL · Fit B · Engagement 1 · Source: fair" in body
        assert "the cards of the 40 most likely leads" in body
        assert "/leads/" in body


def test_all_leads_that_are_found_are_downloaded(page, tmp_path):
    with open_page(page) as opened:
        opened.locator("#leads-stage").select_option(label="MQL")
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name="Download CSV: Open leads with a score").click()
        assert waiting.value.suggested_filename == "open-leads.csv"
        waiting.value.save_as(tmp_path / "saved.csv")
    saved = pd.read_csv(tmp_path / "saved.csv")
    assert list(saved) == [
        "lead",
        "probability",
        "interval",
        "stage",
        "fit",
        "engagement",
        "source",
    ]
    assert saved["lead"].tolist() == [f"L{k}" for k in range(1, 60, 3)]
    assert saved.iloc[0].tolist() == ["L1", "39 %", "20–59", "MQL", "B", 2, "fair"]


def test_any_table_is_downloaded_as_it_stands_and_runs_no_formula(tmp_path):
    script = (Path(module.__file__).parent / "tables.js").read_text()
    path = tmp_path / "page.html"
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
        '<table data-csv="rates"><caption>Rates</caption>'
        "<thead><tr><th>Who<th>n</thead><tbody>"
        '<tr><th>a, "b"<td>46&nbsp;%<br><span>(44–48)</span>'
        "<tr><th>=1+1<td>-1.5<tr><th>-x<td>@y<tr><th>＝1<td>＋1<tr><th>－1<td>＠y"
        "<tr><th>a;=1+1<td>b;c<tr><th>+4<td>-1,000</tbody></table>"
        '<section aria-labelledby="past"><table><tr><td>1</table>'
        "<table><caption>More</caption><tr><td>2</table></section>"
        f"<script>{script}</script></html>",
        encoding="utf-8",
    )
    with open_page(path) as opened:
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name="Download CSV: Rates").click()
        waiting.value.save_as(tmp_path / "saved.csv")
        assert waiting.value.suggested_filename == "rates.csv"
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name="Download CSV: More").click()
        assert waiting.value.suggested_filename == "past-2.csv"
    assert (tmp_path / "saved.csv").read_bytes().decode("utf-8-sig").split("\r\n") == [
        "Who,n",
        '"a, ""b""",46 % (44–48)',
        "'=1+1,-1.5",
        "'-x,'@y",
        "'＝1,'＋1",
        "'－1,'＠y",
        '"a;\'=1+1","b;c"',
        '\'+4,"-1,000"',
        "",
    ]
    assert (tmp_path / "saved.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_line_ends_and_tabs_of_a_lead_stay_within_its_cell(tmp_path):
    odd = ["\t=1", "\r=2", "a\n=3", "b\t@4", 'c"d', " =5", "-5", "－6"]
    frame = leads(8).assign(lead_id=[*odd, "gone"])
    path = tmp_path / "page.html"
    path.write_text(drawn(read_open_leads(frame, ABOUT)), encoding="utf-8")
    with open_page(path) as opened:
        with opened.expect_download() as waiting:
            opened.get_by_role("button", name="Download CSV: Open leads with a score").click()
        waiting.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(encoding="utf-8-sig", newline="") as file:
        saved = [row[0] for row in csv.reader(file)][1:]
    assert saved == [
        "'\t=1",
        "'\r=2",
        "a\n'=3",
        "b\t'@4",
        'c"d',
        "' =5",
        "-5",
        "'－6",
    ]


def test_without_scripts_the_cards_unfold(page):
    with open_page(page, 360, scripts=False) as opened:
        assert opened.locator("#leads-all").is_hidden()
        assert opened.locator("details").count() == MOST_LEADS
        opened.locator("summary").first.click()
        assert opened.get_by_text("The average lead").first.is_visible()
        assert overflow(opened) == 0


def test_on_paper_the_most_likely_stand_in_full(page):
    with open_page(page, 768, printed=True) as opened:
        assert opened.locator("#leads-all").is_hidden()
        assert opened.locator("summary").first.is_visible()
