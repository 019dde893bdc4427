"""Why did a score change? Two scorings of a lead, and the way from one to the other in exact parts.

The way is walked in four steps, each from where the last one ended, in calibrated log-odds:

| step | the lead is now scored |
|---|---|
| time passing | on what was known before, but looked at from the later moment |
| new events | with what the lead, and everyone at its account, did in between |
| changed attributes | with what the history of attributes told in between |
| new model version | by the later model |

The steps sum to the whole difference. Where features act together, what two of them do jointly is
told by the later step. An attribute without a history has one value for all time and never changes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features import sentences as say
from features.catalog import Catalog
from leadml.arrays import Floats, Matrix
from leadml.errors import DataError, ModelError, listed
from leadml.tables import Tables
from leadml.timeline import nanos
from serving.news import (
    ChangedAttribute,
    NewEvents,
    find_changed_attributes,
    find_new_events,
    known_by,
    with_colleagues,
    with_events,
)
from serving.reasons import Reason, explain
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_examples

Cause = Literal["time passing", "new events", "changed attributes", "new model version"]

CAUSES: tuple[Cause, ...] = (
    "time passing",
    "new events",
    "changed attributes",
    "new model version",
)
"""The steps, in the order they are walked."""

LEAST_SAID = 0.005
"""Log-odds below this would be written 0.00 and are not said."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one step did to the score.

    Attributes:
        cause: the step.
        effect: log-odds.
        level: how much of it moves every lead alike: the new model's average lead against the old
            one's; 0 for every other step.
        reasons: the subjects it moved most, strongest first, as they stand after the step; each
            with what the step added to its effect. Of one model only subjects that changed are
            named: where features act together, their effects need not sum to that of the part.
    """

    cause: Cause
    effect: float
    level: float
    reasons: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """The step in words: its effect, and what pulls the same way."""
        own = [f"all leads {self.level:+.2f}"] if abs(self.level) >= LEAST_SAID else []
        own += [reason.text for reason in self.reasons if reason.effect * self.effect > 0]
        said = f"{self.cause} {self.effect:+.2f}"
        return f"{said} ({'; '.join(own)})" if own else said


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring of a lead.

    Attributes:
        horizon_days: the horizon that ``probability`` answers for.
        probability, lower, upper: with its interval; NaN where the lead is unscored.
        log_odds: what the parts of a change add to; there for an unscored lead too.
        unscored_reason: "" where it is scored.
    """

    as_of: pd.Timestamp
    model_version: str
    horizon_days: int
    probability: float
    lower: float
    upper: float
    log_odds: float
    unscored_reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """Two scorings of a lead, and the way from one to the other.

    Attributes:
        parts: one for each of `CAUSES`, in that order; their effects sum to
            ``after.log_odds - before.log_odds``.
        new_events: that the models declare; commonest first, the lead's own before the others.
        changed_attributes: that the models read, in the order they read them.
    """

    lead_id: str
    before: Scoring
    after: Scoring
    parts: tuple[Part, ...]
    new_events: tuple[NewEvents, ...]
    changed_attributes: tuple[ChangedAttribute, ...]

    @property
    def text(self) -> str:
        """The change as a sentence, its strongest part first."""
        old, new = self.before, self.after
        was = f"it had {_chance(old)}" if not old.unscored_reason else "nor was it before"
        if new.unscored_reason:
            return f"Not scored: {new.unscored_reason} ({was})."
        if old.unscored_reason:
            return f"{_chance(new)}; not scored before: {old.unscored_reason}."
        strongest = sorted(self.parts, key=lambda part: -abs(part.effect))
        said = [part.text for part in strongest if abs(part.effect) >= LEAST_SAID]
        if not said:
            return f"{_chance(new)}, as before."
        same = old.horizon_days == new.horizon_days
        start = _percent(old.probability) if same else _chance(old)
        return f"From {start} to {_chance(new)}: {', '.join(said)}."


def explain_change(
    before: Scorer, after: Scorer, tables: Tables, examples: pd.DataFrame, *, most: int = 2
) -> list[Change]:
    """Why each lead's later scoring differs from its earlier one.

    Args:
        before: the model of the earlier scoring.
        after: the model of the later one; the same where none was promoted in between.
        tables: all that is known of the leads; nothing at or after a scoring is looked at by it.
        examples: lead_id, as_of_before, as_of_after (UTC-aware); one row a change.
        most: how many subjects each part names.

    Returns:
        A change a row, in the order of ``examples``.

    Raises:
        DataError: a lead is unknown, came only after ``as_of_before``, or is asked for backwards.
        ModelError: one of the two is a table of points.
    """
    _check(tables, examples)
    rows = examples.reset_index(drop=True)
    near = with_colleagues(tables, rows["lead_id"])
    changes: dict[int, Change] = {}
    for _, own in rows.groupby(["as_of_before", "as_of_after"], sort=False):
        some = with_colleagues(near, own["lead_id"])
        changes |= zip(own.index, _walk(before, after, some, own, most), strict=True)
    return [changes[k] for k in range(len(rows))]


