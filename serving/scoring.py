"""From leads and their past to scores: the same path for one request and the whole base.

A score is a probability with its interval, grades, a stage and reasons. A lead that must not or
cannot be scored has no probability but says why: unscored is not zero.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.build import build_matrix
from features.catalog import Catalog
from features.engagement import evidence
from features.past import Past, build_past
from leadml.arrays import Floats, Matrix
from leadml.events import GROUPS, Group, Kind
from leadml.lifecycle import Evidence, Levels, assign_stages, grade_engagement, grade_fit
from leadml.model import LeadModel
from leadml.moments import first_time
from leadml.tables import Tables
from serving.reasons import Reason, explain, said

COLUMNS = (
    "lead_id",
    "as_of",
    "probability",
    "lower",
    "upper",
    "fit_grade",
    "engagement_grade",
    "stage",
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
    """

    model: LeadModel
    catalog: Catalog
    levels: Levels
    version: str

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
    def asked(self) -> Catalog:
        """What is asked of a past: the model's features and the policy's evidence."""
        asked = dict.fromkeys((*self.catalog.features, *evidence(self.catalog.events).values()))
        return dataclasses.replace(self.catalog, features=tuple(asked))

    @cached_property
    def evidence_columns(self) -> dict[Kind, int]:
        """Where in `asked` the policy's evidence stands."""
        place = {feature: column for column, feature in enumerate(self.asked.features)}
        return {kind: place[feature] for kind, feature in evidence(self.catalog.events).items()}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of examples, one row each.

    Attributes:
        table: lead_id, as_of, probability, lower, upper, fit_grade, engagement_grade, stage,
            unscored_reason, model_version, `horizon_column` of each horizon beside the main one;
            NaN and "" where a lead is unscored.
        within: the column of the probability within each horizon, by days, shortest first; that of
            the main one is ``probability``. In a row they never fall as the days grow.
        matrix: the features, shape (n, n_features).
        reasons: of the main horizon's probability, strongest first; empty where a lead is unscored
            or none were asked for.
        base: the log-odds of the average training example, within the main horizon.
        groups: what each group of evidence adds to it; base and groups sum to the log-odds.
        dated: whether as_of is a time, not a place in a sequence.
    """

    table: pd.DataFrame
    within: Mapping[int, str]
    matrix: Matrix
    reasons: list[tuple[Reason, ...]]
    base: float
    groups: Mapping[Group, Floats]
    dated: bool

    def for_file(self) -> pd.DataFrame:
        """The table with the reasons as text, its columns as in `COLUMNS`.

        Of an undated source as_of is empty: its sequence clock means nothing to a person.
        """
        texts = pd.Series([said(reasons) for reasons in self.reasons], dtype="str")
        as_of = self.table["as_of"].where(np.full(len(self.table), self.dated))
        place = COLUMNS.index("upper") + 1
        others = [column for column in self.within.values() if column != "probability"]
        columns = [*COLUMNS[:place], *others, *COLUMNS[place:]]
        return self.table.assign(as_of=as_of, reasons=texts)[columns]

    def for_people(self) -> pd.DataFrame:
        """The table with the reasons as records: text, group, effect."""
        records = [[dataclasses.asdict(reason) for reason in own] for own in self.reasons]
        return self.table.assign(reasons=pd.Series(records, dtype=object))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The (lead, as_of) to score, all that is known of their leads, and their past.

    Attributes:
        days_since: days since the last event of each kind.
    """

    examples: pd.DataFrame
    tables: Tables
    past: Past
    days_since: Mapping[Kind, Floats]


