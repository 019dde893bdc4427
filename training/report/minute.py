"""What must a reader know who has one minute? And what is there to do, each with its number."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from leadml.pages.words import counted, outcome_words
from training.report.judgement import believe, counted_examples, in_one_minute, is_dated
from training.report.line_steps import in_percent
from training.report.tables import Card
from training.thresholds import Plan

MOST_TO_DO = 3
"""So many things to do are told."""


@dataclass(frozen=True, slots=True)
class Minute:
    """The section: what is so, and what to do."""

    sentences: tuple[str, ...]
    todo: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """What is known beside the card when a report is written.

    Attributes:
        open_leads: stage, probability (NaN where unscored) and, where it is known, answered
            (whether sales took the lead or gave it back), one row an open lead; may be empty.
        won_leads: how many leads of the data reached the outcome so far; None where not counted.
        since: what changed since the last model, in one sentence.
        plan: what sales can take on; None where no capacity is told.
        mend: what to mend in the data, the gravest first.
    """

    open_leads: pd.DataFrame
    won_leads: int | None = None
    since: str = ""
    plan: Plan | None = None
    mend: Sequence[str] = ()


def read_minute(card: Card, today: Today) -> Minute:
    """The section of one model."""
    said = in_one_minute(card, won_leads=today.won_leads, since=today.since)
    return Minute(tuple(said), tuple(what_to_do(card, today)))


def what_to_do(card: Card, today: Today) -> list[str]:
    """One to three sentences; without a signal the first says not to rank."""
    if not card["usable"]:
        stay = (
            f"Do not rank leads by this model: {counted_examples(card)} it was judged on show no "
            "signal beyond the average rate. Keep to the order you use today."
        )
        return [stay, *today.mend][:MOST_TO_DO]
    said = [_call(card, today.open_leads)] if is_dated(card) and len(today.open_leads) else []
    if today.plan is not None:
        said.append(_line(card, today.plan))
    return [*said, *today.mend][:MOST_TO_DO]


def _call(card: Card, open_leads: pd.DataFrame) -> str:
    """Whom to call now."""
    scored = open_leads[open_leads["probability"].notna()]
    ready = scored[scored["stage"] == "sql"]
    warm = int((scored["stage"] == "mql").sum())
    if not len(ready):
        left = f"Let marketing work on the {warm:,} at MQL." if warm else "None is at MQL either."
        return f"Of {counted(len(scored), 'open lead', 'open leads')} none is at SQL now. {left}"
    leads = "1 open lead that is" if len(ready) == 1 else f"{len(ready):,} open leads that are"
    said = f"Call the {leads} at SQL now{_answered(ready)}"
    if believe(card["evaluation"]).level == "poor":
        return f"{said}, the highest first."
    words, expected = outcome_words(card["outcome"]), float(ready["probability"].sum())
    number = f"{expected:.0f}" if expected >= 1.5 else f"{expected:.1f}"
    days = counted(card["horizon_days"], "day", "days")
    return f"{said}; within {days} expect about {number} {words.many} among them."


def _answered(ready: pd.DataFrame) -> str:
    """How many of the leads to call sales has dealt with already."""
    known = int(ready["answered"].sum()) if "answered" in ready else 0
    if not known:
        return ""
    if known == len(ready):
        return ", which sales has answered before" if known == 1 else ", all answered before"
    return f" ({known:,} of them sales has answered before)"


def _line(card: Card, plan: Plan) -> str:
    """From which probability on sales can call everyone."""
    line, capacity = plan.everybody.line, plan.capacity
    week = capacity.people * capacity.conversations_per_week
    words = outcome_words(card["outcome"])
    expected = f"{line.wins_lower:.0f}–{line.wins_upper:.0f} were expected"
    return (
        f"Sales can take on {week:g} new leads a week: that is everyone with all else "
        f"it needs, from {in_percent(line.probability)} on. Tried on {plan.weeks:.0f} weeks, "
        f"these calls reached {counted(line.wins_happened, words.one, words.many)} ({expected})."
    )
