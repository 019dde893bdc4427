"""What does AutoML make of the same blocks, retrained on the same days?

`python benchmarks/automl_blocks.py` replays the newest quarter of `examples/bank_marketing.toml` in
12 blocks. At the start of each, leadml and FLAML learn from the same examples, those decided by
then, and both score what came in the block; leadml's plain rivals and a constant at the rate of the
newest 1,000 decided examples stand beside them. It prints AUC, log loss and seconds, and writes
`results/automl.json`.

FLAML runs in an environment of its own, on one thread, for `--seconds` a block, once as it comes
(it judges its candidates on a random part) and once told to judge them on the newest part
(`split_type="time"`). It gets all decided examples, where leadml's backtest draws 25,000, and its
answers once more, mapped by leadml's calibration as its earlier blocks were decided. Version 2.7
does not start without xgboost, of which `xgboost-cpu` is the small build.

The level moves from block to block, so that AUC over all of them is mostly a matter of the level: a
constant has one far above a half. AUC within blocks, their mean by size, speaks of sorting alone.
Seconds are of the clock and, in brackets, of the processor; leadml's are those of the whole
backtest, with rivals and intervals.
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from harness import Figures, measure, row, say, throwaway_python, write_results

if TYPE_CHECKING:
    from training.backtest import Backtest
    from training.periods import Period
    from training.replay import Replays

HERE = Path(__file__).parent
WORLD = HERE / "worlds" / "automl"
FLAML_NEEDS = ("flaml==2.7.0", "xgboost-cpu", "lightgbm", "scikit-learn", "pandas<3")

WAYS = {"FLAML": "auto", "FLAML, judged on the newest part": "time"}
"""How FLAML parts its examples into those that teach candidates and those that judge them."""

COLUMNS = (
    "AUC (90 %)",
    "AUC within blocks",
    "log loss (90 %)",
    "blocks where leadml's is lower",
    "seconds (CPU)",
)

BLOCKS = 12
RECENT = 1_000
"""The constant is the share won of so many of the newest decided examples."""


def prepare() -> "Replays":
    """The past of bank_marketing in blocks, on one thread."""
    from leadml.checks import read_tables
    from leadml.config import read_config
    from training.train import prepare_past

    config = read_config(HERE.parent / "examples" / "bank_marketing.toml", os.environ)
    training = dataclasses.replace(config.training, by="block", periods=BLOCKS, threads=1)
    config = dataclasses.replace(config, training=training)
    return prepare_past(config, read_tables(config, now=pd.Timestamp.now("UTC"))).replays


def write_blocks(replays: "Replays", folder: Path) -> None:
    """One file a block: what was known at its start, and the features of what came in it."""
    lesson = replays.lesson
    for number, period in enumerate(judged_blocks(replays)):
        sample = lesson.sample(lesson.known(period.start), period.start)
        np.savez(
            folder / f"block_{number:02}.npz",
            learned=sample.matrix,
            converted=sample.converted,
            judged=lesson.matrix[mature(replays, period)],
            levels=sample.levels,
        )


def judged_blocks(replays: "Replays") -> list["Period"]:
    """The blocks that the backtest reports."""
    return replays.periods[-BLOCKS:]


def mature(replays: "Replays", period: "Period") -> np.ndarray:
    """The examples of a period whose outcome is known today, by position."""
    return period.rows[period.rows < len(replays.lesson.examples.mature)]


def as_peer(folder: Path, *, seconds: float, split: str, estimators: str) -> Figures:
    """Runs in FLAML's environment: fits and answers block by block; what it took."""
    import flaml

    began, worked, chosen = time.perf_counter(), time.process_time(), []
    for path in sorted(folder.glob("block_??.npz")):
        block = np.load(path)
        automl = flaml.AutoML()
        automl.fit(
            framed(block["learned"], block["levels"]),
            block["converted"].astype(int),
            task="classification",
            metric="log_loss",
            time_budget=seconds,
            estimator_list="auto" if estimators == "auto" else estimators.split(","),
            split_type=split,
            n_jobs=1,
            seed=0,
            verbose=0,
        )
        answer = automl.predict_proba(framed(block["judged"], block["levels"]))[:, 1]
        np.save(folder / f"{path.stem}_{split}.npy", answer)
        chosen.append(automl.best_estimator)
        print(f"{path.stem}: {automl.best_estimator}", file=sys.stderr, flush=True)
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - worked,
        "chosen": ", ".join(f"{chosen.count(name)} x {name}" for name in sorted(set(chosen))),
        "version": flaml.__version__,
    }


