"""Can shap draw what a model says of itself?"""

from typing import Any

import lightgbm
import numpy as np
import pytest

from leadml.model import Calibration, LeadModel
from training.explanation import as_explanation

NAMES = ["visits", "days since", "level", "deal size"]


def explained() -> tuple[LeadModel, np.ndarray]:
    """A model of trees alone on four features, one of them a category, and some rows."""
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(400, 4))
    matrix[:, 2] = rng.integers(0, 4, 400)
    matrix[rng.random(400) < 0.2, 1] = np.nan
    label = (matrix[:, 0] + (matrix[:, 2] == 1) > 0.5).astype(np.float64)
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 7}
    trees = lightgbm.train(params, lightgbm.Dataset(matrix, label, categorical_feature=[2]), 10)
    calibration = Calibration(0.8, -0.3)
    return LeadModel({"features": [{}] * 4}, None, trees, calibration, {}, {}), matrix[:40]


def test_an_explanation_holds_the_models_own_contributions() -> None:
    model, matrix = explained()
    found = as_explanation(model, matrix, NAMES)
    contributions, base = model.contributions(matrix)
    assert np.array_equal(found.values, contributions)
    assert np.array_equal(found.base_values, np.full(40, base))
    assert np.array_equal(found.data, matrix, equal_nan=True)
    assert found.feature_names == NAMES
    log_odds = model.calibration.log_odds(model.margin(matrix))
    assert np.abs(found.base_values + found.values.sum(axis=1) - log_odds).max() < 1e-9


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("plot", ["waterfall", "beeswarm", "bar", "scatter"])
def test_shap_draws_it(plot: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    model, matrix = explained()
    found: Any = as_explanation(model, matrix, NAMES)
    import shap

    shown = {"waterfall": found[0], "scatter": found[:, "visits"]}.get(plot, found)
    getattr(shap.plots, plot)(shown, show=False)
    words = [text.get_text() for axes in pyplot.gcf().axes for text in axes.texts]
    words += [t.get_text() for axes in pyplot.gcf().axes for t in axes.get_yticklabels()]
    words += [axes.get_xlabel() for axes in pyplot.gcf().axes]
    pyplot.close("all")
    assert any("visits" in word for word in words)
