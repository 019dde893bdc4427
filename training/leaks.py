"""Which columns know the outcome before they could? The leak report.

A column that was filled in after the outcome predicts it beautifully and is worth nothing on the
day. Each attribute column is looked at from four sides, and the verdict says which one spoke:

* how well it sorts alone (AUC of out-of-fold rates of its values);
* how much sorting is lost without it, all other columns given (quick LightGBM, out of fold);
* how often it is filled for won and for lost leads;
* whether its name says that people or systems write it later (``tags``, ``last activity``, …).

A ``leak`` stays out of the model until ``attributes.allow`` names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import lightgbm
import numpy as np
import pandas as pd

from features.attributes import encode_leads
from features.firmographics import is_date, is_number
from features.log import as_arrow, codes_of
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.config import Config
from leadml.hints import RUNNING_TOTAL, WRITTEN_LATER, spoken
from leadml.progress import track
from leadml.tables import Tables
from leadml.timeline import nanos
from training.metrics import auc
from training.split import folds_by_group

Verdict = Literal["fine", "suspect", "leak"]

MOST_EXAMPLES = 20_000
FOLDS = 3
ALONE_TOO_GOOD = 0.90
"""No honest column of a lead sorts this well alone."""
ALONE_GOOD = 0.70
LOSS_TOO_GREAT = 0.05
"""AUC lost without the column, where all others together cannot make up for it."""
FILLED_APART = 0.35
"""Difference of the shares filled for won and lost leads."""
ALONE_TELLING = 0.54
"""Below this a column hardly tells anything."""


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What the leak report says of one attribute column.

    Attributes:
        auc_alone: how well the column sorts by itself; 0.5 is not at all.
        auc_lost: how much sorting is lost without it; 0 where it sorts too little to ask.
        filled_won, filled_lost: the share of converted and of other leads where it is known.
        verdict: fine, suspect or leak.
        reason: why, in a sentence.
    """

    column: str
    auc_alone: float
    auc_lost: float
    filled_won: float
    filled_lost: float
    verdict: Verdict
    reason: str


def report_leaks(tables: Tables, examples: pd.DataFrame, config: Config) -> list[ColumnReport]:
    """The leak report of every attribute column that the configuration does not exclude.

    Args:
        tables: the attribute columns.
        examples: lead_id, as_of, converted, group; the newest of each lead is looked at.
        config: exclusions and the seed.
    """
    newest = examples.drop_duplicates("lead_id", keep="last")
    if len(newest) > MOST_EXAMPLES:
        newest = newest.sample(MOST_EXAMPLES, random_state=config.training.seed)
    converted = newest["converted"].to_numpy(dtype=bool)
    columns = [
        column
        for column in tables.attribute_columns
        if column not in config.attributes.exclude and not is_date(tables, column)
    ]
    leads, ids = encode_leads(tables.leads, tables.attributes)
    lead, as_of = codes_of(as_arrow(newest["lead_id"]), ids), nanos(newest["as_of"])
    raw = {column: leads.at(column, lead, as_of).as_series() for column in columns}
    too_few = newest["group"].nunique() < FOLDS
    if not raw or converted.all() or not converted.any() or too_few:
        return []
    fold = folds_by_group(newest["group"], FOLDS, seed=config.training.seed)
    codes = np.column_stack([_codes(values) for values in raw.values()])
    text = [k for k, column in enumerate(raw) if not is_number(tables, column)]
    whole = _auc_of_trees(codes, converted, fold, text)
    reports = []
    for k, (column, values) in enumerate(track(list(raw.items()), "leaks", rows=len(newest))):
        alone = _auc_alone(codes[:, k], converted, fold)
        lost = 0.0
        if alone >= ALONE_GOOD:
            rest = np.delete(codes, k, axis=1)
            others = [i - (i > k) for i in text if i != k]
            lost = whole - _auc_of_trees(rest, converted, fold, others)
        filled = values.notna().to_numpy()
        shares = float(filled[converted].mean()), float(filled[~converted].mean())
        verdict, reason = judge(column, alone, lost, shares, dated=tables.dated)
        reports.append(ColumnReport(column, alone, lost, *shares, verdict, reason))
    return reports


