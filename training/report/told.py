"""What is a report made from? The card of a model, and all that is known beside it on the day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from training.funnel.measure import Funnel
from training.health.measure import Health
from training.neighbours import Neighbours
from training.report.leads import Names
from training.report.tables import Card
from training.thresholds import Plan


@dataclass(frozen=True, slots=True)
class Tried:
    """What lines for sales are tried on.

    Attributes:
        looks: as `training.thresholds.draw_plan` takes them.
        judged: how many examples were judged, where only some can become a contact; else 0.
        plan: drawn of these looks; None without a capacity, or where it gives none.
        unplanned: why a capacity that is told gives no plan; or "".
        seed: of the draws behind the intervals.
    """

    looks: pd.DataFrame
    judged: int = 0
    plan: Plan | None = None
    unplanned: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Before:
    """The model before, and how it compares.

    Attributes:
        version: of the model before; "" where there was none.
        card: of the model before; None where there was none.
        gate: the verdict on the model of the report, as plain data; None where it is not at hand.
        changes: open leads whose stage or grade changes (`training.gate.list_changes`).
    """

    version: str = ""
    card: Card | None = None
    gate: Mapping[str, Any] | None = None
    changes: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All that a report is made from; what is None or empty is left out, or said to be unknown.

    Attributes:
        card: of the model, as `training.train.train` makes it.
        version: the registered one.
        open_leads: lead_id, as_of, probability, lower, upper, fit_grade, engagement_grade, stage,
            unscored_reason, reasons (text, group, effect; strongest first), one row an open lead;
            probability is NaN where unscored. May be empty. What `serving.scores.Scores` says
            beside, source (text), missing (lists of attributes) and answer (the last one of
            sales, an outcome; "" without one) are told where they are there.
        base: log-odds of the average lead; NaN where it is not known.
        similar: past leads like the most likely ones, by lead_id.
        names: what leads are called, by lead_id; None hides names, and ids that tell a person.
        run_id: of the run that made the model; "" where it is not at hand.
        origin: what it was made from, as plain data; empty where it is not at hand.
        won_leads: how many leads of the data reached the outcome; None where not counted.
    """

    card: Card
    version: str
    open_leads: pd.DataFrame
    base: float = float("nan")
    similar: Mapping[str, Neighbours] = field(default_factory=dict)
    names: Names | None = None
    run_id: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)
    won_leads: int | None = None
    before: Before | None = None
    funnel: Funnel | None = None
    lines: Tried | None = None
    health: Health | None = None
