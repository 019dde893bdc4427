"""How would leadml have done in each past period, beside its rivals? The past replayed.

At the start of each period everything is done as on that day: the recipe is chosen, the margin
fitted and the map learned from what was known then; the leads looked at in the period are scored,
and what came of them judges. "Trained once" is the first period's model, never touched again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints
from leadml.model import Calibration
from leadml.parallel import in_order
from leadml.progress import track
from training.beside import differences, estimates, figures_to_json
from training.calibrate import fit_calibration
from training.choose import choose_recipe
from training.fit import PARTS, Margin, Recipe, fit_margin
from training.metrics import ALL, RANKING, Estimate, resample, share_of_wins
from training.periods import LEAST_OUTCOMES, Period
from training.replay import Replays
from training.rivals import FITTED, NO_PROBABILITY

MODEL, ONCE = "model", "trained once"

TENURES_DAYS = (0, 1, 30, 90, 180)
"""Where bands of how long a lead had been known begin."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some examples, and how every scorer did on them.

    Attributes:
        name: of the period or of the kind of leads.
        recipe: the model's recipe, where it was one.
        n, leads, converted: of the examples.
        figures: by scorer, then metric.
        ahead: the model's figures less a rival's, by rival, then metric.
    """

    name: str
    recipe: str
    n: int
    leads: int
    converted: int
    figures: Mapping[str, Mapping[str, Estimate]]
    ahead: Mapping[str, Mapping[str, Estimate]]

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "name": self.name,
            "recipe": self.recipe,
            "n": self.n,
            "leads": self.leads,
            "converted": self.converted,
            "figures": figures_to_json(self.figures),
            "ahead": figures_to_json(self.ahead),
        }


@dataclass(frozen=True, slots=True)
class Backtest:
    """The past replayed.

    Attributes:
        periods: oldest first.
        overall: all of them together.
        parts: the model alone, on kinds of leads: new ones, by source, by tenure.
    """

    periods: tuple[Slice, ...]
    overall: Slice
    parts: Mapping[str, tuple[Slice, ...]]

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {
            "periods": [period.to_json() for period in self.periods],
            "overall": self.overall.to_json(),
            "parts": {name: [own.to_json() for own in kinds] for name, kinds in self.parts.items()},
        }


@dataclass(frozen=True, slots=True)
class _Scored:
    """One period with everybody's scores of its examples."""

    name: str
    recipe: str
    rows: Ints
    scores: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class _Then:
    """The model of one past moment."""

    recipe: Recipe
    calibration: Calibration


def run_backtest(
    replays: Replays, asked: Mapping[str, Floats], sources: "pd.Series[str]", *, capacity: float
) -> Backtest | None:
    """Replays the newest periods; None where the history is too short for any.

    Args:
        replays: the periods, and each recipe's margins in them.
        asked: scores that need no training, of every mature example, by rival.
        sources: where each mature example's lead came from; "" where it is not known.
        capacity: the share of leads that sales can talk to.
    """
    periods = _reported(replays)
    if not periods:
        return None
    lesson = replays.lesson
    followed = track(periods, "backtest", rows=len(lesson.matrix))
    then = [_then(replays, period) for period in followed]
    first = _fit_then(replays, periods[0], then[0])

    def score(k: int) -> _Scored:
        period, rows = periods[k], _mature(replays, periods[k])
        judged = lesson.matrix[rows]
        margin = replays.margin(period, then[k].recipe)[: len(rows)]
        scores = {
            MODEL: then[k].calibration.probability(margin),
            ONCE: then[0].calibration.probability(first.of(judged)),
        }
        plain = lesson.known(period.start, most=lesson.settings.most_examples)
        sample = lesson.sample(plain, period.start)
        scores |= {name: rival(sample, judged) for name, rival in FITTED.items()}
        scores |= {name: values[rows] for name, values in asked.items()}
        return _Scored(period.name, then[k].recipe.words, rows, scores)

    done = in_order(score, range(len(periods)), threads=lesson.settings.threads)
    shown = track(done, "rivals", rows=len(lesson.matrix), steps=len(periods))
    scored = list(shown)
    return _judge(replays, scored, sources, capacity=capacity)


def _reported(replays: Replays) -> list[Period]:
    """The newest periods with enough decided outcomes to judge by."""
    converted = replays.lesson.examples.mature["converted"].to_numpy(dtype=bool)
    enough = []
    for period in replays.periods:
        own = converted[_mature(replays, period)]
        if min(own.sum(), (~own).sum()) >= LEAST_OUTCOMES:
            enough.append(period)
    return enough[-replays.lesson.settings.periods :]


