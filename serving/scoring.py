"""From leads and their past to scores: the same path for one request and the whole base.

A score is a probability with its interval, grades, a stage and reasons. A lead that must not or
cannot be scored has no probability but says why: unscored is not zero.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.build import build_matrix
from features.catalog import Catalog
from features.engagement import evidence
from features.feature import Feature
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.events import Group
from leadml.levels import Levels
from leadml.lifecycle import Decisions, Evidence, Previous, decide
from leadml.model import LeadModel
from leadml.policy import named_attributes, named_events
from leadml.rulebook import Rulebook
from leadml.tables import Tables
from serving.evidence import gather, previous_of
from serving.exploring import EXPLORED_MINUTES, Drawn, explore
from serving.reasons import Reason, said
from serving.subjects import Subjects, subjects_of
from serving.worth import PointsTable, Worth, rate_by_model

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
class Scorer:
    """A model ready to score: its catalogue and policy parsed once.

    Attributes:
        version: the registered version, as text.
        table: points that are given in place of a probability, before there is a model.
    """

    model: LeadModel
    catalog: Catalog
    levels: Levels
    version: str
    table: PointsTable | None = None

    @classmethod
    def of(cls, model: LeadModel, version: str) -> "Scorer":
        """Parses the model's catalogue and policy."""
        return cls(model, Catalog.from_json(model.catalog), Levels.from_json(model.policy), version)

    @property
    def horizon(self) -> int:
        """The days of the main horizon: that of the interval, the reasons and the stage."""
        days: int = self.model.card["horizon_days"]
        return days

    @cached_property
    def rulebook(self) -> Rulebook:
        """The policy, ready to be applied."""
        return Rulebook(self.levels)

    @cached_property
    def asked(self) -> Catalog:
        """What is asked of a past: the model's features and the policy's evidence."""
        asked = dict.fromkeys((*self.catalog.features, *self.evidence.values()))
        return dataclasses.replace(self.catalog, features=tuple(asked))

    @cached_property
    def evidence(self) -> dict[str, Feature]:
        """What the policy asks of a past."""
        return evidence(self.catalog.events, named_events(self.levels.policy))

    @cached_property
    def evidence_columns(self) -> dict[str, int]:
        """Where in `asked` the policy's evidence stands."""
        place = {feature: column for column, feature in enumerate(self.asked.features)}
        return {name: place[feature] for name, feature in self.evidence.items()}

    @cached_property
    def attribute_columns(self) -> list[str]:
        """Every attribute that the model, the table of points or the policy reads."""
        named = named_attributes(self.levels.policy)
        return list(dict.fromkeys([*self.judged_columns, *named]))

    @cached_property
    def text_columns(self) -> frozenset[str]:
        """Those of them that hold texts."""
        amounts = {
            f.noun.keys[0] for f in self.catalog.features if f.word.name in {"number", "band"}
        }
        return frozenset(self.attribute_columns) - amounts

    @cached_property
    def unknown_texts(self) -> frozenset[str]:
        """What an attribute says where it is not known."""
        return frozenset(self.model.card["config"]["data"]["missing"])

    @cached_property
    def event_types(self) -> tuple[str, ...]:
        """The event types that are declared, ascending."""
        return tuple(sorted(self.catalog.events))

    @cached_property
    def horizons(self) -> list[int]:
        """The days of every horizon that is answered, ascending."""
        return sorted({self.horizon, *self.model.horizons})

    @cached_property
    def looks_at_accounts(self) -> bool:
        """Whether what colleagues did counts."""
        return any(feature.noun.scope == "account" for feature in self.catalog.features)

    @cached_property
    def levelled(self) -> tuple[Ints, Ints, list[str]]:
        """The categories made of attributes: their columns, numbers of levels, and attributes."""
        own = [
            (column, len(feature.levels), feature.noun.keys[0])
            for column, feature in enumerate(self.catalog.features)
            if feature.levels and not feature.word.of_events
        ]
        columns, levels = (np.array([one[k] for one in own], dtype=np.int64) for k in range(2))
        return columns, levels, [attribute for _, _, attribute in own]

    @cached_property
    def judged_columns(self) -> list[str]:
        """Every attribute that the model, or the table of points, reads."""
        return self.catalog.attribute_columns if self.table is None else self.table.columns


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
        """The table with the reasons as records: text, group, effect."""
        records = [[dataclasses.asdict(reason) for reason in own] for own in self.reasons]
        return self.table.assign(reasons=pd.Series(records, dtype=object))


