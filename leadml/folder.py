"""How is a model kept? A folder of text and JSON, each file with its sha256; no pickle, ever.

| file | holds |
|---|---|
| manifest.json | format, sha256 of every other file |
| catalog.json | the features and events, as data |
| linear.json | the linear part (absent where the model has none) |
| trees.txt | the trees as LightGBM text (absent where the model has none) |
| maps.json | the map to probabilities, for each horizon |
| policy.json | the policy: what each stage needs, lines, where grades part |
| answers.json | what leads say of each attribute, and how commonly |
| profile.json | how its features and its margin spread over the newest examples |
| known.json | a few rows of features, and how the model answers them |
| card.json | what it predicts, from which data, how well |

Hashes are checked before LightGBM parses: a damaged text model would kill the process.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import lightgbm
import numpy as np

from leadml.errors import ModelError, listed
from leadml.known import known_answers
from leadml.model import Bend, Calibration, LeadModel, LinearPart, Term

FORMAT = 4
"""Raised when the folder's meaning changes."""

_NAMES = {
    "catalog.json",
    "linear.json",
    "trees.txt",
    "maps.json",
    "policy.json",
    "answers.json",
    "profile.json",
    "known.json",
    "card.json",
}

_LABELS = {"manifest.json", "MLmodel"}
"""Not hashed: the list itself, and the label MLflow may leave."""

_PARTS = {"linear.json", "trees.txt"}
"""Of these at least one is there."""


def write_model(model: LeadModel, folder: Path) -> None:
    """Writes the model folder; ``folder`` is made and must be empty.

    Raises:
        ModelError: the folder already holds something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        msg = f"A model folder must be empty before it is written, got '{folder}'. Name a new one."
        raise ModelError(msg)
    maps = {model.card["horizon_days"]: model.calibration, **model.horizons}
    files: dict[str, str] = {
        "catalog.json": _json(model.catalog),
        "maps.json": _json({str(days): dataclasses.asdict(own) for days, own in maps.items()}),
        "policy.json": _json(model.policy),
        "answers.json": _json(model.answers),
        "profile.json": _json(model.profile),
        "known.json": _json(known_answers(model)),
        "card.json": _json(model.card),
    }
    if model.linear is not None:
        files["linear.json"] = _json(dataclasses.asdict(model.linear))
    if model.trees is not None:
        files["trees.txt"] = model.trees.model_to_string()
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    files["manifest.json"] = _json({"format": FORMAT, "sha256": hashes})
    for name, text in sorted(files.items()):
        (folder / name).write_bytes(text.encode())


def read_model(folder: Path) -> LeadModel:
    """Reads a model folder after checking every file against its hash.

    Raises:
        ModelError: a file is missing, damaged or not of a model folder.
    """
    files = _checked_files(folder)
    linear = json.loads(files["linear.json"]) if "linear.json" in files else None
    trees = lightgbm.Booster(model_str=files["trees.txt"]) if "trees.txt" in files else None
    maps = {int(days): _calibration(data) for days, data in json.loads(files["maps.json"]).items()}
    card = json.loads(files["card.json"])
    main = maps.pop(card["horizon_days"])
    return LeadModel(
        catalog=json.loads(files["catalog.json"]),
        linear=None if linear is None else _linear(linear),
        trees=trees,
        calibration=main,
        policy=json.loads(files["policy.json"]),
        card=card,
        horizons=maps,
        answers=json.loads(files["answers.json"]),
        profile=json.loads(files["profile.json"]),
        known=json.loads(files["known.json"]),
    )


def _calibration(data: Mapping[str, Any]) -> Calibration:
    bend = data["bend"]
    if bend is not None:
        bend = Bend(*(np.array(bend[name], dtype=np.float64) for name in ("at", "to")))
    return Calibration(**{**data, "bend": bend, "variance": tuple(data["variance"])})


def _checked_files(folder: Path) -> dict[str, str]:
    """Each file's text, every byte of it as the manifest says."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        hashes: dict[str, str] = manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"A model folder must hold a manifest.json, got '{folder}' ({type(error).__name__})."
        raise ModelError(msg) from error
    if manifest.get("format") != FORMAT:
        msg = (
            f"The model folder must be of format {FORMAT}, got {manifest.get('format')}. "
            "Use the leadml version that wrote it."
        )
        raise ModelError(msg)
    _check_names(folder, set(hashes))
    files = {}
    for name, expected in hashes.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            msg = f"'{folder}' must hold {name}, which its manifest lists. Export the model again."
            raise ModelError(msg) from error
        if hashlib.sha256(content).hexdigest() != expected:
            msg = (
                f"'{folder / name}' must be as it was written, but its sha256 differs: it is "
                "damaged. Export the model again."
            )
            raise ModelError(msg)
        files[name] = content.decode()
    return files


def _check_names(folder: Path, promised: set[str]) -> None:
    """Raises `ModelError` unless the folder holds all that a model needs and nothing else."""
    strangers = {path.name for path in folder.iterdir()} - promised - _LABELS
    unknown = strangers | (promised - _NAMES)
    lacking = _NAMES - _PARTS - promised
    if lacking or not _PARTS & promised:
        msg = (
            f"A model folder must list {listed(lacking or _PARTS)} in its manifest, got "
            f"'{folder}' without. Export the model again."
        )
        raise ModelError(msg)
    if unknown:
        msg = (
            f"A model folder holds text and JSON of known names only, got {listed(unknown)} in "
            f"'{folder}'. Do not trust it."
        )
        raise ModelError(msg)


def _linear(data: Mapping[str, Any]) -> LinearPart:
    terms = [
        Term(
            **{
                **term,
                "steps": np.array(term["steps"], dtype=np.float64),
                "edges": np.array(term["edges"], dtype=np.float64),
            }
        )
        for term in data["terms"]
    ]
    return LinearPart(data["intercept"], tuple(terms))


def _json(data: object) -> str:
    """Data as JSON text, the same bytes for the same data; numbers keep all their digits."""
    return json.dumps(data, indent=1, sort_keys=True, allow_nan=False, default=_plain) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return cast("list[float]", value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    msg = f"A model folder holds plain data only, got {type(value).__name__}."
    raise ModelError(msg)
