"""Which leads below the sql line are passed all the same? The exploration slice of a policy."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Bools, Floats
from leadml.explore import draw
from leadml.lifecycle import Decisions
from leadml.policy import RULED, Policy

BELOW = ("lead", *(stage for stage in RULED if stage != "sql"))
"""Stages of which leads are drawn; a lead that is blocked or closed never is."""

EXPLORED_MINUTES = 24 * 60.0
"""A lead that is passed at random is called as soon as others are."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who was drawn; arrays of shape (n,).

    Attributes:
        explored: passed at random, though below the line.
        propensity: how likely the lead was to be passed: 1 above the line, the policy's share
            below it, 0 where it could not be.
    """

    explored: Bools
    propensity: Floats


def explore(policy: Policy, decided: Decisions, examples: pd.DataFrame, scored: Bools) -> Drawn:
    """Draws leads below the line, the same ones all through a calendar month.

    Args:
        policy: with its share.
        decided: of every example.
        examples: lead_id, as_of.
        scored: which of them have a score.
    """
    below = np.isin(decided.stage, BELOW) & scored
    explored = np.zeros(len(below), dtype=np.bool_)
    if policy.explore_share:
        month = examples["as_of"].dt.strftime("%Y-%m").to_numpy()
        for period in np.unique(month[below]):
            rows = np.flatnonzero(below & (month == period))
            ids = examples["lead_id"].iloc[rows]
            explored[rows] = draw(ids, share=policy.explore_share, period=str(period), seed=0)
    above = decided.stage == "sql"
    return Drawn(explored, np.where(above, 1.0, np.where(below, policy.explore_share, 0.0)))
