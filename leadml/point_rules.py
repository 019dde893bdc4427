"""For what is a lead given points? Rules of what it is and of what it did.

The default rules are the usual first table of a company that sells to companies. They know neither
the market nor the words of a job title in every language: setting ``points.fit`` or
``points.behaviour`` in ``leadml.toml`` replaces that part of the table.
"""

import fnmatch
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leadml.criteria import Criterion, check_criterion
from leadml.errors import ConfigError, listed, nearest
from leadml.events import slug

LONGEST_WINDOW = 36_500
"""Days that a rule may look back: a century."""

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class FitRule:
    """Points for what a lead is.

    Attributes:
        attribute: the column it asks.
        points: that it gives, or takes where negative.
        at_least, at_most, one_of, matches: what must hold of it; see `Criterion`.
        said: what it stands for, as a person says it; by default what it asks.
    """

    attribute: str
    points: float
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    matches: str = ""
    said: str = ""

    @property
    def criterion(self) -> Criterion:
        """What must hold."""
        return Criterion(self.attribute, self.at_least, self.at_most, self.one_of, self.matches)

    @property
    def words(self) -> str:
        """What it stands for."""
        return self.said or self.criterion.said


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """Points for what a lead did.

    Attributes:
        event: a declared event type, or a glob over them (``*pricing*``), whatever the case.
        points: that it gives, or takes where negative.
        each: whether they are given for each event, or once.
        at_least: of how many events on they are given.
        within_days: how far back events count; 0 for all of the past.
        most: no further from 0 do the events of the rule lead together; 0 for no limit.
        said: what it stands for, as a person says it; by default the event.
    """

    event: str
    points: float
    each: bool = False
    at_least: int = 1
    within_days: int = 90
    most: float = 0.0
    said: str = ""

    @property
    def is_glob(self) -> bool:
        """Whether it may speak of several event types."""
        return bool(_GLOB & set(self.event))

    @property
    def name(self) -> str:
        """How its events are called in names of columns: a slug, or the glob as it is written."""
        return self.event.lower() if self.is_glob else slug(self.event)

    @property
    def words(self) -> str:
        """What it stands for."""
        event = slug(self.event).replace("_", " ")
        return self.said or (f"{event}, {self.at_least} or more" if self.at_least > 1 else event)

    def types_among(self, types: Iterable[str]) -> tuple[str, ...]:
        """The event types it speaks of, of those there are.

        >>> BehaviourRule("*pricing*", 20).types_among(["Pricing page", "demo"])
        ('Pricing page',)
        """
        names = list(types)
        if self.event in names:
            return (self.event,)
        pattern = self.event.lower()
        if not self.is_glob:
            return tuple(name for name in names if name.lower() == pattern)
        return tuple(name for name in names if fnmatch.fnmatchcase(name.lower(), pattern))


DECISION_MAKERS = (
    r"\b(c[a-z]o|chief|(co-?)?founder|(?<!product )owner|president|[es]?v\.?p|vice|director|dir"
    r"|head|inhaber(in)?|(bereichs|abteilungs)?leiter(in)?|gesch(ä|ae)ftsf(ü|ue)hrer(in)?|vorstand"
    r"|pdg|directeur|directrice|eigenaar|hoofd)\b"
)
"""Words of the job titles of people who decide, and of their deputies."""

FIT: tuple[FitRule, ...] = (
    FitRule(
        "employees", 20.0, at_least=50.0, at_most=1_000.0, said="company size in the target range"
    ),
    FitRule("job_title", 15.0, matches=DECISION_MAKERS, said="decision-maker title"),
    FitRule(
        "industry",
        10.0,
        one_of=(
            *("software", "information technology", "technology", "financial services"),
            *("manufacturing", "logistics", "professional services"),
        ),
        said="target industry",
    ),
    FitRule(
        "job_title",
        -100.0,
        matches=r"\bstudent|werkstudent|étudiant|estudiante|competitor|competitive intelligence",
        said="student or competitor",
    ),
)
"""The default points for what a lead is."""

BEHAVIOUR: tuple[BehaviourRule, ...] = (
    BehaviourRule("*pricing*", 20.0, said="pricing page viewed"),
    BehaviourRule("*case*stud*", 10.0, said="case study read"),
    BehaviourRule("*webinar*", 15.0, said="webinar"),
    BehaviourRule(
        "*mail*open*", 5.0, at_least=3, within_days=30, said="three or more e-mail opens"
    ),
    BehaviourRule("*unsubscri*", -30.0, within_days=0, said="unsubscribed"),
    BehaviourRule("*bounce*", -50.0, within_days=0, said="e-mail bounced"),
)
"""The default points for what a lead did."""


def check_rules(
    fit: Sequence[FitRule], behaviour: Sequence[BehaviourRule], events: Mapping[str, object]
) -> None:
    """Raises `ConfigError` where a rule cannot be followed.

    Args:
        fit: rules of what a lead is.
        behaviour: rules of what it did.
        events: the declared event types.
    """
    _check_words([rule.words for rule in fit] + [rule.words for rule in behaviour])
    for rule in fit:
        check_criterion(rule.criterion, "points.fit")
        _check_number(f"points.fit ({rule.attribute})", "points", rule.points, low=-1e9)
    for asked in behaviour:
        place = f"points.behaviour ({asked.event})"
        _check_number(place, "points", asked.points, low=-1e9)
        _check_number(place, "at_least", asked.at_least, low=1)
        _check_number(place, "most", asked.most, low=0)
        _check_number(place, "within_days", asked.within_days, low=0, high=LONGEST_WINDOW)
        if not asked.is_glob and not asked.types_among(events):
            msg = (
                f"{place} must name a declared event type, got '{asked.event}'."
                f"{nearest(asked.event, events)} Declared are: {listed(events) or 'none'}."
            )
            raise ConfigError(msg)


def _check_words(words: Sequence[str]) -> None:
    twice = [text for text, count in Counter(words).items() if count > 1]
    if twice:
        msg = (
            f"Each rule of [points] must be told by its words, got '{twice[0]}' twice. "
            "Give each a said of its own."
        )
        raise ConfigError(msg)


def _check_number(place: str, name: str, value: float, *, low: float, high: float = 1e9) -> None:
    if not low <= value <= high:
        msg = f"{place}: {name} must be {low:,.0f} to {high:,.0f}, got {value:g}."
        raise ConfigError(msg)
