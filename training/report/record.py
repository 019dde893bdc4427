"""How was this model made, from what, and where does it end? For whoever must answer for it.

Of the configuration only the settings named in `SETTINGS` are shown: what decides about scores.
Addresses, keys and folders are not among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadml.pages.words import capitalised, counted, date_words, decimal, outcome_words
from training.limits import USE, limits_of, out_of_scope
from training.report.judgement import is_dated
from training.report.tables import Card

SETTINGS = {
    "label.outcome": "What counts as a conversion",
    "label.horizon_days": "Days within which it must come",
    "label.also_days": "Other days answered, where the data tell",
    "examples.after_days": "A lead is looked at so many days after it came",
    "examples.every": "And at the start of every",
    "examples.max_age_days": "Until it is so many days old",
    "attributes.exclude": "Columns kept out by a person",
    "attributes.allow": "Columns allowed although they look like leaks",
    "attributes.categories": "Numbers that are codes",
    "features.per_event": "Asked of every kind of event",
    "features.windows_days": "Counted over so many days, and ever",
    "features.half_life_days": "Interest halves in so many days",
    "training.test_share": "Share of the newest examples that judges",
    "training.periods": "Past periods replayed",
    "training.by": "Length of a period",
    "training.half_lives_days": "Half-lives tried for fading old examples, in days",
    "training.unconstrained": "Subjects that may speak either way",
    "training.search_minutes": "Minutes of search for a better recipe",
    "training.seed": "Seed of everything random",
    "policy.kind": "Kind of policy",
    "policy.sql_share": "Share of leads that may reach the line for sales",
    "policy.mql_share": "Share of leads that may reach the line for marketing",
    "policy.sql_probability": "Line for sales, where a person chose one",
    "policy.mql_probability": "Line for marketing, where a person chose one",
    "points.mql": "Points for marketing, in the table of points",
    "points.sql": "Points for sales, in the table of points",
    "capacity.people": "People who call",
    "capacity.conversations_per_week": "New leads each of them takes on in a week",
    "capacity.value_per_win": "What a win brings",
    "capacity.cost_per_contact": "What a contact costs",
}
"""The settings that decide about scores, and what each says."""

MOST_LISTED = 12
"""Of longer lists the rest is counted."""

MOST_LETTERS = 60
"""Longer values are cut."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something on record: what it is, what it says, and its setting or ""."""

    name: str
    value: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class PartRow:
    """Who taught, or who judged."""

    name: str
    first: str
    last: str
    examples: str
    leads: str
    converted: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A recipe that was tried."""

    recipe: str
    chosen: bool
    log_loss: str
    gain: str
    error: str


@dataclass(frozen=True, slots=True)
class Record:
    """The section, ready to be printed."""

    facts: tuple[Fact, ...]
    parts: tuple[PartRow, ...]
    trials: tuple[TrialRow, ...]
    settings: tuple[Fact, ...]
    limits: tuple[str, ...]
    use: str
    not_for: tuple[str, ...]


def read_record(
    card: Card, *, version: str, origin: Mapping[str, Any] | None = None, run_id: str = ""
) -> Record:
    """The section of one model.

    Args:
        card: of the model.
        version: the registered one.
        origin: what it was made from (`training.registry.origin.Origin.to_json`), where at hand.
        run_id: the run that holds it; "" where not at hand.
    """
    return Record(
        tuple(_facts(card, version, origin or {}, run_id)),
        tuple(_part(row, dated=is_dated(card)) for row in card["split"]),
        tuple(_trial(row, card["recipe"]) for row in card["trials"]),
        tuple(_settings(card["config"])),
        tuple(limits_of(card)),
        USE.replace("\n", " "),
        tuple(out_of_scope(card)),
    )


def _facts(card: Card, version: str, origin: Mapping[str, Any], run_id: str) -> list[Fact]:
    data, words = card["data"], outcome_words(card["outcome"])
    packages = ", ".join(f"{name} {number}" for name, number in sorted(card["packages"].items()))
    taught = (
        f"{counted(data['leads'], 'lead', 'leads')}, {counted(data['events'], 'event', 'events')}; "
        f"{counted(data['examples'], 'example', 'examples')} with a known outcome, "
        f"{counted(data['converted'], words.one, words.many)} among them"
    )
    facts = [
        Fact("Model", f"{card['name']}, version {version}"),
        Fact("Data", taught),
        Fact("Data from", _first(card)),
        Fact("Data until", date_words(card["known_until"]) if is_dated(card) else ""),
        Fact("Recipe", card["recipe"]),
        Fact("Data fingerprint (SHA-256)", data["fingerprint"]),
        Fact("Code fingerprint (SHA-256)", origin.get("code", "")),
        Fact("Commit", origin.get("commit", "")),
        Fact("Packages", packages),
        Fact("To make it again", f"leadml train --from-run {run_id}" if run_id else ""),
    ]
    return [fact for fact in facts if fact.value]


def _first(card: Card) -> str:
    """The first moment a lead was looked at; "" without dates."""
    return date_words(min(row["from"] for row in card["split"])) if is_dated(card) else ""


def _part(row: Mapping[str, Any], *, dated: bool) -> PartRow:
    names = {"train": "Learning", "test": "Judging"}
    name = names.get(row["part"], row["part"].replace("origin", "Choosing the recipe,"))
    return PartRow(
        name,
        date_words(row["from"]) if dated else "",
        date_words(row["to"]) if dated else "",
        f"{row['examples']:,}",
        f"{row['leads']:,}",
        f"{row['converted']:,}",
    )


def _trial(row: Mapping[str, Any], chosen: str) -> TrialRow:
    return TrialRow(
        row["recipe"],
        row["recipe"] == chosen,
        decimal(row["log_loss"]),
        decimal(row["better_than_level"], 4),
        decimal(row["standard_error"], 4),
    )


def _settings(config: Mapping[str, Any]) -> list[Fact]:
    """The settings that decide about scores; those that are not set are left out."""
    found = []
    for setting, name in SETTINGS.items():
        section, key = setting.split(".")
        value = _said((config.get(section) or {}).get(key))
        if value:
            found.append(Fact(name, value, setting))
    kinds: dict[str, list[str]] = {}
    for event in (config.get("events") or {}).values():
        kinds.setdefault(event["kind"], []).append(event["many"])
    return found + [
        Fact(f"{capitalised(kind)} events", _said(many), "events") for kind, many in kinds.items()
    ]


def _said(value: Any) -> str:
    """A setting as text; "" where nothing is set."""
    if isinstance(value, str):
        return value if len(value) <= MOST_LETTERS else f"{value[: MOST_LETTERS - 1]}…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, Sequence) and value:
        more = len(value) - MOST_LISTED
        shown = ", ".join(_said(one) for one in value[:MOST_LISTED])
        return f"{shown} and {more} more" if more > 0 else shown
    return ""
