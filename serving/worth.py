"""What is a lead worth, and why? A model gives a probability in exact parts; a table, points."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.catalog import Catalog
from features.past import Past
from features.points import points_frame
from leadml.arrays import Bools, Floats, Matrix
from leadml.config import Points
from leadml.events import GROUPS, EventType, Group
from leadml.model import LeadModel
from leadml.point_rules import FitRule
from leadml.scorecard import explain_points, points_by_rule
from serving.reasons import Reason, explain


@dataclass(frozen=True, slots=True)
class Worth:
    """What examples are worth; arrays of shape (n,).

    Attributes:
        score: the probability within the main horizon, or points.
        within: the probability within each horizon, by days, shortest first; none of points.
        lower, upper: the interval of the score; NaN of points.
        base: what the average lead has: log-odds, or no points.
        groups: what each group of evidence adds; base and groups sum to the log-odds, or points;
            minus infinity of a lead of which nothing is said.
        reasons: strongest first.
    """

    score: Floats
    within: Mapping[int, Floats]
    lower: Floats
    upper: Floats
    base: float
    groups: Mapping[Group, Floats]
    reasons: list[tuple[Reason, ...]]

    def without(self, blank: Bools) -> "Worth":
        """The same, with nothing said of some: no score, the poorest grades, no reasons."""
        return dataclasses.replace(
            self,
            score=np.where(blank, np.nan, self.score),
            within={days: np.where(blank, np.nan, own) for days, own in self.within.items()},
            lower=np.where(blank, np.nan, self.lower),
            upper=np.where(blank, np.nan, self.upper),
            groups={name: np.where(blank, -np.inf, own) for name, own in self.groups.items()},
            reasons=[() if out else own for out, own in zip(blank, self.reasons, strict=True)],
        )


def rate_by_model(model: LeadModel, catalog: Catalog, matrix: Matrix, most: int) -> Worth:
    """The probability of every example, in parts.

    Args:
        model: it.
        catalog: its features.
        matrix: of the examples, shape (n, n_features).
        most: how many reasons each gets.
    """
    contributions, base = model.contributions(matrix)
    margin = model.margin(matrix)
    within = model.within(margin)
    lower, upper = model.calibration.interval(margin)
    return Worth(
        within[model.card["horizon_days"]],
        within,
        lower,
        upper,
        base,
        catalog.group_sums(contributions),
        explain(catalog, matrix, contributions, most=most),
    )


@dataclass(frozen=True, slots=True)
class PointsTable:
    """A table of points, and the events its rules may speak of."""

    points: Points
    events: Mapping[str, EventType]

    @property
    def columns(self) -> list[str]:
        """The attributes its rules ask for."""
        return list(dict.fromkeys(rule.attribute for rule in self.points.fit))

    def rate(self, past: Past, most: int) -> Worth:
        """The points of every example, by group of evidence and with their rules as reasons.

        Args:
            past: of the examples.
            most: how many reasons each gets.
        """
        frame = points_frame(self.points, past, self.events)
        given = points_by_rule(self.points, frame).to_numpy()
        own = [self._group(k) for k in range(given.shape[1])]
        sums = {
            group: given[:, [k for k, other in enumerate(own) if other == group]].sum(axis=1)
            for group in GROUPS
        }
        reasons = [
            tuple(Reason(one.text, own[one.rule], one.points, f"points_{one.rule}") for one in said)
            for said in explain_points(self.points, frame, most=most)
        ]
        blank = np.full(len(past), np.nan)
        return Worth(np.sum([*sums.values()], axis=0), {}, blank, blank, 0.0, sums, reasons)

    def _group(self, k: int) -> Group:
        """The evidence a rule is: fit, or that of the events it speaks of."""
        rule = self.points.rules[k]
        if isinstance(rule, FitRule):
            return "fit"
        if rule.points < 0:
            return "negative"
        kinds = {self.events[key].kind for key in rule.types_among(self.events)}
        return "intent" if kinds == {"intent"} else "engagement"
