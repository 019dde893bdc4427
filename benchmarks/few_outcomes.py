"""From how many outcomes on is a model better than a table of points, and does a blend help?

`python benchmarks/few_outcomes.py [DRAWS]` simulates a company (20,000 leads, 24 months; kept in
benchmarks/worlds) and draws leads at random, as they come, until 20 to 2,000 of them have been
closed. From every such draw learn, as of the day the test part begins: the points (only their map
to probability), the model (logistic regression, its map learned across five folds of leads), and
blends of both: the points' log-odds as an offset of the model, and both mixed by weight
(wins / (wins + 10 or 30) for the model). All are judged on the same later examples, with the
company's own table of points and with the default one. Printed are means over the draws, with their
standard error.
"""

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from companies import company
from threadpoolctl import threadpool_limits

from features.past import build_past
from features.points import points_frame
from leadml.arrays import Floats, Matrix
from leadml.checks import read_tables
from leadml.config import Config, Points
from leadml.points import fit_points_map
from leadml.scorecard import QUARTERS, sum_points
from leadml.tables import Tables
from training.examples import Known, known_at
from training.fit import PARTS, Recipe, fit_margin
from training.lesson import Lesson, Sample, take
from training.metrics import auc, log_loss
from training.split import folds_by_group
from training.tracker import Outcomes, track_map
from training.train import Past, prepare_past

OUTCOMES = (20, 50, 100, 200, 500, 1_000, 2_000)
HALVES = (10, 30)
"""With so many wins the model has half the weight of a blend by weight."""

FOLDS = 5
STRICT = 40.0
"""A penalty on the linear part so many times the usual one."""


Said = tuple[str, str, Floats]
"""A table of points, a scorer, and its log-odds of the test part."""


def world() -> Config:
    """The simulated company."""
    return company("few_outcomes", leads=20_000, months=24, seed=17)


def draw(known: Known, lesson: Lesson, closed: set[str], count: int, seed: int) -> Known:
    """What is known of leads drawn at random until ``count`` of them are closed ones."""
    leads = lesson.leads.iloc[known.rows]
    names = leads.unique()
    order = np.random.default_rng(seed).permutation(len(names))
    is_closed = np.array([names[k] in closed for k in order])
    last = int(np.searchsorted(np.cumsum(is_closed), count)) + 1
    chosen = set(names[order[:last]])
    return take(known, np.flatnonzero(leads.isin(chosen).to_numpy()))


def model_log_odds(
    sample: Sample,
    groups: "pd.Series[str]",
    matrix: Matrix,
    offsets: tuple[Floats, Floats] | None,
    recipe: Recipe = PARTS[0],
) -> Floats:
    """Calibrated log-odds of ``matrix``, learned from ``sample`` alone; shape (n,).

    Args:
        sample: what is known.
        groups: whose examples they are: what shares a fold.
        matrix: what is judged.
        offsets: log-odds to start from, of the sample and of what is judged.
        recipe: of the margin.
    """
    own, far = offsets or (np.zeros(len(groups)), np.zeros(len(matrix)))
    fold = folds_by_group(groups, FOLDS, seed=0)
    unseen = np.empty(len(groups))
    for k in range(FOLDS):
        rest = part_of(sample, fold != k, own)
        unseen[fold == k] = own[fold == k] + fit_margin(rest, recipe, seed=0).of(
            sample.matrix[fold == k]
        )
    leads = int(groups.nunique())
    told = [Outcomes(unseen, sample.converted, sample.offset, leads)]
    belief = track_map(told)
    whole = part_of(sample, np.ones(len(own), dtype=bool), own)
    return belief.log_odds(far + fit_margin(whole, recipe, seed=0).of(matrix))


