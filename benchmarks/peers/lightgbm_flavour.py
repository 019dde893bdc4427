"""Saves trees as MLflow's own LightGBM flavour: `lightgbm_flavour.py TREES FOLDER`.

What `mlflow models serve` then answers is the bare margin's probability, from numbers without a
signature: the fastest that it serves.
"""

import sys

import lightgbm
import mlflow.lightgbm

if __name__ == "__main__":
    _, trees, folder = sys.argv
    booster = lightgbm.Booster(model_file=trees)
    mlflow.lightgbm.save_model(booster, folder, pip_requirements=["lightgbm"])
