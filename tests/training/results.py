"""Trainings to record: a real model with figures of no matter."""

import numpy as np
import pandas as pd

from features.catalog import Catalog
from leadml.model import LeadModel
from training.evaluate import evaluate
from training.gate import Gate, Rule
from training.train import TrainingResult

PASSED = Gate((), "")
REFUSED = Gate(
    (
        Rule("signal", passed=True, text="There is one."),
        Rule("log loss", passed=False, text="0.3 against 0.2 of version 1."),
        Rule("stability", passed=False, text="Half of the leads change stage."),
    ),
    "1",
)


def small_result(
    model: LeadModel, *, usable: bool = True, sample: np.ndarray | None = None
) -> TrainingResult:
    """A training whose model is the one given."""
    ids = pd.Series([str(k) for k in range(40)], dtype="str")
    as_of = pd.Series(pd.date_range("2026-01-01", periods=40, tz="UTC")).dt.as_unit("us")
    half = np.full(40, 0.5)
    judged = pd.DataFrame(
        {
            "lead_id": ids,
            "as_of": as_of,
            "converted": np.arange(40) % 2 == 0,
            "group": ids,
            "probability": half,
        }
    )
    evaluation = evaluate(judged, half, {"base rate": half}, seed=0)
    catalog = Catalog.from_json(model.catalog)
    shown = np.zeros((3, len(catalog.features))) if sample is None else sample
    return TrainingResult(
        model=model,
        catalog=catalog,
        evaluation=evaluation,
        judged=judged,
        sample=shown,
        usable=usable,
    )
