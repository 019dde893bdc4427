"""What does not matter? Subjects the model leans on hardly or not at all, and what said nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadml.columns import column_words
from leadml.events import slug
from leadml.pages.words import joined, subject_words


def idle_sentences(
    rows: Sequence[Mapping[str, Any]],
    weak: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str],
    events: Mapping[str, str],
) -> tuple[str, ...]:
    """What hardly matters, what is not used, and what nothing could be learned from.

    Args:
        rows: all drivers of a card.
        weak: those that hardly matter.
        columns: the attribute columns that were given and not refused.
        events: what several of each declared event type are called, by key.
    """
    hardly = [row for row in weak if row["weight"] > 0]
    unused = [row for row in weak if row["weight"] == 0]
    telling = [row for row in weak if _tells(row)]
    keys = [row["keys"] for row in rows if "keys" in row]
    read = {slug(key) for own in keys for key in own}
    complete = len(keys) == len(rows)
    unread = [column_words(column) for column in columns if complete and slug(column) not in read]
    unseen = [many for key, many in events.items() if complete and slug(key) not in read]
    said = (
        ("Hardly matters by itself, given the rest", _names(hardly)),
        ("Not used at all", _names(unused)),
        (
            "Of these, the real rates do differ, but the rest seems to say the same already",
            _names(telling),
        ),
        ("Given, but nothing could be learned from it (dates, or values too rare)", unread),
        ("Declared as events, but no lead has any", unseen),
    )
    return tuple(f"{opening}: {joined(names)}." for opening, names in said if names)


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [subject_words(row["feature"], row["subject"]) for row in rows]


def _tells(row: Mapping[str, Any]) -> bool:
    """Whether some band's rate is clearly apart from that of all others."""
    pairs = [(band, band["rest"]) for band in row["bands"] if band.get("rest")]
    return any(
        band["lower"] > rest["upper"] or band["upper"] < rest["lower"] for band, rest in pairs
    )
