"""The next best question: what every answer would do, worked out by hand and by a slow loop."""

import dataclasses

import numpy as np
import pytest

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from leadml.errors import ModelError
from leadml.model import Calibration, LinearPart, Term
from leadml.timeline import Window
from serving import questions
from serving.questions import Question, best_questions
from serving.scorer import Scorer

NAN = np.nan
NOTHING = np.zeros(0)


def noun(*columns: str, said: str = "") -> Noun:
    name = "_".join(columns)
    return Noun(name, columns, said or name, said or name, "fit")


VIEWS = Noun("view", ("view",), "view", "views", "engagement")
CATALOG = Catalog(
    (
        Feature(VOCABULARY["count"], VIEWS, Window(7)),
        Feature(VOCABULARY["number"], noun("employees")),
        Feature(VOCABULARY["category"], noun("industry"), levels=("Software", "Retail")),
        Feature(
            VOCABULARY["seniority"],
            noun("job_title", said="seniority"),
            levels=("junior", "director"),
        ),
        Feature(
            VOCABULARY["job_function"],
            noun("job_title", said="job function"),
            levels=("it", "sales"),
        ),
        Feature(VOCABULARY["category"], noun("colour"), levels=("red", "blue")),
    ),
    {},
)


def number(slope: float, missing: float = 0.0) -> Term:
    return Term(np.zeros(1), missing, 0.0, is_category=False, edges=NOTHING, slope=slope)


def category(*steps: float, missing: float = 0.0) -> Term:
    return Term(np.array(steps), missing, 0.0, is_category=True, edges=NOTHING)


# Employees enter as they are, held within 5. Nothing hangs on colour.
LINEAR = LinearPart(
    -1.0,
    (
        number(1.0),
        number(1.0, missing=1.0),
        category(2.0, -1.0, 0.0, missing=0.5),
        number(1.0, missing=0.0),
        category(0.0, 1.0, 0.0, missing=0.0),
        category(0.0, 0.0, 0.0),
    ),
)
ANSWERS = {
    "employees": {
        "features": ["employees"],
        "rows": [[0.0], [2.0]],
        "shares": [0.25, 0.75],
        "examples": 40,
    },
    "industry": {
        "features": ["industry"],
        "rows": [[0.0], [1.0], [2.0]],
        "shares": [0.5, 0.3, 0.2],
        "examples": 50,
    },
    "job_title": {
        "features": ["job_title_seniority", "job_title_function"],
        "rows": [[0.0, 1.0], [1.0, None]],
        "shares": [0.9, 0.1],
        "examples": 60,
    },
    "colour": {"features": ["colour"], "rows": [[0.0]], "shares": [1.0], "examples": 9},
}


@pytest.fixture(scope="module")
def asking(scorer: Scorer) -> Scorer:
    return with_parts(scorer, CATALOG, LINEAR)


def with_parts(scorer: Scorer, catalog: Catalog, linear: LinearPart) -> Scorer:
    model = dataclasses.replace(
        scorer.model,
        catalog=catalog.to_json(),
        linear=linear,
        trees=None,
        calibration=Calibration(1.0, 0.0),
        horizons={},
    )
    return dataclasses.replace(scorer, model=model, catalog=catalog)


def call_or_wait(matrix: np.ndarray, probability: np.ndarray, lead: np.ndarray) -> np.ndarray:
    return np.where(probability >= 0.5, "call", "wait")


def p(log_odds: float) -> float:
    return 1 / (1 + np.exp(-log_odds))


# views, employees, industry, seniority, function, colour
UNKNOWN = [0.0, NAN, NAN, NAN, NAN, NAN]


