"""Does the policy keep its promise, and is the table of points beaten? On a simulated company.

`python benchmarks/policy.py [LEADS]` (20,000 by default) simulates 30 months (kept in
benchmarks/worlds) and trains a model on what was known when the newest quarter of examples began.
It prints, for each stage, how many leads reach it in that quarter, how many wins their
probabilities promise from the first such moment on, with a 90 % interval, and how many came; and
AUC, average precision and the share of wins in the top fifth of model and points, with the
difference, resampled in pairs over accounts.
"""

import dataclasses
import sys

import pandas as pd
from companies import company
from threadpoolctl import threadpool_limits

from features.past import build_past
from leadml.checks import read_tables
from serving.scorer import Scorer
from serving.scoring import score_examples
from serving.worth import PointsTable
from training.choose import choose_recipe
from training.closeness import pair
from training.contacts import expect_wins, shared_spread
from training.metrics import auc, average_precision, bootstrap_weights, share_of_wins
from training.train import about, learn, prepare_past


def main() -> None:
    """Prints the tables."""
    leads = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    config = company(f"policy_{leads}", leads=leads, months=30, seed=3)
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    past = prepare_past(config, tables)
    start, test = past.split.test_start, past.split.test
    with threadpool_limits(1, user_api="blas"):
        model = learn(past.replays, config, choose_recipe(past.replays, start))
    model = dataclasses.replace(model, card={**about(config, tables), **model.card})
    asked = past.replays.lesson.examples.mature.iloc[test].reset_index(drop=True)
    scores = score_examples(
        Scorer.of(model, "1"), tables, asked[["lead_id", "as_of"]], most_reasons=0
    ).table.assign(converted=asked["converted"].to_numpy(dtype=bool))
    print("| stage | leads | promised (90 %) | came | rate promised | rate that came |")
    print("|---|---|---|---|---|---|")
    for stage in ("sql", "pql", "mql", "iql", "lead", "disqualified"):
        first = scores[scores["stage"] == stage].drop_duplicates("lead_id")
        first = first[first["probability"].notna()]
        if not len(first):
            continue
        own = first["probability"].to_numpy()
        wins = expect_wins(own, shared_spread(model.calibration, own), seed=0)
        came = int(first["converted"].sum())
        print(
            f"| {stage} | {len(first):,} | {wins.value:.1f} ({wins.lower:.0f}–{wins.upper:.0f}) | "
            f"{came} | {own.mean():.3f} | {came / len(first):.3f} |"
        )
    worth = PointsTable(config.points, config.events).rate(build_past(tables, asked), 0)
    both = asked[["converted", "group"]].assign(
        challenger=scores["probability"].fillna(0.0), champion=worth.score
    )
    draws = list(bootstrap_weights(both["group"], seed=0))
    print("\n| measure | model | points | difference (90 %) |\n|---|---|---|---|")
    metrics = {
        "AUC": auc,
        "average precision": average_precision,
        "wins in the top fifth": share_of_wins(0.2),
    }
    for name, metric in metrics.items():
        found = pair(metric, both, draws)
        by = found.difference
        print(
            f"| {name} | {found.challenger:.3f} | {found.champion:.3f} | "
            f"{by.value:+.3f} ({by.lower:+.3f} to {by.upper:+.3f}) |"
        )


if __name__ == "__main__":
    main()