def framed(matrix: np.ndarray, levels: np.ndarray) -> pd.DataFrame:
    """Features as a table, in which categories are categories.

    >>> framed(np.array([[0.5, 1.0], [0.1, np.nan]]), np.array([0, 2]))["f1"].tolist()
    ['1', nan]
    """
    columns: dict[str, Any] = {}
    for k, count in enumerate(levels):
        values = matrix[:, k]
        if count:
            codes = np.nan_to_num(values, nan=-1).astype(int)
            values = pd.Categorical.from_codes(codes, [str(level) for level in range(count)])
        columns[f"f{k}"] = values
    return pd.DataFrame(columns)


def ask_peer(
    replays: "Replays", *, seconds: float, estimators: str
) -> tuple[dict[str, np.ndarray], dict[str, Figures]]:
    """FLAML's answers of every mature example (nan before the blocks), and what they took."""
    WORLD.mkdir(parents=True, exist_ok=True)
    asked, took = {}, {}
    with tempfile.TemporaryDirectory(dir=WORLD) as made:
        folder = Path(made)
        write_blocks(replays, folder)
        python = throwaway_python(folder / "venv", *FLAML_NEEDS)
        for name, split in WAYS.items():
            say(f"{name}: {BLOCKS} blocks of {seconds:g} seconds")
            options = ("--as-peer", folder, "--seconds", seconds, "--split", split)
            took[name] = measure(
                Path(__file__), *options, "--estimators", estimators, python=python
            )
            files = sorted(folder.glob(f"block_??_{split}.npy"))
            asked[name] = spread(replays, [np.load(path) for path in files])
            asked[f"{name}, recalibrated"] = recalibrated(replays, asked[name])
    return asked, took


def spread(replays: "Replays", answers: list[np.ndarray]) -> np.ndarray:
    """The answers of the blocks, each at the place of its example."""
    placed = np.full(len(replays.lesson.examples.mature), np.nan)
    for period, answer in zip(judged_blocks(replays), answers, strict=True):
        placed[mature(replays, period)] = answer
    return placed


def recalibrated(replays: "Replays", answers: np.ndarray) -> np.ndarray:
    """The answers, mapped at each block's start by what was decided of the blocks before it.

    The first two blocks, which have no such past, stay as they are.
    """
    from scipy.special import logit

    from training.calibrate import fit_calibration
    from training.examples import known_at
    from training.replay import Stretch

    lesson, blocks = replays.lesson, judged_blocks(replays)
    margin, mapped = logit(np.clip(answers, 1e-6, 1 - 1e-6)), answers.copy()
    for number in range(2, len(blocks)):
        known = known_at(lesson.examples, blocks[number].start)
        stretches = []
        for earlier in blocks[:number]:
            rows = earlier.rows[earlier.rows < len(known.rows)]
            labels = known.converted[rows], known.offset[rows]
            whose = lesson.leads.iloc[rows], lesson.groups.iloc[rows]
            stretches.append(Stretch(rows, margin[rows], *labels, *whose))
        own = mature(replays, blocks[number])
        mapped[own] = fit_calibration(stretches).probability(margin[own])
    return mapped


def recent_rate(replays: "Replays") -> np.ndarray:
    """The share won of the newest decided examples at each block's start, as its probability."""
    lesson = replays.lesson
    known = [lesson.known(period.start).converted[-RECENT:] for period in judged_blocks(replays)]
    sizes = [len(mature(replays, period)) for period in judged_blocks(replays)]
    answers = [np.full(n, won.mean()) for n, won in zip(sizes, known, strict=True)]
    return spread(replays, answers)


