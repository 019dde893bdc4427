"""Model folders that are damaged on purpose, their manifests as if nothing were wrong."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np


def rewrite(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Changes a file of a model folder, and its hash with it."""
    path, listing = folder / name, folder / "manifest.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    manifest = json.loads(listing.read_text(encoding="utf-8"))
    manifest["sha256"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    listing.write_text(json.dumps(manifest), encoding="utf-8")


def shifted(text: str) -> str:
    """maps.json with every log-odds a little higher."""
    maps = json.loads(text)
    for own in maps.values():
        own["offset"] += 1e-9
    return json.dumps(maps)


def narrowed(text: str) -> str:
    """catalog.json without its last feature."""
    catalog = json.loads(text)
    catalog["features"].pop()
    return json.dumps(catalog)


def small_forest(width: int) -> lightgbm.Booster:
    """Three trees over so many features."""
    matrix = np.random.default_rng(0).normal(size=(200, width))
    told = lightgbm.Dataset(matrix, (matrix[:, 0] > 0).astype(float))
    quiet = {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}
    return lightgbm.train(quiet, told, num_boost_round=3)
