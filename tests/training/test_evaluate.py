"""Figures and calibration tables, worked by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from training.evaluate import RANGES, calibration_table, evaluate
from training.metrics import PROBABILITY, RANKING, wilson

LEADS = pd.Series(["a", "a", "b", "c", "d", "e"], dtype="str")
CONVERTED = np.array([True, False, False, True, True, False])
PROBABILITY_OF = np.array([0.1, 0.2, 0.3, 0.5, 0.8, 0.5])


def test_a_calibration_table_is_the_one_worked_by_hand() -> None:
    table = calibration_table(LEADS, CONVERTED, PROBABILITY_OF, np.array([0.0, 0.5, 0.9, 1.0]))
    # below .5: .1, .2, .3 of leads a and b, one won; from .5: .5, .8, .5, two won; from .9: none.
    assert table[["lower", "upper", "n", "leads"]].to_numpy().tolist() == [
        [0.0, 0.5, 3, 2],
        [0.5, 0.9, 3, 3],
    ]
    assert table["predicted"].tolist() == pytest.approx([0.2, 0.6])
    assert table["observed"].tolist() == pytest.approx([1 / 3, 2 / 3])
    bounds = wilson(1, 3)
    assert table["observed_lower"].iloc[0] == bounds.lower
    assert table["observed_upper"].iloc[0] == bounds.upper


@pytest.mark.parametrize(("probability", "row"), [(0.0, 0), (0.5, 1), (0.4999, 0), (1.0, 1)])
def test_a_range_holds_its_lower_bound_and_the_last_one_its_upper(
    probability: float, row: int
) -> None:
    edges = np.array([0.0, 0.5, 1.0])
    table = calibration_table(LEADS.head(1), np.array([True]), np.array([probability]), edges)
    assert table["lower"].tolist() == [edges[row]]


@pytest.fixture(scope="module")
def examples() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 4, 500)
    lead = pd.Series([f"L{k // 2}" for k in range(500)], dtype="str")
    converted = rng.random(500) < probability
    return pd.DataFrame({"lead_id": lead, "converted": converted, "group": lead}), probability


def test_every_row_of_a_calibration_table_has_its_n_and_interval(
    examples: tuple[pd.DataFrame, np.ndarray],
) -> None:
    frame, probability = examples
    judged = evaluate(frame, probability, {}, seed=0)
    for table in (judged.reliability, judged.ranges):
        assert (table["n"] > 0).all()
        assert (table["leads"] > 0).all()
        assert (table["leads"] <= table["n"]).all()
        assert (table["observed_lower"] <= table["observed"]).all()
        assert (table["observed"] <= table["observed_upper"]).all()
        assert (table["lower"] <= table["predicted"]).all()
        assert (table["predicted"] <= table["upper"]).all()
        assert table["n"].sum() == 500
    assert judged.reliability["n"].tolist() == [50] * 10
    assert set(judged.ranges["lower"]) <= set(RANGES)


def test_every_figure_stands_beside_its_rivals_with_its_interval(
    examples: tuple[pd.DataFrame, np.ndarray],
) -> None:
    frame, probability = examples
    rivals = {"base rate": np.full(500, 0.2), "newest first": np.arange(500) + 1.0}
    judged = evaluate(frame, probability, rivals, seed=0)
    assert set(judged.figures) == {"model", "base rate", "newest first"}
    assert set(judged.figures["model"]) == {*RANKING, *PROBABILITY}
    assert set(judged.figures["base rate"]) == {*RANKING, *PROBABILITY}
    assert set(judged.figures["newest first"]) == set(RANKING), "a rank is no probability"
    for scorer, figures in judged.figures.items():
        for name, figure in figures.items():
            ends = (figure.lower, figure.value, figure.upper)
            if (scorer, name) == ("base rate", "calibration_slope"):
                assert np.isnan(ends).all(), "one number for all has no slope"
            else:
                assert figure.lower <= figure.value <= figure.upper, (scorer, name)
    assert (judged.n, judged.leads) == (500, 250)
    assert judged.converted == frame["converted"].sum()
    assert judged.figures["base rate"]["auc"].value == pytest.approx(0.5)


def test_figures_are_a_table_too(examples: tuple[pd.DataFrame, np.ndarray]) -> None:
    judged = evaluate(*examples, {"points": examples[1]}, seed=0)
    table = judged.to_frame().set_index(["metric", "scorer"])
    assert set(table.columns) == {"value", "lower", "upper"}
    assert table.loc[("auc", "model"), "value"] == judged.figures["model"]["auc"].value
    assert ("log_loss", "points") not in table.index


def test_a_judgement_is_finite_plain_data(examples: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, probability = examples
    judged = evaluate(frame, probability, {"base rate": np.full(500, 0.2)}, seed=0)
    data = json.loads(json.dumps(judged.to_json(), allow_nan=False))
    assert data["figures"]["base rate"]["calibration_slope"]["value"] is None
    assert data["figures"]["model"]["auc"]["value"] == judged.figures["model"]["auc"].value
    assert len(data["reliability"]) == 10


def test_a_constant_probability_makes_one_bin() -> None:
    frame = pd.DataFrame({"lead_id": LEADS, "converted": CONVERTED, "group": LEADS})
    judged = evaluate(frame, np.full(6, 0.5), {}, seed=0)
    assert judged.reliability["n"].tolist() == [6]
    assert judged.reliability["predicted"].tolist() == [0.5]
