"""The report and the review, written by their commands and read in a browser as people do."""

import dataclasses
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from leadml.checks import read_tables
from leadml.cli.main import app
from leadml.config import read_config
from leadml.errors import ConfigError, DataError
from leadml.pages.words import percent
from leadml.tables import Tables
from tests.browser import WIDTHS, open_page, overflow, serious_problems
from tests.training.report.explained import unexplained
from tests.training.results import PASSED
from training.registry.local import Logged, Registry
from training.review import newest_judged
from training.train import TrainingResult

NOW = pd.Timestamp("2026-11-01", tz="UTC")
CAPACITY = """
[capacity]
people = 2
conversations_per_week = 3
value_per_win = 5000
cost_per_contact = 50
"""

pytestmark = [
    # MLflow's own, when it is imported with SQLAlchemy 2.1 and when it reads our pyfunc.
    pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy is deprecated"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),
]


class Text(HTMLParser):
    """What a page says, without its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:
            self.parts.append(data)


def text_of(page: Path) -> str:
    reader = Text()
    reader.feed(page.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", " ".join(reader.parts).replace("\u00a0", " "))


def run(*arguments: object) -> str:
    """The output of a command that must succeed."""
    result = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def place(crm: Path, trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The leadml.toml of a company whose version 2 challenges version 1, with a capacity."""
    folder = tmp_path_factory.mktemp("place") / "crm"
    shutil.copytree(crm, folder, ignore=shutil.ignore_patterns("models"))
    registry = Registry(folder / "models", "lead-scorer")
    registry.record(trained, PASSED, now=NOW)
    registry.record(trained, dataclasses.replace(PASSED, champion="1"), now=NOW)
    leads = pd.read_parquet(folder / "leads.parquet")
    leads.assign(company="Company of " + leads["lead_id"]).to_parquet(folder / "leads.parquet")
    settings = folder / "leadml.toml"
    text = settings.read_text(encoding="utf-8")
    named = text.replace("\n[attributes]\n", '\n[attributes]\nnames = ["company"]\n')
    assert named != text
    settings.write_text(named + CAPACITY, encoding="utf-8")
    return settings


@pytest.fixture(scope="module")
def page(place: Path) -> Path:
    """The report of version 2, with its summary beside it."""
    out = place.with_name("report.html")
    said = run(
        *("report", "-c", place, "--version", "2"),
        *("--out", out, "--summary", out.with_suffix(".md")),
    )
    assert f"Wrote {out} (" in said
    return out


@pytest.fixture(scope="module")
def logged(place: Path) -> Logged:
    return Registry(place.parent / "models", "lead-scorer").logged("2")


@pytest.fixture(scope="module")
def known(place: Path) -> Tables:
    return read_tables(read_config(place, {}), now=NOW)


