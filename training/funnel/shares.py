"""How large is a share, and has it changed by more than chance brings?

>>> share_of(11, 100).value
0.11
>>> changed_share(share_of(30, 100), share_of(10, 100)).beyond
True
>>> changed_count(12, 10, days=90, days_before=90).beyond
False
"""

import math
from dataclasses import dataclass

from scipy.stats import norm

from leadml.intervals import Z90
from training.metrics import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with Wilson's 90 % interval; no value where there is nothing to share."""

    count: int
    n: int
    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """By how much a figure differs from the one before, with an interval.

    Attributes:
        value, lower, upper: a difference of shares, or a count a day as a multiple of the one
            before; None where it has no end, or the figure before was nothing.
        beyond: whether the interval holds no change: False is what chance alone may bring.
    """

    value: float | None
    lower: float | None
    upper: float | None
    beyond: bool


def share_of(count: int, n: int) -> Share:
    """A share and how far it can be trusted."""
    if n == 0:
        return Share(count, n, None, None, None)
    found = wilson(count, n)
    return Share(count, n, found.value, found.lower, found.upper)


def z_of_family(size: int) -> float:
    """The normal quantile with which ``size`` intervals all hold with 90 % (Bonferroni).

    >>> z_of_family(1) == Z90, round(z_of_family(5), 3)
    (True, 2.326)
    """
    return Z90 if size <= 1 else float(norm.ppf(1 - 0.05 / size))


def changed_share(this: Share, last: Share, *, z: float = Z90) -> Change | None:
    """The difference of two shares, with Newcombe's interval (1998); None where one is missing."""
    if this.n == 0 or last.n == 0:
        return None
    new, old = wilson(this.count, this.n, z=z), wilson(last.count, last.n, z=z)
    value = new.value - old.value
    lower = value - math.hypot(new.value - new.lower, old.upper - old.value)
    upper = value + math.hypot(new.upper - new.value, old.value - old.lower)
    return Change(value, lower, upper, beyond=not lower <= 0 <= upper)


def changed_count(
    this: int, last: int, *, days: float, days_before: float, z: float = Z90
) -> Change | None:
    """How many times as many came a day as before; None where none came at all.

    The interval is that of two Poisson rates: of all that came, the share that came now is one of
    so many (Przyborowski and Wilenski 1940), with Wilson's bounds.
    """
    if this + last == 0:
        return None
    part = wilson(this, this + last, z=z)
    scale, alike = days_before / days, days / (days + days_before)
    return Change(
        _multiple(part.value, scale),
        _multiple(part.lower, scale),
        _multiple(part.upper, scale),
        beyond=not part.lower <= alike <= part.upper,
    )


def _multiple(share: float, scale: float) -> float | None:
    return None if share >= 1.0 else scale * share / (1.0 - share)
