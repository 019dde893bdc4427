"""Does the policy see what was known at the moment, and what leads were before?"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leadml.criteria import Criterion
from leadml.errors import DataError
from leadml.levels import Levels
from leadml.policy import Block, Policy
from leadml.sources import write_file
from leadml.tables import Tables
from serving.evidence import gather, previous_of, read_previous
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.subjects import Subjects, subjects_of

DAY = pd.Timedelta(1, "D")
NOON = pd.Timestamp("2026-03-01T12:00", tz="UTC")


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


def times(*values: pd.Timestamp) -> pd.Series:
    return pd.Series(values, dtype="datetime64[us, UTC]")


@pytest.fixture
def company() -> Tables:
    """Four leads of 1 February; a to d come to different ends at noon of 1 March."""
    ids = texts("a", "b", "c", "d")
    outcomes = pd.DataFrame(
        {
            "lead_id": texts("a", "a", "b", "b", "c", "d"),
            "outcome": texts(
                *("opportunity", "closed_won", "opportunity", "closed_lost", "opportunity", "mql")
            ),
            "closed_at": times(NOON - 9 * DAY, NOON - DAY, NOON - DAY, NOON, NOON, NOON - DAY),
            "amount": np.full(6, np.nan),
        }
    )
    history = pd.DataFrame(
        {
            "lead_id": texts("a", "a"),
            "valid_from": times(NOON - 28 * DAY, NOON),
            "job_title": texts("PhD Student", "Head of Sales"),
            "employees": [2.0, 500.0],
        }
    )
    return Tables(
        pd.DataFrame(
            {
                "lead_id": ids,
                "created_at": times(*[NOON - 28 * DAY] * 4),
                "consent": [1.0, 0.0, np.nan, 1.0],
                "job_title": texts("Head of Sales", "student", "Studentship officer", None),
                "employees": [500.0, 3.0, 4.0, np.nan],
            }
        ),
        pd.DataFrame(
            {
                "lead_id": ids[:0],
                "occurred_at": outcomes["closed_at"][:0],
                "event_type": ids[:0],
                "value": np.zeros(0),
                "known_at": outcomes["closed_at"][:0],
            }
        ),
        outcomes,
        history,
        pd.DataFrame({"source": ids[:0], "month": ids[:0], "cost": np.zeros(0)}),
        NOON + 30 * DAY,
    )


def looked_at(company: Tables, as_of: pd.Timestamp, *ids: str) -> Subjects:
    examples = pd.DataFrame({"lead_id": texts(*ids), "as_of": times(*[as_of] * len(ids))})
    return subjects_of(company, examples)


# --- outcomes and consent -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "reached"),
    [
        (NOON - 10 * DAY, ["", "", "", ""]),
        (NOON - DAY, ["opportunity", "", "", ""]),  # what happens at as_of is not known yet
        (NOON, ["closed_won", "opportunity", "", ""]),
        (NOON + pd.Timedelta(1, "us"), ["closed_won", "closed_lost", "opportunity", ""]),
    ],
)
def test_the_furthest_outcome_before_the_moment_counts(
    company: Tables, as_of: pd.Timestamp, reached: list[str]
) -> None:
    assert looked_at(company, as_of, "a", "b", "c", "d").reached.tolist() == reached


def test_consent_is_given_or_refused_or_not_known(company: Tables) -> None:
    consent = looked_at(company, NOON, "c", "b", "a", "b").consent
    np.testing.assert_array_equal(consent, [np.nan, 0.0, 1.0, 0.0])


def test_where_nobody_was_asked_consent_is_not_known(company: Tables) -> None:
    del company.leads["consent"]
    assert np.isnan(looked_at(company, NOON, "a", "b").consent).all()


# --- attributes that hold back --------------------------------------------------------------------


def held(company: Tables, who: Criterion, as_of: pd.Timestamp, *ids: str) -> list[bool]:
    levels = Levels(Policy(blocks=(Block("b", who=who),)), 0.5, 0.2, None, None)
    nothing = np.zeros(len(ids))
    groups: Any = dict.fromkeys(("fit", "engagement", "intent", "negative"), nothing)
    found = gather(levels, looked_at(company, as_of, *ids), {}, nothing, groups)
    held_back: list[bool] = found.blocked["b"].tolist()
    return held_back


def test_a_text_holds_back_as_it_was_known_at_the_moment(company: Tables) -> None:
    student = Criterion("job_title", matches=r"\bstudent\b")
    early = NOON - pd.Timedelta(1, "us")
    assert held(company, student, early, "a", "b", "c", "d") == [True, True, False, False]
    assert held(company, student, NOON, "d", "a", "b") == [False, False, True]


def test_a_number_holds_back_as_it_was_known_at_the_moment(company: Tables) -> None:
    tiny = Criterion("employees", at_most=3)
    early = NOON - pd.Timedelta(1, "us")
    assert held(company, tiny, early, "a", "b", "c", "d") == [True, True, False, False]
    assert held(company, tiny, NOON, "d", "a", "b") == [False, False, True]


def test_an_attribute_that_nobody_has_holds_nobody_back(company: Tables) -> None:
    assert held(company, Criterion("hobby", matches="."), NOON, "a", "b") == [False, False]


def test_no_leads_are_held_back_by_nothing(company: Tables) -> None:
    assert held(company, Criterion("job_title", matches="."), NOON) == []


def test_engagement_is_graded_with_intent_and_apart_from_fit_and_negative_signs(
    company: Tables,
) -> None:
    groups: Any = {
        "fit": np.array([1.0]),
        "engagement": np.array([0.5]),
        "intent": np.array([0.25]),
        "negative": np.array([-9.0]),
    }
    levels = Levels(Policy(blocks=()), 0.5, 0.2, None, None)
    found = gather(levels, looked_at(company, NOON, "a"), {}, np.array([0.3]), groups)
    assert (found.fit.tolist(), found.engagement.tolist()) == ([1.0], [0.75])
    assert found.score.tolist() == [0.3]
    assert found.blocked == {}


# --- what leads were ------------------------------------------------------------------------------


def test_the_last_row_of_a_lead_says_what_it_was_and_none_says_nothing() -> None:
    scores = pd.DataFrame(
        {
            "lead_id": texts("a", "b", "a", "x"),
            "stage": ["mql", "lead", "sql", "pql"],
            "fit_grade": ["B", None, "A", "C"],
            "engagement_grade": pd.array([2, None, 1, 3], dtype="Int64"),
        }
    )
    found = previous_of(scores, texts("b", "c", "a", "a").to_numpy())
    assert found.stage.tolist() == ["lead", "", "sql", "sql"]
    assert found.fit_grade.tolist() == ["", "", "A", "A"]
    assert found.engagement_grade.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("graded", [True, False])
def test_a_file_of_scores_says_what_leads_were(
    scorer: Scorer, tables: Tables, tmp_path: Path, suffix: str, *, graded: bool
) -> None:
    leads = tables.leads[:40]
    examples = pd.DataFrame({"lead_id": leads["lead_id"], "as_of": leads["created_at"] + 7 * DAY})
    table = score_examples(scorer, tables, examples).for_file()
    if not graded:
        table = table.assign(fit_grade="", engagement_grade=pd.array([None] * 40, dtype="Int64"))
    path = tmp_path / f"scores{suffix}"
    write_file(table, path)
    found = previous_of(read_previous(path), leads["lead_id"].to_numpy())
    assert found.stage.tolist() == table["stage"].tolist()
    assert found.fit_grade.tolist() == table["fit_grade"].tolist()
    assert found.engagement_grade.tolist() == table["engagement_grade"].fillna(0).tolist()
    assert len(set(found.stage.tolist())) > 2


def test_numbers_as_lead_ids_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("lead_id,stage,fit_grade,engagement_grade\n007,sql,A,1\n12,mql,B,2\n")
    assert previous_of(read_previous(path), texts("12").to_numpy()).stage.tolist() == ["mql"]


def test_a_file_that_is_none_of_scores_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,stage\na,sql\n")
    with pytest.raises(DataError, match=r"must be a file of scores, but has no engagement_grade"):
        read_previous(path)
