"""What is said of leads? Their scores as arrays, and as the table that a file holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from leadml.arrays import Floats, Ints, Matrix
from leadml.events import Group
from leadml.lifecycle import Decisions, Evidence, Previous
from serving.exploring import EXPLORED_MINUTES, Drawn
from serving.reasons import Reason, said
from serving.subjects import Subjects
from serving.worth import Worth

DECIDED = (
    "stage",
    "action",
    "track",
    "follow_up_minutes",
    "look_again",
    "blocked_by",
    "needs_met",
    "needs_missing",
    "moves_up",
    "explored",
    "propensity",
)
"""What the policy decides of a lead (`leadml.lifecycle.Decisions`); every lead has a stage."""

COLUMNS = (
    "lead_id",
    "as_of",
    "probability",
    "lower",
    "upper",
    "points",
    "fit_grade",
    "engagement_grade",
    *DECIDED,
    "reasons",
    "unscored_reason",
    "model_version",
)
"""What a file of scores holds, in this order; behind ``upper``, `horizon_column` of each other
horizon that the model answers, shortest first."""


def horizon_column(days: int) -> str:
    """The column of the probability within a horizon beside the main one.

    ``probability`` itself is that within the main horizon and is not repeated.

    >>> horizon_column(30)
    'probability_30d'
    """
    return f"probability_{days}d"


@dataclass(frozen=True)
class Scores:
    """Scores of examples, one row each.

    Attributes:
        subjects: whom they are of.
        matrix: the features, shape (n, n_features).
        unscored: why a lead has none; "" where it has one; shape (n,).
        worth: what the scores are made of, and their reasons.
        seen: what the policy saw.
        previous: what the leads were before, where that was told.
        decided: what the policy decided.
        drawn: who was drawn to learn from.
        horizon: the days of the main horizon.
        version: of the model.
    """

    subjects: Subjects
    matrix: Matrix
    unscored: np.ndarray
    worth: Worth
    seen: Evidence
    previous: Previous | None
    decided: Decisions
    drawn: Drawn
    horizon: int
    version: str

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def reasons(self) -> list[tuple[Reason, ...]]:
        """Why, of the main horizon, strongest first; empty where a lead is unscored."""
        return self.worth.reasons

    @property
    def base(self) -> float:
        """What the average lead is worth: log-odds, or no points."""
        return self.worth.base

    @property
    def groups(self) -> Mapping[Group, Floats]:
        """What each group of evidence adds to it; base and groups sum to the log-odds."""
        return self.worth.groups

    @property
    def within(self) -> dict[int, str]:
        """The column of the probability within each horizon, by days, shortest first.

        That of the main one is ``probability``. In a row they never fall as the days grow.
        """
        main = self.horizon
        return {d: "probability" if d == main else horizon_column(d) for d in self.worth.within}

    @property
    def points(self) -> Floats:
        """Points, where a table of them gave the scores; else NaN."""
        return np.full(len(self), np.nan) if self.worth.within else self.worth.score

    @property
    def action(self) -> np.ndarray:
        """What is done; who is drawn is called."""
        return np.where(self.drawn.explored, "call", self.decided.action)

    @property
    def follow_up_minutes(self) -> Floats:
        """How soon; NaN where nothing is said."""
        return np.where(self.drawn.explored, EXPLORED_MINUTES, self.decided.follow_up_minutes)

    @property
    def fit_grade(self) -> np.ndarray:
        """A to D; "" without evidence, and of an unscored lead."""
        return np.where(self.unscored != "", "", self.decided.fit_grade)

    @property
    def engagement_grade(self) -> Ints:
        """1 to 4; 0 without evidence, and of an unscored lead."""
        return np.where(self.unscored != "", 0, self.decided.engagement_grade)

    @cached_property
    def table(self) -> pd.DataFrame:
        """All of them as a table.

        Columns lead_id, as_of, probability, lower, upper, points, fit_grade, engagement_grade,
        `DECIDED`, unscored_reason, model_version, and `horizon_column` of each horizon beside the
        main one; NaN and "" where a lead is unscored.
        """
        as_of, decided = self.subjects.as_of, self.decided
        # Of an undated source there is no day to look again on.
        days = decided.look_again_days if self.subjects.dated else np.full(len(self), np.nan)
        grade = pd.Series(self.engagement_grade, dtype="Int64")
        return pd.DataFrame(
            {
                "lead_id": pd.array(self.subjects.lead_ids, dtype="str"),
                "as_of": as_of,
                "probability": np.nan,
                **{self.within[days]: own for days, own in self.worth.within.items()},
                "lower": self.worth.lower,
                "upper": self.worth.upper,
                "points": self.points,
                "fit_grade": self.fit_grade,
                "engagement_grade": grade.mask(grade == 0),
                "stage": decided.stage,
                "action": self.action,
                "track": decided.track,
                "follow_up_minutes": self.follow_up_minutes,
                "look_again": as_of + pd.to_timedelta(days, unit="D"),
                "blocked_by": decided.block,
                "needs_met": decided.met,
                "needs_missing": decided.missing,
                "moves_up": decided.moves_up,
                "explored": self.drawn.explored,
                "propensity": self.drawn.propensity,
                "unscored_reason": self.unscored,
                "model_version": self.version,
            }
        )

    def for_file(self) -> pd.DataFrame:
        """The table with the reasons as text, its columns as in `COLUMNS`.

        Of an undated source as_of is empty: its sequence clock means nothing to a person.
        """
        texts = pd.Series([said(reasons) for reasons in self.reasons], dtype="str")
        as_of = self.table["as_of"].where(np.full(len(self), self.subjects.dated))
        place = COLUMNS.index("upper") + 1
        others = [column for column in self.within.values() if column != "probability"]
        columns = [*COLUMNS[:place], *others, *COLUMNS[place:]]
        unused = {"points"} if self.within else {"probability", "lower", "upper"}
        table = self.table.assign(as_of=as_of, reasons=texts)
        return table[[column for column in columns if column not in unused]]

    def for_people(self) -> pd.DataFrame:
        """The table with the reasons as records: text, group, effect, feature."""
        fields = Reason.__slots__
        records = [
            [{name: getattr(reason, name) for name in fields} for reason in own]
            for own in self.reasons
        ]
        return self.table.assign(reasons=pd.Series(records, dtype=object))
