"""How does MLflow load a registered model? By this module, from text and JSON, without pickle.

`mlflow.pyfunc.load_model` and `mlflow models serve` call `_load_pyfunc` with the model folder. The
input is a table of features, as `leadml features` writes it.
"""

from pathlib import Path

import pandas as pd

from features.build import from_frame
from features.catalog import Catalog
from leadml.folder import read_model
from leadml.model import LeadModel


class FeatureTableModel:
    """A model that scores tables of its features."""

    def __init__(self, model: LeadModel) -> None:
        self._model = model
        self._catalog = Catalog.from_json(model.catalog)

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Scores every row.

        Args:
            table: the model's features by name; categories as text.

        Returns:
            probability, lower, upper, all within the main horizon; the index of ``table``.
        """
        matrix = from_frame(self._catalog, table)
        margin = self._model.margin(matrix)
        lower, upper = self._model.calibration.interval(margin)
        columns = {
            "probability": self._model.calibration.probability(margin),
            "lower": lower,
            "upper": upper,
        }
        return pd.DataFrame(columns, index=table.index)


def _load_pyfunc(path: str) -> FeatureTableModel:
    """What MLflow calls; ``path`` is the model folder."""
    return FeatureTableModel(read_model(Path(path)))
