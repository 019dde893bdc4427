"""Why this score? The exact contributions of a lead, said in sentences.

Contributions of features that speak of the same noun (its counts, its recency) are summed, for
"three pricing views this week" and "last one yesterday" are one reason; the sentence is that of the
strongest of them. Sums stay exact: all subjects of a lead add up to its log-odds minus the base.
"""

from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog
from leadml.arrays import Floats, Matrix
from leadml.events import Group


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against a lead.

    Attributes:
        text: the sentence.
        group: the evidence it is.
        effect: what it adds to the calibrated log-odds; negative speaks against.
        feature: the feature whose value the sentence tells.
    """

    text: str
    group: Group
    effect: float
    feature: str


def explain(
    catalog: Catalog, matrix: Matrix, contributions: Matrix, *, most: int
) -> list[tuple[Reason, ...]]:
    """The strongest reasons of every lead, strongest first.

    Args:
        catalog: the model's features.
        matrix: the leads' features, shape (n, n_features).
        contributions: what each feature adds to their log-odds, shape (n, n_features).
        most: how many reasons each.
    """
    columns = catalog.subjects
    if most <= 0 or not columns:
        return [() for _ in matrix]
    sums = catalog.subject_sums(contributions)
    ranked = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :most]
    effects = np.take_along_axis(sums, ranked, axis=1)
    return [
        tuple(
            _reason(catalog, columns[k], values, added, effect)
            for k, effect in zip(subjects.tolist(), own.tolist(), strict=True)
            if effect != 0.0
        )
        for subjects, own, values, added in zip(ranked, effects, matrix, contributions, strict=True)
    ]


def said(reasons: tuple[Reason, ...]) -> str:
    """The reasons of a lead as one line of text: what raises the score, then what lowers it."""
    rises = "; ".join(reason.text for reason in reasons if reason.effect > 0)
    lowers = "; ".join(reason.text for reason in reasons if reason.effect < 0)
    parts = [f"for: {rises}" if rises else "", f"against: {lowers}" if lowers else ""]
    return " | ".join(part for part in parts if part)


def _reason(
    catalog: Catalog, own: list[int], values: Floats, contributions: Floats, effect: float
) -> Reason:
    """One subject's reason, in the words of its feature that pulls hardest the same way."""
    sign = 1.0 if effect > 0 else -1.0
    column = max(own, key=lambda k: sign * contributions[k])
    feature = catalog.features[column]
    return Reason(feature.describe(float(values[column])), feature.noun.group, effect, feature.name)
