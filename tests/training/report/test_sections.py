"""Minute, changes, health, record and glossary in a real browser: narrow, wide, dark, hostile."""

import dataclasses
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from tests.browser import WIDTHS, open_page, overflow, serious_problems
from tests.training.report.judged import driver, judged_card
from tests.training.report.rendered import FOLDER, HOSTILE, document, render
from training.health.measure import Filling, Health
from training.health.paces import Pace
from training.health.shifts import Drift, Shift
from training.report.glossary import read_glossary
from training.report.health import read_health
from training.report.minute import Today, read_minute
from training.report.record import read_record
from training.report.since import read_since

NAME = (HOSTILE + "x" * 200)[:200]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The sections, everything in them 200 letters long."""
    since = pd.Timestamp("2026-04-01", tz="UTC")
    moved = Shift("score", "score", 0.3, "above 2", 0.1, 0.4)
    health = Health(
        since,
        Drift(1200, 3400, 5000, moved, (dataclasses.replace(moved, label=NAME, part=NAME),)),
        (Filling(NAME, True, 900, 1000, 0, 200),),  # noqa: FBT003
        (Pace(NAME, NAME, "stopped", since, 5.0, 0, 70.0),),
        since,
        frozenset(),
    )
    card = judged_card(name=NAME, recipe=NAME, drivers=[driver(NAME, 1.0)])
    card["leaks"] = [{"column": NAME, "verdict": "leak", "reason": NAME}]
    card["data"]["findings"] = card["overlaps"] = [NAME]
    card["config"]["attributes"] = {"exclude": [NAME] * 20, "allow": []}
    gate = {
        "passed": True,
        "champion": "2",
        "rules": [{"name": NAME, "passed": True, "text": NAME}],
    }
    changes = pd.DataFrame({"stage_before": [NAME], "stage": ["sql"]})
    changed = read_since(card, judged_card(), version="2", gate=gate, changes=changes)
    read = read_health(card, health)
    today = Today(pd.DataFrame(), since=changed.sentence, mend=read.mend)
    html = document(
        render(card, "minute", minute=read_minute(card, today)),
        render(card, "since", since=changed),
        render(card, "health", health=read),
        render(card, "record", record=read_record(card, version="3")),
        render(card, "glossary", glossary=read_glossary(card)),
        style="".join((FOLDER / f"{n}.css").read_text() for n in ("health", "record")),
    )
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_runs_overflows_or_shuts_a_reader_out(page: Path, width: int) -> None:
    with open_page(page, width, dark=width == WIDTHS[1]) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert overflow(opened) == 0
        assert serious_problems(opened) == []


def test_on_paper_what_is_folded_away_is_printed_too(page: Path) -> None:
    with open_page(page, printed=True) as opened:
        assert opened.get_by_role("table", name="Share of leads with a value").is_visible()


def test_long_words_are_broken_and_columns_stay_wide_enough_to_read(page: Path) -> None:
    with open_page(page, 360) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        widths = "boxes => boxes.map(box => box.scrollWidth)"
        assert max(opened.locator(".wide").evaluate_all(widths)) < 1000
        cells = "cells => cells.filter(c => c.innerText.length > 3).map(c => c.clientWidth)"
        assert min(opened.locator("td:not(.number, .brief)").evaluate_all(cells)) > 60


def strip(opened: Any, box: Any, side: str) -> set[tuple[int, ...]]:
    """The colours at one side of a box, below its caption and beside its rows."""
    place = box.bounding_box()
    x = place["x"] + (1 if side == "left" else place["width"] - 3)
    clip = {"x": x, "y": place["y"] + place["height"] - 8, "width": 2, "height": 4}
    picture = Image.open(BytesIO(opened.screenshot(clip=clip))).convert("RGB")
    return {picture.getpixel((x, y)) for x in range(2) for y in range(4)}


@pytest.mark.parametrize("dark", [False, True])
def test_a_box_shows_at_which_side_more_is_to_be_seen(page: Path, *, dark: bool) -> None:
    paper = {(23, 28, 34) if dark else (255, 255, 255)}
    with open_page(page, 360, dark=dark) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        box = opened.get_by_role("region", name="How often every kind of event comes")
        assert box.get_attribute("tabindex") == "0"
        box.scroll_into_view_if_needed()
        assert strip(opened, box, "left") == paper
        assert not strip(opened, box, "right") & paper
        box.focus()
        opened.keyboard.press("ArrowRight")
        opened.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
        box.evaluate("box => box.scrollTo({left: 9999, behavior: 'instant'})")
        assert not strip(opened, box, "left") & paper
        assert strip(opened, box, "right") == paper


def test_a_box_without_more_and_paper_show_no_shade(page: Path) -> None:
    with open_page(page) as opened:
        box = opened.get_by_role("region", name="Parts of the data")
        box.scroll_into_view_if_needed()
        assert strip(opened, box, "right") == strip(opened, box, "left") == {(255, 255, 255)}
    with open_page(page, printed=True) as opened:
        shades = "boxes => boxes.map(box => getComputedStyle(box).backgroundImage)"
        assert set(opened.locator(".wide").evaluate_all(shades)) == {"none"}


def test_every_table_lies_in_one_box_that_scrolls_and_has_a_name(page: Path) -> None:
    with open_page(page) as opened:
        boxes = opened.locator("table").evaluate_all(
            "tables => tables.map(t => t.closest('.wide[tabindex=\"0\"][role=region]')?.ariaLabel)"
        )
        assert len(boxes) >= 8
        assert all(boxes)
