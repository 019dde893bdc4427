"""Waiting for the model, which is loaded in the background."""

import time
from collections.abc import Callable
from typing import Any


def until_ready(ask: Callable[[], Any]) -> None:
    """Asks until the answer is 200, for at most ten seconds."""
    for _ in range(1000):
        answer = ask()
        if answer.status_code == 200:
            return
        time.sleep(0.01)
    raise AssertionError(answer.text)
