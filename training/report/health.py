"""Are the data still what the model learned from? The health of the data, in words for the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.pages.words import capitalised, counted, date_words, joined, outcome_words, percent
from leadml.profile import MUCH
from training.health.measure import KNOWN_AFTER, LEAST_LEADS, Filling, Health
from training.health.paces import WEEKS, Pace
from training.limits import shorter_horizons
from training.report.shifts import MovedRow, drift_sentences, moved_rows
from training.report.tables import Card, ColumnRow, column_rows

MOST_NAMED = 3
"""So many columns are named in a sentence; the others are counted."""

SAID = {
    "as before": "as before",
    "more often missing": "more often missing",
    "less often missing": "less often missing",
    "died": "hardly filled any more",
    "never filled": "never filled",
    "comes": "still comes",
    "stopped": "has stopped",
    "trickles": "hardly comes any more",
    "never": "has never come",
}
"""What became of a column, or of a kind of event."""


@dataclass(frozen=True, slots=True)
class FillingRow:
    """How often a column is filled."""

    column: str
    used: str
    then: str
    now: str
    said: str


@dataclass(frozen=True, slots=True)
class PaceRow:
    """How often a kind of event comes."""

    events: str
    usual: str
    seen: str
    expected: str
    last: str
    said: str


@dataclass(frozen=True, slots=True)
class LeakColumn:
    """A column the leak report speaks of, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class HealthPage:
    """The section, ready to be printed.

    Attributes:
        mend: what to mend in the data first, a sentence each with its number; may be empty.
        refused, allowed, suspects: columns that know the outcome, or might.
        columns: what was measured of every column.
        drift: sentences on what has moved.
        moved: the score, then the features that moved most.
        missing: sentences on what is filled.
        fillings: every column, those that changed first.
        stopped: sentences on events.
        paces: every kind of event, those that stopped first.
        counts: duplicates, immature leads, what reading the tables turned up.
    """

    mend: tuple[str, ...]
    refused: tuple[LeakColumn, ...]
    allowed: tuple[LeakColumn, ...]
    suspects: tuple[LeakColumn, ...]
    columns: tuple[ColumnRow, ...]
    drift: tuple[str, ...]
    moved: tuple[MovedRow, ...]
    missing: tuple[str, ...]
    fillings: tuple[FillingRow, ...]
    stopped: tuple[str, ...]
    paces: tuple[PaceRow, ...]
    counts: tuple[str, ...]


def read_health(card: Card, health: Health | None) -> HealthPage:
    """The section of one model.

    Args:
        card: of the model.
        health: what was measured of today's tables; None where they are not at hand.
    """
    leaks = [row for row in card["leaks"] if row["verdict"] == "leak"]
    by_name = set(card["config"]["attributes"]["allow"])
    allowed = [row for row in leaks if row.get("allowed", row["column"] in by_name)]
    refused = [row for row in leaks if row not in allowed]
    fillings = sorted(health.fillings, key=lambda one: one.verdict == "as before") if health else []
    paces = sorted(health.paces, key=lambda pace: pace.verdict == "comes") if health else []
    return HealthPage(
        tuple(_mend(health, refused, allowed)),
        _leak_columns(refused),
        _leak_columns(allowed),
        _leak_columns(row for row in card["leaks"] if row["verdict"] == "suspect"),
        tuple(column_rows(card["leaks"])),
        tuple(drift_sentences(card, health)),
        tuple(moved_rows(health.drift)) if health and health.drift else (),
        tuple(_missing(health)) if health else (),
        tuple(map(_filling_row, fillings)),
        tuple(_stopped(health)) if health else (),
        tuple(map(_pace_row, paces)),
        tuple(_counts(card)),
    )


def named(names: Sequence[str]) -> str:
    """Names of the data as a person lists them; beyond `MOST_NAMED` the others are counted."""
    quoted = [f"“{name}”" for name in names[:MOST_NAMED]]
    more = len(names) - MOST_NAMED
    return joined([*quoted, f"{more:,} more"] if more > 0 else quoted)


def _mend(
    health: Health | None,
    refused: Sequence[Mapping[str, Any]],
    allowed: Sequence[Mapping[str, Any]],
) -> list[str]:
    """What to mend, the gravest first."""
    found = []
    dead = [one.column for one in _of(health, "died") if one.used]
    if dead:
        columns = counted(len(dead), "column is", "columns are")
        found.append(f"Find out why {columns} hardly filled any more: {named(dead)}.")
    still = _paces(health, "stopped") + _paces(health, "trickles")
    if still:
        kind = counted(len(still), "kind of event has", "kinds of events have")
        found.append(f"Find out why {kind} stopped: {named([pace.many for pace in still])}.")
    drift = health.drift if health else None
    if drift and drift.score and drift.score.index > MUCH:
        found.append(
            f"Train again: the score has moved much (index {drift.score.index:.2f}, "
            f"{counted(drift.leads, 'lead', 'leads')})."
        )
    if allowed:
        column = counted(len(allowed), "column", "columns")
        found.append(
            f"Stop reading {column} that the leak report refuses: "
            f"{named([row['column'] for row in allowed])}."
        )
    if refused:
        know, verb = ("knows", "it is") if len(refused) == 1 else ("know", "they are")
        found.append(
            f"Ask why {named([row['column'] for row in refused])} already {know} the outcome; "
            f"{verb} kept out of the model."
        )
    return found