def test_every_section_is_there_and_every_term_explained(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    titles = re.findall(r'<h2 id="(\w+)">', content)
    assert titles == [
        *("minute", "since", "drivers", "believe", "good", "past", "funnel", "lines", "leads"),
        *("health", "record", "words"),
    ]
    assert unexplained(content) == set()
    assert page.stat().st_size < 5_000_000


def test_the_numbers_are_those_of_the_run_and_of_the_tables(
    page: Path, logged: Logged, known: Tables
) -> None:
    text, card = text_of(page), logged.card
    evaluation, model = card["evaluation"], card["evaluation"]["figures"]["model"]
    won = known.outcomes.loc[known.outcomes["outcome"] == "closed_won", "lead_id"].nunique()
    rows = {
        "Pairs put right, of 100": round(100 * model["auc"]["value"]),
        "Share of wins in the top 10 %": percent(model["wins_in_top_10"]["value"]),
        "Share of wins in the top 20 %": percent(model["wins_in_top_20"]["value"]),
        "Share of wins in the top 30 %": percent(model["wins_in_top_30"]["value"]),
    }
    for name, value in rows.items():
        found = re.search(rf"{re.escape(name)}(?: AUC:[^0-9]*)? ([\d.]+(?: %)?) ", text)
        assert found is not None, name
        assert found[1] == str(value).replace("\u00a0", " "), name
    said = [
        f"The data hold {len(known.leads):,} leads",
        f"{won:,} of them, {percent(won / len(known.leads))}, became customers so far",
        f"{evaluation['n']:,} examples of {evaluation['leads']:,} leads",
        f"{evaluation['converted']:,} of these examples",
        f"{model['log_loss']['value']:.3f}",
        f"{model['brier']['value']:.3f}",
        f"{card['data']['examples']:,} examples have a known outcome",
        f"{card['data']['immature']:,} examples are too young",
        f"{card['data']['events']:,} events",
        f"data fingerprint {card['data']['fingerprint']}",
        f"data fingerprint {card['data']['fingerprint']}",
    ]
    for words in said:
        assert words.replace("\u00a0", " ") in text


def test_open_leads_are_those_of_the_tables(page: Path, known: Tables) -> None:
    closed = known.outcomes[known.outcomes["outcome"].isin(["closed_won", "closed_lost"])]
    open_leads = len(known.leads) - closed["lead_id"].nunique()
    assert f"{open_leads:,} leads are open." in text_of(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_everybody_can_use_it(page: Path, width: int, tmp_path: Path) -> None:
    with open_page(page, width, dark=width == 768) as opened:
        assert overflow(opened) == 0
        assert not serious_problems(opened)
        picture = tmp_path / "page.png"
        opened.screenshot(path=str(picture), full_page=True)
        assert picture.stat().st_size > 50_000


def test_search_card_and_slider_work_by_keyboard(page: Path) -> None:
    with open_page(page, 768) as opened:
        opened.focus("#leads-search")
        first = opened.inner_text("#leads-table tbody tr:first-child button")
        opened.keyboard.type(first)
        assert opened.inner_text("#leads-count").startswith("1 of ")
        opened.focus("#leads-table tbody tr:first-child button")
        opened.keyboard.press("Enter")
        assert first in opened.inner_text("#leads-dialog")
        opened.keyboard.press("Escape")
        assert opened.is_hidden("#leads-dialog")
        slider = "input[type=range]"
        opened.focus(slider)
        before = opened.inner_text("[data-lines=said]")
        opened.keyboard.press("End")
        assert opened.inner_text("[data-lines=said]") != before


def test_a_screen_reader_hears_the_line_that_is_chosen(page: Path) -> None:
    with open_page(page) as opened:
        tool = opened.locator("[data-lines=tool]").aria_snapshot()
        assert 'slider "Leads your team can take on in a week"' in tool
        assert 'spinbutton "Leads your team can take on in a week, as a number"' in tool
        assert 'spinbutton "A win brings"' in tool
        assert 'spinbutton "A contact costs"' in tool
        slider = opened.get_by_role("slider")
        slider.focus()
        opened.keyboard.press("End")
        assert "line at" in slider.get_attribute("aria-valuetext")
        said = opened.locator("[data-said=sum]")
        assert said.get_attribute("aria-live") == "polite"
        assert said.aria_snapshot().startswith('- status: "With ')


def test_the_keyboard_skips_the_contents_and_every_control_has_a_name(page: Path) -> None:
    with open_page(page) as opened:
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.innerText") == "Skip to the report"
        assert opened.locator(".skip").bounding_box()["y"] >= 0
        opened.keyboard.press("Enter")
        assert opened.evaluate("document.activeElement.id") == "main"
        snapshot = opened.locator("body").aria_snapshot()
        nameless = r"- (?:button|link|searchbox|combobox|slider|spinbutton|region)(?: \[.*\])?:?$"
        assert not re.findall(nameless, snapshot, re.MULTILINE)
        assert 'button "Download CSV: ' in snapshot


@pytest.mark.parametrize("dark", [False, True])
def test_text_in_tables_can_be_read_without_their_shades(page: Path, *, dark: bool) -> None:
    """On a ground of several colours nothing measures a contrast, so the shades are away here."""
    with open_page(page, dark=dark) as opened:
        opened.evaluate("""() => {
            const plain = new CSSStyleSheet();
            plain.replaceSync(".wide { background: none !important; }");
            document.adoptedStyleSheets = [plain];
            document.querySelectorAll("details").forEach((own) => { own.open = true; });
        }""")
        assert not serious_problems(opened)


def test_the_summary_is_short_and_leads_to_the_report(page: Path) -> None:
    summary = page.with_suffix(".md").read_text(encoding="utf-8")
    assert summary.startswith("**lead-scorer, version 2**")
    assert "report.html" in summary
    assert len(summary) < 1_500


def test_nobody_is_called_by_name_unless_it_is_asked_for(place: Path, page: Path) -> None:
    out = place.with_name("named.html")
    run("report", "-c", place, "--out", out, "--with-names")
    assert out.read_text(encoding="utf-8").count("Company of L") > 300
    assert "Company of" not in page.read_text(encoding="utf-8")


def test_names_that_no_column_holds_are_refused(place: Path) -> None:
    nameless = place.with_name("nameless.toml")
    text = place.read_text(encoding="utf-8").replace('["company"]', '["nickname"]')
    nameless.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"attributes\.names lists, got no nickname"):
        run("report", "-c", nameless, "--with-names", "--out", place.with_name("x.html"))


def test_a_file_of_another_kind_is_refused_before_any_work(place: Path) -> None:
    with pytest.raises(DataError, match=r"must end in .html or .htm, got 'report.txt'"):
        run("report", "-c", place, "--out", "report.txt")
    with pytest.raises(DataError, match=r"must end in .pdf, got 'report.doc'"):
        run("report", "-c", place, "--out", "r.html", "--pdf", "report.doc")


def test_a_quarter_is_reviewed_by_what_the_champion_had_not_seen(place: Path) -> None:
    out = place.with_name("review.html")
    said = run("review", "-c", place, "--out", out)
    assert f"Wrote {out}" in said
    text = text_of(out)
    title = re.search(r"Quarterly review, (Q\d \d{4}) ([^.]*?) Model", text)
    assert title is not None
    assert f"{title[2]} ({title[1]})." in said
    assert "of the champion, for looks it has not learned from" in text
    assert "Came due all of them" in text
    assert "Everyone alike" in text
    assert "Version 2: the gate lets it pass." in text
    assert len(re.findall(r"(?:The model|The line for sales|Sales|The data)\. ", text)) >= 3
    with open_page(out, 360) as opened:
        assert overflow(opened) == 0
        assert not serious_problems(opened)


def test_a_quarter_is_reviewed_by_the_scores_that_were_given(place: Path, known: Tables) -> None:
    quarter = newest_judged(known, horizon_days=90)
    given: list[object] = []
    for week in (1, 2):
        moment, path = quarter.start + pd.Timedelta(7 * week, "D"), place.with_name(f"{week}.csv")
        run("score", "-c", place, "--out", path, "--as-of", moment.date())
        given += ["--scores", path]
    out = place.with_name("given.html")
    asked = f"{quarter.start.year}Q{quarter.start.quarter}"
    run("review", "-c", place, "--quarter", asked, *given, "--out", out)
    text = text_of(out)
    assert "as they were given then" in text
    assert re.search(r"\d+ leads? (was|were) sales qualified at some time in the quarter", text)
    assert re.search(r"wins were expected \(\d+–\d+\) and \d+ came", text)
