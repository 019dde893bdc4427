"""Which words for an outcome say won, and which say lost?"""

import re
from collections.abc import Iterable

from leadml import hints
from leadml.config import STAGE_OUTCOMES


def won_and_lost(levels: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Outcome values that speak of won, of lost, and of neither; stages are left alone."""
    won: list[str] = []
    lost: list[str] = []
    unclear: list[str] = []
    for level in levels:
        said = re.sub(r"[\W_]+", " ", str(level)).strip().lower()
        if str(level).lower() in STAGE_OUTCOMES:
            continue
        side = lost if hints.LOST.search(said) else won if hints.WON.search(said) else unclear
        side.append(str(level))
    if len(unclear) == 1 and len(won) + len(lost) == 1:
        (lost if won else won).append(unclear.pop())
    return won, lost, unclear
