"""What can be asked of one attribute, and does a value answer it?

A criterion is set in ``leadml.toml``: at least, at most, one of some texts, or a pattern that a
text matches. Where it asks several things, all must hold; of what is not known nothing holds.

>>> Criterion("employees", at_least=50, at_most=1000).said
'employees between 50 and 1,000'
>>> Criterion("industry", one_of=("retail", "logistics")).said
'industry retail or logistics'
"""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadml.columns import column_words
from leadml.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from leadml.arrays import Bools


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must be so of one attribute.

    Attributes:
        attribute: its column.
        at_least, at_most: the least and the most a number may be; a text that is no number is
            neither.
        one_of: texts, whatever their case; a number or truth value is compared as it is written.
        matches: a regular expression found anywhere in the text, whatever its case.
    """

    attribute: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    matches: str = ""

    @property
    def said(self) -> str:
        """What it asks, as a person says it."""
        parts = [self._range(), self._texts()]
        if self.matches:
            parts.append(f"that matches '{self.matches}'")
        return " ".join([column_words(self.attribute), *filter(None, parts)])

    def holds(self, values: "pd.Series") -> "Bools":
        """Where it holds; a missing value never does; shape (n,).

        Args:
            values: the attribute, of any dtype; shape (n,).
        """
        from leadml.columns import as_text

        text = as_text(values)
        admitted = [one for one in text.dropna().unique() if self.admits(one)]
        return text.isin(admitted).to_numpy(dtype=bool)

    def admits(self, text: str) -> bool:
        """Whether it holds of one value, written as text."""
        if self.at_least is not None or self.at_most is not None:
            low = -math.inf if self.at_least is None else self.at_least
            high = math.inf if self.at_most is None else self.at_most
            if not low <= _number(text) <= high:
                return False
        if self.one_of and text.casefold() not in map(_folded, self.one_of):
            return False
        return not self.matches or bool(re.search(self.matches, text, re.IGNORECASE))

    def _range(self) -> str:
        if self.at_least is None:
            return "" if self.at_most is None else f"at most {self.at_most:,.15g}"
        if self.at_most is None:
            return f"at least {self.at_least:,.15g}"
        return f"between {self.at_least:,.15g} and {self.at_most:,.15g}"

    def _texts(self) -> str:
        *others, last = self.one_of or ("",)
        return f"{', '.join(others)} or {last}" if others else last


def check_criterion(criterion: Criterion, setting: str) -> None:
    """Raises `ConfigError` where a criterion cannot be followed.

    Args:
        criterion: as it is set.
        setting: where, as in ``points.fit``.
    """
    place = f"{setting} ({criterion.attribute})"
    low, high = criterion.at_least, criterion.at_most
    if low is None and high is None and not criterion.one_of and not criterion.matches:
        msg = f"{place} must ask something, got nothing. Set at_least, at_most, one_of or matches."
        raise ConfigError(msg)
    for name, bound in (("at_least", low), ("at_most", high)):
        if bound is not None and bound != bound:  # noqa: PLR0124 - only NaN differs from itself
            msg = f"{place}: {name} must be a number, got {bound}."
            raise ConfigError(msg)
    if low is not None and high is not None and low > high:
        msg = f"{place}: at_least must not exceed at_most, got {low:g} and {high:g}. Swap them."
        raise ConfigError(msg)
    try:
        re.compile(criterion.matches)
    except re.error as error:
        msg = (
            f"{place}: matches must be a regular expression, got '{criterion.matches}' ({error}). "
            "Mend it, or put a backslash before a sign that stands for itself."
        )
        raise ConfigError(msg) from error


def _number(text: str) -> float:
    """The number a text writes; NaN where it is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _folded(text: str) -> str:
    return text.strip().casefold()
