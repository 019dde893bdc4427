"""Engagement: how often, how recently and how steadily has a lead acted?"""

from collections.abc import Collection, Mapping

from features.spec import (
    Feature,
    Noun,
    active_days,
    age,
    count,
    days_since_last,
    decayed_count,
    total,
)
from leadml.config import Features
from leadml.events import GROUP_OF_KIND, EventType, Kind, slug
from leadml.timeline import Window

_KIND_WORDS: dict[Kind, tuple[str, str]] = {
    "engagement": ("activity", "activities"),
    "intent": ("explicit request", "explicit requests"),
    "product": ("product use", "product uses"),
    "service": ("service request", "service requests"),
    "negative": ("negative sign", "negative signs"),
}


def declare_engagement(
    events: Mapping[str, EventType], settings: Features, *, with_values: Collection[str] = ()
) -> tuple[Feature, ...]:
    """The features of the declared events.

    Args:
        events: the event types by key.
        settings: windows and half-life.
        with_values: the event types that carry values.
    """
    windows = [Window(None), *(Window(days) for days in sorted(set(settings.windows_days)))]
    declared: list[Feature] = [*age()]
    for key, event in events.items():
        noun = event_noun(key, event)
        declared += count(noun, *windows)
        declared += days_since_last(noun)
        declared += decayed_count(noun, half_life_days=settings.half_life_days)
        if key in with_values:
            declared += total(noun, windows[0], windows[-1])
    for kind in _KIND_WORDS:
        noun = kind_noun(kind, events)
        if len(noun.keys) > 1:
            declared += count(noun, *windows)
            declared += days_since_last(noun)
            declared += active_days(noun, *windows)
    return tuple(declared)


def evidence(events: Mapping[str, EventType]) -> dict[Kind, Feature]:
    """What the policy asks of a lead's past: days since the last event of each kind."""
    return {kind: days_since_last(kind_noun(kind, events))[0] for kind in _KIND_WORDS}


def event_noun(key: str, event: EventType) -> Noun:
    """One event type as a noun."""
    return Noun(slug(key), (key,), event.one, event.many, GROUP_OF_KIND[event.kind])


def kind_noun(kind: Kind, events: Mapping[str, EventType]) -> Noun:
    """All event types of one kind as a noun."""
    keys = tuple(key for key, event in events.items() if event.kind == kind)
    one, many = _KIND_WORDS[kind]
    return Noun(f"any_{kind}", keys, one, many, GROUP_OF_KIND[kind])
