"""Prints how leadml does on the public sets, beside the floors of untuned models on the same split.

`python benchmarks/real_sets.py` trains on each of `examples/*.toml` and prints the README's table;
names of sets after it choose some of them.
"""

import os
import sys
from pathlib import Path

import pandas as pd

from leadml.checks import read_tables
from leadml.config import read_config
from training.train import TrainingResult, train

ROOT = Path(__file__).parents[1]

FLOORS = {
    "bank_marketing": (".716 / .666 (logistic regression)", 0.716, 0.666),
    "x_education": (".882 / .420 (logistic regression / LightGBM)", 0.882, 0.420),
    "bpi2012": (".740 / .511 (LightGBM)", 0.740, 0.511),
}
"""AUC and log loss of the better untuned model on the same newest quarter."""


def train_example(name: str) -> TrainingResult:
    """Trains on one of the examples; registers nothing."""
    config = read_config(ROOT / "examples" / f"{name}.toml", os.environ)
    return train(config, read_tables(config, now=pd.Timestamp.now("UTC")))


def table_row(name: str, result: TrainingResult) -> str:
    """One row of the README's table."""
    model, base = (result.evaluation.figures[scorer] for scorer in ("model", "base rate"))
    cells = [
        f"`{name}`",
        f"{result.evaluation.n:,}, {result.evaluation.converted:,} won",
        f"{model['auc'].value:.3f} ({model['auc'].lower:.3f}–{model['auc'].upper:.3f})",
        f"{model['log_loss'].value:.3f}",
        FLOORS[name][0],
        f"{base['log_loss'].value:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Prints the table."""
    print(
        "| set | judged on | AUC (90 %) | log loss | floor, AUC / log loss | base rate's log loss |"
    )
    print("|---|---|---|---|---|---|")
    for name in sys.argv[1:] or FLOORS:
        print(table_row(name, train_example(name)))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
