"""From which source is each row? The biggest by name, the others together, the unknown apart."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from leadml.arrays import Ints

MOST_SOURCES = 10
"""So many are shown by name; the others together, unless there is but one of them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source, or several taken together.

    Attributes:
        name: "" for several together, and for leads whose source is not known.
        pooled: how many sources are taken together; 0 where it is no such row.
    """

    name: str
    pooled: int = 0

    @property
    def known(self) -> bool:
        """Whether it is any source at all."""
        return bool(self.name) or self.pooled > 0


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources shown, and how rows fall under them.

    Attributes:
        shown: the biggest first, then the others together, then the unknown.
        code: the position in ``shown`` of each known source name.
        unknown: the position of the unknown.
    """

    shown: tuple[Source, ...]
    code: dict[str, int]
    unknown: int

    def of(self, names: "pd.Series[str]") -> Ints:
        """The position of the source of each row; a name never seen counts as unknown; (n,)."""
        codes = names.map(self.code).fillna(self.unknown)
        return np.asarray(codes, dtype=np.int64)


def pick_sources(names: "pd.Series[str]", weight: "pd.Series[float] | None" = None) -> Sources:
    """Which sources to show by name: those with most rows, or weight; ties by name.

    Args:
        names: a row's source; missing or empty where it is not known.
        weight: of each row; 1 if not given.
    """
    known = names.notna() & (names != "")
    weights = pd.Series(1.0, names.index) if weight is None else weight
    totals = weights[known].groupby(names[known].astype(object)).sum()
    ranked = sorted(totals.index, key=lambda name: (-totals[name], name))
    named = ranked if len(ranked) <= MOST_SOURCES + 1 else ranked[:MOST_SOURCES]
    rest = ranked[len(named) :]
    shown = [Source(str(name)) for name in named]
    code = {str(name): position for position, name in enumerate(named)}
    if rest:
        code |= dict.fromkeys(map(str, rest), len(shown))
        shown.append(Source("", pooled=len(rest)))
    unknown = len(shown)
    if not known.all():
        shown.append(Source(""))
    return Sources(tuple(shown), code, unknown)


def tally(codes: Ints, size: int) -> list[int]:
    """How many rows each source has; shape (size,)."""
    return [int(count) for count in np.bincount(codes, minlength=size)[:size]]
