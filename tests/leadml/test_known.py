"""Whether a model answers as it did: a few rows, to the last digits."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leadml.errors import ModelError
from leadml.known import ROWS, check_known, choose_rows, known_answers
from leadml.model import Calibration, LeadModel, LinearPart, Term

CARD = {"horizon_days": 90}
TERM = Term(np.array([0.0]), -0.25, 0.0, is_category=False, edges=np.array([]), slope=0.5)
BARE = LeadModel(
    {"features": [{}]},
    LinearPart(-1.0, (TERM,)),
    None,
    Calibration(2.0, 0.125),
    {},
    CARD,
    {30: Calibration(1.0, -1.0)},
)
MODEL = dataclasses.replace(BARE, known={"rows": [[1.0], [None]]})
ANSWERED = dataclasses.replace(BARE, known=known_answers(MODEL))


def test_the_answers_are_those_worked_out_by_hand() -> None:
    # margins: -1 + 0.5 * 1 = -0.5, and -1 - 0.25 = -1.25 where the value is missing
    assert known_answers(MODEL) == {
        "rows": [[1.0], [None]],
        "margin": [-0.5, -1.25],
        "log_odds": {"30": [-1.5, -2.25], "90": [-0.875, -2.375]},
    }


def test_a_model_that_answers_as_it_did_passes_also_after_json() -> None:
    check_known(ANSWERED)
    read = dataclasses.replace(BARE, known=json.loads(json.dumps(ANSWERED.known)))
    check_known(read)


def off(**changes: Any) -> Callable[[LeadModel], LeadModel]:
    return lambda model: dataclasses.replace(model, **changes)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (off(linear=LinearPart(-1.0 + 1e-11, (TERM,))), "the margin"),
        (off(calibration=Calibration(2.0, 0.125 + 1e-11)), "within 90 days"),
        (off(horizons={30: Calibration(1.0, -1.0 + 1e-11)}), "within 30 days"),
        (off(horizons={60: Calibration(1.0, -1.0)}), "within 60 days none is kept"),
        (off(known={**ANSWERED.known, "margin": [-0.5]}), "of the margin none is kept"),
        (off(known={**ANSWERED.known, "margin": [-0.5, float("nan")]}), "the margin"),
        (off(known={"rows": [[1.0]]}), "of the margin none is kept"),
    ],
)
def test_a_model_that_answers_otherwise_is_refused(
    change: Callable[[LeadModel], LeadModel], what: str
) -> None:
    with pytest.raises(ModelError, match=what):
        check_known(change(ANSWERED))


def test_the_last_bit_may_differ() -> None:
    moved = dataclasses.replace(ANSWERED, calibration=Calibration(2.0, np.nextafter(0.125, 1)))
    check_known(moved)


@pytest.mark.parametrize("known", [{}, {"rows": []}])
def test_a_model_without_rows_is_refused(known: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="must hold rows with known answers"):
        check_known(dataclasses.replace(BARE, known=known))


@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [[1.0], []]])
def test_rows_of_another_width_are_refused(rows: list[list[float]]) -> None:
    with pytest.raises(ModelError, match="must have the model's 1 features"):
        check_known(dataclasses.replace(BARE, known={**ANSWERED.known, "rows": rows}))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_few_rows_are_chosen_from_all_over_the_matrix(count: int) -> None:
    matrix = np.column_stack([np.arange(count, dtype=float), np.full(count, np.nan)])
    rows = choose_rows(matrix)
    assert len(rows) <= ROWS
    assert bool(rows) == bool(count)
    assert all(row[1] is None for row in rows)
    if count >= 2 * ROWS:
        assert rows[-1][0] is not None
        assert rows[-1][0] > 0.8 * count
