"""Engagement: how often, how recently and how steadily has a lead acted?

``[features]`` in ``leadml.toml`` names words of the vocabulary, each asked of every event type, of
every kind of event, or of all events together; ``account_`` before a word asks it of the lead's
account. A word that makes no sense of a noun (the mean value of events without values, the last
type among one, an account where nobody has colleagues) makes no feature.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from features.feature import EVER, Feature, Word
from features.nouns import KIND_WORDS, Noun, any_noun, event_noun, kind_noun
from features.spec import VOCABULARY
from leadml.config import Features
from leadml.errors import ConfigError, nearest
from leadml.events import EventType
from leadml.timeline import Window

OF_ACCOUNT = "account_"
"""What stands before a word that is asked of the account."""

LEAD = Noun("", (), "lead", "leads", "engagement")
ACCOUNT = Noun("account", (), "account's first lead", "accounts", "engagement", "account")


def declare_engagement(
    events: Mapping[str, EventType],
    settings: Features,
    *,
    with_values: Collection[str] = (),
    accounts: bool = True,
) -> tuple[Feature, ...]:
    """The features of the declared events.

    Args:
        events: the event types by key.
        settings: words, windows, half-life, pause and zone.
        with_values: the event types that carry values.
        accounts: whether any account has several leads.

    Raises:
        ConfigError: a word that is not in the vocabulary.
    """
    kinds = [noun for kind in KIND_WORDS if len((noun := kind_noun(kind, events)).keys) > 1]
    asked = (
        (settings.overall, [any_noun(events)]),
        (settings.per_event, [event_noun(key, event) for key, event in events.items()]),
        (settings.per_kind, kinds),
    )
    declared: list[Feature] = []
    for words, nouns in asked:
        for noun in nouns:
            valued = any(key in with_values for key in noun.keys)
            for word in words:
                if word.startswith(OF_ACCOUNT) and not accounts:
                    _word(word.removeprefix(OF_ACCOUNT))
                    continue
                declared += _fan_out(word, noun, settings, events, valued=valued)
    return tuple(dict.fromkeys(declared))


def evidence(events: Mapping[str, EventType], named: Collection[str] = ()) -> dict[str, Feature]:
    """What the policy asks of a lead's past: days since the last event of each kind.

    Args:
        events: the event types by key.
        named: event types that the policy asks for by themselves.
    """
    nouns: dict[str, Noun] = {kind: kind_noun(kind, events) for kind in KIND_WORDS}
    nouns |= {key: event_noun(key, events[key]) for key in named}
    return {
        name: Feature(VOCABULARY["days_since_last"], replace(noun, name=f"policy_{noun.name}"))
        for name, noun in nouns.items()
    }


def _fan_out(
    name: str, noun: Noun, settings: Features, events: Mapping[str, EventType], *, valued: bool
) -> Iterator[Feature]:
    """One word of the configuration over its windows."""
    word = _word(name.removeprefix(OF_ACCOUNT))
    at_account = name.startswith(OF_ACCOUNT)
    if word.needs == "lead":
        noun = ACCOUNT if at_account else LEAD
    elif at_account:
        noun = noun.at_account()
    settled: dict[str, Any] = {
        "half_life_days": settings.half_life_days,
        "gap_minutes": settings.session_gap_minutes,
        "zone": settings.timezone,
        "among": tuple(events),
        "levels": _names(noun, events),
    }
    rules = {
        "values": valued,
        "several": len(noun.keys) > 1,
        "part": set(noun.keys) != set(events),
    }
    if rules.get(word.needs, True) and (noun.keys or word.needs == "lead"):
        given = {name: settled[name] for name in word.takes}
        for window in _windows(word, settings.windows_days):
            yield Feature(word, noun, window, **given)


def _names(noun: Noun, events: Mapping[str, EventType]) -> tuple[str, ...]:
    """What each of the noun's event types is called; its key where two are called alike."""
    names = tuple(events[key].one for key in noun.keys)
    return names if len(set(names)) == len(names) else noun.keys


def _word(name: str) -> Word:
    word = VOCABULARY.get(name)
    if word is None or not word.of_events:
        known = [word.name for word in VOCABULARY.values() if word.of_events]
        msg = (
            f"[features] must name words of the vocabulary, got '{name}'."
            f"{nearest(name, known)} There are: {', '.join(known)}."
        )
        raise ConfigError(msg)
    return word


def _windows(word: Word, windows_days: Sequence[int]) -> list[Window]:
    if not word.windowed:
        return [EVER]
    finite = [Window(days) for days in sorted(set(windows_days))]
    return finite if word.needs == "window" else [EVER, *finite]
