"""How far have leads and score moved since the model learned? In words for the page."""

from dataclasses import dataclass

from leadml.pages.words import capitalised, counted, date_words, percent
from leadml.profile import LITTLE, MUCH
from training.health.measure import Health
from training.health.shifts import LEAST_LEADS, Drift, Shift
from training.report.judgement import is_dated
from training.report.tables import Card

MOST_MOVED = 8
"""So many of the features that moved most are shown."""


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One thing that moved: how far, and the part of its values that moved most."""

    what: str
    index: str
    size: str
    part: str
    then: str
    now: str


def drift_sentences(card: Card, health: Health | None) -> list[str]:
    """What has moved, or why that cannot be told."""
    if not is_dated(card):
        return [
            (
                "The data have no dates, so nobody can tell newer leads from older ones: what has "
                "moved, and what is filled no more, cannot be measured."
            )
        ]
    if health is None or health.since is None or health.drift is None:
        return ["It was not measured: the tables, or the spreads the model learned, are missing."]
    drift, since = health.drift, date_words(health.since.isoformat())
    if drift.score is None:
        return [
            (
                f"Only {counted(drift.leads, 'lead was', 'leads were')} looked at since {since}. "
                f"Of fewer than {LEAST_LEADS} nothing is said: chance alone would move them."
            )
        ]
    looked = (
        f"Beside the {drift.learned:,} newest examples the model learned from stand "
        f"{counted(drift.leads, 'lead', 'leads')} since {since}, looked at "
        f"{counted(drift.looks, 'time', 'times')} in the same way."
    )
    said = [looked, _score_sentence(drift.score), _features_sentence(drift)]
    if health.trained_until > health.since:
        said.append(
            f"The model was made from data until {date_words(health.trained_until.isoformat())}, "
            "so some of these looks taught it: what has moved since shows better in a few weeks."
        )
    return said


def moved_rows(drift: Drift) -> list[MovedRow]:
    """The score, then the features that moved most; none of too few leads."""
    if drift.score is None:
        return []
    shown = [drift.score, *drift.features[:MOST_MOVED]]
    return [
        MovedRow(
            capitalised(shift.label),
            f"{shift.index:.2f}",
            _size(shift.index),
            shift.part or "nothing",
            percent(shift.then) if shift.part else "",
            percent(shift.now) if shift.part else "",
        )
        for shift in shown
    ]


def _score_sentence(score: Shift) -> str:
    means = {
        "little": "so it may be relied on as when it was made",
        "some": "so watch whether its probabilities still hold",
        "much": "so its probabilities may be off: recalibrate or train again",
    }
    size = _size(score.index)
    return f"The score itself has moved {size} (index {score.index:.2f}), {means[size]}."


def _features_sentence(drift: Drift) -> str:
    moved = [shift for shift in drift.features if shift.index >= LITTLE]
    total = counted(len(drift.features), "subject", "subjects")
    if moved:
        return f"{len(moved)} of {total} {'has' if len(moved) == 1 else 'have'} moved."
    if not drift.features:
        return "The model reads nothing that could move."
    furthest = drift.features[0]
    return (
        f"None of {total} has moved more than little; the furthest is “{furthest.label}” (index "
        f"{furthest.index:.2f})."
    )


def _size(index: float) -> str:
    if index < LITTLE:
        return "little"
    return "some" if index <= MUCH else "much"
