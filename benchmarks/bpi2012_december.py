"""bpi2012, trained on what was known at 2011-12-01, beside LightGBM as it comes.

All models see the same features.

`python benchmarks/bpi2012_december.py` judges two ways, both on examples whose 30 days end by
2012-01-01: those looked at from 2011-12-01 on, by a model that learns from every label known then;
and all whose 30 days ended in December, by a model that knows none of them by a shorter horizon.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from leadml.checks import read_tables
from leadml.config import Config, read_config
from leadml.tables import Tables
from training.choose import choose_recipe
from training.metrics import auc, log_loss
from training.rivals import lightgbm_defaults, logistic_regression
from training.train import learn, prepare_past

ROOT = Path(__file__).parents[1]
MOMENT = pd.Timestamp("2011-12-01", tz="UTC")


def print_rows(said: str, config: Config, tables: Tables, *, looked_from: pd.Timestamp) -> None:
    """One row a model: AUC and log loss on the mature examples from ``looked_from`` on."""
    past = prepare_past(config, tables)
    lesson = past.replays.lesson
    known = lesson.known(MOMENT)
    judged = np.flatnonzero(lesson.examples.mature["as_of"] >= looked_from)
    with threadpool_limits(1, user_api="blas"):
        choice = choose_recipe(past.replays, MOMENT)
        model = learn(past.replays, config, choice)
    sample, matrix = lesson.sample(known, MOMENT), lesson.matrix[judged]
    answers = {
        f"leadml: {choice.recipe.words}": model.probability(matrix),
        "LightGBM defaults": lightgbm_defaults(sample, matrix),
        "plain logistic regression": logistic_regression(sample, matrix),
    }
    converted = lesson.examples.mature["converted"].to_numpy(dtype=bool)[judged]
    ones = np.ones(len(judged))
    for name, probability in answers.items():
        figures = [metric(converted, probability, ones) for metric in (auc, log_loss)]
        cells = [said, f"{len(known.rows):,}", f"{len(judged):,}, {converted.sum():,} won", name]
        print(f"| {' | '.join([*cells, *(f'{float(f):.3f}' for f in figures)])} |", flush=True)


def main() -> None:
    """Prints the table."""
    config = read_config(ROOT / "examples" / "bpi2012.toml", os.environ)
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    label = config.label
    main_only = dataclasses.replace(config, label=dataclasses.replace(label, also_days=()))
    print("| judged | known | examples | model | AUC | log loss |\n|---|---|---|---|---|---|")
    print_rows("looked at from 2011-12-01", config, tables, looked_from=MOMENT)
    unknown = MOMENT - pd.Timedelta(label.horizon_days, "D") + pd.Timedelta(1, "s")
    print_rows("30 days ended in December", main_only, tables, looked_from=unknown)


if __name__ == "__main__":
    main()
