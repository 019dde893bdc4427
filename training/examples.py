"""Which (lead, moment) pairs teach and judge a model, and what became of each?

The only place in leadml that looks forward: a label looks at ``[as_of, as_of + horizon)``, while
everything else receives a past that holds no future. A label is mature once its window lies before
the end of the data; immature examples are kept apart, neither thrown away nor called lost.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from leadml.config import Config, Every, Examples
from leadml.errors import SignalError
from leadml.moments import open_at
from leadml.tables import Tables
from leadml.timeline import ceil_to_midnight, days

_PERIODS: dict[Every, str] = {"week": "W-MON", "month": "MS", "quarter": "QS"}


LEAST_GROUPS = 10
"""Fewer accounts than this cannot be parted into folds that say anything."""


@dataclass(frozen=True, slots=True)
class ExampleSet:
    """Examples with labels.

    Attributes:
        mature: lead_id, as_of, converted (bool), group (account or lead), oldest first.
        immature: how many examples have a horizon that ends after the data.
        closed: how many moments fell after the lead had closed, so that they are no examples.
    """

    mature: pd.DataFrame
    immature: int
    closed: int


def build_examples(tables: Tables, config: Config) -> ExampleSet:
    """Every moment at which an open lead is looked at, with what became of it.

    Args:
        tables: what was known before ``tables.end``.
        config: the moments (``examples``) and what is looked for (``label``).
    """
    moments = build_moments(tables, config.examples)
    is_open = open_at(tables, moments)
    examples = moments[is_open].reset_index(drop=True)
    horizon = days(config.label.horizon_days)
    mature = examples["as_of"] + horizon <= tables.end
    kept = examples[mature].sort_values(["as_of", "lead_id"], ignore_index=True)
    labelled = kept.assign(
        converted=_happened(tables, kept, config.label.outcome, horizon),
        group=_groups(tables, kept),
    )
    return ExampleSet(labelled, int((~mature).sum()), int((~is_open).sum()))


def build_moments(tables: Tables, settings: Examples) -> pd.DataFrame:
    """Each lead's moments: lead_id, as_of; before ``tables.end``, within ``max_age_days``."""
    leads = tables.leads[["lead_id", "created_at"]]
    offsets = [0] if not tables.dated else list(settings.after_days)
    parts = [leads.assign(as_of=leads["created_at"] + days(offset)) for offset in offsets]
    if settings.every and tables.dated and len(leads):
        grid = pd.date_range(
            leads["created_at"].min().normalize(), tables.end, freq=_PERIODS[settings.every]
        ).as_unit("us")
        parts.append(leads.merge(pd.DataFrame({"as_of": grid}), how="cross"))
    moments = pd.concat(parts, ignore_index=True)
    if tables.clock == "days":
        moments = moments.assign(as_of=ceil_to_midnight(pd.DatetimeIndex(moments["as_of"])))
    age = moments["as_of"] - moments["created_at"]
    valid = (
        (age >= days(0)) & (age <= days(settings.max_age_days)) & (moments["as_of"] < tables.end)
    )
    return moments.loc[valid, ["lead_id", "as_of"]].drop_duplicates(ignore_index=True)


def label_line(examples: ExampleSet, config: Config) -> str:
    """How many examples there are, and what became of them, in a line."""
    mature = examples.mature
    return (
        f"{len(mature):,} mature examples of {mature['lead_id'].nunique():,} leads, "
        f"{int(mature['converted'].sum()):,} reached {config.label.outcome} within "
        f"{config.label.horizon_days} days; {examples.immature:,} are still immature, "
        f"{examples.closed:,} moments fell after closing."
    )


def check_labels(examples: ExampleSet, config: Config) -> None:
    """Raises `SignalError` where there are too few outcomes, or leads, to learn from."""
    won = int(examples.mature["converted"].sum())
    lost = len(examples.mature) - won
    least = config.training.min_outcomes
    if min(won, lost) < least:
        label = config.label
        msg = (
            f"There must be {least} examples that reached {label.outcome} within "
            f"{label.horizon_days} days and {least} that did not, got {won:,} and {lost:,} "
            f"({examples.immature:,} are still immature). Bring more history, or shorten "
            "label.horizon_days."
        )
        raise SignalError(msg)
    groups = examples.mature["group"].nunique()
    if groups < LEAST_GROUPS:
        msg = (
            f"The examples must come from {LEAST_GROUPS} accounts (or leads without one), got "
            f"{groups:,}. Bring more history, or leave account_id unmapped."
        )
        raise SignalError(msg)


def _happened(
    tables: Tables, examples: pd.DataFrame, outcome: str, horizon: timedelta
) -> np.ndarray:
    """Whether ``outcome`` falls in ``[as_of, as_of + horizon)``; bool, shape (n,)."""
    wanted = tables.outcomes.loc[tables.outcomes["outcome"] == outcome, ["lead_id", "closed_at"]]
    numbered = examples[["lead_id", "as_of"]].reset_index(names="example")
    pairs = numbered.merge(wanted, on="lead_id")
    inside = (pairs["closed_at"] >= pairs["as_of"]) & (
        pairs["closed_at"] < pairs["as_of"] + horizon
    )
    happened = np.zeros(len(examples), dtype=bool)
    happened[pairs.loc[inside, "example"].to_numpy()] = True
    return happened


def _groups(tables: Tables, examples: pd.DataFrame) -> "pd.Series[str]":
    """What must not stand on both sides of a fold: the account, or the lead where none is known."""
    if "account_id" not in tables.leads:
        return examples["lead_id"]
    account = tables.leads.set_index("lead_id")["account_id"]
    accounts = examples["lead_id"].map(account)
    return ("account " + accounts).where(accounts.notna(), examples["lead_id"]).astype("str")