def _mature(replays: Replays, period: Period) -> Ints:
    return period.rows[period.rows < len(replays.lesson.examples.mature)]


def _then(replays: Replays, period: Period) -> _Then:
    """The recipe and the map of a period's first day; the simplest recipe where nothing tells."""
    recipe = PARTS[0]
    if replays.has_past(period.start):
        recipe = choose_recipe(replays, period.start).recipe
    replays.prepare([recipe])
    return _Then(recipe, fit_calibration(replays.until(period.start, recipe)))


def _fit_then(replays: Replays, period: Period, then: _Then) -> Margin:
    """The margin of a period's first day once more, to score what came later."""
    lesson = replays.lesson
    known = lesson.known(period.start, most=lesson.settings.most_examples)
    sample = lesson.sample(known, period.start)
    return fit_margin(sample, then.recipe, seed=lesson.settings.seed)


def _judge(
    replays: Replays, scored: Sequence[_Scored], sources: "pd.Series[str]", *, capacity: float
) -> Backtest:
    together = _Scored(
        "all periods",
        "",
        np.concatenate([own.rows for own in scored]),
        {name: np.concatenate([own.scores[name] for own in scored]) for name in scored[0].scores},
    )
    everybody = [*scored, together]

    def judge(own: _Scored) -> Slice:
        return _slice(replays, own, capacity=capacity)

    threads = replays.lesson.settings.threads
    *periods, overall = in_order(judge, everybody, threads=threads)
    model = _Scored(together.name, "", together.rows, {MODEL: together.scores[MODEL]})
    parts = {
        kind: tuple(
            _slice(replays, _some(model, name, inside), capacity=capacity)
            for name, inside in kinds.items()
            if _tells(replays, model.rows[inside])
        )
        for kind, kinds in _kinds(replays, model.rows, sources).items()
    }
    return Backtest(tuple(periods), overall, parts)


def _slice(replays: Replays, own: _Scored, *, capacity: float) -> Slice:
    examples = replays.lesson.examples.mature.iloc[own.rows]
    seed = replays.lesson.settings.seed
    converted = examples["converted"].to_numpy(dtype=bool)
    within = {"wins_in_capacity": share_of_wins(capacity)}
    drawn = {}
    for name, score in own.scores.items():
        metrics = {**(RANKING if name in NO_PROBABILITY else ALL), **within}
        drawn[name] = resample(metrics, converted, score, examples["group"], seed=seed)
    return Slice(
        own.name,
        own.recipe,
        len(examples),
        int(examples["lead_id"].nunique()),
        int(converted.sum()),
        estimates(drawn),
        differences(drawn, MODEL),
    )


def _some(own: _Scored, name: str, inside: Bools) -> _Scored:
    scores = {scorer: score[inside] for scorer, score in own.scores.items()}
    return _Scored(name, own.recipe, own.rows[inside], scores)


def _tells(replays: Replays, rows: Ints) -> bool:
    converted = replays.lesson.examples.mature["converted"].to_numpy(dtype=bool)[rows]
    return bool(min(converted.sum(), (~converted).sum()) >= LEAST_OUTCOMES)


def _kinds(replays: Replays, rows: Ints, sources: "pd.Series[str]") -> dict[str, dict[str, Bools]]:
    """Kinds of leads among the judged examples, as masks by name."""
    looked = replays.lesson.examples.looked
    first_seen = looked.groupby("lead_id")["as_of"].transform("min")
    age = ((looked["as_of"] - first_seen).dt.total_seconds() / 86_400).to_numpy()[rows]
    bands = np.searchsorted(TENURES_DAYS, age, side="right") - 1
    source = sources.to_numpy()[rows]
    return {
        "new": {"never seen in training": _never_seen(replays, rows)},
        "source": {str(name): source == name for name in np.unique(source) if name},
        "tenure": {_band(k): bands == k for k in range(len(TENURES_DAYS))},
    }


def _never_seen(replays: Replays, rows: Ints) -> Bools:
    """Examples of leads of which nothing had been looked at when their period began."""
    looked = replays.lesson.examples.looked
    first_seen = looked.groupby("lead_id")["as_of"].transform("min").iloc[rows]
    starts = pd.DatetimeIndex([period.start for period in _reported(replays)])
    own = looked["as_of"].iloc[rows]
    start = starts[np.maximum(starts.searchsorted(own, side="right") - 1, 0)]
    return (first_seen.to_numpy() >= start.to_numpy()).astype(bool)


def _band(number: int) -> str:
    low = TENURES_DAYS[number]
    if number == len(TENURES_DAYS) - 1:
        return f"{low} days and more"
    return "on arrival" if number == 0 else f"{low} to {TENURES_DAYS[number + 1]} days"
