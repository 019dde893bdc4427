"""The vocabulary: which questions can be asked of a lead's past, and in which words?

A feature is a function from a lead's past to a number, with words. A word of the vocabulary fans
out over events and windows; name, label, value when empty and sentence all derive from operation,
noun and window, so that none can drift from another:

>>> from leadml.events import EventType
>>> pricing = Noun("pricing_page_view", ("pricing_page_view",), "pricing-page view",
...                "pricing-page views", "engagement")
>>> week, quarter = count(pricing, Window(7), Window(90))
>>> week.name, quarter.label
('pricing_page_view_count_7d', 'pricing-page views in the last 90 days')
>>> week.describe(3.0), week.describe(0.0)
('3 pricing-page views in the last 7 days', 'no pricing-page views in the last 7 days')
>>> days_since_last(pricing)[0].describe(float("nan"))
'no pricing-page view yet'

A feature is data (`Feature.to_json`), so a model carries its own catalogue and is served with it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from features.history import History
from leadml.arrays import Floats
from leadml.columns import as_text
from leadml.errors import ModelError
from leadml.events import Group, slug
from leadml.timeline import Window

OTHER = "(other)"
"""How a category that was rare or never seen in training is written."""

EVER = Window(None)
"""All of the past."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What a feature speaks about: events of some types, or an attribute.

    Attributes:
        name: how it is called in names: a slug.
        keys: the event types, or the one attribute column.
        one, many: how a person calls one of it, and several.
        group: the evidence it is.
    """

    name: str
    keys: tuple[str, ...]
    one: str
    many: str
    group: Group


@dataclass(frozen=True, slots=True)
class Feature:
    """One model input: what it asks of the past, over which window, in whose words.

    Attributes:
        operation: a word of the vocabulary.
        noun: what it speaks about.
        window: how far back it looks.
        half_life_days: how fast it forgets; only decayed counts do.
        levels: the categories it tells apart, commonest first; empty for numbers.
    """

    operation: str
    noun: Noun
    window: Window = EVER
    half_life_days: float = 0.0
    levels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its column: lower-case letters, digits and underscores."""
        return _word(self).name(self)

    @property
    def label(self) -> str:
        """What it measures, as a heading."""
        return _word(self).label(self)

    @property
    def is_category(self) -> bool:
        """Whether its values are codes of levels."""
        return self.operation == "category"

    def compute(self, past: History) -> Floats:
        """Its value for every example; shape (n_examples,).

        A category is the position of its level; NaN says missing, ``len(levels)`` says a level
        that training did not know.
        """
        return _word(self).compute(self, past)

    def describe(self, value: float) -> str:
        """The sentence for one value."""
        return _word(self).describe(self, value)

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        noun = self.noun
        return {
            "operation": self.operation,
            "noun": [noun.name, list(noun.keys), noun.one, noun.many, noun.group],
            "window_days": self.window.days,
            "half_life_days": self.half_life_days,
            "levels": list(self.levels),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Feature":
        """The inverse of `to_json`.

        Raises:
            ModelError: an operation this build does not know.
        """
        if data["operation"] not in VOCABULARY:
            msg = (
                f"A feature's operation must be one of {', '.join(VOCABULARY)}, "
                f"got '{data['operation']}'. Use the leadml version that trained the model."
            )
            raise ModelError(msg)
        name, keys, one, many, group = data["noun"]
        noun = Noun(name, tuple(keys), one, many, group)
        window, levels = Window(data["window_days"]), tuple(data["levels"])
        return cls(data["operation"], noun, window, data["half_life_days"], levels)


def count(noun: Noun, *windows: Window) -> tuple[Feature, ...]:
    """How many events fell in each window; 0 when there were none."""
    return tuple(Feature("count", noun, window) for window in windows)


def total(noun: Noun, *windows: Window) -> tuple[Feature, ...]:
    """The sum of the events' values in each window; 0 when there were none."""
    return tuple(Feature("total", noun, window) for window in windows)


def active_days(noun: Noun, *windows: Window) -> tuple[Feature, ...]:
    """On how many distinct days an event fell in each window; 0 when there were none."""
    return tuple(Feature("active_days", noun, window) for window in windows)


def days_since_last(noun: Noun) -> tuple[Feature, ...]:
    """Days from the newest event to ``as_of``; missing when there is none."""
    return (Feature("days_since_last", noun),)


def decayed_count(noun: Noun, *, half_life_days: float) -> tuple[Feature, ...]:
    """Events so far, each halved for every half-life since; 0 when there were none."""
    return (Feature("decayed_count", noun, half_life_days=half_life_days),)


def age() -> tuple[Feature, ...]:
    """Days since the lead came."""
    return (Feature("age", Noun("lead", (), "lead", "leads", "engagement")),)


def number(noun: Noun) -> tuple[Feature, ...]:
    """An attribute that is an amount; missing when it is not known."""
    return (Feature("number", noun),)


def category(noun: Noun, levels: tuple[str, ...] = ()) -> tuple[Feature, ...]:
    """An attribute that is one of some levels; missing and never-seen have their own places."""
    return (Feature("category", noun, levels=levels),)


@dataclass(frozen=True, slots=True)
class _Word:
    """How one operation is named, labelled, computed and said."""

    name: Callable[[Feature], str]
    label: Callable[[Feature], str]
    compute: Callable[[Feature, History], Floats]
    describe: Callable[[Feature, float], str]


def _word(feature: Feature) -> _Word:
    return VOCABULARY[feature.operation]


def say_number(value: float) -> str:
    """A number as a person writes it.

    >>> say_number(12500.0), say_number(2.345), say_number(3.0)
    ('12,500', '2.3', '3')
    """
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"


def _say_days(value: float) -> str:
    if value < 1:
        return "less than a day ago"
    whole = math.floor(value)
    return "1 day ago" if whole == 1 else f"{whole:,} days ago"


def _counted(feature: Feature, value: float) -> str:
    noun = feature.noun
    if value == 0:
        return f"no {noun.many} {feature.window.words}"
    return f"{say_number(value)} {noun.one if value == 1 else noun.many} {feature.window.words}"


def _active(feature: Feature, value: float) -> str:
    if value == 0:
        return f"no day with {feature.noun.many} {feature.window.words}"
    on = "1 day" if value == 1 else f"{say_number(value)} days"
    return f"{feature.noun.many} on {on} {feature.window.words}"


def _since(feature: Feature, value: float) -> str:
    if math.isnan(value):
        return f"no {feature.noun.one} yet"
    return f"last {feature.noun.one} {_say_days(value)}"


def _decayed(feature: Feature, value: float) -> str:
    faded = f"older ones fading by half every {say_number(feature.half_life_days)} days"
    if value < 0.05:
        return f"no recent {feature.noun.many}"
    return f"{feature.noun.many} lately weigh {value:,.1f}, {faded}"


def _known(feature: Feature, value: float) -> str:
    if math.isnan(value):
        return f"{feature.noun.one} not known"
    return f"{feature.noun.one}: {say_number(value)}"


def _level(feature: Feature, value: float) -> str:
    if math.isnan(value):
        return f"{feature.noun.one} not known"
    if value >= len(feature.levels):
        return f"{feature.noun.one}: a rare or new value"
    return f"{feature.noun.one}: {feature.levels[int(value)]}"


def _amounts(feature: Feature, past: History) -> Floats:
    return cast("Floats", past.attribute(feature.noun.keys[0]).to_numpy(dtype=np.float64))


def _codes(feature: Feature, past: History) -> Floats:
    return encode_levels(as_text(past.attribute(feature.noun.keys[0])), feature.levels)


def encode_levels(text: "pd.Series[str]", levels: tuple[str, ...]) -> Floats:
    """Codes of text: a level's position, NaN for missing, ``len(levels)`` for any other.

    >>> encode_levels(pd.Series(["b", None, "x"], dtype="str"), ("a", "b")).tolist()
    [1.0, nan, 2.0]
    """
    codes = pd.Index(levels, dtype="str").get_indexer(pd.Index(text)).astype(np.float64)
    codes[codes < 0] = len(levels)
    codes[text.isna().to_numpy()] = np.nan
    return codes


VOCABULARY: dict[str, _Word] = {
    "count": _Word(
        lambda f: f"{f.noun.name}_count_{f.window.suffix}",
        lambda f: f"{f.noun.many} {f.window.words}",
        lambda f, past: past.count(f.noun.keys, f.window),
        _counted,
    ),
    "total": _Word(
        lambda f: f"{f.noun.name}_total_{f.window.suffix}",
        lambda f: f"sum of the values of {f.noun.many} {f.window.words}",
        lambda f, past: past.total(f.noun.keys, f.window),
        lambda f, v: f"values of {f.noun.many} add up to {say_number(v)} {f.window.words}",
    ),
    "active_days": _Word(
        lambda f: f"{f.noun.name}_active_days_{f.window.suffix}",
        lambda f: f"days with {f.noun.many} {f.window.words}",
        lambda f, past: past.active_days(f.noun.keys, f.window),
        _active,
    ),
    "days_since_last": _Word(
        lambda f: f"{f.noun.name}_days_since_last",
        lambda f: f"days since the last {f.noun.one}",
        lambda f, past: past.days_since_last(f.noun.keys),
        _since,
    ),
    "decayed_count": _Word(
        lambda f: f"{f.noun.name}_decayed_{slug(f'{f.half_life_days:g}')}d",
        lambda f: f"{f.noun.many}, fading by half every {say_number(f.half_life_days)} days",
        lambda f, past: past.decayed_count(f.noun.keys, f.half_life_days),
        _decayed,
    ),
    "age": _Word(
        lambda _: "age_days",
        lambda _: "days since the lead came",
        lambda _, past: past.age_days(),
        lambda _, v: f"came {_say_days(v)}",
    ),
    "number": _Word(
        lambda f: f.noun.name,
        lambda f: f.noun.one,
        _amounts,
        _known,
    ),
    "category": _Word(lambda f: f.noun.name, lambda f: f.noun.one, _codes, _level),
}
"""Every operation there is; a new one is one more row here."""
