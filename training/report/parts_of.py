"""How is a whole told in parts of whole percent that sum to it?"""

from collections.abc import Sequence

import numpy as np


def part_out(weights: Sequence[float], whole: int) -> list[int]:
    """Whole numbers in proportion to weights, which sum to ``whole`` (largest remainders).

    >>> part_out([1.0, 1.0, 1.0], 100), part_out([0.0, 0.0], 5), part_out([], 0)
    ([34, 33, 33], [0, 0], [])
    """
    total = sum(weights)
    if total <= 0:
        return [0 for _ in weights]
    exact = whole * np.array(weights) / total
    parts = np.floor(exact + 1e-9)
    first = np.argsort(-(exact - parts).round(9), kind="stable")
    parts[first[: round(whole - parts.sum())]] += 1
    return [int(part) for part in parts]


def part_words(part: int, weight: float) -> str:
    r"""A part as text; what is there is never nothing.

    >>> part_words(12, 0.3), part_words(0, 0.001), part_words(0, 0.0)
    ('12\xa0%', 'under 1\xa0%', '0\xa0%')
    """
    return "under 1\u00a0%" if weight > 0 and part == 0 else f"{part}\u00a0%"
