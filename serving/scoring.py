"""From leads and their past to scores: the same path for one request and the whole base.

A score is a probability with its interval, grades, a stage and reasons. A lead that must not or
cannot be scored has no probability but says why: unscored is not zero.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.build import build_matrix
from leadml.arrays import Bools, Floats, Matrix
from leadml.lifecycle import Previous, decide
from leadml.tables import Tables
from serving.evidence import gather, previous_of
from serving.exploring import explore
from serving.scorer import Scorer
from serving.scores import Scores
from serving.subjects import Subjects, subjects_of
from serving.worth import rate_by_model


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
