"""Which subjects say something together that they do not say apart?

Each of the strongest subjects is parted in two where the model's own effect differs most: what
became of the leads plays no part in that. A pair of subjects makes four cells, and whether they say
more or less together than apart, at the same times, is asked by `training.evidence.products`. Its
answers are held against all pairs asked (Holm 1979).
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.timeline import nanos
from training.evidence.bands import Condition, conditions
from training.evidence.products import LEAST_LEADS, expected_rate, part_time, product_p
from training.evidence.rates import count_rate

STRONGEST = 8
FALSE_ALARMS = 0.05
"""How often any pair at all is found where there is none."""

CELLS = ("neither", "second", "first", "both")


@dataclass(frozen=True, slots=True)
class Half:
    """A subject and the condition that parts it in two."""

    feature: Feature
    condition: Condition

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "subject": self.feature.noun.many,
            "group": self.feature.noun.group,
            "feature": self.feature.name,
            "label": self.feature.label,
            "text": self.condition.text,
            "ends": self.condition.ends,
        }


def find_interactions(
    catalog: Catalog,
    matrix: Matrix,
    contributions: Matrix,
    converted: Bools,
    examples: pd.DataFrame,
) -> dict[str, Any]:
    """The pairs of subjects whose odds together are not what both alone would say.

    Args:
        catalog: the model's features; features of one noun form a subject.
        matrix: the test examples, shape (n, n_features).
        contributions: what each feature added to their log-odds, shape (n, n_features).
        converted: labels, shape (n,).
        examples: lead_id, as_of: whose they are, and when they were looked at; shape (n, …).

    Returns:
        tested: how many pairs had enough leads in all four cells;
        found: surest first: first and second (subject, group, feature, label, text, ends), cells
            (both, first, second, neither: n, leads, won, rate, lower, upper), expected (the rate
            of both, were the odds of the other cells at the same times multiplied), p, and
            p_of_all (Holm's).
    """
    lead = pd.factorize(examples["lead_id"])[0].astype(np.int64)
    stretch = part_time(nanos(examples["as_of"]).astype(np.float64), converted)
    asked = []
    for one, other in combinations(_halves(catalog, matrix, contributions, lead), 2):
        if set(one.feature.noun.keys) & set(other.feature.noun.keys):
            continue  # They speak of the same events.
        cell = 2 * one.condition.inside.astype(np.int64) + other.condition.inside
        p = product_p(cell, converted, lead, stretch)
        if p is not None:
            asked.append((p, one, other, cell))
    asked.sort(key=lambda row: row[0])
    found, of_all = [], 0.0
    for k, (p, one, other, cell) in enumerate(asked):
        of_all = max(of_all, min(p * (len(asked) - k), 1.0))
        if of_all > FALSE_ALARMS:
            break
        cells = [count_rate(cell == c, converted, lead) for c in range(4)]
        found.append(
            {
                "first": one.to_json(),
                "second": other.to_json(),
                "cells": dict(zip(CELLS, cells, strict=True)),
                "expected": expected_rate(cell, converted, stretch),
                "p": p,
                "p_of_all": of_all,
            }
        )
    return {"tested": len(asked), "found": found}


def _halves(catalog: Catalog, matrix: Matrix, contributions: Matrix, lead: Ints) -> list[Half]:
    """The strongest subjects that can be parted, each where the model's effect differs most."""
    sums = catalog.subject_sums(contributions)
    weights = np.abs(sums).mean(axis=0)
    found = []
    for k in np.argsort(-weights, kind="stable")[:STRONGEST]:
        columns = catalog.subjects[k]
        strongest = columns[int(np.abs(contributions[:, columns]).mean(axis=0).argmax())]
        feature = catalog.features[strongest]
        condition = _most_telling(feature, matrix[:, strongest], sums[:, k], lead)
        if condition is not None and weights[k] > 0:
            found.append(Half(feature, condition))
    return found


def _most_telling(feature: Feature, values: Floats, effect: Floats, lead: Ints) -> Condition | None:
    """The condition between whose sides the effect varies most; of like ones that which is for."""
    best, most = None, (0.0, 0.0)
    for condition in conditions(feature, values):
        inside = condition.inside
        sides = [len(np.unique(lead[side])) for side in (inside, ~inside)]
        if min(sides) < LEAST_LEADS:
            continue
        apart = float(effect[inside].mean() - effect[~inside].mean())
        between = float(inside.mean() * (~inside).mean()) * apart**2
        if (round(between, 12), apart) > most:
            best, most = condition, (round(between, 12), apart)
    return best
