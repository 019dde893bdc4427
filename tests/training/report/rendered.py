"""A section of the report alone, as a browser would read it."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from leadml.pages.environment import pages
from leadml.pages.words import outcome_words
from training.report import judgement

NBSP = "\u00a0"
FOLDER = Path(judgement.__file__).parent
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def render(card: dict[str, Any], section: str, **given: Any) -> str:
    """The HTML of one section, by the name of its template."""
    template = pages(FOLDER).get_template(f"{section}.html")
    dated, words = judgement.is_dated(card), outcome_words(card["outcome"])
    return template.render(card=card, dated=dated, words=words, **given)


def text_of(html: str) -> str:
    """What a person reads."""
    reader = _Reader()
    reader.feed(html)
    return re.sub(r"\s+", " ", " ".join(reader.texts).replace(NBSP, " ")).strip()


def tags_of(html: str) -> list[str]:
    """The elements of a page, in their order."""
    reader = _Reader()
    reader.feed(html)
    return reader.tags


def cards_of(html: str) -> list[str]:
    """The cards of open leads that lie packed in a page, unpacked."""
    found = re.search(r'<script[^>]* id="leads-cards"[^>]*>(.*?)</script>', html, re.DOTALL)
    packs = json.loads(found[1]) if found else []
    texts = [gzip.decompress(base64.b64decode(pack)).decode() for pack in packs]
    return re.findall(r"<template>(.*?)</template>", "".join(texts), re.DOTALL)


def document(*sections: str, style: str = "") -> str:
    """A whole page of some sections, with the style of all pages."""
    css = pages(FOLDER).get_template("page.css").render()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sections</title><style>{css}{style}</style></head>"
        f"<body><main><h1>Sections</h1>{''.join(sections)}</main></body></html>"
    )
