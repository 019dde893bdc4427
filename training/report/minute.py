"""What must a reader know who has one minute? And what is there to do, each with its number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from leadml.pages.words import counted, outcome_words
from training.funnel.acceptance import ANSWERS
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
        open_leads: stage, probability (NaN where unscored) and, where they are known, answer (the
            last one of sales, "" without one), one row an open lead; may be empty.
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
    said = [_call(card, today)] if is_dated(card) and len(today.open_leads) else []
    if today.plan is not None:
        said.append(_line(card, today.plan))
    return [*said, *today.mend][:MOST_TO_DO]


def _call(card: Card, today: Today) -> str:
    """Whom to call now."""
    scored = today.open_leads[today.open_leads["probability"].notna()]
    ready = scored[scored["stage"] == "sql"]
    warm = int((scored["stage"] == "mql").sum())
    if not len(ready):
        left = f"Let marketing work on the {warm:,} at MQL." if warm else "None is at MQL either."
        return f"Of {counted(len(scored), 'open lead', 'open leads')} none is at SQL now. {left}"
    fresh = ready if "answer" not in ready else ready[ready["answer"] == ""]
    if len(fresh) == len(ready):
        leads = "1 open lead that is" if len(ready) == 1 else f"{len(ready):,} open leads that are"
        return f"Call the {leads} at SQL now{_expected(card, ready)}.{_work(ready, today.plan)}"
    at = counted(len(ready), "open lead is", "open leads are") + " at SQL now"
    if fresh.empty:
        return f"{at}; sales has answered before: it {_answers(ready)}."
    call = "call the one" if len(fresh) == 1 else f"call the {len(fresh):,}"
    return (
        f"{at}: {call} that sales has not answered yet{_expected(card, fresh)}."
        f"{_work(fresh, today.plan)} Of the others sales {_answers(ready)}."
    )


def _work(called: pd.DataFrame, plan: Plan | None) -> str:
    """How long the calls keep sales busy, where it is longer than a week."""
    week = 0.0 if plan is None else plan.capacity.people * plan.capacity.conversations_per_week
    if not 0 < week < len(called):
        return ""
    weeks = math.ceil(len(called) / week)
    return f" They are {weeks} weeks' work at {week:g} a week, so begin with the highest."


def _answers(ready: pd.DataFrame) -> str:
    """How sales answered last."""
    taken, back = ((ready["answer"] == answer).sum() for answer in ANSWERS)
    said = [f"took {taken:,}"] if taken else []
    return " and ".join([*said, *([f"gave back {back:,}"] if back else [])])


def _expected(card: Card, called: pd.DataFrame) -> str:
    """How many wins to expect of calls, where the probabilities may be believed."""
    if believe(card["evaluation"]).level == "poor":
        return ", the highest first"
    words, expected = outcome_words(card["outcome"]), float(called["probability"].sum())
    number = f"{expected:.0f}" if expected >= 1.5 else f"{expected:.1f}"
    days = counted(card["horizon_days"], "day", "days")
    return f"; within {days} expect about {number} {words.many} among them"


def _line(card: Card, plan: Plan) -> str:
    """From which probability on sales can call everyone."""
    line, capacity = plan.everybody.line, plan.capacity
    week = capacity.people * capacity.conversations_per_week
    words = outcome_words(card["outcome"])
    expected = f"{line.wins_lower:.0f}–{line.wins_upper:.0f} were expected"
    return (
        f"Sales can take on {week:g} new leads a week: that is every lead with all else that the "
        f"policy asks for, from {in_percent(line.probability)} on. Tried on {plan.weeks:.0f} "
        f"weeks, these calls reached {counted(line.wins_happened, words.one, words.many)} "
        f"({expected})."
    )
