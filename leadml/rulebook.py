"""A policy made ready to be applied: its cases and needs, numbered, and what is said of each."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from leadml.advice import Advice, advise, cases_of
from leadml.arrays import Floats
from leadml.levels import Levels
from leadml.policy import STAGES, Need


class Rulebook:
    """A policy in the units of one model, with everything that does not depend on leads.

    Attributes:
        levels: the policy.
        cases: in the order they are tried; the last holds of all.
        needs: every need of any case, once.
        needed: of each case, its needs by their place.
        rank: of each case, the place of its stage among all.
    """

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.cases = cases_of(levels.policy)
        self.needs: tuple[Need, ...] = tuple(
            dict.fromkeys(need for case in self.cases for need in case.needs)
        )
        place = {need: k for k, need in enumerate(self.needs)}
        self.needed = tuple([place[need] for need in case.needs] for case in self.cases)
        self.rank = tuple(STAGES.index(case.stage) for case in self.cases)
        self._said: dict[tuple[int, int], Advice] = {}

    def said(self, case: int, held: int) -> Advice:
        """What is said of leads of a case that meet some needs, the bits of ``held``; made once."""
        if (case, held) not in self._said:
            self._said[case, held] = advise(self.levels, self.cases, self.needs, case, held)
        return self._said[case, held]

    @cached_property
    def stage(self) -> np.ndarray:
        """Of each case; so are the others."""
        return np.array([case.stage for case in self.cases])

    @cached_property
    def block(self) -> np.ndarray:
        """What holds a lead back; "" for nothing."""
        return np.array([case.block for case in self.cases], dtype=object)

    @cached_property
    def action(self) -> np.ndarray:
        """What is done."""
        return np.array([case.action for case in self.cases])

    @cached_property
    def track(self) -> np.ndarray:
        """What is sent."""
        return np.array([case.track for case in self.cases])

    @cached_property
    def follow_up_minutes(self) -> Floats:
        """How soon; NaN where nothing is said."""
        return np.array([60 * case.follow_up_hours or np.nan for case in self.cases])

    @cached_property
    def look_again_days(self) -> Floats:
        """The case's own term; NaN for never."""
        return np.array([case.look_again_days or np.nan for case in self.cases])

    @cached_property
    def windows(self) -> Sequence[list[tuple[tuple[str, ...], float]]]:
        """Which events or kinds each case rests on, and for how many days each counts."""
        return [case.windows for case in self.cases]