def score_examples(
    scorer: Scorer,
    tables: Tables,
    examples: pd.DataFrame,
    *,
    most_reasons: int = 3,
    before: pd.DataFrame | None = None,
) -> Scores:
    """Scores each (lead, as_of).

    Args:
        scorer: the model.
        tables: the leads and all that is known of them; nothing at or after as_of is looked at.
        examples: lead_id, as_of (UTC-aware); every lead_id is in ``tables.leads``.
        most_reasons: how many reasons each score gets.
        before: earlier scores, so that a lead does not flip from day to day: lead_id, stage,
            fit_grade, engagement_grade.
    """
    subjects = subjects_of(tables, examples)
    previous = None if before is None else previous_of(before, subjects.lead_ids)
    return score_subjects(scorer, subjects, most_reasons=most_reasons, previous=previous)


def score_subjects(
    scorer: Scorer,
    subjects: Subjects,
    *,
    most_reasons: int = 3,
    previous: Previous | None = None,
) -> Scores:
    """Scores each of some subjects; see `score_examples`."""
    answers = build_matrix(scorer.asked, subjects.past)
    matrix = answers[:, : len(scorer.catalog.features)]
    days_since = {name: answers[:, column] for name, column in scorer.evidence_columns.items()}
    unscored = _unscored(scorer, subjects, days_since)
    if scorer.table is None:
        worth = rate_by_model(scorer.model, scorer.catalog, matrix, most_reasons)
    else:
        worth = scorer.table.rate(subjects.past, most_reasons)
    if (unscored != "").any():
        worth = worth.without(unscored != "")
    seen = gather(scorer.levels, subjects, days_since, worth.score, worth.groups)
    decided = decide(scorer.rulebook, seen, previous)
    drawn = explore(scorer.levels.policy, decided, subjects, unscored == "")
    return Scores(
        subjects,
        matrix,
        unscored,
        worth,
        seen,
        previous,
        decided,
        drawn,
        scorer.horizon,
        scorer.version,
    )


def unseen_categories(scorer: Scorer, matrix: Matrix) -> list[list[str]]:
    """For every example, the attribute columns whose value training did not know (or pooled)."""
    columns, levels, attributes = scorer.levelled
    codes = matrix[:, columns]
    unseen = ~(np.isnan(codes) | ((codes >= 0) & (codes < levels)))
    found: list[list[str]] = [[] for _ in matrix]
    for row, place in zip(*np.nonzero(unseen), strict=True):
        found[row].append(attributes[place])
    return found


def _unscored(scorer: Scorer, subjects: Subjects, days_since: Mapping[str, Floats]) -> np.ndarray:
    """Why each example gets no probability; "" where it gets one."""
    card, past = scorer.model.card, subjects.past
    oldest = card["max_age_days"]
    age = past.history().tenure_days("lead")
    dated = card["clock"] in {"times", "days"}
    rules = [
        (_blank(scorer, subjects, days_since), "nothing is known about this lead yet"),
        (dated & (age > oldest), f"older than {oldest} days: the model never saw such leads"),
        (dated & (age < 0), "created after as_of"),
        (subjects.consent == 0, "no consent"),
        (subjects.reached == "closed_lost", "already closed"),
        (subjects.reached == "closed_won", "already a customer"),
    ]
    reasons = np.full(len(subjects), "", dtype=object)
    for so, reason in rules:
        reasons[so] = reason
    return reasons


def _blank(scorer: Scorer, subjects: Subjects, days_since: Mapping[str, Floats]) -> Bools:
    """Where no attribute is known and nothing has happened; shape (n,)."""
    blank = np.ones(len(subjects), dtype=np.bool_)
    for days in days_since.values():
        blank &= np.isnan(days)
    for column in scorer.judged_columns:
        if not blank.any():
            break
        blank &= subjects.past.attribute(column).missing
    return blank
