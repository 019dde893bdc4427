r"""What does one write in a chat or an e-mail? The report in a few lines of Markdown.

Texts of the data are made harmless: what Markdown, HTML or a chat would read as markup, a link or a
mention stands as plain letters. A backslash does that for markup; links and mentions are looked for
after backslashes have gone, so an invisible space of no width parts them.

>>> plain("<b>call_outcome</b>")
'&lt;b&gt;call\\_outcome&lt;/b&gt;'
>>> plain("@all")
'@\u200ball'
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from leadml.pages.words import band_sentence, counted, outcome_words, percent, span
from training.report.judgement import believing, ranking, unseen, warnings
from training.report.minute import Today, what_to_do
from training.report.tables import Card

MOST_LETTERS = 1_500
"""The summary is shorter than this."""

MOST_DRIVERS = 3

MOST_NAME = 60
"""Longer names and sentences of the data are cut."""

_PARTED = "\u200b"

_LINKS = re.compile(
    r"(?<=[@#])"  # @somebody, somebody@example.org, #12
    r"|(?<=\S)(?=\.[^\W\d])"  # www.example.org
    r"|(?<=:)(?=[^\s\d])"  # https://, mailto:, :smile:
    r"|(?<=\bGH)(?=-\d)",  # GH-12
    re.IGNORECASE,
)
"""Where a text is parted, so that nothing in it is read as a link or a mention."""


def build_summary(card: Card, today: Today, *, version: str, where: str) -> str:
    """The summary of one model.

    Args:
        card: of the model.
        today: what is known beside it, as for the first minute.
        version: the registered one.
        where: the path or address of the report.
    """
    evaluation, words = card["evaluation"], outcome_words(card["outcome"])
    won = percent(evaluation["converted"] / evaluation["n"])
    title = f"{_cut(card['name'])}, version {_cut(version)}"
    judged = f"Judged on {unseen(card)}: {won} {words.past_many}."
    said = [judged, *([ranking(card)] if card["usable"] else []), f"{believing(card)}."]
    if today.since:
        said.append(_long(today.since))
    parts = {
        "": said,
        "Strongest evidence:": _drivers(card, words.past_many) if card["usable"] else [],
        "What to do:": [_long(text) for text in what_to_do(card, today)],
    }
    head = [f"**{title}**", *(f"**{_long(text)}**" for text in warnings(card))]
    return _fitted(head, parts, f"Report: {_place(where)}")


def plain(text: str) -> str:
    """A text of the data as Markdown that shows it and does nothing else."""
    one_line = " ".join(text.split())
    safe = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = re.sub(r"([\\`*_\[\]|~!])", r"\\\1", safe)
    return _LINKS.sub(_PARTED, marked)


def _fitted(head: Sequence[str], parts: Mapping[str, Sequence[str]], end: str) -> str:
    """The whole; where it is too long, without its last drivers, then deeds, then facts."""
    left = {name: list(rows) for name, rows in parts.items()}
    for rows in (left["Strongest evidence:"], left["What to do:"], left[""]):
        while rows and len(_text(head, left, end)) >= MOST_LETTERS:
            rows.pop()
    return _text(head, left, end)[: MOST_LETTERS - 1]


def _text(head: Sequence[str], parts: Mapping[str, Sequence[str]], end: str) -> str:
    listed = [
        "\n".join([*([name] if name else []), *(f"- {row}" for row in rows)])
        for name, rows in parts.items()
        if rows
    ]
    return "\n\n".join([*head, *listed, end]) + "\n"


def _place(where: str) -> str:
    """A link to an address, a path as it is."""
    if where.startswith(("http://", "https://")):
        return f"<{where.replace('>', '')}>"
    return f"`{where.replace('`', '')}`"


def _drivers(card: Card, past: str) -> list[str]:
    """The strongest drivers that have a contrast to show, with their highest and lowest rates."""
    shown = [row for row in card["drivers"] if len(row["bands"]) > 1 and row["weight"] > 0]
    return [_driver(row, past) for row in shown[:MOST_DRIVERS]]


def _driver(row: Mapping[str, Any], past: str) -> str:
    high = max(row["bands"], key=lambda band: band["rate"])
    low = min(row["bands"], key=lambda band: band["rate"])
    said = [f"“{_cut(band_sentence(band['text'], row['label']))}”" for band in (high, low)]
    return f"{said[0]}: {_rate(high)} {past}; {said[1]}: {_rate(low)}"


def _rate(band: Mapping[str, Any]) -> str:
    interval = span(band["lower"], band["upper"], like=band["rate"])
    return f"{percent(band['rate'])} ({interval}; {counted(band['leads'], 'lead', 'leads')})"


def _cut(text: str, *, most: int = MOST_NAME) -> str:
    return plain(text if len(text) <= most else f"{text[: most - 1]}…")


def _long(text: str) -> str:
    return _cut(text, most=260)
