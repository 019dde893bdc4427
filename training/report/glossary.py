"""What does each word of the report mean? Every term it uses, in the words of a marketer."""

from dataclasses import dataclass

from leadml.pages.words import STAGES, counted
from training.report.judgement import is_dated
from training.report.tables import Card


@dataclass(frozen=True, slots=True)
class Term:
    """A term, and what it means."""

    name: str
    meaning: str


def read_glossary(card: Card) -> list[Term]:
    """The terms in alphabetical order."""
    terms = [*_TERMS.items(), ("Probability", _probability(card)), _stage(), _immature(card)]
    if card["clock"] == "none":
        terms = [term for term in terms if term[0] != "Newest first"]  # nobody can be
    return [Term(*term) for term in sorted(terms, key=lambda term: term[0].lower())]


def _probability(card: Card) -> str:
    days = counted(card["horizon_days"], "day", "days")
    within = f" within {days}, the horizon" if is_dated(card) else ""
    return f"How many of 100 leads like this one should convert{within}."


def _stage() -> tuple[str, str]:
    meant = "; ".join(f"{name}: {meaning}" for name, meaning in reversed(STAGES.values()))
    return "Stage", (
        f"How far a lead has come, and so what should happen with it next. {meant}. SQL needs fit, "
        "intent and probability together."
    )


def _immature(card: Card) -> tuple[str, str]:
    days = counted(card["horizon_days"], "day", "days")
    return "Immature", (
        f"An example whose {days} had not passed by the end of the data. Nobody knows yet how it "
        "ends: it is neither a win nor a loss."
    )


