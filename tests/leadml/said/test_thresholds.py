"""What the terminal says of a plan of thresholds."""

import re
from typing import Any

from leadml.capacity import Capacity
from leadml.said.thresholds import NOTES, more_line, plan_lines
from tests.training.looked import look_at
from training.thresholds import draw_plan

JUDGED = look_at(
    [("a", 0, 0.5, True), ("b", 7, 0.4, False), ("c", 14, 0.2, True), ("d", 21, 0.1, False)]
).assign(segment=["north", "south", "south", ""])


def plan_of(capacity: Capacity) -> dict[str, Any]:
    return draw_plan(JUDGED, capacity, fixed=[0.3, 0.9]).to_json()


def cells(lines: list[str], name: str) -> list[list[str]]:
    """The rows of a line, cell by cell: what it yields, then its shares."""
    return [re.split(r" {2,}", line) for line in lines if line.startswith(f"{name}  ")]


def test_a_plan_says_what_was_tried_what_fits_and_what_one_more_person_adds() -> None:
    lines = plan_lines(plan_of(Capacity(1, 0.5)))
    assert lines[0] == (
        "Tried on 4 leads looked at from 2026-01-05 to 2026-01-26 (4.0 weeks), 2 of them won. "
        "90 % intervals."
    )
    assert lines[1] == (
        "1 person with 0.5 conversations a week can take on 0.5 leads a week: those from 40.0 % on."
    )
    assert lines[2] == (
        "One more person: the line falls to 10.0 %, with 0.5 more contacts and 0.08 more wins a "
        "week (0.00 to 0.25; 0.25 happened)."
    )
    assert lines[-len(NOTES) :] == list(NOTES)


def test_each_line_is_a_row_of_two_aligned_tables() -> None:
    lines = plan_lines(plan_of(Capacity(1, 0.5)))
    yields, shares = cells(lines, "capacity")
    assert yields == ["capacity", "40.0 %", "2", "0.5", "1", "0.9 (0 to 2)", "1", "yes"]
    assert shares == ["capacity", "45 %", "50 %", "50 %", "2", "1"]
    assert cells(lines, "fixed 0.9")[1] == ["fixed 0.9", "-", "-", "0 %", "4", "2"]
    for k in (i for i, line in enumerate(lines) if line.startswith("line ")):
        assert len({len(line) for line in lines[k : k + 5]}) == 1
    assert "profit a week" not in "\n".join(lines)
    assert max(map(len, lines[4:])) <= 100


def test_value_and_cost_add_what_a_line_earns() -> None:
    lines = plan_lines(plan_of(Capacity(2, 0.25, 10_000, 1_500)))
    assert cells(lines, "value")[0][-1] == "1,625"
    assert lines[2].endswith("happened): 125 a week after the cost of contacts.")
    assert "profit a week" in "\n".join(lines)


def test_teams_have_rows_of_their_own_and_leads_without_people_are_told() -> None:
    lines = plan_lines(plan_of(Capacity(2, 0.25, people_by_segment={"south": 1, "north": 1})))
    assert cells(lines, "south")[0][1:3] == ["40.0 %", "1"]
    assert any(
        line.startswith("south: One more person: the line falls to 20.0 %") for line in lines
    )
    assert (
        "north: One more person would add nothing: no further lead waits below the line." in lines
    )
    assert "Nobody works on the leads of: (no segment)." in lines


def test_what_happened_outside_its_interval_is_said_aloud() -> None:
    plan = plan_of(Capacity(1, 0.5))
    assert "OUTSIDE" not in "\n".join(plan_lines(plan))
    plan["lines"][0]["held"] = False
    lines = plan_lines(plan)
    assert "WHAT HAPPENED LIES OUTSIDE THE INTERVAL at: capacity." in lines
    assert cells(lines, "capacity")[0][-1] == "NO"


def test_one_more_person_without_further_leads_adds_nothing() -> None:
    plan = plan_of(Capacity(9, 9))
    assert more_line(plan["everybody"]) == (
        "One more person would add nothing: no further lead waits below the line."
    )
