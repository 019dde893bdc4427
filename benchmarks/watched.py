"""Runs `leadml serve` and notes how long the garbage collector stops it: `watched.py FILE serve …`.

At the end FILE holds a list of [when, milliseconds], the moments on the monotonic clock.
"""

import atexit
import gc
import json
import sys
import time
from pathlib import Path

from leadml.cli.main import main

PAUSES: list[tuple[float, float]] = []


def note(phase: str, _: dict[str, int]) -> None:
    """What Python calls before and after each collection."""
    now = time.perf_counter()
    if phase == "start":
        PAUSES.append((now, 0.0))
    else:
        began, _taken = PAUSES.pop()
        PAUSES.append((began, 1_000 * (now - began)))


if __name__ == "__main__":
    out, *arguments = sys.argv[1:]
    atexit.register(lambda: Path(out).write_text(json.dumps(PAUSES)))
    gc.callbacks.append(note)
    sys.argv = ["leadml", *arguments]
    main()
