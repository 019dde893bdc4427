"""What do the attribute columns hold, as of the newest example of each lead?

`Columns` is what the leak report looks at: values as they were known at each moment, the outcome
beside them, folds that keep accounts whole, and the history where there is one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.attributes import Known, encode_leads
from features.firmographics import is_date, is_number
from features.log import as_arrow, codes_of
from leadml.arrays import Bools, Floats, Ints, Matrix
from leadml.config import Config
from leadml.parallel import in_order
from leadml.progress import track
from leadml.tables import Tables
from leadml.timeline import nanos
from training.leaks.filling import Filling, Fillings, read_fillings
from training.leaks.sorting import (
    FOLDS,
    auc_of_trees,
    binned,
    column_codes,
    mean_out_of_fold,
    time_told,
)
from training.metrics import auc
from training.split import folds_by_group

MOST_EXAMPLES = 20_000
"""Of more leads than this, so many are drawn."""
ALONE_GOOD = 0.70
"""Only of a column that sorts this well alone is asked what is lost without it."""
COPIES = 0.90
"""Columns whose ranks correlate so are copies: a leak must not hide behind its own."""


@dataclass(frozen=True)
class Columns:
    """Every column as of the newest example of each lead; n examples.

    Attributes:
        known: the values by column.
        converted, fold: of each example; shape (n,).
        codes: the values as numbers; shape (n, columns).
        bins: the values by bin, a column each; 0 is missing.
        rates: the share converted at each value, out of fold, a column each.
        alone: the AUC of each column's rates.
        texts: which columns hold texts.
        time_ranks: where each example stands in time by creation and by ``as_of``, from 0 to 1;
            none where there is no order.
        fillings: the history of the columns.
    """

    known: dict[str, Known]
    converted: Bools
    fold: Ints
    codes: Matrix
    bins: list[Ints]
    rates: list[Floats]
    alone: list[float]
    texts: list[int]
    time_ranks: tuple[Floats, ...]
    fillings: Fillings

    def filled(self, column: str) -> tuple[float, float]:
        """The share of converted and of other examples where ``column`` is known."""
        filled = ~self.known[column].missing
        return float(filled[self.converted].mean()), float(filled[~self.converted].mean())

    def filling(self, column: str) -> Filling:
        """What the history says of ``column``."""
        return self.fillings.of(column, self.known[column])

    def time_told(self, k: int) -> float | None:
        """How well the values of column ``k`` tell the time, from 0 to 1; None without an order."""
        told = [time_told(self.bins[k], rank, self.fold) for rank in self.time_ranks]
        return max(told, default=None)

    def losses(self, threads: int) -> list[float]:
        """The AUC lost without each column and its copies; 0 where it sorts too little to ask.

        ``threads`` says how many models are fitted at a time; 0 takes all cores. It changes nothing
        but the time.
        """
        asked = [k for k, alone in enumerate(self.alone) if alone >= ALONE_GOOD]
        lost = [0.0] * len(self.alone)
        if not asked:
            return lost
        every = list(range(len(self.alone)))
        left = [every]
        for row in self._copies(asked):
            copies = {k for k, copy in zip(asked, row, strict=True) if copy}
            left.append([k for k in every if k not in copies])
        aucs = in_order(self._auc_of, left, threads=threads)
        whole, *rest = track(aucs, "leaks", rows=len(self.converted), steps=len(left))
        for k, without in zip(asked, rest, strict=True):
            lost[k] = whole - without
        return lost

    def _copies(self, columns: list[int]) -> np.ndarray:
        """Which of some columns say the same, by their values or by their rates; symmetric."""
        values = [_ranks(np.nan_to_num(self.codes[:, k], nan=-np.inf)) for k in columns]
        rates = [_ranks(self.rates[k]) for k in columns]
        by_value, by_rate = np.abs(np.corrcoef(values)), np.corrcoef(rates)
        return np.atleast_2d(np.maximum(by_value, by_rate) >= COPIES)

    def _auc_of(self, columns: list[int]) -> float:
        texts = [place for place, k in enumerate(columns) if k in self.texts]
        return auc_of_trees(self.codes[:, columns], self.converted, self.fold, texts=texts)


def read_columns(tables: Tables, examples: pd.DataFrame, config: Config) -> Columns | None:
    """What the columns hold; None where there are none, or no two outcomes to compare.

    Args:
        tables: the attribute columns, their history and the outcomes.
        examples: lead_id, as_of, converted, group; oldest first.
        config: exclusions, the outcome and the seed.
    """
    names = [
        column
        for column in tables.attribute_columns
        if column not in config.attributes.kept_out and not is_date(tables, column)
    ]
    newest = _newest(examples, config.training.seed)
    converted = newest["converted"].to_numpy(dtype=bool)
    too_few = newest["group"].nunique() < FOLDS
    if not names or converted.all() or not converted.any() or too_few:
        return None
    leads, ids = encode_leads(tables.leads, tables.attributes)
    lead, as_of = codes_of(as_arrow(newest["lead_id"]), ids), nanos(newest["as_of"])
    known = {column: leads.at(column, lead, as_of) for column in names}
    fold = folds_by_group(newest["group"], FOLDS, seed=config.training.seed)
    codes = np.column_stack([column_codes(values.as_series()) for values in known.values()])
    bins = [binned(column) for column in codes.T]
    won, ones = converted.astype(np.float64), np.ones(len(newest))
    rates = [mean_out_of_fold(column, won, fold) for column in bins]
    times = (leads.created[lead], as_of) if tables.clock != "none" else ()
    return Columns(
        known=known,
        converted=converted,
        fold=fold,
        codes=codes,
        bins=bins,
        rates=rates,
        alone=[float(auc(converted, rate, ones)) for rate in rates],
        texts=[k for k, column in enumerate(names) if not is_number(tables, column)],
        time_ranks=tuple(_ranks(moments) for moments in times),
        fillings=read_fillings(tables, leads, lead, newest["lead_id"], config),
    )


def _newest(examples: pd.DataFrame, seed: int) -> pd.DataFrame:
    newest = examples.drop_duplicates("lead_id", keep="last")
    many = len(newest) > MOST_EXAMPLES
    return newest.sample(MOST_EXAMPLES, random_state=seed) if many else newest


def _ranks(values: Ints | Floats) -> Floats:
    """Where each value stands among the others, from 0 to 1; ties share a place."""
    return np.asarray(pd.Series(values).rank(pct=True), dtype=np.float64)
