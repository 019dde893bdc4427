"""The log of champions: what a rollback goes back to, and what a killed change leaves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from training.registry.promotions import (
    MOST_CHANGES,
    Change,
    champions,
    read_changes,
    write_changes,
)


def log(*what: str) -> list[Change]:
    """Changes from "+2" (promoted) and "-1" (a rollback to 1)."""
    words: Any = {"+": "promoted", "-": "rollback"}
    return [Change(text[1:], words[text[0]], "t") for text in what]


def test_promoting_to_and_fro_is_walked_back_step_by_step() -> None:
    changes = log("+1", "+2", "+1", "+2")
    for before in ("1", "2", "1"):
        past = champions(changes)
        assert past[-2] == before
        changes = [*changes, Change(past[-2], "rollback", "t")]
    assert champions(changes) == ["1"]


def test_a_change_that_the_alias_does_not_bear_out_never_took_effect() -> None:
    promoted = write_changes(log("+1", "+2"))
    assert champions(read_changes(promoted, "1")) == ["1"]
    back = write_changes(log("+1", "+2", "-1"))
    assert champions(read_changes(back, "2")) == ["1", "2"]


def test_a_champion_made_beside_leadml_is_one_to_go_back_from() -> None:
    changes = read_changes(write_changes(log("+1", "+2")), "7")
    assert changes[-1] == Change("7", "by hand")
    assert champions(changes) == ["1", "2", "7"]
    assert read_changes("", "7") == [Change("7", "by hand")]


def test_without_a_champion_there_is_no_log() -> None:
    assert read_changes(write_changes(log("+1")), None) == []


def test_old_changes_are_let_go_and_the_champion_stays() -> None:
    changes = log(*(f"+{k}" for k in range(3 * MOST_CHANGES)))
    kept = read_changes(write_changes(changes), changes[-1].number)
    assert len(kept) == MOST_CHANGES
    assert champions(kept)[-1] == changes[-1].number


@given(st.lists(st.sampled_from(["1", "2", "3", "back"]), max_size=30))
def test_the_log_says_what_a_plain_stack_says(steps: list[str]) -> None:
    stack: list[str] = []
    changes: list[Change] = []
    for step in steps:
        if step == "back":
            if len(stack) < 2:
                continue
            stack.pop()
            changes.append(Change(stack[-1], "rollback", "t"))
        elif stack[-1:] != [step]:
            stack.append(step)
            changes.append(Change(step, "promoted", "t"))
        kept = read_changes(write_changes(changes), stack[-1])
        assert champions(kept) == stack
