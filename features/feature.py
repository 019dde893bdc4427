"""What is one feature? A word of the vocabulary, asked about a noun over a window.

`Word` says how an operation is computed, named, labelled and said; `Feature` is one model input and
nothing but data, so that a model can carry it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from features.attributes import Derive
from features.history import History
from features.nouns import Noun
from leadml.arrays import Floats, Matrix
from leadml.timeline import Window

EVER = Window(None)
"""All of the past."""

OTHER = "(other)"
"""How a category that was rare or never seen in training is written."""


@dataclass(frozen=True, slots=True)
class Asks:
    """Computes a feature by one question to a strand of events (`features.strands.Strand`).

    Features that ask the same of nouns of one strand are answered together (`features.bundles`).

    Attributes:
        question: what is asked.
        given: the settings it takes, of a feature.
        windowed: whether it is asked about windows.
    """

    question: Callable[..., Matrix]
    given: Callable[["Feature"], tuple[Any, ...]] = lambda _: ()
    windowed: bool = True

    def __call__(self, feature: "Feature", past: History) -> Floats:
        """The feature's values; shape (n_examples,)."""
        noun, given = feature.noun, self.given(feature)
        if self.windowed:
            return past.answer_within(noun, feature.window, self.question, *given)
        return past.answer(noun, self.question, *given)


@dataclass(frozen=True, slots=True)
class Word:
    """One operation of the vocabulary.

    Attributes:
        name: how configuration and catalogue call it.
        stem: what it adds to the noun's name; "" for the attribute itself.
        label: what it measures, as a heading.
        compute: its values for a past, shape (n_examples,); of categories the codes.
        describe: the sentence for one value.
        windowed: whether it looks back over a window.
        sign: 1 where more of it says more of what its noun stands for, -1 where less, 0 unsaid.
        empty: its value where there is no event at all.
        of_events: whether it speaks of events; else of an attribute.
        needs: ``values`` of events; a finite ``window``; ``several`` event types; to be a ``part``
            of all events; no event, for it speaks of the ``lead``.
        takes: the settings it depends on: fields of `Feature`.
        is_category: whether its values are codes of levels without an order.
        derive: what it makes of an attribute's text.
        learns: whether its levels are those found in training.
    """

    name: str
    stem: Callable[["Feature"], str]
    label: Callable[["Feature"], str]
    compute: Callable[["Feature", History], Floats]
    describe: Callable[["Feature", float], str]
    windowed: bool = False
    sign: int = 0
    empty: float = 0.0
    of_events: bool = True
    needs: str = ""
    takes: tuple[str, ...] = ()
    is_category: bool = False
    derive: Derive | None = None
    learns: bool = False


@dataclass(frozen=True, slots=True)
class Feature:
    """One model input: what it asks of the past, over which window, in whose words.

    Attributes:
        word: the operation.
        noun: what it speaks about.
        window: how far back it looks.
        half_life_days: how fast it forgets.
        gap_minutes: how long a pause ends a session.
        zone: whose office hours count, as in ``Europe/Amsterdam``.
        among: the event types that are the whole of a share or an order.
        edges: where bands of an amount end.
        levels: the categories it tells apart, or the order of its values.
    """

    word: Word
    noun: Noun
    window: Window = EVER
    half_life_days: float = 0.0
    gap_minutes: float = 0.0
    zone: str = ""
    among: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its column: lower-case letters, digits and underscores."""
        suffix = self.window.suffix if self.word.windowed else ""
        return "_".join(filter(None, (self.noun.name, self.word.stem(self), suffix)))

    @property
    def label(self) -> str:
        """What it measures, as a heading."""
        return self.word.label(self)

    @property
    def is_category(self) -> bool:
        """Whether its values are codes of levels without an order."""
        return self.word.is_category

    @property
    def direction(self) -> int:
        """1 where a higher value speaks for a conversion, -1 against, 0 where it is unsaid."""
        return -self.word.sign if self.noun.group == "negative" else self.word.sign

    def compute(self, past: History) -> Floats:
        """Its value for every example; shape (n_examples,).

        A category is the position of its level; NaN says missing, ``len(levels)`` says a level
        that training did not know.
        """
        return self.word.compute(self, past)

    def describe(self, value: float) -> str:
        """The sentence for one value."""
        return self.word.describe(self, value)

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data; what is as by default is left out."""
        noun = self.noun
        data: dict[str, Any] = {
            "word": self.word.name,
            "noun": [noun.name, list(noun.keys), noun.one, noun.many, noun.group, noun.scope],
            "window_days": self.window.days,
        }
        for field in dataclasses.fields(self)[3:]:
            value = getattr(self, field.name)
            if value != field.default:
                data[field.name] = list(value) if isinstance(value, tuple) else value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], word: Word) -> "Feature":
        """The inverse of `to_json`, its word looked up."""
        name, keys, one, many, group, scope = data["noun"]
        noun = Noun(name, tuple(keys), one, many, group, scope)
        rest = {key: value for key, value in data.items() if key not in {"word", "noun"}}
        window = Window(rest.pop("window_days"))
        settings: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in rest.items()
        }
        return cls(word, noun, window, **settings)