def test_the_worth_of_every_question_is_that_worked_out_by_hand(asking: Scorer) -> None:
    # Nothing known: -1 + 1 + 0.5 = 0.5, to be called.
    # Employees 0 (a quarter): -0.5, wait; 2: 1.5, still call.
    # Software (half): 2; Retail: -1, wait; any other: 0, just called.
    # A junior in sales: 1.5; a director (1) of nobody knows what: 1.5.
    [found] = best_questions(asking, ANSWERS, np.array([UNKNOWN]), call_or_wait)
    industry = 0.5 * (p(2) - p(0.5)) + 0.3 * (p(0.5) - p(-1)) + 0.2 * (p(0.5) - p(0))
    employees = 0.25 * (p(0.5) - p(-0.5)) + 0.75 * (p(1.5) - p(0.5))
    assert [q.attribute for q in found] == ["industry", "employees", "job_title"]
    assert [q.label for q in found] == ["industry", "employees", "job title"]
    assert [q.chance for q in found] == pytest.approx([0.3, 0.25, 0.0])
    shifts = [industry, employees, p(1.5) - p(0.5)]
    assert [q.expected_change for q in found] == pytest.approx(shifts)
    best = ["industry: Software", "employees: 2", "seniority: junior; job function: sales"]
    assert [q.best for q in found] == best
    assert [q.best_probability for q in found] == pytest.approx([p(2), p(1.5), p(1.5)])
    assert [q.examples for q in found] == [50, 40, 60]


def test_only_what_is_missing_is_asked_and_what_moves_nothing_is_not(asking: Scorer) -> None:
    told = [0.0, 2.0, NAN, 1.0, NAN, NAN]  # a director whose function is not known has a title
    found = best_questions(asking, ANSWERS, np.array([told]), call_or_wait)
    assert [q.attribute for q in found[0]] == ["industry"]
    everything = [0.0, 2.0, 0.0, 1.0, 0.0, NAN]
    assert best_questions(asking, ANSWERS, np.array([everything]), call_or_wait) == [()]


def test_a_lead_gets_no_more_questions_than_wanted_the_best_first(asking: Scorer) -> None:
    matrix = np.array([UNKNOWN])
    [whole] = best_questions(asking, ANSWERS, matrix, call_or_wait)
    for most in range(4):
        assert best_questions(asking, ANSWERS, matrix, call_or_wait, most=most) == [whole[:most]]


def test_the_chance_of_another_decision_comes_first_then_the_probability(asking: Scorer) -> None:
    def always(matrix: np.ndarray, probability: np.ndarray, lead: np.ndarray) -> np.ndarray:
        return np.full(len(matrix), "call")

    # Employees 0: -0.5, wait; 1: as probable as now. A job title moves more and decides nothing.
    rarely = ANSWERS | {"employees": ANSWERS["employees"] | {"rows": [[0.0], [1.0]]}}
    orders = []
    for decide in (call_or_wait, always):
        [found] = best_questions(asking, rarely, np.array([UNKNOWN]), decide)
        orders.append([q.attribute for q in found])
    assert orders == [
        ["industry", "employees", "job_title"],
        ["industry", "job_title", "employees"],
    ]


def test_a_decision_may_change_where_no_probability_does(asking: Scorer) -> None:
    def by_colour(matrix: np.ndarray, probability: np.ndarray, lead: np.ndarray) -> np.ndarray:
        return np.where(matrix[:, 5] == 0, "call", "wait")

    [found] = best_questions(asking, ANSWERS, np.array([UNKNOWN]), by_colour)
    assert (found[0].attribute, found[0].chance, found[0].expected_change) == ("colour", 1.0, 0.0)
    assert [q.chance for q in found[1:]] == [0.0, 0.0]


def test_the_best_answer_may_still_be_worse_than_silence(asking: Scorer) -> None:
    only = {"industry": ANSWERS["industry"] | {"rows": [[1.0], [2.0]], "shares": [0.6, 0.4]}}
    [[found]] = best_questions(asking, only, np.array([UNKNOWN]), call_or_wait)
    assert found.best == "industry: a rare or new value"
    assert found.best_probability == pytest.approx(p(0.0))


def test_a_question_is_said_in_words() -> None:
    asked = Question("job_title", "job title", 0.4, 0.1, "seniority: director", 0.314, 60)
    assert asked.text == (
        "Ask for the job title: 40 % likely to change what to do; "
        "at best 31 % (seniority: director)."
    )


