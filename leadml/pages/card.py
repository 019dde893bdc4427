"""What is said of one lead? Its card: the score and how it comes about, and what to do now.

The report and the pages of the scoring app show the same card (``card.html``), made from one row of
scores (`serving.scores.Scores.for_people`): whatever the row lacks is left out.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leadml.advice import NEEDS_APART
from leadml.pages.reasons import LEAST_TOLD, enough
from leadml.pages.waterfall import (
    Move,
    Waterfall,
    draw_points,
    draw_waterfall,
    logit,
    plus,
    times,
)
from leadml.pages.words import (
    STAGES,
    capitalised,
    counted,
    date_words,
    outcome_words,
    percent,
    span,
)

_ACTIONS = {
    "call": "Call",
    "nurture": "Nurture",
    "wait": "Wait",
    "recycle": "Give it back to marketing",
    "remove": "Take it off all lists",
}
"""What each action asks for, as the opening of a sentence."""

_MOVE = re.compile(r"(?P<stage>\w+) with: (?P<needs>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class About:
    """What the scores are of.

    Attributes:
        outcome: that is predicted, within ``horizon_days``; "" where it is not told.
        dated: whether times are told.
        base: the log-odds of the average lead; NaN where it is not known.
    """

    outcome: str
    horizon_days: int
    dated: bool
    base: float = math.nan

    @classmethod
    def of(cls, card: Mapping[str, Any], base: float = math.nan) -> "About":
        """By the card of a model."""
        dated = card["clock"] in {"times", "days"}
        return cls(card["outcome"], card["horizon_days"], dated, base)

    @property
    def predicted(self) -> str:
        """As the end of "the probability that the lead …"."""
        if not self.outcome:
            return ""
        third = outcome_words(self.outcome).third
        return f"{third} within {self.term}" if self.dated else third

    @property
    def term(self) -> str:
        """The horizon in words."""
        return counted(self.horizon_days, "day", "days")


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, and by what it multiplies or divides the odds, or what it is worth in points."""

    text: str
    odds: str
    group: str


@dataclass(frozen=True, slots=True)
class Similar:
    """What became of the past leads most like this one, and of the nearest of them by name."""

    text: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """All that is said of one lead; what is not known of it is "" or empty.

    Attributes:
        lead_id: as it is shown.
        names: what else it is called, where names are asked for.
        score, interval: the probability in percent, or points.
        predicted: what it is the probability of.
        unscored: why there is no score.
        todo: sentences on what to do.
        held: what holds it back.
        met: what its stage needs, and it has.
        next_stage: the nearest further one, and ``lacks`` what it needs for that.
        unknown: attributes the model reads that are not known of it.
    """

    lead_id: str
    names: tuple[str, ...]
    as_of: str
    score: str
    interval: str
    predicted: str
    unscored: str
    stage: str
    stage_meaning: str
    fit: str
    engagement: str
    todo: tuple[str, ...]
    held: str
    met: tuple[str, ...]
    next_stage: str
    lacks: tuple[str, ...]
    speaks_for: tuple[Reason, ...]
    speaks_against: tuple[Reason, ...]
    waterfall: Waterfall | None
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]
    similar: Similar | None


def build_card(
    row: Mapping[str, Any],
    about: About,
    *,
    shown_id: str = "",
    names: Sequence[str] = (),
    similar: Mapping[str, Any] | None = None,
) -> Card:
    """The card of one lead.

    Args:
        row: lead_id, as_of, probability or points, lower, upper, fit_grade, engagement_grade,
            stage, reasons (text, group, effect; strongest first), unscored_reason; and where they
            are known action, track, follow_up_minutes, look_again, explored, blocked_by,
            needs_met, needs_missing, moves_up, missing (attributes), warnings.
        about: what the score is of.
        shown_id: the id to show in place of its own.
        names: what else it is called.
        similar: the plain data of `training.neighbours.Neighbours`.
    """
    stage = _text(row, "stage")
    value, interval = _score(row)
    scored = bool(value) and not _text(row, "unscored_reason")
    in_points = scored and _number(row, "probability") is None
    row = {**row, "reasons": _told(row, about, in_points=in_points)}
    reasons = [_reason(reason, in_points=in_points) for reason in row["reasons"]]
    further = _MOVE.fullmatch(_text(row, "moves_up"))
    return Card(
        lead_id=shown_id or str(row["lead_id"]),
        names=tuple(names),
        as_of=date_words(_text(row, "as_of")) if about.dated and _text(row, "as_of") else "",
        score=value if scored else "",
        interval=interval if scored else "",
        predicted="" if in_points else about.predicted,
        unscored=_text(row, "unscored_reason"),
        stage=stage_name(stage),
        stage_meaning=STAGES.get(stage, ("", ""))[1],
        fit=_text(row, "fit_grade"),
        engagement=engagement_of(row.get("engagement_grade")),
        todo=_todo(row),
        held=_text(row, "blocked_by"),
        met=_needs(row.get("needs_met")),
        next_stage=stage_name(further["stage"]) if further else "",
        lacks=_needs(row.get("needs_missing")) if further else (),
        speaks_for=tuple(one for one, effect in reasons if effect > 0),
        speaks_against=tuple(one for one, effect in reasons if effect < 0),
        waterfall=_waterfall(row, about, in_points=in_points) if scored else None,
        unknown=tuple(row.get("missing", ())),
        warnings=tuple(capitalised(text) for text in row.get("warnings", ())),
        similar=None if similar is None else say_similar(similar, about),
    )


