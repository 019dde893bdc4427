"""Does a model still answer as it did when it was made? A few real rows, with their answers.

The rows are features of training examples, without ids. They are answered when the model folder is
written and again whenever it is loaded to score: a model that answers otherwise is damaged, or runs
on libraries that read it otherwise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from leadml.arrays import Floats, Matrix
from leadml.errors import ModelError
from leadml.model import LeadModel

ROWS = 8
"""So many rows are kept."""

TOLERANCE = 1e-12
"""How far an answer may be off, in log-odds: another processor may round the last bit otherwise."""


def choose_rows(matrix: Matrix) -> list[list[float | None]]:
    """Up to `ROWS` rows spread over a matrix of features, as plain data; None where one lacks."""
    chosen = matrix[:: len(matrix) // ROWS + 1]
    return [[None if np.isnan(value) else float(value) for value in row] for row in chosen]


def known_answers(model: LeadModel) -> dict[str, Any]:
    """The model's known rows as it answers them now, as plain data.

    Returns:
        ``rows``, and for each of them ``margin`` and, by days of the horizon, ``log_odds``; nothing
        where the model has no known rows.
    """
    rows = model.known.get("rows", [])
    if not rows:
        return {}
    return {"rows": rows, **{name: _plain(found) for name, found in _ask(model, rows).items()}}


def check_known(model: LeadModel) -> None:
    """Raises `ModelError` unless the model answers its known rows as it did when it was made."""
    rows = model.known.get("rows", [])
    if not rows:
        msg = "A model that scores must hold rows with known answers, got none. Train again."
        raise ModelError(msg)
    if {len(row) for row in rows} != {len(model.catalog["features"])}:
        msg = (
            f"The known rows must have the model's {len(model.catalog['features'])} features each, "
            "got another number. Train again."
        )
        raise ModelError(msg)
    for name, found in _ask(model, rows).items():
        kept = model.known.get(name)
        if isinstance(found, dict):
            for days, own in found.items():
                _compare(own, (kept or {}).get(days), f"the log-odds within {days} days")
        else:
            _compare(found, kept, "the margin")


def _ask(model: LeadModel, rows: list[list[float | None]]) -> dict[str, Any]:
    """The margin of each row, and its log-odds within each horizon, by days as text."""
    width = len(model.catalog["features"])
    matrix = np.array(rows, dtype=np.float64).reshape(len(rows), width)
    margin = model.margin(matrix)
    maps = {model.card["horizon_days"]: model.calibration, **model.horizons}
    return {
        "margin": margin,
        "log_odds": {str(days): own.log_odds(margin) for days, own in sorted(maps.items())},
    }


def _plain(found: Floats | Mapping[str, Floats]) -> Any:
    if isinstance(found, Mapping):
        return {days: own.tolist() for days, own in found.items()}
    return found.tolist()


def _compare(found: Floats, kept: list[float] | None, what: str) -> None:
    if kept is None or len(kept) != len(found):
        far = "none is kept"
    else:
        off = np.abs(found - np.array(kept, dtype=np.float64))
        if np.all(off <= TOLERANCE * np.maximum(1.0, np.abs(found))):
            return
        far = f"they differ by up to {np.max(off):.2g}"
    msg = (
        f"The model must answer its known rows as it did when it was made, but of {what} {far}: "
        "it is damaged, or its libraries read it otherwise. Train again, or use the versions in "
        "its card."
    )
    raise ModelError(msg)