def replayed(replays: "Replays", asked: dict[str, np.ndarray]) -> tuple["Backtest", Figures]:
    """The backtest with everybody in it, and what it took with rivals and intervals."""
    from threadpoolctl import threadpool_limits

    from training.backtest import run_backtest

    began, worked = time.perf_counter(), time.process_time()
    sources = pd.Series("", index=replays.lesson.examples.mature.index, dtype="str")
    with threadpool_limits(1, user_api="blas"):
        backtest = run_backtest(replays, asked, sources, capacity=0.1)
    if backtest is None or len(backtest.periods) != BLOCKS:
        message = f"There must be {BLOCKS} blocks with outcomes enough to judge by."
        raise RuntimeError(message)
    took = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - worked,
    }
    return backtest, took


def table(backtest: "Backtest", took: dict[str, Figures]) -> str:
    """Everybody's figures over all blocks, best log loss first, as a table of Markdown."""
    lines = [
        f"| scorer | {' | '.join(COLUMNS)} |",
        "|---" * 6 + "|",
    ]
    sizes = [block.n for block in backtest.periods]
    overall = backtest.overall.figures
    for name in sorted(overall, key=lambda name: overall[name]["log_loss"].value):
        figures = [overall[name][metric] for metric in ("auc", "log_loss")]
        cells = [f"{f.value:.4f} ({f.lower:.4f}–{f.upper:.4f})" for f in figures]
        within = [block.figures[name]["auc"].value for block in backtest.periods]
        cells.insert(1, f"{np.average(within, weights=sizes):.4f}")
        lower = sum(
            block.figures["model"]["log_loss"].value < block.figures[name]["log_loss"].value
            for block in backtest.periods
        )
        cells.append("–" if name == "model" else f"{lower} of {BLOCKS}")
        own = took.get(name)
        cells.append(f"{own['seconds']:.0f} ({own['cpu_seconds']:.0f})" if own else "–")
        lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines)


def by_block(backtest: "Backtest") -> str:
    """Log loss block by block, leadml beside FLAML, as a table of Markdown."""
    names = ["model", *WAYS, "plain logistic regression", "recent rate"]
    lines = [f"| block | won | {' | '.join(names)} | leadml's recipe |", "|---" * 8 + "|"]
    for block in backtest.periods:
        losses = [f"{block.figures[name]['log_loss'].value:.4f}" for name in names]
        won = f"{block.converted / block.n:.3f} of {block.n:,}"
        lines.append(f"| {' | '.join([block.name, won, *losses, block.recipe])} |")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="leadml beside AutoML, block by block.")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each search")
    parser.add_argument("--estimators", default="lgbm,rf,extra_tree,lrl1", help="FLAML's, or auto")
    parser.add_argument("--as-peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--split", default="auto", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measures, writes the results, prints the tables."""
    args = arguments()
    if args.as_peer:
        search = {"seconds": args.seconds, "split": args.split, "estimators": args.estimators}
        print(json.dumps(as_peer(args.as_peer, **search)))
        return
    replays = prepare()
    asked, took = ask_peer(replays, seconds=args.seconds, estimators=args.estimators)
    backtest, took["model"] = replayed(replays, asked | {"recent rate": recent_rate(replays)})
    figures = backtest.overall.figures
    rows = []
    for name in figures:
        ours, theirs = (figures[who]["log_loss"].value for who in ("model", name))
        if name != "model":
            rows.append(row("log loss over 12 blocks", ours, "nats", peer=name, theirs=theirs))
    for name in WAYS:
        say(f"{name} {took[name]['version']} chose {took[name]['chosen']}")
        ours, theirs = (took[who]["seconds"] for who in ("model", name))
        rows.append(row("12 blocks, one thread", ours, "seconds", peer=name, theirs=theirs))
    say(f"Written to {write_results('automl', rows)}")
    print(table(backtest, took), by_block(backtest), sep="\n\n")


if __name__ == "__main__":
    main()
