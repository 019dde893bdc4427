"""When is garbage collected? Between requests, not when Python happens to count to a number.

Python looks for cycles whenever so many objects have been made, and then walks all that live: in
the middle of a batch of a thousand leads that takes fifty milliseconds. Here it is looked for once
a second while no batch is scored; what then lives beside the frozen model is little. If there is
always a batch, it is looked for all the same, after `MOST_SECONDS`.
"""

import gc
import time
from collections.abc import Callable

LEAST_SECONDS, MOST_SECONDS = 1.0, 30.0
"""How often garbage is looked for while nothing is scored, and in any case."""


class Tidying:
    """Takes the collector's work over from Python, from `begin` to `end`."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        """Prepares.

        Args:
            is_busy: whether much is alive that will soon be free.
        """
        self._is_busy = is_busy
        self._last = 0.0

    def begin(self) -> None:
        """From now on nothing is collected but by `look`."""
        self._last = time.monotonic()
        gc.disable()

    def look(self) -> None:
        """Collects if it is time; to be called several times a second."""
        waited = time.monotonic() - self._last
        if waited > (MOST_SECONDS if self._is_busy() else LEAST_SECONDS):
            gc.collect()
            self._last = time.monotonic()

    def end(self) -> None:
        """Python collects again as it likes."""
        gc.enable()
