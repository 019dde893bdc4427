"""What do our choices bring? Each is undone by itself, and both are judged on the same test part.

`python benchmarks/choices.py` prints AUC and log loss on the newest quarter of examples, by set:
directions of the catalogue or none, examples of a lead sharing a weight or not, shorter horizons
teaching or not, examples fading or not; and one shared margin beside a model for each horizon.
Names of sets after it choose some of them.
"""

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from companies import company
from threadpoolctl import threadpool_limits

from leadml.checks import read_tables
from leadml.config import Config, read_config
from leadml.tables import Tables
from training.choose import choose_recipe
from training.examples import build_examples
from training.leaks.report import report_leaks
from training.metrics import auc, log_loss
from training.periods import plan_periods
from training.replay import Replays
from training.split import split_by_time
from training.train import learn, prepare_lesson

ROOT = Path(__file__).parents[1]
SETS = ("bank_marketing", "x_education", "bpi2012", "simulated")

UNDONE: dict[str, dict[str, dict[str, Any]]] = {
    "as it is": {},
    "no directions": {"training": {"unconstrained": ("all",)}},
    "every example counts alike": {"training": {"lead_weight": 0.0}},
    "only the main horizon teaches": {"label": {"also_days": ()}},
    "nothing fades": {"training": {"half_lives_days": (0,)}},
}


def config_of(name: str) -> Config:
    """The configuration of a set; the simulated one is made where it is not there yet."""
    if name != "simulated":
        return read_config(ROOT / "examples" / f"{name}.toml", os.environ)
    return company("choices", leads=10_000, months=24, seed=11)


def judged(config: Config, tables: Tables) -> tuple[float, float, str]:
    """AUC and log loss on the test part, and the recipe, of a model trained when it began."""
    examples = build_examples(tables, config)
    leaks = report_leaks(tables, examples.mature, config)
    lesson = prepare_lesson(config, tables, examples, leaks)
    split = split_by_time(examples, config.training)
    replays = Replays(lesson, plan_periods(examples, config.training, split.test_start))
    with threadpool_limits(1, user_api="blas"):
        model = learn(replays, config, choice := choose_recipe(replays, split.test_start))
    probability = model.probability(lesson.matrix[split.test])
    converted = examples.mature["converted"].to_numpy(dtype=bool)[split.test]
    ones = np.ones(len(converted))
    return (
        float(auc(converted, probability, ones)),
        float(log_loss(converted, probability, ones)),
        choice.recipe.words,
    )


def horizons(config: Config, tables: Tables) -> None:
    """One shared margin beside a model of its own for each horizon, on the same examples."""
    main = config.label.horizon_days
    examples = build_examples(tables, config)
    longest = max(main, *config.label.also_days)
    start = split_by_time(examples, config.training).test_start
    leaks = report_leaks(tables, examples.mature, config)
    lesson = prepare_lesson(config, tables, examples, leaks)
    replays = Replays(lesson, plan_periods(examples, config.training, start))
    with threadpool_limits(1, user_api="blas"):
        shared = learn(replays, config, choose_recipe(replays, start))
    rows = np.arange(examples.known_by(start, examples.gaps[0] * 0), examples.known_within(longest))
    answers = shared.within(shared.margin(lesson.matrix[rows]))
    for days, probability in answers.items():
        label = dataclasses.replace(config.label, horizon_days=days, also_days=())
        alone = dataclasses.replace(config, label=label)
        own_examples = build_examples(tables, alone)
        own = prepare_lesson(alone, tables, own_examples, leaks)
        past = Replays(own, plan_periods(own_examples, alone.training, start))
        with threadpool_limits(1, user_api="blas"):
            model = learn(past, alone, choose_recipe(past, start))
        converted, ones = examples.converted_within(rows, days), np.ones(len(rows))
        separate = model.probability(own.matrix[rows])
        figures = [
            f"{auc(converted, p, ones):.4f} / {log_loss(converted, p, ones):.4f}"
            for p in (probability, separate)
        ]
        print(f"| {days} days | {converted.mean():.3f} | {' | '.join(figures)} |", flush=True)


def main() -> None:
    """Prints the tables."""
    print("| set | choice | AUC | log loss | recipe |\n|---|---|---|---|---|")
    for name in sys.argv[1:] or SETS:
        config = config_of(name)
        tables = read_tables(config, now=pd.Timestamp.now("UTC"))
        for said, changes in UNDONE.items():
            changed = config
            for section, values in changes.items():
                part = dataclasses.replace(getattr(changed, section), **values)
                changed = dataclasses.replace(changed, **{section: part})
            if said != "as it is" and changed == config:
                continue
            ranked, lost, recipe = judged(changed, tables)
            print(f"| {name} | {said} | {ranked:.4f} | {lost:.4f} | {recipe} |", flush=True)
        if name in {"simulated", "bpi2012"}:
            print("\n| horizon | won | shared: AUC / log loss | its own model |\n|---|---|---|---|")
            horizons(config, tables)
            print("\n| set | choice | AUC | log loss | recipe |\n|---|---|---|---|---|")


if __name__ == "__main__":
    main()
