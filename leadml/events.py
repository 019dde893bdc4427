"""What can a lead do, and in which words do we say it?

Events are declared as data, in ``leadml.toml``, each with the words a salesperson reads. The kind
says which evidence an event is: engagement never makes up for missing intent, so they are kept
apart from here on.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["engagement", "intent", "product", "service", "negative"]
"""Which evidence an event is."""

Group = Literal["fit", "engagement", "intent", "negative"]
"""The four groups of evidence a reason belongs to."""

GROUPS: tuple[Group, ...] = ("fit", "engagement", "intent", "negative")

GROUP_OF_KIND: dict[Kind, Group] = {
    "engagement": "engagement",
    "intent": "intent",
    "product": "engagement",
    "service": "engagement",
    "negative": "negative",
}


@dataclass(frozen=True, slots=True)
class EventType:
    """The words and the kind of one event type.

    Attributes:
        one: what one of them is called: ``pricing-page view``.
        many: what several are called: ``pricing-page views``.
        kind: which evidence it is.
    """

    one: str
    many: str
    kind: Kind = "engagement"


def slug(text: str) -> str:
    """A name for columns: lower-case letters (of any script), digits and underscores.

    >>> slug("W_Completeren aanvraag|START")
    'w_completeren_aanvraag_start'
    """
    return re.sub(r"[\W_]+", "_", text.lower()).strip("_") or "unnamed"
