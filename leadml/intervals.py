"""How far can a share be trusted, given how few it was counted on?"""

import numpy as np

from leadml.arrays import Floats

Z90 = 1.6448536269514722
"""The normal quantile of a two-sided 90 % interval."""


def wilson_bounds(share: Floats, n: Floats, *, z: float = Z90) -> tuple[Floats, Floats]:
    """Lower and upper end of Wilson's score interval (Wilson 1927); within 0 and 1, shape (n,).

    >>> low, high = wilson_bounds(np.array([0.5]), np.array([100.0]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.419, 0.581)
    """
    shrink = 1.0 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z / shrink * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
