"""What must a person know who relies on a model? Its limits, what it is for, and what it is not."""

from collections.abc import Mapping
from typing import Any

from leadml.pages.words import counted

FEW_WINS = 100
"""With fewer wins to judge by, figures are rough."""

MOVED = 1.5
"""A share converted that changes by this factor between training and test is worth a warning."""

USE = """\
For the people in sales, marketing and revenue operations of the company whose leads these are: to
choose whom to talk to first, to hand leads over by stage, and to expect how many will convert. A
person decides; the reasons beside each score are there to be read and disputed."""

OUT_OF_SCOPE = (
    "Decisions with legal or similarly grave effect on a person: credit, employment, prices.",
    "Leads of another company, product or market than the tables hold.",
    "What would make a lead convert: the model sees what goes with it, not what brings it about.",
)


def limits_of(card: Mapping[str, Any]) -> list[str]:
    """What weakens a model, by the figures of its card; a sentence each, may be none."""
    data, evaluation = card["data"], card["evaluation"]
    won, young = evaluation["converted"], data["immature"]
    rates = {part["part"]: part["converted"] / part["examples"] for part in card["split"]}
    train, test = rates["train"], rates["test"]
    wins = counted(won, "win", "wins")
    immature = counted(young, "example is", "examples are")
    they = "it" if young == 1 else "they"
    taught = f"{they} taught it nothing"
    if shorter_horizons(card):
        taught = f"{they} taught it only what had become known sooner"
    limits = {
        "No usable signal: it does not beat the base rate beyond noise. Do not rank by it.": not (
            card["usable"]
        ),
        f"Only {wins} to judge it by: its figures are rough, as their intervals say.": won
        < FEW_WINS,
        (
            f"The share converted moved from {train:.1%} in training to {test:.1%} in the test: "
            "watch the level of the probabilities, and recalibrate often."
        ): max(train, test) > MOVED * min(train, test),
        (
            f"{immature} too young for {'its' if young == 1 else 'their'} outcome to be known: "
            f"{taught}."
        ): young > 0,
        (
            "The tables have no dates: what was known when cannot be checked, and columns filled "
            "in later may flatter it."
        ): card["clock"] not in {"times", "days"},
    }
    return [text for text, holds in limits.items() if holds]


def shorter_horizons(card: Mapping[str, Any]) -> list[int]:
    """The horizons before the main one, in days: by them younger examples teach too."""
    also = card["config"].get("label", {}).get("also_days", ())
    return sorted(days for days in also if days < card["horizon_days"])


def out_of_scope(card: Mapping[str, Any]) -> list[str]:
    """What a model must not be used for."""
    days = counted(card["max_age_days"], "day", "days")
    return [*OUT_OF_SCOPE, f"Leads older than {days}: it never saw such leads."]
