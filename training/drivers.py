"""What drives conversion? For each subject: how much the model leans on it, and the real rates.

The model's view (mean absolute contribution) and the world's (share converted where the subject
says this or that) stand side by side, so that a reader can believe one because of the other.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Bools, Floats, Matrix
from training.metrics import wilson

MOST_BANDS = 4
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
        A row a subject, strongest first: subject, group, weight (mean absolute log-odds), feature,
        label, bands (text, n, leads, won, rate, lower, upper, effect in log-odds).
    """
    rows = []
    for columns in catalog.subjects:
        own = contributions[:, columns]
        together = own.sum(axis=1)
        strongest = columns[int(np.abs(own).mean(axis=0).argmax())]
        feature = catalog.features[strongest]
        rows.append(
            {
                "subject": feature.noun.many,
                "group": feature.noun.group,
                "weight": float(np.abs(together).mean()),
                "feature": feature.name,
                "label": feature.label,
                "bands": _bands(feature, matrix[:, strongest], together, converted, lead_ids),
            }
        )
    return sorted(rows, key=lambda row: (-row["weight"], row["feature"]))


def _bands(
    feature: Feature, values: Floats, effect: Floats, converted: Bools, lead_ids: "pd.Series[str]"
) -> list[dict[str, Any]]:
    """The rates by value of one feature: levels of a category, quantile bands of a number."""
    rows = []
    for text, inside in _parts(feature, values):
        leads = int(lead_ids[inside].nunique())
        if leads < LEAST_LEADS:
            continue
        won, n = int(converted[inside].sum()), int(inside.sum())
        rate = wilson(won, n)
        rows.append(
            {
                "text": text,
                "n": n,
                "leads": leads,
                "won": won,
                "rate": rate.value,
                "lower": rate.lower,
                "upper": rate.upper,
                "effect": float(effect[inside].mean()),
            }
        )
    return rows


def _parts(feature: Feature, values: Floats) -> Sequence[tuple[str, np.ndarray]]:
    missing = np.isnan(values)
    parts: list[tuple[str, np.ndarray]] = []
    if feature.is_category:
        codes, counts = np.unique(values[~missing], return_counts=True)
        common = codes[np.argsort(-counts, kind="stable")][: MOST_BANDS * 2]
        parts += [(feature.describe(code), values == code) for code in common]
    else:
        known = values[~missing]
        edges = (
            np.unique(np.quantile(known, np.arange(1, MOST_BANDS) / MOST_BANDS))
            if len(known)
            else np.empty(0)
        )
        if len(known) and (known == 0).mean() > 1 / MOST_BANDS:
            above = known[known > 0]
            edges = np.unique([1e-12, *([float(np.median(above))] if len(above) else [])])
        bounds = [-np.inf, *edges, np.inf]
        for low, high in pairwise(bounds):
            inside = (values >= low) & (values < high)
            if inside.any():
                parts.append((_band_text(feature, values[inside]), inside))
    if missing.any():
        parts.append((feature.describe(float("nan")), missing))
    return parts


def _band_text(feature: Feature, values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return feature.describe(low)
    return f"{feature.label}: {_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:,.1f}"
