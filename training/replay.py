"""What would each recipe have said of past periods, knowing only what was known at their start?

Margins are fitted once a period and recipe, several periods side by side, and kept: the choice of
recipe, the calibration and the backtest are all read from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats, Ints
from leadml.parallel import in_order
from leadml.progress import track
from training.examples import Known, known_at
from training.fit import PARTS, Recipe, fit_margins
from training.lesson import Lesson, take
from training.periods import LEAST_OUTCOMES, Period
from training.split import folds_by_group

FOLDS = 5
"""Where no period can be replayed, so many folds of whole accounts stand in for them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Examples that a margin had not seen, with what was known of them at some moment.

    Attributes:
        rows: by position, shape (n,).
        margin: raw log-odds, shape (n,).
        converted: labels, shape (n,).
        offset: log-odds by which each label is scarcer than the main horizon's, shape (n,).
        leads, groups: whose they are, shape (n,).
    """

    rows: Ints
    margin: Floats
    converted: Bools
    offset: Floats
    leads: "pd.Series[str]"
    groups: "pd.Series[str]"

    @property
    def shifted(self) -> Floats:
        """The margin of each example's own label; shape (n,)."""
        return np.asarray(self.margin + self.offset)

    def told_by(self, known: Known) -> "Stretch":
        """The same margins with other labels, where they are known."""
        own = self.of(self.rows < len(known.rows))
        return replace(own, converted=known.converted[own.rows], offset=known.offset[own.rows])

    def of(self, chosen: Bools) -> "Stretch":
        """Some of its examples."""
        return Stretch(
            self.rows[chosen],
            self.margin[chosen],
            self.converted[chosen],
            self.offset[chosen],
            self.leads[chosen],
            self.groups[chosen],
        )


@dataclass(frozen=True, slots=True)
class _Heat:
    """One stretch to judge and what may be learned before it."""

    known: Known
    moment: pd.Timestamp
    rows: Ints


@dataclass(slots=True)
class Replays:
    """The replays of one training: periods, and each recipe's margins in them.

    Attributes:
        lesson: what is learned from.
        periods: oldest first.
    """

    lesson: Lesson
    periods: list[Period]
    _margins: dict[tuple[str, Recipe], Floats] = field(default_factory=dict)

    def prepare(self, recipes: Sequence[Recipe]) -> None:
        """Fits what is not there yet, for every period."""
        most = self.lesson.settings.most_examples
        named = {}
        for period in self.periods:
            known = self.lesson.known(period.start, most=most)
            named[period.name] = _Heat(known, period.start, period.rows)
        self._fit(named, recipes)

    def until(self, moment: pd.Timestamp, recipe: Recipe) -> list[Stretch]:
        """What ``moment`` knew of the recipe's past: a stretch a period, oldest first.

        Where fewer than two periods had been decided by then, folds of whole accounts stand in,
        in one stretch.
        """
        stretches = self._decided(moment, recipe)
        return stretches if len(stretches) > 1 else [self._folded(moment, recipe)]

    def has_past(self, moment: pd.Timestamp) -> bool:
        """Whether at least two periods had been decided by then."""
        return len(self._decided(moment, PARTS[0])) > 1

    def _decided(self, moment: pd.Timestamp, recipe: Recipe) -> list[Stretch]:
        """What was known of each period before ``moment`` by then, where it was enough."""
        self.prepare([recipe])
        known = known_at(self.lesson.examples, moment)
        stretches = []
        for period in self.periods:
            decided = (period.rows < len(known.rows)) & (period.start < moment)
            margin = self.margin(period, recipe)[decided]
            stretch = self._stretch(period.rows[decided], margin, known)
            if min(stretch.converted.sum(), (~stretch.converted).sum()) >= LEAST_OUTCOMES:
                stretches.append(stretch)
        return stretches

    def margin(self, period: Period, recipe: Recipe) -> Floats:
        """The recipe's raw log-odds in a period that was prepared; shape (n_rows,)."""
        return self._margins[period.name, recipe]

    def _folded(self, moment: pd.Timestamp, recipe: Recipe) -> Stretch:
        """Every known example's margin from a fit that saw neither it nor its account."""
        known = self.lesson.known(moment, most=self.lesson.settings.most_examples)
        groups = self.lesson.groups.iloc[known.rows]
        fold = folds_by_group(groups, FOLDS, seed=self.lesson.settings.seed)
        named = {}
        for k in range(FOLDS):
            rest = take(known, np.flatnonzero(fold != k))
            named[f"{moment} {k}"] = _Heat(rest, moment, known.rows[fold == k])
        self._fit(named, [recipe])
        rows = np.concatenate([heat.rows for heat in named.values()])
        margin = np.concatenate([self._margins[name, recipe] for name in named])
        order = np.argsort(rows, kind="stable")
        everything = known_at(self.lesson.examples, moment)
        return self._stretch(rows[order], margin[order], everything)

    def _fit(self, heats: dict[str, _Heat], recipes: Sequence[Recipe]) -> None:
        """Fits the recipes that each heat still lacks."""
        lacking = {
            name: [recipe for recipe in recipes if (name, recipe) not in self._margins]
            for name in heats
        }
        names = [name for name in heats if lacking[name]]
        if not names:
            return
        seed, matrix = self.lesson.settings.seed, self.lesson.matrix

        def run(name: str) -> list[Floats]:
            heat = heats[name]
            sample = self.lesson.sample(heat.known, heat.moment)
            judged = matrix[heat.rows]
            return [m.of(judged) for m in fit_margins(sample, lacking[name], seed=seed)]

        done = in_order(run, names, threads=self.lesson.settings.threads)
        shown = track(done, "replays", rows=len(matrix), steps=len(names))
        for name, margins in zip(names, shown, strict=True):
            for recipe, margin in zip(lacking[name], margins, strict=True):
                self._margins[name, recipe] = margin

    def _stretch(self, rows: Ints, margin: Floats, known: Known) -> Stretch:
        leads, groups = self.lesson.leads.iloc[rows], self.lesson.groups.iloc[rows]
        return Stretch(rows, margin, known.converted[rows], known.offset[rows], leads, groups)
