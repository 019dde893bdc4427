"""Should the model stay? The verdict on a quarter and three recommendations, in words.

Every recommendation has its number: what of the model, what of the line for sales, what of sales
or the data is worth doing, in this order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.capacity import Capacity
from leadml.pages.words import capitalised, counted, date_words, decimal
from leadml.profile import MUCH
from training.funnel.acceptance import LONG_DAYS, Acceptance
from training.gate import Rule
from training.health.measure import Health
from training.health.shifts import Drift
from training.metrics import Estimate
from training.periods import LEAST_OUTCOMES
from training.report.funnel_words import share_words
from training.report.shifts import MovedRow, drift_sentences, moved_rows
from training.report.tables import Card, Cell, figure_cell
from training.review import Promise, Review, Verdict, decide

TITLES: Mapping[Verdict, str] = {
    "keep": "Keep the model",
    "recalibrate": "Keep the model, and set its level anew",
    "promote": "Change to the challenger",
    "retrain": "Do not rank by this model: train again",
    "wait": "Wait: too little has come due to judge by",
}
"""What is said of each verdict."""

ROOM = 0.1
"""A line that brings a tenth more or fewer leads than sales can take is left where it is."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """Who might take over, and what the gate said."""

    number: str
    passed: bool
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside a reviewed quarter.

    Attributes:
        card: of the champion.
        version: of the champion.
        challenger: who might take over; None for nobody.
        health: of the data beside what the champion learned from; None where not measured.
        capacity: of sales; None where it is not told.
    """

    card: Card
    version: str
    challenger: Challenger | None = None
    health: Health | None = None
    capacity: Capacity | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation: about what, to do what, and the number behind it."""

    about: str
    do: str
    because: str


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
            _model_advice(review, verdict, around.version, challenger),
            _line_advice(review, around.capacity),
            _data_advice(review.acceptance, drift),
        ),
        tuple(capitalised(name) for name in scorers),
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
        (
            "Came due",
            (
                f"{review.scores - review.immature:,} of them; for {review.immature:,} the "
                f"{counted(review.horizon_days, 'day is', 'days are')} not over"
            ),
        ),
    ]


def _model_advice(
    review: Review, verdict: Verdict, version: str, challenger: Challenger | None
) -> Advice:
    if verdict == "promote" and challenger is not None:
        because = " ".join(rule.text for rule in challenger.rules[:2])
        do = f"Let version {challenger.number} take over: leadml promote {challenger.number}."
        return Advice("The model", do, because)
    if review.evaluation is None:
        due = review.scores - review.immature
        because = (
            f"{counted(due, 'score has', 'scores have')} come due; to judge by, "
            f"{LEAST_OUTCOMES} must have led to a win and {LEAST_OUTCOMES} not."
        )
        return Advice("The model", f"Leave version {version} and look again later.", because)
    model = review.evaluation.figures["model"]
    level = review.evaluation.figures["base rate"]["log_loss"].value
    sorting = (
        f"Of a lead that won and one that did not, it put the first higher in "
        f"{_pairs(model['auc'])} of 100 cases."
    )
    if verdict == "retrain":
        loss = f"Its log loss was {decimal(model['log_loss'].value)}, that of giving everyone the "
        because = f"{sorting} {loss}average rate {decimal(level)}."
        return Advice("The model", "Train again and do not rank by it: leadml train.", because)
    ratio = f"{_times(model['observed_to_expected'])} wins came for each one it expected."
    if verdict == "recalibrate":
        do = f"Keep version {version} and set its level anew: leadml recalibrate."
        return Advice("The model", do, f"{capitalised(ratio)} {sorting}")
    return Advice("The model", f"Keep version {version}.", f"{sorting} {capitalised(ratio)}")


def _line_advice(review: Review, capacity: Capacity | None) -> Advice:
    promise = review.promise
    about = "The line for sales"
    if promise is None:
        because = (
            f"None of the {counted(review.scores, 'score', 'scores')} says which leads came to "
            "sales; files that leadml score wrote do."
        )
        return Advice(about, "Keep the files of scores, to see what the line brings.", because)
    came = f"{promise.per_week:.1f} leads came to sales in an average week"
    if capacity is None:
        because = f"{came}; whether that is too many cannot be told without [capacity]."
        return Advice(about, "Say what sales can do, under [capacity] in leadml.toml.", because)
    able = capacity.people * capacity.conversations_per_week
    because = f"{came}, and it can take on {able:g}. {_held(promise)}"
    if promise.per_week > able * (1 + ROOM):
        return Advice(about, "Raise the line, or add people: leadml thresholds.", because)
    if promise.per_week < able * (1 - ROOM):
        return Advice(about, "Lower the line: leadml thresholds.", because)
    return Advice(about, "Leave the line where it is.", because)


def _data_advice(acceptance: Acceptance, drift: Drift | None) -> Advice:
    this, change = acceptance.this, acceptance.change
    if this is not None and change is not None and change.beyond and (change.value or 0) < 0:
        because = (
            f"It took {share_words(this)} of the {this.n:,} leads it answered, after "
            f"{share_words(acceptance.last) if acceptance.last else 'more'} in the quarter before."
        )
        return Advice("Sales", "Ask sales why it takes fewer leads.", because)
    most = drift.features[0] if drift is not None and drift.features else None
    if most is not None and most.index > MUCH:
        because = (
            f"“{capitalised(most.label)}” has moved by {most.index:.2f}, where {MUCH:g} is much."
        )
        return Advice("The data", "Look whether what moved most is real or an error.", because)
    if acceptance.waiting_long:
        because = (
            f"{counted(acceptance.waiting_long, 'SQL has', 'SQLs have')} waited for an answer of "
            f"sales for more than {LONG_DAYS} days."
        )
        return Advice("Sales", "Answer the SQLs that wait.", because)
    if most is not None:
        because = (
            f"What moved most, “{most.label}”, moved by {most.index:.2f}; above {MUCH:g} it would "
            "be worth a look."
        )
        return Advice("The data", "Nothing to mend.", because)
    if this is not None and this.n:
        because = f"Sales took {share_words(this)} of the {this.n:,} leads it answered."
        return Advice("Sales", "Go on as before.", because)
    recorded = len(acceptance.recorded)
    because = f"{recorded} of 2 answers (sales_accepted, sales_rejected) are in the outcomes."
    return Advice("Sales", "Record what sales says of the leads it gets.", because)


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
    return [came, _held(promise)]


def _held(promise: Promise) -> str:
    expected, won = promise.expected, promise.happened
    within = "as" if expected.lower <= won <= expected.upper else "not as"
    low, high = f"{expected.lower:.0f}", f"{expected.upper:.0f}"
    return (
        f"Of the {promise.over:,} whose time is over, {expected.value:.1f} wins were expected "
        f"({low}–{high}) and {won:,} came: {within} promised."
    )


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
            f"{acceptance.last.n:,}: {'more than chance apart' if beyond else 'chance apart'}."
        )
    if acceptance.waiting:
        said.append(
            f"Today {counted(acceptance.waiting, 'SQL waits', 'SQLs wait')} for an answer, "
            f"{acceptance.waiting_long:,} of them for more than {LONG_DAYS} days."
        )
    return said


def _pairs(figure: Estimate) -> str:
    cell = figure_cell("auc", figure.to_json())
    return f"{cell.value} ({cell.interval})"


def _times(figure: Estimate) -> str:
    return f"{figure.value:.2f} ({figure.lower:.2f}–{figure.upper:.2f})"