def score_examples(
    scorer: Scorer, tables: Tables, examples: pd.DataFrame, *, most_reasons: int = 3
) -> Scores:
    """Scores each (lead, as_of).

    Args:
        scorer: the model.
        tables: the leads and all that is known of them; nothing at or after as_of is looked at.
        examples: lead_id, as_of (UTC-aware); every lead_id is in ``tables.leads``.
        most_reasons: how many reasons each score gets.
    """
    past = build_past(tables, examples)
    answers = build_matrix(scorer.asked, past)
    matrix = answers[:, : len(scorer.catalog.features)]
    days_since = {kind: answers[:, column] for kind, column in scorer.evidence_columns.items()}
    asked = _Asked(examples, tables, past, days_since)
    contributions, base = scorer.model.contributions(matrix)
    margin = scorer.model.margin(matrix)
    within = scorer.model.within(margin)
    columns = _columns(scorer, within)
    lower, upper = scorer.model.calibration.interval(margin)
    seen = _evidence(scorer, asked, within[scorer.horizon], contributions)
    unscored = _unscored(scorer, asked, seen)
    blank = unscored != ""
    engagement = grade_engagement(scorer.levels, seen.engagement)
    table = pd.DataFrame(
        {
            "lead_id": examples["lead_id"].to_numpy(),
            "as_of": examples["as_of"].array,
            **{columns[days]: np.where(blank, np.nan, own) for days, own in within.items()},
            "lower": np.where(blank, np.nan, lower),
            "upper": np.where(blank, np.nan, upper),
            "fit_grade": np.where(blank, "", grade_fit(scorer.levels, seen.fit)),
            "engagement_grade": pd.array(engagement, dtype="Int64"),
            "stage": np.where(blank, "", assign_stages(scorer.levels, seen)),
            "unscored_reason": unscored,
            "model_version": scorer.version,
        }
    )
    table.loc[blank | (engagement == 0), "engagement_grade"] = pd.NA
    reasons = explain(scorer.catalog, matrix, contributions, most=most_reasons)
    reasons = [() if out else own for out, own in zip(blank, reasons, strict=True)]
    groups = {group: scorer.catalog.group_sum(contributions, group) for group in GROUPS}
    return Scores(table, columns, matrix, reasons, base, groups, tables.dated)


def _columns(scorer: Scorer, horizons: Iterable[int]) -> dict[int, str]:
    """The column of the probability within each horizon."""
    main = scorer.horizon
    return {days: "probability" if days == main else horizon_column(days) for days in horizons}


def unseen_categories(scorer: Scorer, matrix: Matrix) -> list[list[str]]:
    """For every example, the attribute columns whose value training did not know (or pooled)."""
    levelled = [
        (k, f.noun.keys[0], len(f.levels))
        for k, f in enumerate(scorer.catalog.features)
        if f.levels and not f.word.of_events
    ]
    return [
        [column for k, column, n in levelled if not (np.isnan(row[k]) or 0 <= row[k] < n)]
        for row in matrix
    ]


def _evidence(
    scorer: Scorer, asked: _Asked, probability: np.ndarray, contributions: Matrix
) -> Evidence:
    return Evidence(
        probability,
        scorer.catalog.group_sum(contributions, "fit"),
        scorer.catalog.group_sum(contributions, "engagement", "intent"),
        asked.days_since,
        _reached(asked),
    )


def _reached(asked: _Asked) -> np.ndarray:
    """The furthest outcome before each as_of: closed_won, closed_lost, opportunity or ""."""
    examples = asked.examples
    reached = np.full(len(examples), "", dtype="<U12")
    for outcome in ("opportunity", "closed_lost", "closed_won"):
        first = first_time(asked.tables, examples["lead_id"], outcome)
        reached[(first < examples["as_of"]).to_numpy()] = outcome
    return reached


def _unscored(scorer: Scorer, asked: _Asked, seen: Evidence) -> np.ndarray:
    """Why each example gets no probability; "" where it gets one."""
    oldest = scorer.model.card["max_age_days"]
    leads = asked.tables.leads.set_index("lead_id").reindex(asked.examples["lead_id"])
    refused = (
        (leads["consent"] == 0).to_numpy() if "consent" in leads else np.zeros(len(leads), bool)
    )
    columns = scorer.catalog.attribute_columns
    blank = (
        np.all([asked.past.attribute(column).missing for column in columns], axis=0)
        if columns
        else np.ones(len(leads), bool)
    )
    idle = np.all([np.isnan(days) for days in seen.days_since.values()], axis=0)
    age = asked.past.history().tenure_days("lead")
    dated = scorer.model.card["clock"] in {"times", "days"}
    rules = [
        (seen.reached == "closed_won", "already a customer"),
        (seen.reached == "closed_lost", "already closed"),
        (refused, "no consent"),
        (dated & (age < 0), "created after as_of"),
        (dated & (age > oldest), f"older than {oldest} days: the model never saw such leads"),
        (blank & idle, "nothing is known about this lead yet"),
    ]
    return np.select([rule for rule, _ in rules], [text for _, text in rules], default="")
