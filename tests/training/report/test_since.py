"""What changed since the last model: each on its own test period, and said so."""

import pandas as pd

from tests.training.report.judged import driver, figure, judged_card
from tests.training.report.rendered import HOSTILE, NBSP, render, tags_of, text_of
from training.report.since import Since, read_since

GATE = {
    "passed": True,
    "champion": "2",
    "rules": [
        {"name": "signal", "passed": True, "text": "It has one."},
        {"name": "log loss", "passed": True, "text": "0.31 against 0.32."},
    ],
}


def earlier(**changes) -> dict:
    """A card of half a year before: 10 % won, the top fifth held 40 %."""
    card = judged_card(**changes)
    card["split"][-1] |= {"from": "2025-07-01T00:00:00+00:00", "to": "2025-09-30T00:00:00+00:00"}
    card["evaluation"] |= {"converted": 100}
    card["evaluation"]["figures"]["model"]["wins_in_top_20"] = figure(0.4)
    return card


def changes(*moves: tuple[str, str, int]) -> pd.DataFrame:
    rows = [(a, b) for a, b, n in moves for _ in range(n)]
    return pd.DataFrame(rows, columns=["stage_before", "stage"])


def text(since: Since) -> str:
    return text_of(render(judged_card(), "since", since=since))


def test_the_first_model_is_called_the_first() -> None:
    first = read_since(judged_card(), None, version="", gate=GATE | {"champion": ""})
    assert first.sentence.startswith("This is the first model")
    assert first.rows == ()
    assert "The gate lets it pass." in text(first)
    assert "May it take over?" not in text(read_since(judged_card(), None, version=""))


def test_both_stand_side_by_side_on_their_own_test_periods() -> None:
    since = read_since(judged_card(), earlier(), version="2")
    assert since.sentence.replace(NBSP, " ") == (
        "Since version 2: the top 20 % of leads hold 46 % (41–51) of the wins, where with version "
        "2 it was 40 % (35–45), each on its own test period."
    )
    assert since.before == "Version 2, on 1,000 leads, 1 July 2025 to 30 September 2025"
    assert since.now == "This model, on 1,000 leads, 2 January 2026 to 31 March 2026"
    said = text(since)
    assert "Share that became customers: 10 % then (100 of 1,000), 15 % now (150 of 1,000)." in said
    assert "Only the gate compares both on the same leads." in said
    assert "Share of wins in the top 20 % 40 % (35–45) 46 % (41–51)" in said


def test_drivers_that_rose_fell_came_and_went_are_told() -> None:
    """Then a has 50 of 100 and b 50; now a 80, b 10 and c 10."""
    before = earlier(drivers=[driver("a", 5), driver("b", 5), driver("old", 0.0)])
    now = judged_card(drivers=[driver("a", 8), driver("b", 1), driver("c", 1)])
    said = [one.replace(NBSP, " ") for one in read_since(now, before, version="2").drivers]
    assert said == [
        "It leans more on a (80 % of what moves scores, before 50 %).",
        "It leans less on b (10 % of what moves scores, before 50 %).",
        "Read for the first time: c.",
        "No longer read: old.",
    ]
    same = read_since(judged_card(), earlier(), version="2").drivers
    assert same == ("It leans on the same evidence as before, about as much.",)


def test_who_changes_stage_is_counted() -> None:
    moved = changes(("mql", "sql", 2), ("lead", "lead", 5), ("sql", "unscored", 1))
    since = read_since(judged_card(), earlier(), version="2", changes=moved)
    assert since.stages.replace(NBSP, " ") == "3 of 8 open leads (38 %) change stage."
    assert since.sentence.endswith(since.stages)
    assert [(m.before, m.now, m.leads) for m in since.moves] == [
        ("MQL", "SQL", "2"),
        ("SQL", "Unscored", "1"),
    ]
    one = read_since(judged_card(), earlier(), version="2", changes=changes(("mql", "sql", 1)))
    assert one.stages.replace(NBSP, " ") == "1 of 1 open lead (100 %) changes stage."
    calm = read_since(judged_card(), earlier(), version="2", changes=changes(("sql", "sql", 2)))
    assert calm.stages == "None of 2 open leads changes stage."
    assert read_since(judged_card(), earlier(), version="2", changes=pd.DataFrame()).stages == ""


def test_the_gate_says_what_it_refuses() -> None:
    rules = [GATE["rules"][0], GATE["rules"][1] | {"passed": False}]
    gate = {"passed": False, "champion": "2", "rules": rules}
    said = text(read_since(judged_card(), earlier(), version="2", gate=gate))
    assert "The gate refuses it, beside version 2: log loss." in said
    assert "Log loss refused 0.31 against 0.32." in said


def test_models_of_different_questions_are_not_compared() -> None:
    since = read_since(judged_card(), earlier(horizon_days=30), version="2")
    assert since.sentence == (
        "Version 2 answered another question (becomes a customer within 30 days), so the two "
        "cannot be compared."
    )
    assert since.rows == ()


def test_a_version_that_only_moves_something_says_so() -> None:
    facts = {"from_version": "2", "leads": 1, "converted": 4, "expected_before": 6.2}
    again = judged_card(recalibrated=facts | {"expected_now": 4.1})
    since = read_since(again, earlier(), version="2")
    assert "version 2 was refitted on 1 lead whose outcome is known since" in since.sentence
    assert (since.rows, since.drivers) == ((), ())
    chosen = judged_card(chosen={"before": 0.12, "now": 0.2, "because": "two reps left."})
    assert read_since(chosen, earlier(), version="2").sentence.replace(NBSP, " ") == (
        "Only the line for sales is new: it was moved from 12 % to 20 %, because: two reps left."
    )


def test_data_without_dates_show_no_date() -> None:
    since = read_since(judged_card(clock="none"), earlier(clock="none"), version="2")
    assert since.now == "This model, on 1,000 leads"


def test_hostile_texts_are_shown_and_never_run() -> None:
    gate = {
        "passed": False,
        "champion": HOSTILE,
        "rules": [{"name": HOSTILE, "passed": False, "text": HOSTILE}],
    }
    before = earlier(drivers=[driver(HOSTILE, 1.0)])
    moved = changes((HOSTILE, "sql", 1))
    since = read_since(judged_card(), before, version=HOSTILE, gate=gate, changes=moved)
    html = render(judged_card(), "since", since=since)
    assert {"script", "img"}.isdisjoint(tags_of(html))
    assert text_of(html).count("<script>alert(1)</script>") > 5
