"""What should be done after a quarter? Three recommendations, each with the number behind it."""

from dataclasses import dataclass

from leadml.capacity import Capacity
from leadml.pages.words import capitalised, counted, decimal
from leadml.profile import MUCH
from training.funnel.acceptance import LONG_DAYS, Acceptance
from training.gate import Rule
from training.health.measure import Health
from training.health.shifts import Drift
from training.metrics import Estimate
from training.periods import LEAST_OUTCOMES
from training.report.funnel_words import share_words
from training.report.tables import Card, figure_cell
from training.review import Promise, Review, Verdict

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


def advise_model(review: Review, verdict: Verdict, around: Around) -> Advice:
    """What to do with the champion."""
    version, challenger = around.version, around.challenger
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


def advise_line(review: Review, capacity: Capacity | None) -> Advice:
    """What to do with the line for sales."""
    promise = review.promise
    about = "The line for sales"
    if promise is None:
        because = (
            f"None of the {counted(review.scores, 'score', 'scores')} says which leads came to "
            "sales; files that leadml score wrote do."
        )
        return Advice(
            about,
            "Run leadml score every week and keep its files, to see what the line brings.",
            because,
        )
    came = f"{promise.per_week:.1f} leads came to sales in an average week"
    if capacity is None:
        because = f"{came}; whether that is too many cannot be told without [capacity]."
        return Advice(about, "Say what sales can do, under [capacity] in leadml.toml.", because)
    able = capacity.people * capacity.conversations_per_week
    because = f"{came}, and it can take on {able:g}. {held(promise)}"
    if promise.per_week > able * (1 + ROOM):
        return Advice(about, "Raise the line, or add people: leadml thresholds.", because)
    if promise.per_week < able * (1 - ROOM):
        return Advice(about, "Lower the line: leadml thresholds.", because)
    return Advice(about, "Leave the line where it is.", because)


def advise_data(acceptance: Acceptance, drift: Drift | None) -> Advice:
    """What to ask of sales, or to look for in the data; the gravest."""
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
            f"{counted(acceptance.waiting_long, 'lead', 'leads')} that the data record as SQL "
            f"{'has' if acceptance.waiting_long == 1 else 'have'} waited for an answer of sales "
            f"for more than {LONG_DAYS} days."
        )
        return Advice("Sales", "Answer the leads that wait.", because)
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


def held(promise: Promise) -> str:
    """Whether as many won as had been expected."""
    expected, won = promise.expected, promise.happened
    within = "as" if expected.lower <= won <= expected.upper else "not as"
    low, high = f"{expected.lower:.0f}", f"{expected.upper:.0f}"
    return (
        f"Of the {promise.over:,} whose time is over, {expected.value:.1f} wins were expected "
        f"({low}–{high}) and {won:,} came: {within} promised."
    )


def _pairs(figure: Estimate) -> str:
    cell = figure_cell("auc", figure.to_json())
    return f"{cell.value} ({cell.interval})"


def _times(figure: Estimate) -> str:
    return f"{figure.value:.2f} ({figure.lower:.2f}–{figure.upper:.2f})"