@dataclass(frozen=True, slots=True)
class _Look:
    """Some leads as a model sees them with some knowledge, from one moment.

    Attributes:
        contributions: to the calibrated log-odds, shape (n, n_features).
        base: the log-odds of the model's average lead.
    """

    scorer: Scorer
    scores: Scores
    contributions: Matrix
    base: float
    log_odds: Floats


def _walk(
    before: Scorer, after: Scorer, tables: Tables, rows: pd.DataFrame, most: int
) -> list[Change]:
    """The changes of leads that are all looked at from the same two moments."""
    lead_ids = rows["lead_id"].reset_index(drop=True)
    moments = rows["as_of_before"].iloc[0], rows["as_of_after"].iloc[0]
    then, now = (known_by(tables, as_of) for as_of in moments)
    earlier, later = (pd.DataFrame({"lead_id": lead_ids, "as_of": own}) for own in moments)
    acted = with_events(then, now)
    looks = [
        _look(before, then, earlier),
        _look(before, then, later),
        _look(before, acted, later),
        _look(before, now, later),
        _look(after, now, later),
    ]
    catalogs = before.catalog, after.catalog
    columns = list(dict.fromkeys(name for own in catalogs for name in own.attribute_columns))
    return [
        Change(*own)
        for own in zip(
            lead_ids,
            _scorings(looks[0]),
            _scorings(looks[-1]),
            _parts(looks, most),
            find_new_events(then, now, lead_ids, catalogs),
            find_changed_attributes(then, now, later, columns),
            strict=True,
        )
    ]


def _look(scorer: Scorer, tables: Tables, examples: pd.DataFrame) -> _Look:
    scores = score_examples(scorer, tables, examples, most_reasons=0)
    if not scores.within:
        msg = (
            "A change is told in the log-odds of a model, but version "
            f"'{scorer.version}' is a table of points, which has none. Train a model."
        )
        raise ModelError(msg)
    contributions, base = scorer.model.contributions(scores.matrix)
    log_odds = scorer.model.calibration.log_odds(scorer.model.margin(scores.matrix))
    return _Look(scorer, scores, contributions, base, log_odds)


def _scorings(look: _Look) -> list[Scoring]:
    return [
        Scoring(
            row["as_of"],
            look.scorer.version,
            look.scorer.horizon,
            row["probability"],
            row["lower"],
            row["upper"],
            float(log_odds),
            row["unscored_reason"],
        )
        for row, log_odds in zip(look.scores.table.to_dict("records"), look.log_odds, strict=True)
    ]


def _parts(looks: list[_Look], most: int) -> list[tuple[Part, ...]]:
    """The parts of every lead's change."""
    steps = []
    for cause, old, new in zip(CAUSES, looks[:-1], looks[1:], strict=True):
        effects = (new.log_odds - old.log_odds).tolist()
        reasons, level = _moved(old, new, most), new.base - old.base
        steps.append(
            [Part(cause, effect, level, own) for effect, own in zip(effects, reasons, strict=True)]
        )
    return list(zip(*steps, strict=True))


def _moved(old: _Look, new: _Look, most: int) -> list[tuple[Reason, ...]]:
    """The subjects a step moved most, by the differences of their contributions.

    Of one model a feature counts only where its value changed; two models may differ anywhere,
    and what one of them does not look at adds nothing to it.
    """
    features = {f.name: f for look in (old, new) for f in look.scorer.catalog.features}
    place = {name: column for column, name in enumerate(features)}
    values = np.full((len(new.log_odds), len(place)), np.nan)
    added = np.zeros(values.shape)
    for look, sign in ((old, -1.0), (new, 1.0)):
        columns = [place[name] for name in look.scorer.catalog.names]
        values[:, columns] = look.scores.matrix
        added[:, columns] += sign * look.contributions
    if old.scorer is new.scorer:
        was, now = old.scores.matrix, new.scores.matrix
        added = np.where((was == now) | (np.isnan(was) & np.isnan(now)), 0.0, added)
    catalog = Catalog(tuple(features.values()), new.scorer.catalog.events)
    return explain(catalog, values, added, most=most)


def _check(tables: Tables, examples: pd.DataFrame) -> None:
    """Raises `DataError` where there is no way from the earlier moment to the later one."""
    lead_ids, start = examples["lead_id"], nanos(examples["as_of_before"])
    backwards = nanos(examples["as_of_after"]) < start
    if backwards.any():
        msg = (
            "as_of_after must not lie before as_of_before, but it does for "
            f"{listed(lead_ids[backwards], most=3)}. Swap them."
        )
        raise DataError(msg)
    created = tables.leads.set_index("lead_id")["created_at"].reindex(lead_ids)
    late = nanos(created) > start
    if late.any():
        msg = (
            f"A lead must have come by as_of_before, but {listed(lead_ids[late], most=3)} came "
            "later. Leave it out: a new lead has no earlier score."
        )
        raise DataError(msg)


def _chance(scoring: Scoring) -> str:
    return f"{_percent(scoring.probability)} within {scoring.horizon_days} days"


def _percent(probability: float) -> str:
    return f"{say.number(100 * probability)} %"
