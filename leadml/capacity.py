"""What can sales do, and what is it worth to them?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadml.errors import ConfigError, listed, nearest


@dataclass(frozen=True, slots=True)
class Capacity:
    """What sales can do, and what it is worth.

    Attributes:
        people: who call, in all.
        conversations_per_week: new leads that one of them can take on.
        value_per_win: what a win brings, in any currency; None where it is not told.
        cost_per_contact: what a contact costs, in the same currency; None where it is not told.
        by: the column that says a lead's region, team or product.
        people_by_segment: how many of them work on each of its values.
    """

    people: float
    conversations_per_week: float
    value_per_win: float | None = None
    cost_per_contact: float | None = None
    by: str = ""
    people_by_segment: Mapping[str, float] = field(default_factory=dict)

    def profit(self, *, wins: float, contacts: float) -> float:
        """What wins bring beyond what contacts cost; not a number where that is not told."""
        if self.value_per_win is None or self.cost_per_contact is None:
            return math.nan
        return wins * self.value_per_win - contacts * self.cost_per_contact


def check_capacity(capacity: Capacity, segments: Sequence[str]) -> None:
    """Raises `ConfigError` where nobody can plan with a capacity.

    Args:
        capacity: what a person told.
        segments: that judged leads are in.
    """
    _check_people(capacity)
    _check_value(capacity)
    unknown = [name for name in capacity.people_by_segment if name not in segments]
    if unknown:
        msg = (
            f"People must work on segments that judged leads are in ({listed(segments)}), got "
            f"{listed(unknown)}.{nearest(unknown[0], segments)}"
        )
        raise ConfigError(msg)


def _check_people(capacity: Capacity) -> None:
    people = capacity.people_by_segment
    told = (capacity.people, capacity.conversations_per_week)
    if not all(0 < number < math.inf for number in told):
        msg = (
            "A capacity must have people and conversations a week above 0, got "
            f"{told[0]:g} and {told[1]:g}. Say how many people call, and how many leads each."
        )
        raise ConfigError(msg)
    if any(not number >= 0 for number in people.values()) or (
        sum(people.values()) > capacity.people + 1e-9
    ):
        msg = (
            f"People by segment must be 0 or more, and {capacity.people:g} in all at most, got "
            f"{', '.join(f'{name} {number:g}' for name, number in people.items())}. "
            "Raise people, or share them out anew."
        )
        raise ConfigError(msg)


def _check_value(capacity: Capacity) -> None:
    value, cost = capacity.value_per_win, capacity.cost_per_contact
    if (value is None) != (cost is None):
        msg = (
            "Value per win and cost per contact must be told together, got "
            f"{value} and {cost}. Add the other, or leave out both."
        )
        raise ConfigError(msg)
    if value is not None and cost is not None and not 0 <= cost < value:
        msg = (
            "A contact must cost 0 or more and less than a win brings, got a cost of "
            f"{cost:g} and a value of {value:g}. At such a cost no lead is worth a call."
        )
        raise ConfigError(msg)
