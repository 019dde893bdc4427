"""What drives conversion? For each subject: how much the model leans on it, and the real rates.

The model's view (mean absolute contribution, and a curve of what each value adds) and the world's
(share converted where the subject says this or that, beside all others) stand side by side, so
that a reader can believe one because of the other.
"""

from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Bools, Floats, Ints, Matrix
from training.evidence.bands import part_values
from training.evidence.curve import measure_curve
from training.evidence.rates import count_rate

LEAST_LEADS = 30
"""A band of fewer leads than this is not worth a sentence."""


def measure_drivers(
    catalog: Catalog,
    matrix: Matrix,
    contributions: Matrix,
    converted: Bools,
    lead_ids: "pd.Series[str]",
) -> list[dict[str, Any]]:
    """The subjects by how much the model leans on them, with real rates.

    Args:
        catalog: the model's features; features of one noun form a subject.
        matrix: the test examples, shape (n, n_features).
        contributions: what each feature added to their log-odds, shape (n, n_features).
        converted: labels, shape (n,).
        lead_ids: whose examples they are, shape (n,).

    Returns:
        A row a subject, strongest first: subject, keys (event types, or the column), group, weight
        (mean absolute log-odds), feature, label (of its strongest feature), bands of that feature
        (text, kind, low, high, n, leads, won, rate, lower, upper, effect in log-odds, and rest:
        the same counts and rate of all others, None where there are none) and its curve
        (`training.driver_curve.measure_curve`; None for levels).
    """
    lead = pd.factorize(lead_ids)[0].astype(np.int64)
    rows = []
    for columns in catalog.subjects:
        own = contributions[:, columns]
        together = own.sum(axis=1)
        strongest = columns[int(np.abs(own).mean(axis=0).argmax())]
        feature, values = catalog.features[strongest], matrix[:, strongest]
        rows.append(
            {
                "subject": feature.noun.many,
                "keys": list(feature.noun.keys),
                "group": feature.noun.group,
                "weight": float(np.abs(together).mean()),
                "feature": feature.name,
                "label": feature.label,
                "bands": _bands(feature, values, together, converted, lead),
                "curve": None if feature.levels else measure_curve(values, together),
            }
        )
    return sorted(rows, key=lambda row: (-row["weight"], row["feature"]))


def _bands(
    feature: Feature, values: Floats, effect: Floats, converted: Bools, lead: Ints
) -> list[dict[str, Any]]:
    """The rates by value of one feature, each beside that of all other examples."""
    rows = []
    for band in part_values(feature, values):
        own = count_rate(band.inside, converted, lead)
        if own["leads"] < LEAST_LEADS:
            continue
        others = ~band.inside
        rows.append(
            {
                "text": band.text,
                "kind": band.kind,
                "low": band.low,
                "high": band.high,
                **own,
                "effect": float(effect[band.inside].mean()),
                "rest": count_rate(others, converted, lead) if others.any() else None,
            }
        )
    return rows