_TERMS = {
    "Accepted, rejected (sales acceptance)": (
        "Whether sales took on a lead that marketing handed over, or gave it back."
    ),
    "Average deal": "Revenue divided by the deals that have an amount.",
    "Backtest": (
        "The past replayed: at the start of each past quarter a model is made from what was known "
        "then, and its scores are compared with what happened."
    ),
    "Base rate, average rate, everyone alike": (
        "The share of all leads that convert. As a rival it gives every lead that same probability."
    ),
    "Calibration, recalibration": (
        "The map from the model's raw score to a probability that keeps its word. It can be "
        "refitted without a new model when the level of conversions moves."
    ),
    "Capacity": "How many new leads sales can take on in a week.",
    "Challenger, champion": (
        "The champion is the model that scores now; a challenger is a newer one that may take over."
    ),
    "Clearly better, too close to tell": (
        "Two ways to score are judged on the same leads. Clearly: the 90 % interval of their "
        "difference lies on one side of nothing. Too close to tell: chance alone could do it."
    ),
    "Column that died": (
        "A column that used to be filled and hardly is any more, for instance because a form or an "
        "export changed."
    ),
    "Contact, call": "A lead that sales speaks to, counted once.",
    "Conversion, win": (
        "A lead reached what the model predicts; a win is a lead that became a customer."
    ),
    "Cost per lead, per MQL, per SQL, per customer": (
        "What was spent on a source, divided by those of its leads that got as far, within the "
        "horizon or so far."
    ),
    "CSV": "A plain table that opens in any spreadsheet.",
    "Data fingerprint": (
        "A number worked out of every value of the data: the same data have the same one."
    ),
    "Drift": (
        "Leads, or their scores, are no longer like those the model learned from. A reason to "
        "look, not a verdict."
    ),
    "Duplicate": "The same person, or the same event, that stands in the data more than once.",
    "Effect, weight, what moves scores": (
        "By how much something raises or lowers scores on average, given all the rest."
    ),
    "Engagement, grades 1–4": "What a lead does and uses. 1 is strongest.",
    "Event": "Something a lead did at a time: a visit, a click, a demo asked for.",
    "Example, look": (
        "One lead as it was known at one moment. A lead is looked at several times while open."
    ),
    "Expected, happened": (
        "Expected: the sum of the probabilities said beforehand. Happened: what was counted after."
    ),
    "Feature": "One question the model asks of a lead's past, with a number as the answer.",
    "Fit, grades A–D": "Who a lead is: its company, role, country, source. A is best.",
    "Fixed cut-off": "A line one might have set by hand, such as 10 %.",
    "Funnel": ("The way from lead to customer, and how many are left at each stage of it."),
    "Gate": (
        "The rules a new model must pass before it scores: no worse than the champion on the same "
        "leads, calibrated, free of leaks, and calm enough."
    ),
    "Happens together (interaction)": (
        "Two signs that say more, or less, together than each of them alone would."
    ),
    "Horizon": "How many days ahead the prediction looks.",
    "Intent": "What a lead explicitly asks for, such as a demo. Engagement never makes up for it.",
    "Interval": (
        "The range in which the true figure lies with 90 % confidence; written in brackets. Few "
        "leads make it wide. A lead's own is that of the average of all leads with such a score."
    ),
    "Leak": (
        "A column filled in after the outcome, or because of it. It predicts beautifully in old "
        "data and is worth nothing on the day."
    ),
    "Lift": "How many times the average rate the leads at the top convert.",
    "Line (threshold)": (
        "The probability from which on a lead is called. A line for value is where a call just "
        "pays for itself; one for capacity is where sales has its hands full."
    ),
    "Log loss, Brier score": (
        "How far probabilities were from what happened; lower is better. They serve to compare "
        "scorers on the same leads."
    ),
    "Missing": "A column that says nothing about a lead.",
    "n": "How many examples or leads a figure was counted on.",
    "Naive Bayes, logistic regression, best single rule": (
        "Plain ways to score that stand beside the model as rivals: each sign counted on its own, "
        "a weighted sum of signs, and the one sign that sorts best."
    ),
    "Needs": "What a stage asks of a lead, by the policy.",
    "Negative": "What speaks against a lead: it unsubscribed, bounced, or works for a competitor.",
    "Newest first": "A rival: call the youngest leads first.",
    "Odds": "The chance of converting against that of not converting: 20 % is odds of 1 to 4.",
    "Open lead": "A lead that is neither won nor lost yet.",
    "Pairs put right (AUC)": (
        "Take one lead that converted and one that did not: in how many of 100 such pairs the "
        "first has the higher score. 50 is chance, 100 is perfect."
    ),
    "Points": (
        "A table of points set by hand, as companies use before they have a model; a rival in "
        "every comparison."
    ),
    "Policy": "The rules that turn a score, and what else is known, into a stage and an action.",
    "Precision": "Of the leads called, how many win.",
    "Reason": "What raised or lowered the score of a lead, as a sentence.",
    "Recipe": "The way a model is made: which kind, and how cautious.",
    "Reliability": "Whether of the leads that got 20 % about 20 in 100 converted.",
    "Revenue": "The sum of the amounts of the deals that were won.",
    "Rival": "Another way to choose whom to call, judged on the same leads.",
    "Segment": "A part of all leads: a region, a team, a product.",
    "Share of wins (recall)": "Of all wins, how many are among the leads called.",
    "Best F1": (
        "The line that balances precision and share of wins best, known in hindsight only."
    ),
    "Similar past leads": (
        "Past leads that look most like this one to the model, and whose end is known."
    ),
    "So far": "Until the end of the data, however long it took.",
    "Source": "Where a lead came from: an event, a search, a campaign.",
    "Stability index": (
        "The population stability index: how far the shares of a feature's values have moved. "
        "Below 0.1 little, up to 0.25 some, beyond it much."
    ),
    "Subject": "All that is asked of one thing, such as demo requests over any time.",
    "Test period": "The newest time of the data, which judges and was not learned from.",
    "Top 20 %": "The fifth of leads with the highest scores.",
    "Trained once": "A rival: the first model of the past, never made anew.",
    "Unscored": "A lead without a probability, with the reason why: no score is not a score of 0.",
    "Waterfall": (
        "A drawing of how a lead's probability comes about: from the average, one reason after "
        "the other."
    ),
    "Won lead": "A lead with a deal that was won.",
}
