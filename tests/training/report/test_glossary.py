"""Every term of headings and tables has an entry, said for the reader's own horizon."""

from pathlib import Path

import pytest

from leadml.pages.words import STAGES
from tests.training.report.explained import TERMS, unexplained, used_terms
from tests.training.report.judged import judged_card
from tests.training.report.rendered import FOLDER, render, text_of
from training.report.glossary import read_glossary


def page(**changes) -> str:
    card = judged_card(**changes)
    return render(card, "glossary", glossary=read_glossary(card))


@pytest.mark.parametrize("template", sorted(FOLDER.glob("*.html")), ids=lambda path: path.stem)
def test_every_term_in_a_heading_or_table_of_a_template_is_explained(template: Path) -> None:
    """Templates as they stand: what a record fills in is checked where the page is rendered."""
    assert unexplained(template.read_text(encoding="utf-8") + page()) == set()


def test_every_term_we_look_for_has_an_entry() -> None:
    names = {term.name for term in read_glossary(judged_card())}
    assert set(TERMS.values()) <= names


def test_a_term_without_an_entry_is_noticed() -> None:
    assert used_terms("<h2>The lift of a waterfall</h2>") == {"lift"}
    assert unexplained("<h2>Lift</h2><dl><dt>Odds</dt></dl>") == {"lift"}
    assert unexplained("<h2>Lift</h2><dl><dt>Lift</dt></dl>") == set()


def test_terms_stand_in_alphabetical_order_and_once() -> None:
    names = [term.name.lower() for term in read_glossary(judged_card())]
    assert names == sorted(set(names))


def test_every_stage_is_told() -> None:
    text = text_of(page())
    assert all(f"{name}: {meaning}" in text for name, meaning in STAGES.values())


def test_the_horizon_is_the_model_s_own() -> None:
    assert "should convert within 30 days, the horizon." in text_of(page(horizon_days=30))
    assert "An example whose 1 day had not passed" in text_of(page(horizon_days=1))
    assert "should convert." in text_of(page(clock="none"))
