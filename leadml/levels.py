"""Where do the lines of a policy lie for one model, and which grade is a lead?"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np

from leadml.arrays import Bools, Floats, Ints
from leadml.events import EventType
from leadml.parsing import parse_value, without_nothing
from leadml.policy import Policy, resolved

FIT_GRADES = "ABCD"

Unit = Literal["probability", "points"]
Cuts = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Levels:
    """A policy with its lines: what `Policy` asks for, in the units of one model.

    Attributes:
        policy: resolved: every rule and event type written out.
        sql_line, mql_line: what the score must reach.
        fit_cuts: what fit adds where grades D|C|B|A part; None without evidence of fit.
        engagement_cuts: what engagement and intent add where 4|3|2|1 part; or None.
        margin: how far below a line or cut a lead still passes that had passed it before.
        unit: of scores and lines. What is added, and the margin, is in points or in log-odds.
        words: what one event of each type is called.
    """

    policy: Policy
    sql_line: float
    mql_line: float
    fit_cuts: Cuts | None
    engagement_cuts: Cuts | None
    margin: float = 0.0
    unit: Unit = "probability"
    words: Mapping[str, str] = field(default_factory=dict)

    def reaches(self, score: Floats, line: str, *, nearly: bool = False) -> Bools:
        """Which scores reach the line of a stage, or nearly do; a missing one never does."""
        least = self.sql_line if line == "sql" else self.mql_line
        if nearly and self.unit == "points":
            least -= self.margin
        elif nearly:
            least = least / (least + (1 - least) * np.exp(self.margin))
        return np.asarray(score >= least)

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return cast("dict[str, Any]", without_nothing(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Levels":
        """The inverse of `to_json`."""
        cuts = {name: _cuts(data.get(name)) for name in ("fit_cuts", "engagement_cuts")}
        return cls(**{**data, **cuts, "policy": parse_value(Policy, data["policy"], "policy")})


def fit_levels(
    policy: Policy,
    events: Mapping[str, EventType],
    probability: Floats,
    *,
    fit: bool,
    engagement: bool,
) -> Levels:
    """The lines of a policy, from the examples a model was calibrated on.

    The probability lines let ``sql_share`` and ``mql_share`` of such leads pass, where nobody chose
    others. Grades part at fixed odds beside the average lead's, so that they mean the same after
    another training (docs/decisions).

    Args:
        policy: as it is set.
        events: the event types that are declared.
        probability: of the examples, shape (n,).
        fit: whether the model has evidence of it at all.
        engagement: likewise.
    """
    shares = 1 - np.array([policy.sql_share, policy.mql_share])
    sql, mql = (float(line) for line in np.quantile(probability, shares))
    sql = policy.sql_probability or max(sql, policy.mql_probability)
    return Levels(
        resolved(policy, events),
        sql,
        policy.mql_probability or min(mql, sql),
        _log(policy.fit_odds) if fit else None,
        _log(policy.engagement_odds) if engagement else None,
        policy.hysteresis,
        words=words_of(events),
    )


def words_of(events: Mapping[str, EventType]) -> dict[str, str]:
    """What one event of each type is called."""
    return {key: event.one for key, event in events.items()}


def grade(cuts: Cuts | None, added: Floats, margin: float, before: Ints | None = None) -> Ints:
    """Grades as numbers, 0 the poorest to 3 the best, -1 without evidence; shape (n,).

    Args:
        cuts: where grades part; a lead at a cut has the better grade.
        added: what the evidence adds, shape (n,).
        margin: how far below a cut a lead keeps a grade that it had.
        before: the grades it had, -1 where not known; shape (n,).
    """
    if cuts is None:
        return np.full(len(added), -1)
    now = np.searchsorted(cuts, added, side="right")
    if before is None:
        return now
    nearly = np.searchsorted(np.array(cuts) - margin, added, side="right")
    return np.maximum(now, np.minimum(nearly, before))


def fit_letters(grades: Ints) -> np.ndarray:
    """Grades of fit as people write them: A (best) to D; "" without evidence."""
    return np.array([*FIT_GRADES[::-1], ""])[grades]


def engagement_numbers(grades: Ints) -> Ints:
    """Grades of engagement as people write them: 1 (strongest) to 4; 0 without evidence."""
    return np.where(grades < 0, 0, 4 - grades)


def _log(odds: tuple[float, ...]) -> Cuts:
    low, middle, high = (float(np.log(value)) for value in odds)
    return low, middle, high


def _cuts(values: Any) -> Cuts | None:
    return None if values is None else (values[0], values[1], values[2])