def test_an_answer_also_fills_the_record(asking: Scorer) -> None:
    # Half of employees and industry is filled in; either answer fills the record by a half.
    record = Feature(VOCABULARY["completeness"], noun("employees", "industry"))
    catalog = Catalog((*CATALOG.features, record), {})
    linear = LinearPart(-1.0, (*LINEAR.terms, number(4.0)))
    filling = with_parts(asking, catalog, linear)
    matrix = np.array([[0.0, 2.0, NAN, 0.0, 0.0, 0.0, 0.5]])
    [[found]] = best_questions(filling, ANSWERS, matrix, call_or_wait)
    # -1 + 2 + 2 (Software) + 4 x 1
    assert found.best_probability == pytest.approx(p(7.0))
    full = np.array([[0.0, 2.0, NAN, 0.0, 0.0, 0.0, 1.0]])
    [[found]] = best_questions(filling, ANSWERS, full, call_or_wait)
    assert found.best_probability == pytest.approx(p(7.0)), "no record is more than full"


def some_leads(n: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    levels = [rng.poisson(1.0, n), rng.uniform(0, 4, n), *rng.integers(0, 2, (4, n))]
    matrix = np.column_stack(levels).astype(np.float64)
    matrix[rng.random((n, 6)) < 0.5] = NAN
    matrix[:, 0] = rng.poisson(1.0, n)
    return matrix


def by_group(matrix: np.ndarray, probability: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Every third lead is held to another line, as a policy may that knows more of it."""
    return np.where(probability >= np.where(lead % 3 == 0, 0.3, 0.7), "call", "wait")


def test_the_worth_of_a_question_is_that_of_a_slow_loop(asking: Scorer) -> None:
    matrix = some_leads(60)
    found = best_questions(asking, ANSWERS, matrix, by_group, most=9)
    names = CATALOG.names
    for lead, row in enumerate(matrix):
        own, who = {q.attribute: q for q in found[lead]}, np.array([lead])
        now = asking.model.probability(row[None])
        for attribute, told in ANSWERS.items():
            columns = [names.index(name) for name in told["features"]]
            if not np.isnan(row[columns]).all():
                assert attribute not in own
                continue
            chance = expected = 0.0
            for answer, share in zip(told["rows"], told["shares"], strict=True):
                then = row.copy()
                then[columns] = [NAN if value is None else value for value in answer]
                after = asking.model.probability(then[None])
                expected += share * abs(after[0] - now[0])
                changed = by_group(then[None], after, who) != by_group(row[None], now, who)
                chance += share * changed[0]
            if chance == expected == 0:
                assert attribute not in own
                continue
            assert own[attribute].chance == pytest.approx(chance)
            assert own[attribute].expected_change == pytest.approx(expected)
        ranks = [(-q.chance, -q.expected_change) for q in found[lead]]
        assert ranks == sorted(ranks)
    assert sum(q.chance > 0 for own in found for q in own) > 20


def test_a_lead_alone_or_among_others_is_asked_the_same(
    asking: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = some_leads(50)
    together = best_questions(asking, ANSWERS, matrix, call_or_wait)
    for k in range(50):
        assert best_questions(asking, ANSWERS, matrix[[k]], call_or_wait) == [together[k]]
    by_lead = best_questions(asking, ANSWERS, matrix, by_group)
    monkeypatch.setattr(questions, "LEADS_AT_A_TIME", 7)
    assert best_questions(asking, ANSWERS, matrix, by_group) == by_lead
    assert best_questions(asking, ANSWERS, matrix[:0], by_group) == []


def test_asking_changes_no_lead(asking: Scorer) -> None:
    matrix = some_leads(20)
    kept = matrix.copy()
    best_questions(asking, ANSWERS, matrix, call_or_wait)
    assert np.array_equal(matrix, kept, equal_nan=True)


def test_answers_of_another_model_are_refused(asking: Scorer) -> None:
    other = {"size": ANSWERS["employees"] | {"features": ["size", "employees"]}}
    with pytest.raises(ModelError, match=r"Answers to 'size' must be .* got size\. Learn"):
        best_questions(asking, other, np.array([UNKNOWN]), call_or_wait)
