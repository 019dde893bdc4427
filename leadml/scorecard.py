"""How many points does a lead have, and what for?

The arithmetic of ``[points]``: every rule gives or takes its points, and a lead has their sum. It
is asked of a table with one row an example: attributes as they are, and for each rule of behaviour
the columns that `asked_columns` names, features of the vocabulary (`features.points` makes them). A
rule whose column is absent, or holds nothing, is silent: it gives nothing.

>>> import pandas as pd
>>> table = Points(fit=(FitRule("employees", 20, at_least=50, said="size"),), behaviour=())
>>> points_by_rule(table, pd.DataFrame({"employees": [250, 10]}))["size"].tolist()
[20.0, 0.0]
>>> explain_points(table, pd.DataFrame({"employees": [250]}))[0][0].text
'+20: size (employees 250)'
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from leadml.arrays import Floats, row_sums
from leadml.columns import as_text
from leadml.config import Points
from leadml.errors import DataError
from leadml.events import slug
from leadml.point_rules import BehaviourRule, FitRule
from leadml.timeline import Window

PARTS = 2.0**30
"""A point is counted in so many parts, so that sums are exact in any order."""

QUARTERS = 4
"""The odds are believed to double so often between no points and the line to sales."""

Line = Literal["lead", "mql", "sql"]
"""How far its points bring a lead."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one rule gave a lead.

    Attributes:
        text: ``+20: company size in the target range (employees 250)``.
        points: given, or taken where negative.
        rule: its place among the table's.
    """

    text: str
    points: float
    rule: int


def asked_columns(rule: BehaviourRule, table: Points) -> tuple[str, ...]:
    """The columns that a rule of behaviour reads: how many events; and faded, where points fade.

    >>> asked_columns(BehaviourRule("demo", 20), Points(half_life_days=30))
    ('demo_count_90d', 'demo_decayed_30d')
    """
    count = f"{rule.name}_count_{window_of(rule).suffix}"
    half_life = table.halving_days
    return (count, f"{rule.name}_decayed_{slug(f'{half_life:g}')}d") if half_life else (count,)


def window_of(rule: BehaviourRule) -> Window:
    """How far back a rule of behaviour looks."""
    return Window(rule.within_days or None)


def points_by_rule(table: Points, frame: pd.DataFrame) -> pd.DataFrame:
    """What each rule gives each example; float64, shape (n, n_rules), columns named by their words.

    A rule of behaviour holds where ``at_least`` events fell in its window. Where points fade, every
    event so far then counts half with each half-life of its age: for points given for each event,
    and for points given once, of which each of the ``at_least`` events needed bears an equal share.

    Raises:
        DataError: a column of behaviour holds no numbers.
    """
    given = np.zeros((len(frame), len(table.rules)))
    for k, rule in enumerate(table.rules):
        if not _is_silent(rule, table, frame):
            given[:, k] = rule.points * _times(rule, table, frame)
            if isinstance(rule, BehaviourRule) and rule.most:
                given[:, k] = np.clip(given[:, k], -rule.most, rule.most)
    words = pd.Index([rule.words for rule in table.rules], dtype="str")
    return pd.DataFrame(np.round(given * PARTS) / PARTS, index=frame.index, columns=words)


def sum_points(table: Points, frame: pd.DataFrame) -> Floats:
    """The points of each example: the sum of what its rules give; shape (n,)."""
    return row_sums(points_by_rule(table, frame).to_numpy())


def explain_points(
    table: Points, frame: pd.DataFrame, *, most: int | None = None
) -> list[tuple[Said, ...]]:
    """What gave each example its points, rule by rule, the strongest first; at most so many."""
    given, rules = points_by_rule(table, frame).to_numpy(), table.rules
    order = np.argsort(-np.abs(given), axis=1, kind="stable")[:, :most]
    return [
        tuple(
            Said(f"{_signed(points)}: {_fact(rules[k], table, frame, row)}", points, int(k))
            for k in order[row]
            if (points := float(given[row, k]))
        )
        for row in range(len(frame))
    ]


def silent_rules(table: Points, frame: pd.DataFrame) -> tuple[str, ...]:
    """The words of the rules that have nothing to go by."""
    return tuple(rule.words for rule in table.rules if _is_silent(rule, table, frame))


def lines_of(table: Points, points: Floats) -> list[Line]:
    """Which line of the table each sum of points reaches."""
    reached: Sequence[Line] = ("lead", "mql", "sql")
    return [reached[(total >= table.mql) + (total >= table.sql)] for total in points.tolist()]


def _times(rule: FitRule | BehaviourRule, table: Points, frame: pd.DataFrame) -> Floats:
    """How often each example is given a rule's points; shape (n,)."""
    if isinstance(rule, FitRule):
        return rule.criterion.holds(frame[rule.attribute]).astype(np.float64)
    asked = [_numbers(frame[column]) for column in asked_columns(rule, table)]
    count, amount = asked[0], asked[-1]
    if not rule.each:
        amount = np.minimum(amount / rule.at_least, 1.0)
    return np.asarray(np.where(count >= rule.at_least, amount, 0.0), dtype=np.float64)


def _numbers(column: pd.Series) -> Floats:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    if (numbers.isna() & column.notna()).any():
        msg = (
            f"Column '{column.name}' must hold numbers of events, got "
            f"{column[numbers.isna() & column.notna()].iloc[0]!r}. `leadml features` writes them."
        )
        raise DataError(msg)
    return np.asarray(numbers.fillna(0.0), dtype=np.float64)


def _is_silent(rule: FitRule | BehaviourRule, table: Points, frame: pd.DataFrame) -> bool:
    if isinstance(rule, FitRule):
        return rule.attribute not in frame or bool(frame[rule.attribute].isna().all())
    return any(column not in frame for column in asked_columns(rule, table))


def _fact(rule: FitRule | BehaviourRule, table: Points, frame: pd.DataFrame, row: int) -> str:
    """What a rule stands for, and what was found of the example in that row."""
    if isinstance(rule, FitRule):
        value = frame[rule.attribute].iloc[[row]]
        number = pd.api.types.is_numeric_dtype(value.dtype) and value.dtype != bool
        found = f"{value.iloc[0]:,.15g}" if number else as_text(value).iloc[0]
        return f"{rule.words} ({rule.attribute.replace('_', ' ')} {found})"
    count = int(frame[asked_columns(rule, table)[0]].iloc[row])
    times = "once" if count == 1 else f"{count:,} times"
    return f"{rule.words} ({times} {window_of(rule).words})"


def _signed(points: float) -> str:
    return f"{round(points, 1):+,.15g}"
