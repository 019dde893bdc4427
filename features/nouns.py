"""What does a feature speak about? Events of some types, or an attribute, in a person's words.

A noun has a *scope*: what the lead itself did, or what everyone at its account did, the lead
included. A lead without an account is an account of its own.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from leadml.events import GROUP_OF_KIND, EventType, Group, Kind, slug

Scope = Literal["lead", "account"]
"""Whose events count: the lead's own, or those of everyone at its account."""

SCOPES: tuple[Scope, ...] = ("lead", "account")

AT_ACCOUNT = " at the account"
"""What is said after a noun of an account."""

KIND_WORDS: dict[Kind, tuple[str, str]] = {
    "engagement": ("activity", "activities"),
    "intent": ("explicit request", "explicit requests"),
    "product": ("product use", "product uses"),
    "service": ("service request", "service requests"),
    "negative": ("negative sign", "negative signs"),
}
"""How one event of a kind is called, and several."""


@dataclass(frozen=True, slots=True)
class Noun:
    """What a feature speaks about.

    Attributes:
        name: how it is called in names: a slug.
        keys: the event types, or the one attribute column.
        one, many: how a person calls one of it, and several.
        group: the evidence it is.
        scope: whose events count.
    """

    name: str
    keys: tuple[str, ...]
    one: str
    many: str
    group: Group
    scope: Scope = "lead"

    def at_account(self) -> "Noun":
        """The same, done by anyone at the lead's account.

        >>> event_noun("demo", EventType("demo request", "demo requests")).at_account().many
        'demo requests at the account'
        """
        return dataclasses.replace(
            self,
            name=f"account_{self.name}",
            one=self.one + AT_ACCOUNT,
            many=self.many + AT_ACCOUNT,
            scope="account",
        )


def event_noun(key: str, event: EventType) -> Noun:
    """One event type as a noun."""
    return Noun(slug(key), (key,), event.one, event.many, GROUP_OF_KIND[event.kind])


def kind_noun(kind: Kind, events: Mapping[str, EventType]) -> Noun:
    """All event types of one kind as a noun."""
    keys = tuple(key for key, event in events.items() if event.kind == kind)
    one, many = KIND_WORDS[kind]
    return Noun(f"any_{kind}", keys, one, many, GROUP_OF_KIND[kind])


def any_noun(events: Mapping[str, EventType]) -> Noun:
    """All event types as a noun."""
    return Noun("any_event", tuple(events), "event", "events", "engagement")


def whole_of(noun: Noun, keys: tuple[str, ...]) -> Noun:
    """The events ``keys``, of which a noun's are a part, in the noun's scope."""
    return Noun("all", keys, "event", "events", noun.group, noun.scope)