def part_of(sample: Sample, rows: np.ndarray, own: Floats) -> Sample:
    """Some rows of a sample, fitted on top of log-odds of their own."""
    return dataclasses.replace(
        sample,
        matrix=sample.matrix[rows],
        converted=sample.converted[rows],
        offset=sample.offset[rows] + own[rows],
        age_days=sample.age_days[rows],
        share=sample.share[rows],
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """A table of points and what it gives.

    Attributes:
        unit: the points that are believed to double the odds.
        points: of every example that teaches or judges; shape (n,).
    """

    unit: float
    points: Floats


def log_odds_of(past: Past, known: Known, tables: Mapping[str, Scored]) -> Iterator[Said]:
    """What everybody says of the test part, having learned from what is known, by table."""
    lesson, test = past.replays.lesson, past.split.test
    sample = lesson.sample(known, past.split.test_start)
    groups = lesson.leads.iloc[known.rows].reset_index(drop=True)
    matrix = lesson.matrix[test]
    strict = dataclasses.replace(PARTS[0], tuned=(("strength", STRICT),))
    model = model_log_odds(sample, groups, matrix, None)
    strict_model = model_log_odds(sample, groups, matrix, None, strict)
    wins = groups[known.converted].nunique()
    for name, table in tables.items():
        own = table.points[known.rows]
        to_odds = fit_points_map(own, known.converted, sample.share, unit=table.unit)
        points = to_odds.log_odds(table.points[test])
        offsets = to_odds.log_odds(own), points
        offset = model_log_odds(sample, groups, matrix, offsets)
        strict_offset = model_log_odds(sample, groups, matrix, offsets, strict)
        said = {
            "points": points,
            "model": model,
            "strict model": strict_model,
            "points as offset": offset,
            "points as offset, strict": strict_offset,
        }
        for other in ("model", "strict model", "points as offset, strict"):
            for half in HALVES:
                weight = wins / (wins + half)
                said[f"{other}, by weight {half}"] = weight * said[other] + (1 - weight) * points
        for scorer, log_odds in said.items():
            yield name, scorer, log_odds


def scored(table: Points, config: Config, tables: Tables, lesson: Lesson) -> Scored:
    """What a table of points gives."""
    looked = lesson.examples.looked.iloc[: len(lesson.matrix)]
    frame = points_frame(table, build_past(tables, looked), config.events)
    return Scored(table.sql / QUARTERS, sum_points(table, frame))


def judge(converted: np.ndarray, log_odds: Floats) -> tuple[float, float]:
    """AUC and log loss."""
    ones = np.ones(len(converted))
    probability = 1 / (1 + np.exp(-log_odds))
    return float(auc(converted, log_odds, ones)), float(log_loss(converted, probability, ones))


def closed_by(tables: Tables, moment: pd.Timestamp) -> set[str]:
    """The leads won or lost before a moment."""
    outcomes = tables.outcomes
    last = outcomes["outcome"].isin(["closed_won", "closed_lost"])
    return set(outcomes.loc[last & (outcomes["closed_at"] < moment), "lead_id"])


def main() -> None:
    """Prints the tables, one a metric and table of points."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    config = world()
    tables = read_tables(config, now=pd.Timestamp.now("UTC"))
    past = prepare_past(config, tables)
    lesson, start = past.replays.lesson, past.split.test_start
    asked = {"its own table": config.points, "the default table": Points()}
    points = {name: scored(table, config, tables, lesson) for name, table in asked.items()}
    known, closed = known_at(lesson.examples, start), closed_by(tables, start)
    converted = lesson.examples.mature["converted"].to_numpy(dtype=bool)[past.split.test]
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    wins: dict[int, list[int]] = {}
    with threadpool_limits(1, user_api="blas"):
        for count in OUTCOMES:
            for seed in range(draws):
                drawn = draw(known, lesson, closed, count, seed)
                leads = lesson.leads.iloc[drawn.rows].to_numpy()
                wins.setdefault(count, []).append(len(set(leads[drawn.converted])))
                for table, scorer, log_odds in log_odds_of(past, drawn, points):
                    judged = judge(converted, log_odds)
                    found.setdefault((table, scorer, count), []).append(judged)
            print(f"{count} outcomes done", file=sys.stderr, flush=True)
    print(f"Judged on {len(converted):,} examples, {converted.sum():,} won; {draws} draws.")
    scorers = list(dict.fromkeys(scorer for _, scorer, _ in found))
    for table, (k, metric) in itertools.product(asked, enumerate(("AUC", "log loss"))):
        print(f"\n| {metric}, {table} | {' | '.join(f'{count:,}' for count in OUTCOMES)} |")
        print(f"|---|{'---|' * len(OUTCOMES)}")
        print(
            f"| won leads among them | {' | '.join(f'{np.mean(wins[c]):.0f}' for c in OUTCOMES)} |"
        )
        for scorer in scorers:
            cells = [spread([pair[k] for pair in found[table, scorer, c]]) for c in OUTCOMES]
            print(f"| {scorer} | {' | '.join(cells)} |")


def spread(values: list[float]) -> str:
    """A mean and its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.4f} ± {error:.4f}".replace("0.", ".")


if __name__ == "__main__":
    main()
