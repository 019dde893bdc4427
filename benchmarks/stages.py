"""Where does the time of one request go? `stages.py TOML MODEL`, without HTTP, on one core.

Answers one lead of 50 events again and again in this process, with a clock around each stage; what
a stage spends in another is the other's alone, so that the stages add up to the whole. Prints the
mean milliseconds of each as JSON.
"""

import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from asked import lead_bodies, open_company
from load import SERVER_CORE

import serving.scoring
import serving.wire.answering
import serving.wire.requests
from leadml.config import read_config
from leadml.folder import read_model
from serving.scorer import Scorer

STAGES = (
    ("reading JSON, checking types", serving.wire.requests, "parse_request"),
    ("checking the request", serving.wire.answering, "read_request"),
    ("past of the lead", serving.wire.answering, "subjects_told"),
    ("features", serving.scoring, "build_matrix"),
    ("model, interval, grades", serving.scoring, "rate_by_model"),
    ("evidence, policy, stage", serving.wire.answering, "score_subjects"),
    ("answer as objects", serving.wire.answering, "build_response"),
    ("answer as JSON", serving.wire.answering, "answer"),
)
"""What is timed: its words, and the function as its caller knows it."""

WARM_UP, REQUESTS = 300, 3_000

Spent = Counter[str]


def main() -> None:
    """Prints the milliseconds of a request by stage."""
    os.sched_setaffinity(0, {SERVER_CORE})
    toml, model = map(Path, sys.argv[1:])
    bodies = lead_bodies(open_company(read_config(toml, {}), model), bodies=64, leads=1, explain=0)
    scorer = Scorer.of(read_model(model), "1")
    gc.collect()
    gc.freeze()
    spent, running = Counter[str](), []
    for words, module, name in STAGES:
        _time(module, name, words, spent, running)
    now = datetime.now(UTC)
    for k in range(WARM_UP + REQUESTS):
        if k == WARM_UP:
            spent.clear()
        serving.wire.answering.answer(scorer, bodies[k % len(bodies)], now=now, max_leads=1)
    print(json.dumps({words: 1_000 * spent[words] / REQUESTS for words, *_ in STAGES}))


def _time(module: ModuleType, name: str, words: str, spent: Spent, running: list[str]) -> None:
    """Puts a clock around a function; the stage it was called from stands still meanwhile."""
    function: Callable[..., Any] = getattr(module, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        running.append(words)
        try:
            return function(*arguments, **options)
        finally:
            taken = time.perf_counter() - start
            running.pop()
            spent[words] += taken
            if running:
                spent[running[-1]] -= taken

    setattr(module, name, timed)


if __name__ == "__main__":
    main()
