"""How does shap draw a model's reasons? From the values the model itself gives, not its own."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leadml.arrays import Matrix
from leadml.model import LeadModel

if TYPE_CHECKING:
    import shap


def as_explanation(model: LeadModel, matrix: Matrix, names: Sequence[str]) -> "shap.Explanation":
    """The contributions to the calibrated log-odds, ready for `shap.plots`.

    Args:
        model: explains itself (`LeadModel.contributions`).
        matrix: shape (n, n_features).
        names: of the features, in the matrix's order.

    Returns:
        Values and data of shape (n, n_features), base values of shape (n,): each row's base value
        and values sum to its calibrated log-odds.
    """
    with warnings.catch_warnings():  # shap colours its maps in a way matplotlib will drop
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    contributions, base = model.contributions(matrix)
    return shap.Explanation(
        values=contributions,
        base_values=np.full(len(matrix), base),
        data=matrix,
        feature_names=list(names),
    )
