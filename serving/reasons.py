"""Why this score? The exact contributions of a lead, said in sentences.

Contributions of features that speak of the same noun (its counts, its recency) are summed, for
"three pricing views this week" and "last one yesterday" are one reason; the sentence is that of the
strongest of them. Sums stay exact: all subjects of a lead add up to its log-odds minus the base.
"""

from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog
from leadml.arrays import Matrix, row_sums
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
    columns = catalog.subjects()
    if most <= 0 or not columns:
        return [() for _ in matrix]
    sums = np.column_stack([row_sums(contributions, own) for own in columns])
    ranked = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :most]
    return [
        tuple(
            _reason(catalog, columns[k], matrix[row], contributions[row], float(sums[row, k]))
            for k in ranked[row]
            if sums[row, k] != 0.0
        )
        for row in range(len(matrix))
    ]


def said(reasons: tuple[Reason, ...]) -> str:
    """The reasons of a lead as one line of text: what raises the score, then what lowers it."""
    rises = "; ".join(reason.text for reason in reasons if reason.effect > 0)
    lowers = "; ".join(reason.text for reason in reasons if reason.effect < 0)
    parts = [f"for: {rises}" if rises else "", f"against: {lowers}" if lowers else ""]
    return " | ".join(part for part in parts if part)


def _reason(
    catalog: Catalog, own: list[int], values: np.ndarray, contributions: np.ndarray, effect: float
) -> Reason:
    """One subject's reason, in the words of its feature that pulls hardest the same way."""
    pull = contributions[own] * np.sign(effect)
    column = own[int(np.argmax(pull))]
    feature = catalog.features[column]
    return Reason(feature.describe(float(values[column])), feature.noun.group, effect, feature.name)
