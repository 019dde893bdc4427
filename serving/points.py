"""What scores before there is a model? The table of points, in a model's place.

Points are no probability: a lead has the sum of what the rules give it, a stage by the lines of
the table, and its rules as reasons. Everything else is as with a model.
"""

from collections.abc import Mapping

import numpy as np

from features.catalog import Catalog
from leadml.config import Config, Points, as_dict
from leadml.events import EventType
from leadml.levels import Levels, words_of
from leadml.model import Calibration, LeadModel, LinearPart
from leadml.policy import Policy, resolved
from leadml.scorecard import QUARTERS
from leadml.tables import Clock
from serving.scorer import Scorer
from serving.worth import PointsTable

VERSION = "points"
"""What stands where a model's version does."""

LEAST_POINTS = 1.0
"""Who has none does not fit, nor is engaged: of such a lead nothing speaks for it."""


def points_scorer(config: Config, *, clock: Clock = "times") -> Scorer:
    """A scorer that needs no model: by the points of a configuration.

    Args:
        config: with the table of points and the policy.
        clock: how finely the source knows time.
    """
    catalog = Catalog((), config.events)
    levels = points_levels(config.policy, config.points, config.events)
    card = {
        "name": config.registry.name,
        "outcome": config.label.outcome,
        "horizon_days": config.label.horizon_days,
        "known_until": "1970-01-01T00:00:00+00:00",
        "clock": clock,
        "max_age_days": config.examples.max_age_days,
        "config": as_dict(config),
        "recipe": "a table of points",
        "usable": True,
        "leaks": [],
        "data": dict.fromkeys(("leads", "events", "examples", "converted", "immature"), 0),
        "evaluation": {"n": 0, "converted": 0, "leads": 0, "figures": {}},
    }
    model = LeadModel(
        catalog.to_json(), LinearPart(0.0, ()), None, Calibration(1.0, 0.0), levels.to_json(), card
    )
    return Scorer(model, catalog, levels, VERSION, PointsTable(config.points, config.events))


def points_levels(policy: Policy, points: Points, events: Mapping[str, EventType]) -> Levels:
    """A policy in points: its lines are the table's, and grades part a quarter of the way apart.

    A quarter of the way to sales is believed to double the odds (`leadml.points`); so much is a
    lead's margin below a line that it had passed.
    """
    quarter = points.sql / QUARTERS
    cuts = LEAST_POINTS, quarter, 2 * quarter
    margin = policy.hysteresis / np.log(2) * quarter
    written = resolved(policy, events)
    words = words_of(events)
    return Levels(written, points.sql, points.mql, cuts, cuts, float(margin), "points", words)