def stage_name(stage: str) -> str:
    """What a stage is called.

    >>> stage_name("sql"), stage_name("customer"), stage_name("odd one")
    ('SQL', 'Customer', 'Odd one')
    """
    return STAGES[stage][0] if stage in STAGES else capitalised(stage)


def engagement_of(grade: Any) -> str:
    """A grade of engagement as text; "" where there is none."""
    return "" if grade is None or pd.isna(grade) or not int(grade) else str(int(grade))


def say_similar(similar: Mapping[str, Any], about: About) -> Similar | None:
    """What became of similar past leads, in sentences; None where there are none.

    Args:
        similar: n, won, rate, lower, upper, and nearest: lead_id (as it is shown), ended (won,
            lost or open), days.
        about: what counts as won.
    """
    n, won = similar["n"], similar["won"]
    if not n:
        return None
    words = outcome_words(about.outcome)
    many = f"{won} {words.past(won)}" if won else f"none {words.past_one}"
    who = f"Of the {n} past leads most like it," if n > 1 else "Of the one past lead like it,"
    rate = similar["rate"]
    ends = span(similar["lower"], similar["upper"], like=rate)
    return Similar(
        f"{who} {many} within {about.term} ({percent(rate)}, {ends}).",
        tuple(_ended(one, about) for one in similar["nearest"]),
    )


def _ended(one: Mapping[str, Any], about: About) -> str:
    words = outcome_words(about.outcome)
    after = counted(one["days"], "day", "days") if one["days"] else "less than a day"
    ends = {
        "won": f"{words.past_one} after {after}",
        "lost": f"was lost after {after}",
        "open": f"was still open after {about.term}",
    }
    return f"Lead {one['lead_id']} {ends[one['ended']]}."


def _score(row: Mapping[str, Any]) -> tuple[str, str]:
    """The score and its interval as text."""
    probability, points = _number(row, "probability"), _number(row, "points")
    if probability is not None:
        return percent(probability), span(row["lower"], row["upper"], like=probability)
    return ("", "") if points is None else (f"{points:g} points", "")


def _reason(reason: Mapping[str, Any], *, in_points: bool) -> tuple[Reason, float]:
    effect = float(reason["effect"])
    worth = plus(effect) if in_points else times(effect)
    return Reason(capitalised(str(reason["text"])), worth, str(reason["group"])), effect


def _told(row: Mapping[str, Any], about: About, *, in_points: bool) -> list[Mapping[str, Any]]:
    """The reasons that are told: the strongest, and more where they leave too much untold."""
    reasons = list(row["reasons"])
    effects = [float(one["effect"]) for one in reasons]
    value = _number(row, "points" if in_points else "probability")
    base = 0.0 if in_points else about.base
    if value is None or math.isnan(base):
        return reasons[:LEAST_TOLD]
    return reasons[: enough(effects, way=(value if in_points else logit(value)) - base)]


def _waterfall(row: Mapping[str, Any], about: About, *, in_points: bool) -> Waterfall | None:
    moves = [Move(capitalised(str(one["text"])), float(one["effect"])) for one in row["reasons"]]
    if in_points:
        return draw_points(moves, score=float(row["points"]))
    if math.isnan(about.base):
        return None
    return draw_waterfall(moves, base=about.base, score=logit(float(row["probability"])))


def _todo(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What to do, how soon, and when to look again."""
    action, track = _text(row, "action"), _text(row, "track")
    minutes = _number(row, "follow_up_minutes")
    said = []
    if action in _ACTIONS:
        soon = f" within {_span_of(minutes)}" if minutes else ""
        said.append(f"{_ACTIONS[action]}{soon}.")
    if track:
        said.append(f"Send {track}.")
    if row.get("explored") in {True}:
        said.append("It is below the line, and was drawn at random to learn from.")
    again = _text(row, "look_again")
    if again:
        said.append(f"Look again by {date_words(again)}.")
    return tuple(said)


def _span_of(minutes: float) -> str:
    """Minutes as a person says them.

    >>> _span_of(1.0), _span_of(15.0), _span_of(1440.0), _span_of(2880.0)
    ('1 minute', '15 minutes', '24 hours', '2 days')
    """
    if minutes < 60:
        return counted(round(minutes), "minute", "minutes")
    if minutes <= 1440:
        return counted(round(minutes / 60), "hour", "hours")
    return counted(round(minutes / 1440), "day", "days")


def _needs(value: Any) -> tuple[str, ...]:
    """Needs, from their text or their list."""
    if isinstance(value, str):
        return tuple(value.split(NEEDS_APART)) if value else ()
    return tuple(value) if isinstance(value, list | tuple) else ()


def _text(row: Mapping[str, Any], name: str) -> str:
    """A value as text; "" where there is none."""
    value = row.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return None if value is None or pd.isna(value) else float(value)
