"""Prints how fast contributions of trees are, beside LightGBM's own `pred_contrib`.

`python benchmarks/explain_speed.py` explains 100,000 examples of 120 features, ten of them
categories, with 300 trees: as leadml grows them (15 leaves, depth 6) and as LightGBM does by
default (31 leaves, any depth). Both ways run in turn in this process with two threads, ours on all
examples, LightGBM on the first 10,000 (its time grows with the rows: the figure is scaled to all);
the least of three runs counts. It writes `results/explain.json` and fails where values differ by
more than 2e-5 or ours is less than eight times as fast. `--quick` takes half a minute.
"""

import argparse
import time
from collections.abc import Callable

import lightgbm
import numpy as np
from harness import Row, row, say, table, write_results

from leadml.paid import Payments

TOLERANCE = 2e-5
LEAST_RATIO = 8.0
FEATURES = 120
CATEGORIES = range(60, 70)
THREADS = 2
GROWN = {
    "15 leaves, depth 6": {
        "num_leaves": 15,
        "max_depth": 6,
        "min_data_in_leaf": 40,
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "cat_smooth": 20.0,
    },
    "31 leaves, any depth": {"num_leaves": 31},
}


def examples(rows: int, *, seed: int) -> np.ndarray:
    """Counts, heavy tails, categories of twelve levels and normals, with gaps."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, FEATURES))
    matrix[:, :40] = rng.poisson(2.0, (rows, 40))
    matrix[:, 40:60] = rng.lognormal(3, 2, (rows, 20))
    matrix[:, CATEGORIES] = rng.integers(0, 12, (rows, len(CATEGORIES)))
    matrix[rng.random(matrix.shape) < 0.15 * rng.random(FEATURES)] = np.nan
    return matrix


def fitted(params: dict[str, float], trees: int) -> lightgbm.Booster:
    """Trees on 20,000 examples whose outcome hangs on all features, some of them together."""
    matrix, rng = examples(20_000, seed=0), np.random.default_rng(1)
    known = np.nan_to_num(matrix)
    scaled = (known - known.mean(axis=0)) / known.std(axis=0)
    odds = scaled @ rng.normal(0, 1 / 6, FEATURES) + 0.5 * scaled[:, 0] * scaled[:, 41] - 1
    odds += (known[:, 60] % 3 == 1) + 0.5 * np.isnan(matrix[:, 3]) + np.sin(2 * scaled[:, 100])
    label = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    data = lightgbm.Dataset(matrix, label, categorical_feature=list(CATEGORIES))
    common = {"objective": "binary", "learning_rate": 0.05, "verbose": -1, "seed": 1}
    return lightgbm.train({**common, **params, "num_threads": THREADS}, data, trees)


def seconds(work: Callable[[], object]) -> float:
    """How long one run takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compared(name: str, trees: lightgbm.Booster, rows: int, theirs: int) -> list[Row]:
    """Both ways in turn, and how far their values lie apart."""
    say(f"{trees.num_trees()} trees of {name}")
    matrix = examples(rows, seed=2)

    def lightgbm_own() -> np.ndarray:
        return np.asarray(trees.predict(matrix[:theirs], pred_contrib=True, num_threads=THREADS))

    own, peer = [], []
    laid = seconds(lambda: Payments.of(trees))
    for _ in range(3):
        own.append(seconds(lambda: Payments.of(trees).contributions(matrix, threads=THREADS)))
        peer.append(seconds(lightgbm_own) * rows / theirs)
        say(f"  ours {own[-1]:.2f} s, LightGBM {peer[-1]:.2f} s")
    payments = Payments.of(trees)
    found, base = payments.contributions(matrix, threads=THREADS), payments.base
    expected = lightgbm_own()
    apart = float(np.abs(found[:theirs] - expected[:, :-1]).max())
    apart = max(apart, abs(base - float(expected[0, -1])))
    work = f"contributions: {rows:,} rows, {trees.num_trees()} trees of {name}, {FEATURES} features"
    version = f"lightgbm {lightgbm.__version__} pred_contrib"
    one = min(seconds(lambda: payments.contributions(matrix[:1])) for _ in range(20))
    theirs_one = min(
        seconds(lambda: trees.predict(matrix[:1], pred_contrib=True)) for _ in range(20)
    )
    return [
        row(work, min(own), "seconds", peer=f"{version}, {theirs:,} rows scaled", theirs=min(peer)),
        row(f"largest difference, {name}", apart, "log-odds", peer=version),
        row(f"one row, {name}", 1e3 * one, "ms", peer=version, theirs=1e3 * theirs_one),
        row(f"tables laid down, {name}", laid, "seconds"),
    ]


def main() -> None:
    """Measures, writes the results, prints the table; fails where the aim is missed."""
    parser = argparse.ArgumentParser(description="Measures contributions beside LightGBM's own.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="20,000 rows, 2,000 for LightGBM")
    args = parser.parse_args()
    rows, theirs = (20_000, 2_000) if args.quick else (args.rows, min(args.rows, 10_000))
    rows_found: list[Row] = []
    for name, params in GROWN.items():
        rows_found += compared(name, fitted(params, args.trees), rows, theirs)
    if not args.quick:
        say(f"Written to {write_results('explain', rows_found)}")
    print(table(rows_found))
    apart = max(r["ours"] for r in rows_found if r["unit"] == "log-odds")
    slowest = min(r["ratio"] for r in rows_found if r["ratio"] is not None)
    if apart > TOLERANCE or (slowest < LEAST_RATIO and not args.quick):
        message = (
            f"Values must agree to {TOLERANCE} and be {LEAST_RATIO:g} times as fast: see above."
        )
        raise SystemExit(message)


if __name__ == "__main__":
    main()
