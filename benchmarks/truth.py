"""How near does a training come to the truth? On a simulated company, where it is known.

`python benchmarks/truth.py [LEADS]` (50,000 by default) simulates 36 months (kept in
benchmarks/worlds), trains, and prints for the judged model, frozen when the test part began: its
log loss beside the truth's; its calibration slope, on what happened and on the truth; in how many
of 50 groups of like probability the mean true probability lies inside the mean 90 % interval; and
the width of the intervals beside the narrowest of one width in log-odds that reaches 43 groups,
found with the truth in hand.

With ``--of 500000`` the leads are those of some accounts of so much larger a company: one model
learns from them, one from all, and both are judged on the same examples.
"""

from argparse import ArgumentParser
from dataclasses import replace

import numpy as np
import pandas as pd
from companies import company
from threadpoolctl import threadpool_limits

from leadml.arrays import Floats
from leadml.checks import read_tables
from leadml.config import Config
from leadml.intervals import Z90
from leadml.model import sigmoid
from leadml.tables import Tables
from training.choose import choose_recipe
from training.metrics import calibration_slope, log_loss
from training.train import learn, prepare_past

GROUPS, ENOUGH = 50, 43


def some_accounts(tables: Tables, leads: int) -> Tables:
    """Whole accounts, drawn at random, that have about so many leads."""
    account = tables.leads["account_id"].fillna(tables.leads["lead_id"]).astype(str)
    order = np.random.default_rng(1).permutation(account.nunique())
    drawn = order[account.factorize()[0]] < leads * account.nunique() // len(account)
    ids = set(tables.leads.loc[drawn, "lead_id"])
    parts = {name: getattr(tables, name) for name in ("leads", "events", "outcomes", "attributes")}
    kept = {
        name: frame[frame["lead_id"].isin(ids)].reset_index(drop=True)
        for name, frame in parts.items()
    }
    return replace(tables, **kept)


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


def true_slope(truth: Floats, probability: Floats) -> float:
    """The calibration slope that the truth itself has, without the luck of what happened."""
    won = np.repeat([True, False], len(truth))
    weights = np.concatenate([truth, 1 - truth])
    return float(calibration_slope(won, np.tile(probability, 2), weights))


def judge(config: Config, tables: Tables, asked: pd.DataFrame | None = None) -> pd.DataFrame:
    """Trains, prints one row of the table, and returns the judged examples.

    Args:
        config: of the company, with the truth in its folder.
        tables: what to learn from.
        asked: lead_id, as_of and converted of the examples to judge; the test part by default.
    """
    past = prepare_past(config, tables)
    mature = past.replays.lesson.examples.mature
    if asked is None:
        asked = mature.iloc[past.split.test]
    with threadpool_limits(1, user_api="blas"):
        choice = choose_recipe(past.replays, asked["as_of"].min())
        model = learn(past.replays, config, choice)
    place = pd.Series(np.arange(len(mature)), [mature["lead_id"], mature["as_of"]])
    rows = place.loc[list(zip(asked["lead_id"], asked["as_of"], strict=True))].to_numpy()
    known = pd.read_parquet(config.folder / "truth.parquet").rename(
        columns={"probability": "truth"}
    )
    truth = asked.merge(known, on=["lead_id", "as_of"], how="left")["truth"].to_numpy()
    converted = asked["converted"].to_numpy(dtype=bool)
    margin = model.margin(past.replays.lesson.matrix[rows])
    probability = model.calibration.probability(margin)
    lower, upper = model.calibration.interval(margin)
    groups = np.array_split(np.argsort(probability, kind="stable"), GROUPS)
    ones = np.ones(len(asked))
    best = narrowest(truth, groups, model.calibration.log_odds(margin))
    cells = [
        f"{len(tables.leads):,}",
        f"{len(asked):,}",
        f"{log_loss(converted, probability, ones):.5f}",
        f"{log_loss(converted, np.clip(truth, 1e-9, 1 - 1e-9), ones):.5f}",
        f"{calibration_slope(converted, probability, ones):.3f}",
        f"{true_slope(truth, probability):.3f}",
        f"{holding(truth, groups, lower, upper)} of {GROUPS}",
        f"{(upper - lower).mean():.4f} / {best:.4f}",
        choice.recipe.words,
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return asked


def main() -> None:
    """Prints the table."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("leads", type=int, nargs="?", default=50_000)
    parser.add_argument("--of", type=int, default=0, help="leads of the larger company")
    asked = parser.parse_args()
    leads = asked.of or asked.leads
    config = company(f"truth_{leads}", leads=leads, months=36, seed=5)
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    heads = "leads | judged | log loss | truth's | slope | on the truth | held | width / narrowest"
    print(f"| {heads} | recipe |")
    print("|---|---|---|---|---|---|---|---|---|")
    if asked.of:
        judge(config, tables, judge(config, some_accounts(tables, asked.leads)))
    else:
        judge(config, tables)


if __name__ == "__main__":
    main()
