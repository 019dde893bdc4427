"""Should the model stay? The verdict on a quarter and three recommendations, in words.

Every recommendation has its number: what of the model, what of the line for sales, what of sales
or the data is worth doing, in this order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import SCORERS, capitalised, counted, date_words
from training.funnel.acceptance import LONG_DAYS, Acceptance
from training.report.advice import (
    Advice,
    Around,
    Challenger,
    advise_data,
    advise_line,
    advise_model,
    held,
)
from training.report.funnel_words import share_words
from training.report.shifts import MovedRow, drift_sentences, moved_rows
from training.report.tables import Cell, figure_cell
from training.review import Review, Verdict, decide

TITLES: Mapping[Verdict, str] = {
    "keep": "Keep the model",
    "recalibrate": "Keep the model, and set its level anew",
    "promote": "Change to the challenger",
    "retrain": "Do not rank by this model: train again",
    "wait": "Wait: too little has come due to judge by",
}
"""What is said of each verdict."""


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A reviewed quarter, ready to be read.

    Attributes:
        title: the verdict.
        quarter: its name.
        facts: label and value, for the head of the page.
        advice: three recommendations.
        figures: the model's measures, each with what it was for the rivals.
        scorers: the heads of ``figures``.
        promise: sentences on what had been expected of the leads that came to sales.
        sales: sentences on what sales said of them.
        drift: sentences on what has moved, and ``moved`` what most.
        challenger: who might take over; None for nobody.
    """

    title: str
    quarter: str
    facts: tuple[tuple[str, str], ...]
    advice: tuple[Advice, Advice, Advice]
    scorers: tuple[str, ...]
    figures: tuple[tuple[str, tuple[Cell, ...]], ...]
    promise: tuple[str, ...]
    sales: tuple[str, ...]
    drift: tuple[str, ...]
    moved: tuple[MovedRow, ...]
    challenger: Challenger | None


MEASURES = {
    "auc": "Pairs put right, of 100",
    "wins_in_top_20": "Share of wins in the top 20 %",
    "log_loss": "Log loss",
    "observed_to_expected": "Wins for each one expected",
    "calibration_slope": "Calibration slope",
}
"""The figures shown, and how they are said."""


def build_review(review: Review, around: Around) -> ReviewPage:
    """The page of a reviewed quarter."""
    challenger, health = around.challenger, around.health
    verdict = decide(review, challenger_passed=challenger is not None and challenger.passed)
    drift = None if health is None else health.drift
    scorers = [] if review.evaluation is None else list(review.evaluation.figures)
    return ReviewPage(
        TITLES[verdict],
        review.quarter.name,
        tuple(_facts(review)),
        (
            advise_model(review, verdict, around),
            advise_line(review, around.capacity),
            advise_data(review.acceptance, drift),
        ),
        tuple(capitalised(SCORERS.get(name, name)) for name in scorers),
        tuple(_figures(review, scorers)),
        tuple(_promise_sentences(review)),
        tuple(_sales_sentences(review.acceptance)),
        tuple(drift_sentences(around.card, health)),
        () if drift is None else tuple(moved_rows(drift)),
        challenger,
    )


def _facts(review: Review) -> list[tuple[str, str]]:
    given = (
        "as they were given then"
        if review.from_files
        else "of the champion, for looks it has not learned from"
    )
    models = " and ".join(f"version {name} ({n:,})" for name, n in review.versions.items())
    end = review.quarter.end.isoformat()
    return [
        ("Quarter", f"{date_words(review.quarter.start.isoformat())} up to {date_words(end)}"),
        (
            "Scores",
            (
                f"{counted(review.scores, 'score', 'scores')} of "
                f"{counted(review.leads, 'lead', 'leads')}, {given}"
            ),
        ),
        ("By", models),
        ("Came due", _due(review)),
    ]


def _due(review: Review) -> str:
    due, young = review.scores - review.immature, review.immature
    days = counted(review.horizon_days, "day is", "days are")
    if not young:
        return "all of them"
    return f"{f'{due:,}' if due else 'none'} of them; for {young:,} the {days} not over"


def _figures(review: Review, scorers: Sequence[str]) -> list[tuple[str, tuple[Cell, ...]]]:
    if review.evaluation is None:
        return []
    judged = [review.evaluation.figures[name] for name in scorers]
    return [(said, tuple(_cell(name, own) for own in judged)) for name, said in MEASURES.items()]


def _cell(name: str, figures: Mapping[str, Any]) -> Cell:
    return figure_cell(name, figures[name].to_json() if name in figures else None)


def _promise_sentences(review: Review) -> list[str]:
    promise = review.promise
    if promise is None:
        return ["No stage was kept with these scores, so nobody can tell which leads sales got."]
    came = (
        f"{counted(promise.leads, 'lead was', 'leads were')} sales qualified at some time in the "
        f"quarter, {promise.per_week:.1f} a week."
    )
    if not promise.over:
        return [came, "Of none of them the time is over yet."]
    return [came, held(promise)]


def _sales_sentences(acceptance: Acceptance) -> list[str]:
    if acceptance.this is None:
        told = ", ".join(acceptance.recorded) or "neither"
        return [
            f"Of sales_accepted and sales_rejected the outcomes hold {told}, so no rate is made."
        ]
    if not acceptance.this.n:
        return ["Sales answered no lead in this quarter."]
    said = [
        (
            f"Sales took {share_words(acceptance.this)} of {acceptance.this.n:,} leads it first "
            "answered in this quarter."
        )
    ]
    if acceptance.last is not None and acceptance.last.n:
        beyond = acceptance.change is not None and acceptance.change.beyond
        said.append(
            f"In the quarter before it took {share_words(acceptance.last)} of "
            f"{acceptance.last.n:,}: {'a' if beyond else 'no'} difference beyond chance."
        )
    if acceptance.waiting:
        said.append(
            f"Today {counted(acceptance.waiting, 'lead', 'leads')} that the data record as SQL "
            f"{'waits' if acceptance.waiting == 1 else 'wait'} for an answer, "
            f"{acceptance.waiting_long:,} of them for more than {LONG_DAYS} days."
        )
    return said
