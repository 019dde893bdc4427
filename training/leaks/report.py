"""Which columns know the outcome before they could? The leak report.

A column that was filled in after the outcome predicts it beautifully and is worth nothing on the
day. Each attribute column is looked at from all sides, and the verdict says which one spoke:

* how well it sorts alone (AUC of out-of-fold rates of its values);
* how much sorting is lost without it, all other columns given (quick LightGBM, out of fold);
* how often it is filled for won and for lost leads;
* whether a history shows that it is filled after the outcome, or changes after ``as_of``;
* whether its name says that people or systems write it later (``tags``, ``last activity``, …);
* whether it merely tells the time: a running number, the date of an import.

A ``leak`` stays out of the model until ``attributes.allow`` names it; the permission is logged.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from leadml.config import Config
from leadml.hints import RUNNING_TOTAL, WRITTEN_LATER, spoken
from leadml.tables import Tables
from training.leaks.columns import ALONE_GOOD, read_columns
from training.leaks.filling import Filling

Verdict = Literal["fine", "suspect", "leak"]
Judgement = tuple[Verdict, str]
"""A verdict and its reason in a sentence; empty where it is fine."""

log = logging.getLogger(__name__)

ALONE_TOO_GOOD = 0.90
"""No honest column of a lead sorts this well alone."""
LOSS_TOO_GREAT = 0.05
"""AUC lost without the column, where all others together cannot make up for it."""
FILLED_APART = 0.35
"""Difference of the shares filled for won and lost leads."""
ALONE_TELLING = 0.54
"""Below this a column hardly tells anything."""
MOSTLY_AFTER = 0.50
"""Share of closed leads whose value was first told after the outcome."""
TOLD_ENOUGH, RARELY_AFTER = 0.25, 0.10
"""The share of closed leads of which a history tells, and how few of those late, to clear it."""
TELLS_TIME = 0.85
"""Correlation with time; honest columns under strong drift reach 0.75."""


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What the leak report says of one attribute column.

    Attributes:
        auc_alone: how well the column sorts by itself; 0.5 is not at all.
        auc_lost: how much sorting is lost without it and its near copies; 0 where it sorts too
            little to ask.
        filled_won, filled_lost: the share of converted and of other leads where it is known.
        filled_before, filled_after: of the leads closed with a value, the shares whose value the
            history first tells before and after the outcome; None where no history tells.
        changed_later: the share of examples whose value as of then is not the lead's last one;
            None where no history tells.
        time_told: how well its values tell when a lead came, from 0 to 1; None without an order.
        allowed: whether ``attributes.allow`` names it.
        verdict: fine, suspect or leak.
        reason: why, in a sentence.
    """

    column: str
    auc_alone: float
    auc_lost: float
    filled_won: float
    filled_lost: float
    filled_before: float | None
    filled_after: float | None
    changed_later: float | None
    time_told: float | None
    allowed: bool
    verdict: Verdict
    reason: str


def report_leaks(tables: Tables, examples: pd.DataFrame, config: Config) -> list[ColumnReport]:
    """The leak report of every attribute column that the configuration does not exclude.

    Args:
        tables: the attribute columns, their history and the outcomes.
        examples: lead_id, as_of, converted, group; the newest of each lead is looked at.
        config: exclusions, permissions, the outcome, the seed and the threads.
    """
    columns = read_columns(tables, examples, config)
    if columns is None:
        return []
    losses = columns.losses(config.training.threads)
    reports = []
    for k, column in enumerate(columns.known):
        alone, lost, filled = columns.alone[k], losses[k], columns.filled(column)
        filling, time = columns.filling(column), columns.time_told(k)
        sorting = (
            judge_sorting(alone, lost)
            if is_cleared(filling)
            else judge(column, alone, lost, filled, dated=tables.dated)
        )
        verdict, reason = _worst(sorting, judge_time(alone, filling, time))
        allowed = column in config.attributes.allow
        if verdict == "leak" and allowed:
            log.info("leak allowed by attributes.allow: %s (%s)", column, reason)
        history = filling.before, filling.after, filling.changed, time
        figures = alone, lost, *filled, *history
        reports.append(ColumnReport(column, *figures, allowed, verdict, reason))
    return reports


def judge(
    column: str, alone: float, lost: float, filled: tuple[float, float], *, dated: bool
) -> Judgement:
    """The verdict on a column that no history clears: the first sign that speaks."""
    verdict, reason = judge_sorting(alone, lost)
    if verdict != "fine":
        return verdict, reason
    return judge_signs(column, alone, filled, dated=dated)


def is_cleared(filling: Filling) -> bool:
    """Whether a history shows that a column is filled before the outcome, whatever else it seems.

    A history that tells of changes only is silent on most leads; it clears where it speaks enough.
    """
    if filling.before is None or filling.after is None:
        return False
    told = filling.before + filling.after
    return told >= TOLD_ENOUGH and filling.after <= RARELY_AFTER * told


def judge_sorting(alone: float, lost: float) -> Judgement:
    """The verdict on how well a column sorts: no honest one does so too well."""
    if alone >= ALONE_TOO_GOOD:
        said = f"alone it sorts won from lost with AUC {alone:.2f}; nothing known beforehand does"
        return "leak", said
    if alone >= ALONE_GOOD and lost >= LOSS_TOO_GREAT:
        said = f"alone it sorts with AUC {alone:.2f}, and without it the rest loses {lost:.2f}"
        return "leak", said
    return "fine", ""


def judge_time(alone: float, filling: Filling, told: float | None) -> Judgement:
    """The verdict on when a column is filled, and on whether it merely tells the time."""
    found: list[Judgement] = []
    if filling.after is not None and filling.after >= MOSTLY_AFTER:
        said = (
            f"the history first tells it after the outcome for {filling.after:.0%} of those closed"
        )
        found.append(("leak" if alone >= ALONE_TELLING else "suspect", said))
    if told is not None and told >= TELLS_TIME:
        said = f"it tells the time: its values follow when leads came (correlation {told:.2f})"
        found.append(("suspect", said))
    return _worst(*found)


def judge_signs(
    column: str, alone: float, filled: tuple[float, float], *, dated: bool
) -> Judgement:
    """The verdict on how a column is filled and called."""
    name = spoken(column)
    later, running = WRITTEN_LATER.search(name), RUNNING_TOTAL.search(name)
    word, (won, others) = later[0] if later else "", filled
    tells = alone >= ALONE_TELLING
    rules: list[tuple[bool, Verdict, str]] = [
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


def _worst(*found: Judgement) -> Judgement:
    """The worst verdict, with every reason, that of the worst first."""
    grave = ["leak", "suspect", "fine"]
    ranked = sorted(found, key=lambda judgement: grave.index(judgement[0]))
    verdict = ranked[0][0] if ranked else "fine"
    return verdict, "; ".join(reason for _, reason in ranked if reason)
