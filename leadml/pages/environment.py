"""How does a page come from its template? Escaped throughout, with our words as filters."""

import base64
import gzip
from pathlib import Path

import jinja2

from leadml.pages.palette import PALETTE
from leadml.pages.words import counted, date_words, decimal, joined, percent


def pages(folder: Path) -> jinja2.Environment:
    """The templates of a folder, and those that all pages share.

    Every text is escaped, and a name that is not given is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["palette"] = PALETTE
    environment.filters |= {
        "counted": counted,
        "date": date_words,
        "decimal": decimal,
        "joined": joined,
        "packed": packed,
        "percent": percent,
    }
    return environment


def packed(text: str) -> str:
    """A text as a script of the page unpacks it: gzip, written in base64.

    >>> packed("a" * 1000) == packed("a" * 1000), len(packed("a" * 1000))
    (True, 40)
    """
    squeezed = gzip.compress(text.encode("utf-8", "replace"), mtime=0)
    return base64.b64encode(squeezed).decode("ascii")
