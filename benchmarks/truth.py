"""How near does a training come to the truth? On simulated companies, where it is known.

`python benchmarks/truth.py [LEADS ...]` (50,000 by default) simulates 36 months (kept in
benchmarks/worlds), trains, and prints for the judged model, frozen when the test part began: its
log loss beside the truth's, calibration slope, and in how many of 50 groups of like probability
the mean true probability lies inside the mean 90 % interval; with the width of the intervals beside
the narrowest of one width in log-odds that reaches 43 groups, found with the truth in hand.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from leadml.arrays import Floats
from leadml.checks import read_tables
from leadml.config import read_config
from leadml.intervals import Z90
from leadml.model import sigmoid
from leadml.simulate.crm import simulate, write_simulation
from training.choose import choose_recipe
from training.metrics import calibration_slope, log_loss
from training.train import learn, prepare_past

WORLDS = Path(__file__).parent / "worlds"
GROUPS, ENOUGH = 50, 43


def world(leads: int) -> Path:
    """The simulated company, made where it is not there yet."""
    folder = WORLDS / f"truth_{leads}"
    if not (folder / "leadml.toml").is_file():
        write_simulation(simulate(leads=leads, months=36, seed=5), folder)
    return folder


def holding(truth: Floats, groups: list[np.ndarray], lower: Floats, upper: Floats) -> int:
    """In how many groups the mean truth lies inside the mean interval."""
    return sum(lower[k].mean() <= truth[k].mean() <= upper[k].mean() for k in groups)


def narrowest(truth: Floats, groups: list[np.ndarray], log_odds: Floats) -> float:
    """The mean width of the narrowest interval of one width in log-odds that holds enough."""
    for deviation in np.arange(0.02, 2.0, 0.01):
        lower, upper = (sigmoid(log_odds + sign * Z90 * deviation) for sign in (-1, 1))
        if holding(truth, groups, lower, upper) >= ENOUGH:
            return float((upper - lower).mean())
    return float("nan")


def judge(leads: int) -> str:
    """One row of the table."""
    folder = world(leads)
    config = read_config(folder / "leadml.toml", os.environ)
    past = prepare_past(config, read_tables(config, now=pd.Timestamp.now("UTC")))
    start, test = past.split.test_start, past.split.test
    with threadpool_limits(1, user_api="blas"):
        choice = choose_recipe(past.replays, start)
        model = learn(past.replays, config, choice)
    lesson = past.replays.lesson
    asked = lesson.examples.mature.iloc[test]
    known = pd.read_parquet(folder / "truth.parquet").rename(columns={"probability": "truth"})
    truth = asked.merge(known, on=["lead_id", "as_of"], how="left")["truth"].to_numpy()
    converted = asked["converted"].to_numpy(dtype=bool)
    margin = model.margin(lesson.matrix[test])
    probability = model.calibration.probability(margin)
    lower, upper = model.calibration.interval(margin)
    groups = np.array_split(np.argsort(probability, kind="stable"), GROUPS)
    ones = np.ones(len(test))
    best = narrowest(truth, groups, model.calibration.log_odds(margin))
    cells = [
        f"{leads:,}",
        f"{len(test):,}",
        f"{log_loss(converted, probability, ones):.4f}",
        f"{log_loss(converted, np.clip(truth, 1e-9, 1 - 1e-9), ones):.4f}",
        f"{calibration_slope(converted, probability, ones):.3f}",
        f"{holding(truth, groups, lower, upper)} of {GROUPS}",
        f"{(upper - lower).mean():.4f} / {best:.4f}",
        choice.recipe.words,
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Prints the table."""
    print("| leads | judged | log loss | truth's | slope | held | width / narrowest | recipe |")
    print("|---|---|---|---|---|---|---|---|")
    for leads in map(int, sys.argv[1:] or ["50000"]):
        print(judge(leads), flush=True)


if __name__ == "__main__":
    main()
