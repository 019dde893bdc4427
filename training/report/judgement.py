"""How good is the model, in plain sentences? From the figures of its card.

Whether the probabilities may be believed follows one simple rule, said in the report too. The
groups of like score are gone through; a group holds where the interval of what happened contains
what was predicted. ``good``: at least 8 groups in 10 hold, or the average miss is at most a
twentieth of the average rate. ``rough``: half of them hold, or it is at most a fifth. ``poor``:
neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leadml.pages.words import (
    capitalised,
    counted,
    date_words,
    decimal,
    joined,
    outcome_words,
    percent,
    span,
    subject_words,
)
from training.report.past_verdicts import lost_to
from training.report.standing import standing
from training.report.tables import Card, compared, figure_cell, holds


@dataclass(frozen=True, slots=True)
class Belief:
    """Whether the probabilities may be believed.

    Attributes:
        level: good, rough or poor.
        holding, groups: how many groups of like score hold, of how many.
        miss: average distance of predicted from observed, weighted by examples.
        side: "too low" or "too high" where nearly all groups that do not hold are so; or "".
        predicted, observed: over all examples.
        worst: the group furthest off, as in the card; None where all hold.
    """

    level: Literal["good", "rough", "poor"]
    holding: int
    groups: int
    miss: float
    side: str
    predicted: float
    observed: float
    worst: Mapping[str, Any] | None


def is_dated(card: Card) -> bool:
    """Whether the data know when things happened."""
    return card["clock"] in {"times", "days"}


def what_is_predicted(card: Card) -> str:
    """The prediction, as the end of "the probability that a lead …"."""
    third = outcome_words(card["outcome"]).third
    if not is_dated(card):
        return third
    days = counted(card["horizon_days"], "day", "days")
    return f"{third} within {days} of the moment we look"


def warnings(card: Card) -> list[str]:
    """What a reader must know before any figure."""
    found = []
    if not card["usable"]:
        found.append(f"No usable signal. {_why_unusable(card)} Do not rank leads by this model.")
    return [*found, *undated_warnings(card)]


def undated_warnings(card: Card) -> list[str]:
    """What data without dates do to every figure."""
    found = []
    if card["clock"] == "none":
        found.append(
            "These figures are OPTIMISTIC. The data have no dates, so the model was judged on "
            "leads picked at random, not on newer ones, and nobody can see what was filled in "
            "afterwards."
        )
    if card["clock"] == "sequence":
        order = card["config"]["data"]["order_by"]
        found.append(
            f"The data have no dates. Leads are taken in the order of “{order}”, which says who "
            "came later but not when anything was filled in: the figures may be optimistic."
        )
    return found


def in_one_minute(card: Card, *, won_leads: int | None = None, since: str = "") -> list[str]:
    """A few sentences that say it all.

    Args:
        card: of the model.
        won_leads: how many leads of the data reached the outcome so far; None where not counted.
        since: what changed since the last model, in one sentence.
    """
    sentences = [f"{_known(card, won_leads)} {_judged_on(card)}"]
    if card["usable"]:
        past = card.get("backtest")
        lost = lost_to(past, card["clock"]) if past else ""
        sentences.append(f"{ranking(card)} {lost}".strip())
    sentences.append(_believing(card, believe(card["evaluation"])))
    if card["usable"] and card["drivers"]:
        top = [subject_words(d["feature"], d["subject"]) for d in card["drivers"][:3]]
        sentences.append(f"It leans most on: {joined(top)}.")
    return [*sentences, since] if since else sentences


def believe(evaluation: Mapping[str, Any]) -> Belief:
    """Compares predicted and observed, group by group."""
    rows: Sequence[Mapping[str, Any]] = evaluation["reliability"]
    total = sum(row["n"] for row in rows)
    missing = [row for row in rows if not holds(row)]
    miss = sum(row["n"] * abs(row["predicted"] - row["observed"]) for row in rows) / total
    holding = len(rows) - len(missing)
    observed = evaluation["converted"] / evaluation["n"]
    level: Literal["good", "rough", "poor"] = "poor"
    if holding >= 0.8 * len(rows) or miss <= 0.05 * observed:
        level = "good"
    elif holding >= 0.5 * len(rows) or miss <= 0.2 * observed:
        level = "rough"
    return Belief(
        level,
        holding,
        len(rows),
        miss,
        _side(missing),
        sum(row["n"] * row["predicted"] for row in rows) / total,
        observed,
        max(missing, key=lambda row: abs(row["predicted"] - row["observed"]), default=None),
    )


def counted_examples(card: Card) -> str:
    """On how much the model was judged."""
    n, leads = card["evaluation"]["n"], card["evaluation"]["leads"]
    many = counted(leads, "lead", "leads")
    return many if n == leads else f"{counted(n, 'example', 'examples')} of {many}"


def unseen(card: Card, who: str = "the model") -> str:
    """On what the model was judged, which ``who`` had not learned from."""
    n, leads = card["evaluation"]["n"], card["evaluation"]["leads"]
    many = counted(leads, "lead", "leads")
    if n == leads:
        return f"{many} that {who} had not learned from"
    return f"{counted(n, 'example', 'examples')} that {who} had not learned from, of {many}"


def other_horizons(card: Card) -> str:
    """For which horizons it answers, where there are more than one; or ""."""
    horizons = card.get("horizons_days", [])
    if len(horizons) < 2:
        return ""
    every = joined([str(horizon) for horizon in horizons])
    main = counted(card["horizon_days"], "day", "days")
    return (
        f"Each lead gets a probability for {every} days; a longer horizon never gets a lower one. "
        f"The figures here are of {main}."
    )


def ranking(card: Card) -> str:
    """How many wins the leads called first hold, beside what one would reach without a model."""
    figures, words = card["evaluation"]["figures"], outcome_words(card["outcome"])
    model = figures["model"]["wins_in_top_20"]
    said = (
        f"Calling the top 20 % of leads first reaches {_with_span(model)} of the {words.many}; "
        "at random it would be 20 %"
    )
    if "newest first" not in compared(card):
        return f"{said}."
    newest = figures["newest first"]["wins_in_top_20"]
    said += f", newest first {_with_span(newest)}"
    if "points" in figures:
        said += f", the table of points {_with_span(figures['points']['wins_in_top_20'])}"
    return " ".join([f"{said}.", *_not_beaten(card)])


def _not_beaten(card: Card) -> list[str]:
    """Which plain order of calling did as well as the model, or better."""
    stood = {
        words: standing(card["evaluation"], name, "wins_in_top_20")
        for name, words in (("newest first", "newest first"), ("points", "the table of points"))
    }
    better = [words for words, kind in stood.items() if kind == "behind"]
    alike = [words for words, kind in stood.items() if kind == "unclear"]
    said = []
    if better:
        said.append(f"On these leads {joined(better)} did better.")
    if alike:
        said.append(f"On these leads the model and {joined(alike)} cannot be told apart.")
    return said


def believing(card: Card) -> str:
    """Whether the probabilities may be believed, without the full stop."""
    belief, words = believe(card["evaluation"]), outcome_words(card["outcome"])
    opening = {
        "good": "Its probabilities may be taken at face value",
        "rough": "Its probabilities are roughly right",
        "poor": "Do not take its probabilities at face value",
    }[belief.level]
    if belief.level == "poor" and belief.side:
        opening += f", they are {belief.side}"
    return (
        f"{opening}: on average it said {percent(belief.predicted)} and "
        f"{percent(belief.observed)} {words.past_many}"
    )


def _side(missing: Sequence[Mapping[str, Any]]) -> str:
    low = sum(row["predicted"] < row["observed_lower"] for row in missing)
    if low >= 0.8 * len(missing) > 0:
        return "too low"
    return "too high" if len(missing) - low >= 0.8 * len(missing) > 0 else ""


def _known(card: Card, won_leads: int | None) -> str:
    """How many leads the data hold, and how many of them won."""
    leads, words = card["data"]["leads"], outcome_words(card["outcome"])
    until = f" until {date_words(card['known_until'])}" if is_dated(card) else ""
    said = f"The data hold {counted(leads, 'lead', 'leads')}{until}"
    if won_leads is None:
        return f"{said}."
    share = f", {percent(won_leads / leads)}," if leads else ""
    return f"{said}; {won_leads:,} of them{share} {words.past(won_leads)} so far."


def _judged_on(card: Card) -> str:
    evaluation, words = card["evaluation"], outcome_words(card["outcome"])
    n, won = evaluation["n"], evaluation["converted"]
    within = f" within {counted(card['horizon_days'], 'day', 'days')}" if is_dated(card) else ""
    judged = f"The model was judged on {unseen(card, 'it')}{_test_period(card)}."
    if n == evaluation["leads"]:
        return f"{judged} {won:,} of them, {percent(won / n)}, {words.past(won)}{within}."
    led = f"led to {'a ' + words.one if won == 1 else words.many}"
    return (
        f"{judged} {won:,} of these examples (each a lead at one moment; some of the leads "
        f"had taught it at earlier ones), {percent(won / n)}, "
        f"{led}{within}."
    )


def _test_period(card: Card) -> str:
    if card["clock"] == "none":
        return ", picked at random"
    if card["clock"] == "sequence":
        return ", the last in the order of the table"
    test = next(row for row in card["split"] if row["part"] == "test")
    return f", from {date_words(test['from'])} to {date_words(test['to'])}"


def _with_span(figure: Mapping[str, float]) -> str:
    value = figure["value"]
    return f"{percent(value)} ({span(figure['lower'], figure['upper'], like=value)})"


def _believing(card: Card, belief: Belief) -> str:
    words = outcome_words(card["outcome"])
    said = (
        f"{believing(card)}; in {belief.holding} of "
        f"{counted(belief.groups, 'group', 'groups')} of like score, what happened agrees "
        "with what it said."
    )
    slope = card["evaluation"]["figures"]["model"].get("calibration_slope")
    if slope and slope["upper"] is not None and slope["upper"] < 1:
        said += " It is too sure of itself: high scores came out lower than it said."
    if belief.worst is None:
        return said
    worst = belief.worst
    leads = counted(worst["leads"], "lead", "leads")
    interval = span(worst["observed_lower"], worst["observed_upper"], like=worst["observed"])
    return (
        f"{said} It was furthest off where it said {percent(worst['predicted'])} and "
        f"{percent(worst['observed'])} {words.past_many} ({interval}; {leads})."
    )


def _why_unusable(card: Card) -> str:
    model = card["evaluation"]["figures"]["model"]
    level = card["evaluation"]["figures"]["base rate"]
    cell = figure_cell("auc", model["auc"])
    if model["auc"]["lower"] <= 0.5:
        pairs = f"{cell.value} of 100 pairs put right ({cell.interval}), where 50 is chance"
        return capitalised(f"it does not sort leads better than chance would: {pairs}.")
    if model["log_loss"]["value"] < level["log_loss"]["value"]:
        return (
            "Where its recipe was chosen, in the replayed past, it did not beat giving every lead "
            "the average rate by more than noise."
        )
    return (
        "Its probabilities are no better than giving every lead the average rate: log loss "
        f"{decimal(model['log_loss']['value'])} against {decimal(level['log_loss']['value'])}."
    )
