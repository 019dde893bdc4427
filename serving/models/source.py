"""Where do the models of an app come from? What a keeper asks, whoever answers.

A name is whatever its source calls a model by: a version may have had several models, a name has
one for ever.
"""

from dataclasses import dataclass
from typing import Protocol

from serving.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Named:
    """Which models a source names, each by its name; "" for none.

    Attributes:
        champion: the one that scores.
        challenger: the one that scores along, its answers only logged.
        former: earlier champions, newest first.
        trouble: what kept the source from naming another, in a sentence; empty where all is well.
    """

    champion: str = ""
    challenger: str = ""
    former: tuple[str, ...] = ()
    trouble: str = ""


class Source(Protocol):
    """Where models come from."""

    def last(self) -> Named:
        """Who was named when it was last asked: from this machine, at once."""

    def ask(self, *, patient: bool = True) -> Named:
        """Who is named now; may take a minute.

        Args:
            patient: whether what has just failed is left alone for a while.

        Raises:
            LeadmlError: it cannot say.
        """

    def load(self, name: str) -> Scorer:
        """The model of a name that was given, checked; from this machine.

        Raises:
            LeadmlError: it cannot be used.
        """

    def close(self) -> None:
        """Ends what asking has begun."""


class Fixed:
    """Models at hand, for ever the same: a table of points, or those of a test."""

    def __init__(self, champion: Scorer, *, challenger: Scorer | None = None) -> None:
        self._scorers = {"champion": champion}
        if challenger is not None:
            self._scorers["challenger"] = challenger

    def last(self) -> Named:
        """The same as ever."""
        return Named("champion", "challenger" if "challenger" in self._scorers else "")

    def ask(self, *, patient: bool = True) -> Named:  # noqa: ARG002 - nothing to be patient with
        """The same as ever."""
        return self.last()

    def load(self, name: str) -> Scorer:
        """The scorer given for a post."""
        return self._scorers[name]

    def close(self) -> None:
        """Nothing was begun."""