def _of(health: Health | None, *verdicts: str) -> list[Filling]:
    return [one for one in health.fillings if one.verdict in verdicts] if health else []


def _paces(health: Health | None, verdict: str) -> list[Pace]:
    return [pace for pace in health.paces if pace.verdict == verdict] if health else []


def _leak_columns(rows: Iterable[Mapping[str, Any]]) -> tuple[LeakColumn, ...]:
    return tuple(LeakColumn(row["column"], row["reason"]) for row in rows)


def _missing(health: Health) -> list[str]:
    if health.since is None or not health.fillings:
        return []
    one = health.fillings[0]
    said = [
        (
            f"How often each column is filled {KNOWN_AFTER:g} days after a lead came: of "
            f"{counted(one.leads_now, 'lead', 'leads')} that came since "
            f"{date_words(health.since.isoformat())}, beside {one.leads_then:,} of the year before."
        )
    ]
    changed = _of(health, "more often missing", "less often missing", "died")
    dead, never = _of(health, "died"), _of(health, "never filled")
    if dead:
        verb = "column has" if len(dead) == 1 else "columns have"
        said.append(f"{len(dead):,} {verb} died: {named([c.column for c in dead])}.")
    if never:
        verb = "is" if len(never) == 1 else "are"
        said.append(f"{named([column.column for column in never])} {verb} never filled.")
    if min(one.leads_now, one.leads_then) < LEAST_LEADS:
        said.append(
            f"On one side stand fewer than {LEAST_LEADS} leads: too few to tell a change from "
            "chance."
        )
    elif not changed:
        said.append("None is filled more or less often than before, beyond noise.")
    untold = [one.column for one in changed if one.column not in health.keeps_history]
    if untold:
        keep = "keeps no history" if len(untold) == 1 else "keep no history"
        said.append(
            f"{named(untold)} {keep}: the data show today's value, and older leads had longer to "
            "be filled in."
        )
    return said


def _filling_row(one: Filling) -> FillingRow:
    return FillingRow(
        one.column,
        "yes" if one.used else "no",
        percent(one.then) if one.leads_then else "–",
        percent(one.now) if one.leads_now else "–",
        SAID[one.verdict],
    )


def _stopped(health: Health) -> list[str]:
    said = [_stop_sentence(pace) for pace in _paces(health, "stopped")]
    said += [
        f"{capitalised(pace.many)} hardly come any more: {pace.seen:,} in the newest {WEEKS:g} "
        f"days, where {pace.expected:,.0f} would have come at their usual pace."
        for pace in _paces(health, "trickles")
    ]
    never = [pace.many for pace in _paces(health, "never")]
    if never:
        said.append(f"Declared, but never seen: {named(never)}.")
    if health.paces and not said:
        kinds = counted(len(health.paces), "kind of event", "kinds of events")
        all_of = kinds if len(health.paces) == 1 else f"All {kinds}"
        said.append(f"{all_of} still come{'s' if len(health.paces) == 1 else ''}.")
    return said


def _stop_sentence(pace: Pace) -> str:
    last = "" if pace.last is None else f": the last came on {date_words(pace.last.isoformat())}"
    return (
        f"{capitalised(pace.many)} have stopped{last}. At their usual pace about "
        f"{pace.expected:,.0f} more would have come since."
    )


def _pace_row(pace: Pace) -> PaceRow:
    usual = f"{pace.per_day:,.1f} a day" if pace.per_day >= 1 else f"{7 * pace.per_day:,.1f} a week"
    return PaceRow(
        capitalised(pace.many),
        usual if pace.per_day else "–",
        f"{pace.seen:,}",
        f"{pace.expected:,.0f}" if pace.per_day else "–",
        "never" if pace.last is None else date_words(pd.Timestamp(pace.last).isoformat()),
        SAID[pace.verdict],
    )


def _counts(card: Card) -> list[str]:
    data, words = card["data"], outcome_words(card["outcome"])
    young, closed = data["immature"], data["closed"]
    said = [
        (
            f"{counted(data['examples'], 'example has', 'examples have')} a known outcome; "
            f"{data['converted']:,} of them led to a {words.one}."
        )
    ]
    if young:
        its, they = ("its", "It was") if young == 1 else ("their", "They were")
        shorter = shorter_horizons(card)
        fate = "neither learned from nor called lost"
        if shorter:
            days = joined([str(one) for one in shorter])
            fate = f"not called lost; what was known of them after {days} days taught the model"
        said.append(
            f"{counted(young, 'example is', 'examples are')} too young: {its} "
            f"{counted(card['horizon_days'], 'day', 'days')} had not passed by the end of the "
            f"data. {they} {fate}."
        )
    if closed:
        moments = counted(closed, "moment was", "moments were")
        said.append(f"{moments} left out because the lead had closed by then.")
    return [*said, *data["findings"], *card.get("overlaps", [])]
