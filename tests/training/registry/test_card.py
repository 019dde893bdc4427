"""The model card: the page a person reads, kept as a golden file, and what each limit says."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from training.gate import Gate, Rule
from training.registry.card import build_card
from training.registry.origin import Origin, origin_of
from training.train import TrainingResult

GOLDEN = Path(__file__).with_name("card.md")


def figures(**values: float) -> dict[str, dict[str, float]]:
    return {
        name: {"value": value, "lower": value - 0.02, "upper": value + 0.03}
        for name, value in values.items()
    }


CARD: dict[str, Any] = {
    "name": "lead-scorer",
    "outcome": "closed_won",
    "horizon_days": 90,
    "known_until": "2026-06-30T00:00:00+00:00",
    "clock": "times",
    "max_age_days": 365,
    "recipe": "logistic regression (strength 10)",
    "usable": True,
    "data": {
        "fingerprint": "d" * 64,
        "leads": 1200,
        "events": 34567,
        "examples": 2400,
        "converted": 310,
        "immature": 180,
        "closed": 12,
        "findings": ["events: 3 events stand twice, alike in every column; each counts."],
    },
    "split": [
        {
            "part": part,
            "from": f"2026-0{k}-01T00:00:00+00:00",
            "to": f"2026-0{k + 1}-01T00:00:00+00:00",
            "examples": 1000,
            "leads": 700,
            "converted": 120 - 10 * k,
        }
        for k, part in enumerate(("train", "origin 1", "test"), 1)
    ],
    "config": {"attributes": {"allow": ["score_2"]}},
    "leaks": [
        {"column": "industry", "verdict": "fine", "reason": ""},
        {"column": "notes", "verdict": "suspect", "reason": "'notes' may be written later"},
        {"column": "call_result", "verdict": "leak", "reason": "alone it sorts with AUC 0.96"},
        {"column": "score_2", "verdict": "leak", "reason": "filled for 90% | 10%", "allowed": True},
    ],
    "evaluation": {
        "n": 1000,
        "leads": 700,
        "converted": 90,
        "figures": {
            "model": figures(
                auc=0.78, average_precision=0.31, wins_in_top_20=0.55, log_loss=0.26, brier=0.07
            ),
            "newest first": figures(auc=0.52, average_precision=0.1, wins_in_top_20=0.21),
        },
        "ranges": [
            {
                "lower": 0.0,
                "upper": 0.05,
                "n": 600,
                "leads": 500,
                "predicted": 0.021,
                "observed": 0.02,
                "observed_lower": 0.012,
                "observed_upper": 0.032,
            },
            {
                "lower": 0.05,
                "upper": 1.0,
                "n": 400,
                "leads": 300,
                "predicted": 0.181,
                "observed": 0.195,
                "observed_lower": 0.164,
                "observed_upper": 0.23,
            },
        ],
    },
    "packages": {"leadml": "0.1.0", "lightgbm": "4.7.0"},
}
ORIGIN = Origin(
    CARD["config"], CARD["known_until"], "d" * 64, "c" * 64, "abc123", "0.1.0", CARD["packages"]
)
GATE = Gate(
    (
        Rule("signal", passed=True, text="It has a usable signal."),
        Rule("log loss", passed=False, text="0.26 against 0.24 of version 3."),
    ),
    "3",
)


def page(**changes: Any) -> str:
    """The page of the card with changes, as in ``data__immature=0``."""
    card = copy.deepcopy(CARD)
    for path, value in changes.items():
        *outer, last = path.split("__")
        place = card
        for key in outer:
            place = place[key]
        place[last] = value
    return build_card(card, GATE, ORIGIN, run_id="0123abcd")


def test_the_page_is_the_golden_one() -> None:
    """`LEADML_GOLDEN=1 pytest` writes it anew; read the difference before it is committed."""
    if os.environ.get("LEADML_GOLDEN"):
        GOLDEN.write_text(page(), encoding="utf-8")
    assert page() == GOLDEN.read_text(encoding="utf-8")


def limits(text: str) -> str:
    return text.partition("## Limits\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"usable": False}, "No usable signal"),
        ({"evaluation__converted": 99}, "Only 99 wins to judge it by"),
        ({"clock": "sequence"}, "The tables have no dates"),
        ({"data__immature": 7}, "7 examples are too young"),
        ({"data__findings": ["leads: 2 rows set aside."]}, "Of the tables: leads: 2 rows"),
    ],
)
def test_a_limit_is_said_where_it_holds(changes: dict[str, Any], said: str) -> None:
    calm = {"data__immature": 0, "data__findings": [], "evaluation__converted": 100}
    assert limits(page(**calm)).strip() == "- None beside what the intervals say."
    assert said in limits(page(**(calm | changes)))


def test_a_level_that_moved_is_said() -> None:
    moved = copy.deepcopy(CARD["split"])
    moved[2]["converted"] = 250
    assert "moved from 11.0% in training to 25.0% in the test" in limits(page(split=moved))
    assert "moved" not in limits(page())


def test_without_dates_no_date_is_shown() -> None:
    text = page(clock="sequence")
    assert "Known in the order of the rows" in text
    assert "2026-" not in text


def test_a_leak_without_the_newer_field_is_allowed_by_the_configuration() -> None:
    leaks = [{"column": name, "verdict": "leak", "reason": "x"} for name in ("score_2", "other")]
    text = page(leaks=leaks)
    assert "| `score_2` | leak, allowed by name | x |" in text
    assert "| `other` | leak, kept out | x |" in text


def test_a_real_training_has_a_page(trained: TrainingResult) -> None:
    card = trained.model.card
    text = build_card(card, Gate((), ""), origin_of(card), run_id="r")
    assert "`last_call_outcome` | leak, kept out" in text
    assert f"{card['data']['leads']:,} leads" in text
    assert card["data"]["fingerprint"] in text
    assert "nan" not in text.lower().replace("finance", "")
