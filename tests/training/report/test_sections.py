"""Minute, changes, health, record and glossary in a real browser: narrow, wide, dark, hostile."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

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
