"""Rows of a score log, made by hand; run as a script, a process that writes until it is killed."""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from serving.watching.score_log import Lines, ScoreLog

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def lines_of(lead_ids: list[str], *, at: datetime = NOON, **given: Any) -> Lines:
    """Answers about some leads, all alike where nothing else is given."""
    n = len(lead_ids)
    facts: dict[str, Any] = {
        "request_id": "r1",
        "version": "1",
        "role": "champion",
        "as_of": np.full(n, 10**18),
        "matrix": np.arange(2.0 * n).reshape(n, 2),
        "probability": np.full(n, 0.25),
        "lower": np.full(n, 0.1),
        "upper": np.full(n, 0.5),
        "points": np.full(n, np.nan),
        "stages": ["mql"] * n,
        "unscored": [""] * n,
    }
    return Lines(scored_at=at, lead_ids=lead_ids, **{**facts, **given})


def together(tables: Any) -> pa.Table:
    return pa.concat_tables(tables)


def write_forever(folder: Path) -> None:
    """Adds one lead after another, and says after each how many were surely written."""
    log, k = ScoreLog(folder), 0
    while True:
        log.add(lines_of([f"L{k}"], at=NOON + timedelta(minutes=k // 40)))
        k += 1
        if k % 20 == 0:
            sys.stdout.write(f"{k}\n")
            sys.stdout.flush()
        time.sleep(0.002)


if __name__ == "__main__":
    write_forever(Path(sys.argv[1]))
