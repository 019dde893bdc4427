"""Which champions were there before this one? The log of changes, kept with the registered model.

MLflow's alias says who is champion and forgets who was. The log keeps every change; what a
rollback goes back to is found by replaying it. An entry is written before the alias moves, so an
entry at the end that the alias does not bear out never took effect.

>>> log = [Change("1", "promoted", "t"), Change("2", "promoted", "t"), Change("1", "rollback", "t")]
>>> champions(log)
['1']
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

What = Literal["first", "promoted", "rollback", "by hand"]

MOST_CHANGES = 200
"""Older changes are let go."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the champion.

    Attributes:
        number: the version that is champion from then on.
        what: first (by itself), promoted, rollback, or by hand (in MLflow, beside leadml).
        at: when, in UTC; empty where it was done by hand.
        why: the reason given for a promotion that the gate had refused.
    """

    number: str
    what: What
    at: str = ""
    why: str = ""


def read_changes(text: str, current: str | None) -> list[Change]:
    """The log as far as the alias bears it out.

    Args:
        text: of `write_changes`; may be empty.
        current: the champion by its alias.
    """
    changes = [Change(**item) for item in json.loads(text or "[]")]
    if current is None:
        return []
    if current not in {change.number for change in changes}:
        return [*changes, Change(current, "by hand")]
    while changes[-1].number != current:
        changes.pop()
    return changes


def write_changes(changes: Sequence[Change]) -> str:
    """The log as JSON, its newest entries."""
    return json.dumps([dataclasses.asdict(change) for change in changes[-MOST_CHANGES:]])


def champions(changes: Sequence[Change]) -> list[str]:
    """The champions one can go back through, the current one last."""
    stack: list[str] = []
    for change in changes:
        if change.what == "rollback":
            stack = stack[:-1]
        if not stack or stack[-1] != change.number:
            stack.append(change.number)
    return stack
