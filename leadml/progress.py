"""How does long work show that it goes on? A bar where a terminal watches, log lines elsewhere."""

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

log = logging.getLogger(__name__)

ROWS_WORTH_SHOWING = 20_000
"""Work on fewer rows is over before a bar could be read."""


def track(
    items: Iterable[Item], label: str, *, rows: int = ROWS_WORTH_SHOWING, steps: int | None = None
) -> Iterator[Item]:
    """The items, one by one; shows how far along ``label`` is when ``rows`` make it worth it.

    ``steps`` says how many items there are where they do not know it themselves.
    """
    if steps is None and isinstance(items, Sequence):
        steps = len(items)
    if rows < ROWS_WORTH_SHOWING:
        yield from items
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as bar

        yield from bar(
            items, description=label, total=steps, console=Console(stderr=True), transient=True
        )
    else:
        log.info("%s: %s rows%s", label, f"{rows:,}", f" in {steps} steps" if steps else "")
        yield from items
