"""How does a person say the value of a feature?

First numbers, moments and parts on their own; then, for each word of the vocabulary that needs
more than one line, the sentence of a feature's value.
"""

import math

from features.feature import Feature
from features.nouns import AT_ACCOUNT


def number(value: float) -> str:
    """A number as a person writes it.

    >>> number(12500.0), number(2.345), number(3.0), number(99.96), number(0.042)
    ('12,500', '2.3', '3', '100', '0.042')
    """
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value:.2g}"


def ago(days: float) -> str:
    """How long ago, in whole days.

    >>> ago(0.3), ago(1.0), ago(12.9)
    ('less than a day ago', '1 day ago', '12 days ago')
    """
    if days < 1:
        return "less than a day ago"
    whole = math.floor(days)
    return "1 day ago" if whole == 1 else f"{whole:,} days ago"


def count(value: float, one: str, many: str) -> str:
    """So many of something.

    >>> count(0.0, "view", "views"), count(1.0, "view", "views")
    ('no views', '1 view')
    """
    return f"no {many}" if value == 0 else f"{number(value)} {one if value == 1 else many}"


def share(value: float) -> str:
    """A part of a whole.

    >>> share(0.333)
    '33 %'
    """
    return f"{100 * value:.0f} %"


def ordinal(value: float) -> str:
    """A place in a row.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 113)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '113th']
    """
    n = int(value)
    teen = 10 < n % 100 < 14
    return f"{n:,}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def counted(feature: Feature, value: float) -> str:
    """So many events in the window."""
    return f"{count(value, feature.noun.one, feature.noun.many)} {feature.window.words}"


def active(feature: Feature, value: float) -> str:
    """On so many days."""
    if value == 0:
        return f"no day with {feature.noun.many} {feature.window.words}"
    return f"{feature.noun.many} on {count(value, 'day', 'days')} {feature.window.words}"


def sittings(feature: Feature, value: float) -> str:
    """In so many sessions."""
    if value == 0:
        return f"no session with {feature.noun.many} {feature.window.words}"
    sessions = count(value, "session", "sessions")
    return f"{feature.noun.many} in {sessions} {feature.window.words}"


def since(which: str, feature: Feature, value: float) -> str:
    """How long ago the first or last event was."""
    if math.isnan(value):
        return f"no {feature.noun.one} yet"
    return f"{which} {feature.noun.one} {ago(value)}"


def faded(feature: Feature, value: float) -> str:
    """What the events still weigh."""
    if value < 0.05:
        return f"no recent {feature.noun.many}"
    faded = f"older ones fading by half every {number(feature.half_life_days)} days"
    return f"{feature.noun.many} lately weigh {value:,.1f}, {faded}"


def faded_total(feature: Feature, value: float) -> str:
    """What the values still add up to."""
    if value == 0:
        return f"no recent value of {feature.noun.many}"
    faded = f"older ones fading by half every {number(feature.half_life_days)} days"
    return f"values of {feature.noun.many} lately add up to {number(value)}, {faded}"


def total(feature: Feature, value: float) -> str:
    """What the values in the window add up to."""
    if value == 0:
        return f"no value of {feature.noun.many} {feature.window.words}"
    return f"values of {feature.noun.many} add up to {number(value)} {feature.window.words}"


def valued(which: str, feature: Feature, value: float) -> str:
    """The mean or greatest value."""
    if math.isnan(value):
        return f"no value of {feature.noun.many} {feature.window.words}"
    return f"{which} of {feature.noun.many} is {number(value)} {feature.window.words}"


def part(whole: str, what: str, feature: Feature, value: float) -> str:
    """Which part of the ``whole`` in the window is ``what``."""
    if math.isnan(value):
        return f"no {whole} {feature.window.words}"
    return f"{share(value)} of {whole} {feature.window.words} {what}"


def events(feature: Feature) -> str:
    """All events of whoever the feature speaks of."""
    return "events at the account" if feature.noun.scope == "account" else "events"


def own(feature: Feature) -> str:
    """The noun's events, without whose they are."""
    return feature.noun.many.removesuffix(AT_ACCOUNT)


def change(feature: Feature, value: float) -> str:
    """So many more or fewer than before."""
    if value == 0:
        return f"as many {feature.noun.many} {feature.window.words} as before"
    more = "more" if value > 0 else "fewer"
    many = feature.noun.one if abs(value) == 1 else feature.noun.many
    before = f"than in the {feature.window.span} before"
    return f"{number(abs(value))} {more} {many} {feature.window.words} {before}"


def last_event(feature: Feature, value: float) -> str:
    """What the last event was."""
    if math.isnan(value):
        return f"no {feature.noun.one} yet"
    return f"last {feature.noun.one}: {_name(feature, value)}"


def event_before(feature: Feature, value: float) -> str:
    """What the event before the last was."""
    if math.isnan(value):
        return f"fewer than two {feature.noun.many} so far"
    return f"{feature.noun.one} before the last: {_name(feature, value)}"


def _name(feature: Feature, value: float) -> str:
    return feature.levels[int(value)] if value < len(feature.levels) else "of another kind"


def place(feature: Feature, value: float) -> str:
    """Which place the first event has among all."""
    if math.isnan(value):
        return f"no {feature.noun.one} yet"
    return f"the first {feature.noun.one} was the {ordinal(value)} of all {events(feature)}"


def known(feature: Feature, value: float) -> str:
    """An amount."""
    if math.isnan(value):
        return f"{feature.noun.one} not known"
    return f"{feature.noun.one}: {number(value)}"


def level(feature: Feature, value: float) -> str:
    """A category, or a step of an order."""
    if math.isnan(value):
        return f"{feature.noun.one} not known"
    if not 0 <= value < len(feature.levels):
        return f"{feature.noun.one}: a rare or new value"
    return f"{feature.noun.one}: {feature.levels[int(value)]}"
