"""How often did examples convert, and how far can that be trusted where leads stand repeatedly?

Examples of one lead are alike: three looks at a lead that wins tell little more than one. The
interval is Wilson's for as many independent examples as the given ones are worth: their number
divided by the design effect, the variance of the rate between leads over that of independent
examples (Kish 1965; the variance of a ratio, Cochran 1977).
"""

from typing import Any

import numpy as np

from leadml.arrays import Bools, Ints
from training.metrics import wilson


def count_rate(inside: Bools, converted: Bools, lead: Ints) -> dict[str, Any]:
    """The share converted of some examples, with its 90 % interval.

    Args:
        inside: which examples, shape (n,).
        converted: labels, shape (n,).
        lead: number of the lead of each example, shape (n,).

    Returns:
        n, leads, won, rate, lower, upper; of no example a rate of 0, anywhere from 0 to 1.
    """
    own, won = lead[inside], converted[inside]
    leads, n = len(np.unique(own)), len(own)
    share = float(won.mean()) if n else 0.0
    worth = n / _design_effect(own, won)
    bounds = wilson(share * worth, worth)
    return {
        "n": n,
        "leads": leads,
        "won": int(won.sum()),
        "rate": share,
        "lower": min(bounds.lower, share),
        "upper": max(bounds.upper, share),
    }


def _design_effect(lead: Ints, converted: Bools) -> float:
    """How many examples are worth one; a lead's are worth one together where all came out alike."""
    codes = np.unique(lead, return_inverse=True)[1]
    n, leads = len(lead), int(codes.max()) + 1 if len(codes) else 0
    share = converted.mean() if n else 0.0
    if leads < 2 or share in {0.0, 1.0}:
        return n / max(leads, 1) if n else 1.0
    missed = np.bincount(codes, converted - share)
    between = float((missed**2).sum()) * leads / (leads - 1)
    return max(between / (n * share * (1 - share)), 1.0)
