"""Which subjects say something together that they do not say apart?

Each of the strongest subjects is parted in two where the model's own effect differs most: what
became of the leads plays no part in that. A pair of subjects makes four cells; where each counts
for itself, their odds multiply. Whether they do is asked by a score test against the fit without
the product, its variance taken between leads because examples of one lead are not independent
(Liang and Zeger 1986; Boos 1992), and held against all pairs asked (Holm 1979).
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from features.catalog import Catalog
from features.feature import Feature
from leadml.arrays import Bools, Floats, Ints, Matrix
from training.evidence.bands import Condition, conditions
from training.evidence.rates import count_rate

STRONGEST = 8
LEAST_LEADS = 30
"""In each of the four cells."""

LEAST_EXPECTED = 5.0
"""Conversions, and their absence, in each cell as the two subjects would have it apart."""

FALSE_ALARMS = 0.05
"""How often any pair at all is found where there is none."""

ROOM = 1e-9
"""Odds of nothing have no logarithm: the fit is looked for so far, as a share, from its bounds."""

CELLS = ("neither", "second", "first", "both")
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
"""By cell: the product of two subjects that each count +1 or -1."""


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
    lead_ids: "pd.Series[str]",
) -> dict[str, Any]:
    """The pairs of subjects whose odds together are not what both alone would say.

    Args:
        catalog: the model's features; features of one noun form a subject.
        matrix: the test examples, shape (n, n_features).
        contributions: what each feature added to their log-odds, shape (n, n_features).
        converted: labels, shape (n,).
        lead_ids: whose examples they are, shape (n,).

    Returns:
        tested: how many pairs had enough leads in all four cells;
        found: surest first: first and second (subject, group, feature, label, text, ends), cells
            (both, first, second, neither: n, leads, won, rate, lower, upper), expected (the rate
            of both, were the odds of the other cells multiplied), p, and p_of_all (Holm's).
    """
    lead = pd.factorize(lead_ids)[0].astype(np.int64)
    asked = []
    for one, other in combinations(_halves(catalog, matrix, contributions, lead), 2):
        if set(one.feature.noun.keys) & set(other.feature.noun.keys):
            continue  # They speak of the same events.
        cell = 2 * one.condition.inside.astype(np.int64) + other.condition.inside
        p = product_p(cell, converted, lead)
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
                "expected": _expected(cells),
                "p": p,
                "p_of_all": of_all,
            }
        )
    return {"tested": len(asked), "found": found}


def product_p(cell: Ints, converted: Bools, lead: Ints) -> float | None:
    """How likely four cells differ so much from multiplied odds by chance; two-sided.

    Args:
        cell: 0 neither, 1 the second only, 2 the first only, 3 both; shape (n,).
        converted: labels, shape (n,).
        lead: number of the lead of each example, from 0; shape (n,).

    Returns:
        The p-value; None where a cell has too few leads, or too few conversions to be expected.
    """
    n, won = _counts(cell), _counts(cell[converted])
    if min(len(np.unique(lead[cell == c])) for c in range(4)) < LEAST_LEADS:
        return None
    fitted = _without_product(n, won)
    if fitted is None or min(fitted.min(), (n - fitted).min()) < LEAST_EXPECTED:
        return None
    share = fitted / n
    pull = SIGNS / (n * share * (1 - share))
    score = np.bincount(lead, pull[cell] * (converted - share[cell]))
    leads = len(np.unique(lead))
    spread = np.sqrt((score**2).sum() * leads / (leads - 1))
    return float(2 * ndtr(-abs(score.sum()) / spread)) if spread > 0 else None


def _counts(cell: Ints) -> Floats:
    return np.bincount(cell, minlength=4).astype(np.float64)


def _without_product(n: Floats, won: Floats) -> Floats | None:
    """The conversions by cell where odds multiply, both subjects' totals kept; shape (4,).

    Whoever moves one conversion into a cell takes one out of its two neighbours, so that one number
    says it all; None where the totals leave no room.
    """
    low = max(-won[0], -won[3], won[1] - n[1], won[2] - n[2])
    high = min(n[0] - won[0], n[3] - won[3], won[1], won[2])
    if high <= low:
        return None
    room = ROOM * (high - low)

    def product(moved: float) -> float:
        return float(SIGNS @ logit((won + SIGNS * moved) / n))

    return np.asarray(won + SIGNS * brentq(product, low + room, high - room))


def _expected(cells: list[dict[str, Any]]) -> float:
    """The rate of both that the odds of the three other cells multiply to."""
    neither, second, first = (
        logit((own["won"] + 0.5) / (own["n"] + 1.0)) for own in (cells[0], cells[1], cells[2])
    )
    return float(expit(first + second - neither))


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