def judge(
    column: str, alone: float, lost: float, filled: tuple[float, float], *, dated: bool
) -> tuple[Verdict, str]:
    """The verdict on one column, with the reason in a sentence: the first rule that holds."""
    name = spoken(column)
    later, running = WRITTEN_LATER.search(name), RUNNING_TOTAL.search(name)
    word, (won, others) = later[0] if later else "", filled
    tells = alone >= ALONE_TELLING
    rules: list[tuple[bool, Verdict, str]] = [
        (
            alone >= ALONE_TOO_GOOD,
            "leak",
            f"alone it sorts won from lost with AUC {alone:.2f}; nothing known beforehand does",
        ),
        (
            alone >= ALONE_GOOD and lost >= LOSS_TOO_GREAT,
            "leak",
            f"alone it sorts with AUC {alone:.2f}, and without it the rest loses {lost:.2f}",
        ),
        (
            abs(won - others) >= FILLED_APART,
            "leak",
            f"filled for {won:.0%} of won leads but {others:.0%} of the others",
        ),
        (
            later is not None and tells and not dated,
            "leak",
            (
                f"'{word}' says it is written later, the export has no dates to show otherwise, "
                f"and it tells (AUC {alone:.2f})"
            ),
        ),
        (
            later is not None and tells,
            "suspect",
            f"'{word}' says it may be written after the outcome",
        ),
        (
            running is not None and tells and not dated,
            "suspect",
            "a running total as of the export, not of the moment of scoring",
        ),
    ]
    return next(((verdict, reason) for holds, verdict, reason in rules if holds), ("fine", ""))


def refused(reports: Sequence[ColumnReport]) -> list[str]:
    """The columns called a leak."""
    return [report.column for report in reports if report.verdict == "leak"]


def _codes(values: pd.Series) -> Floats:
    """Numbers as they are, text as codes by frequency; NaN where missing."""
    if pd.api.types.is_float_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64)
    common = values.value_counts().index[:200]
    codes = common.get_indexer(pd.Index(values)).astype(np.float64)
    codes[codes < 0] = len(common)
    codes[values.isna().to_numpy()] = np.nan
    return codes


def _auc_alone(values: Floats, converted: Bools, fold: Ints) -> float:
    """AUC of the out-of-fold share converted at each value (numbers in twentieths)."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.arange(0.05, 1, 0.05))) if len(known) else known
    distinct = np.unique(known)
    edges = distinct if len(distinct) <= 250 else edges
    code = np.where(
        np.isnan(values), 0, 1 + np.searchsorted(edges, np.nan_to_num(values), side="right")
    )
    rate = np.zeros(len(values))
    for k in range(FOLDS):
        seen = fold != k
        n = np.bincount(code[seen], minlength=len(edges) + 2)
        won = np.bincount(code[seen], converted[seen].astype(np.float64), minlength=len(edges) + 2)
        smooth = (won + 5 * converted[seen].mean()) / (n + 5)
        rate[~seen] = smooth[code[~seen]]
    return auc(converted, rate, np.ones(len(rate)))


def _auc_of_trees(matrix: Matrix, converted: Bools, fold: Ints, text: list[int]) -> float:
    """Out-of-fold AUC of a quick LightGBM; 0.5 where no column is left."""
    if not matrix.shape[1]:
        return 0.5
    score = np.zeros(len(matrix))
    settings = {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 15,
        "verbose": -1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": 1,
        "lambda_l2": 5.0,
    }
    for k in range(FOLDS):
        seen = fold != k
        data = lightgbm.Dataset(matrix[seen], converted[seen], categorical_feature=text)
        score[~seen] = np.asarray(lightgbm.train(settings, data, 40).predict(matrix[~seen]))
    return auc(converted, score, np.ones(len(score)))
