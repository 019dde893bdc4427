"""Is a capacity that nobody can plan with refused in words that say why?"""

import math

import pytest

from leadml.capacity import Capacity, check_capacity
from leadml.errors import ConfigError


def test_a_profit_is_what_wins_bring_beyond_what_contacts_cost() -> None:
    capacity = Capacity(2, 12, value_per_win=1_000, cost_per_contact=50)
    assert capacity.profit(wins=3.5, contacts=40) == 1_500
    assert math.isnan(Capacity(2, 12).profit(wins=3.5, contacts=40))


@pytest.mark.parametrize(
    ("capacity", "said"),
    [
        (Capacity(0, 12), "above 0, got 0 and 12"),
        (Capacity(-2, -12), "above 0, got -2 and -12"),
        (Capacity(2, math.nan), "above 0, got 2 and nan"),
        (Capacity(math.inf, 12), "above 0, got inf and 12"),
        (Capacity(2, 12, value_per_win=100), "told together, got 100 and None"),
        (Capacity(2, 12, cost_per_contact=5), "told together, got None and 5"),
        (Capacity(2, 12, 100, 100), "a cost of 100 and a value of 100"),
        (Capacity(2, 12, 100, -1), "a cost of -1 and a value of 100"),
        (Capacity(2, 12, people_by_segment={"north": 2, "south": 1}), "2 in all at most"),
        (Capacity(2, 12, people_by_segment={"north": -1}), "must be 0 or more"),
        (Capacity(2, 12, people_by_segment={"nort": 1}), "got nort. Did you mean 'north'?"),
    ],
)
def test_a_capacity_that_cannot_be_is_refused(capacity: Capacity, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_capacity(capacity, ["north", "south"])
    assert said in str(raised.value)


def test_what_can_be_planned_with_passes() -> None:
    for capacity in (
        Capacity(0.5, 1),
        Capacity(2, 12, 100, 0),
        Capacity(3, 12, people_by_segment={"north": 2, "south": 1}),
        Capacity(3, 12, people_by_segment={"north": 0}),
    ):
        check_capacity(capacity, ["north", "south"])
