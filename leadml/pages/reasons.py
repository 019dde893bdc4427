"""How many reasons does a card tell? So many that what it leaves out does not outweigh them."""

from collections.abc import Sequence

MOST_REASONS = 12
"""A card tells no more reasons; what they leave out is one more step of its waterfall."""

LEAST_TOLD = 6
"""So many reasons are told, where there are so many."""

SMALL = 0.5
"""More are told until what is left is this part of the strongest reason, or less."""


def enough(effects: Sequence[float], *, way: float) -> int:
    """How many reasons to tell, so that what is left does not outweigh them.

    Args:
        effects: of all reasons, strongest first.
        way: what all of them and what is left add up to.

    >>> enough([1.0, -0.5, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3, 0.1], way=2.5)
    7
    >>> enough([1.0, 0.5], way=9.0), enough([], way=1.0)
    (2, 0)
    """
    for count in range(LEAST_TOLD, len(effects)):
        left = way - sum(effects[:count])
        if abs(left) <= SMALL * abs(effects[0]):
            return count
    return len(effects)
