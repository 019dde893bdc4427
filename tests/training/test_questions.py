"""What leads answer: every answer with its share, or so many that stand for all."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import Catalog
from features.feature import Feature
from features.nouns import Noun
from features.spec import VOCABULARY
from leadml.timeline import Window
from training.questions import MOST, learn_answers

NAN = np.nan


def noun(*columns: str) -> Noun:
    name = "_".join(columns)
    return Noun(name, columns, name, name, "fit")


VIEWS = Noun("view", ("view",), "view", "views", "engagement")
CATALOG = Catalog(
    (
        Feature(VOCABULARY["count"], VIEWS, Window(7)),
        Feature(VOCABULARY["seniority"], noun("job_title"), levels=("junior", "director")),
        Feature(VOCABULARY["number"], noun("employees")),
        Feature(VOCABULARY["job_function"], noun("job_title"), levels=("it", "sales")),
        Feature(VOCABULARY["completeness"], noun("job_title", "employees")),
    ),
    {},
)
# views, seniority, employees, function, completeness
EXAMPLES = np.array(
    [
        [3.0, 1.0, 10.0, 0.0, 1.0],
        [0.0, 1.0, 10.0, 0.0, 1.0],
        [1.0, 0.0, 50.0, 1.0, 1.0],
        [2.0, 1.0, NAN, NAN, 0.5],
        [9.0, NAN, NAN, NAN, 0.0],
    ]
)


def of_numbers(values: np.ndarray) -> dict:
    catalog = Catalog((Feature(VOCABULARY["number"], noun("employees")),), {})
    return learn_answers(catalog, values[:, None])["employees"]


def test_what_derives_from_one_attribute_stays_together_with_its_share() -> None:
    # Of four known titles two are directors of IT, one a junior in sales, one a director of nobody
    # knows what; nobody is a junior in IT. Of three known sizes two are 10.
    assert learn_answers(CATALOG, EXAMPLES) == {
        "job_title": {
            "features": ["job_title_seniority", "job_title_function"],
            "rows": [[0.0, 1.0], [1.0, 0.0], [1.0, None]],
            "shares": [0.25, 0.5, 0.25],
            "examples": 4,
        },
        "employees": {
            "features": ["employees"],
            "rows": [[10.0], [50.0]],
            "shares": pytest.approx([2 / 3, 1 / 3]),
            "examples": 3,
        },
    }


def test_an_example_counts_as_much_as_its_weight() -> None:
    weights = np.array([0.25, 0.25, 0.5, 1.0, 1.0])
    learned = learn_answers(CATALOG, EXAMPLES, weights=weights)
    assert learned["job_title"]["shares"] == [0.25, 0.25, 0.5]
    assert learned["employees"]["shares"] == [0.5, 0.5]
    gone = learn_answers(CATALOG, EXAMPLES, weights=np.array([1.0, 1.0, 0.0, 0.0, 1.0]))
    assert gone["employees"]["rows"] == [[10.0]]
    assert gone["employees"]["examples"] == 2


def test_an_attribute_that_nobody_tells_has_no_answers() -> None:
    silent = EXAMPLES.copy()
    silent[:, 2] = NAN
    assert list(learn_answers(CATALOG, silent)) == ["job_title"]
    assert learn_answers(CATALOG, EXAMPLES[:0]) == {}


def test_twenty_quantiles_stand_for_many_numbers() -> None:
    # 0 to 99, each as common: the middles of twenty lots of five.
    found = of_numbers(np.random.default_rng(0).permutation(100).astype(float))
    assert found["rows"] == [[5.0 * k + 2] for k in range(MOST)]
    assert found["shares"] == pytest.approx([1 / MOST] * MOST)


def test_a_common_number_among_many_keeps_its_share() -> None:
    found = of_numbers(np.concatenate((np.zeros(50), np.arange(1.0, 51.0))))
    shares = dict(zip((row[0] for row in found["rows"]), found["shares"], strict=True))
    assert shares[0.0] == pytest.approx(0.5)
    assert len(found["rows"]) == 11
    assert max(shares) == 48.0


def test_as_many_answers_as_are_kept_are_kept_as_they_are() -> None:
    shares = np.arange(1, MOST + 1) / np.arange(1, MOST + 1).sum()
    found = of_numbers(np.repeat(np.arange(float(MOST)), np.arange(1, MOST + 1)))
    assert found["rows"] == [[float(k)] for k in range(MOST)]
    assert found["shares"] == pytest.approx(shares)


values = st.sampled_from([NAN, -1.0, 0.0, 1.0, 2.5]) | st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(values, values, values), max_size=60))
def test_answers_are_some_of_those_given_and_their_shares_sum_to_one(
    told: list[tuple[float, float, float]],
) -> None:
    matrix = np.array([[0.0, *row, 1.0] for row in told]).reshape(-1, 5)
    learned = learn_answers(CATALOG, matrix)
    assert json.loads(json.dumps(learned, allow_nan=False)) == learned
    for attribute, columns in (("job_title", [1, 3]), ("employees", [2])):
        given = {tuple(None if np.isnan(v) else v for v in row) for row in matrix[:, columns]}
        given.discard((None,) * len(columns))
        assert (attribute in learned) == bool(given)
        if given:
            rows = [tuple(row) for row in learned[attribute]["rows"]]
            assert set(rows) <= given
            assert len(set(rows)) == len(rows) <= MOST
            assert len(given) > MOST or set(rows) == given
            assert sum(learned[attribute]["shares"]) == pytest.approx(1)
