"""How does a page come from its template? Escaped throughout, with our words as filters."""

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
        "percent": percent,
    }
    return environment
