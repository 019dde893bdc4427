"""Times one lead of 200 events: from the columns a request holds to its 93 features.

The function is the one that builds a table of millions, `build_matrix`.
"""

import json
import time

import numpy as np
from numpy.typing import NDArray
from ours_features import catalog
from peers.question import TYPES

from features.attributes import AttributeLog
from features.build import build_matrix
from features.log import EventLog
from features.past import Past
from leadml.timeline import DAY_NS

EVENTS, REQUESTS = 200, 5_000


def one_past(
    times: NDArray[np.int64], names: list[str], values: NDArray[np.float64], as_of: int
) -> Past:
    """The past of one lead, from its events."""
    types = tuple(sorted(set(names)))
    code = {name: k for k, name in enumerate(types)}
    codes = np.array([code[name] for name in names], dtype=np.int16)
    log = EventLog(np.zeros(len(times), dtype=np.int32), times, codes, values, types, 1)
    nobody = np.zeros(1, dtype=np.int64)
    return Past(log, AttributeLog(nobody, nobody, {}), nobody, np.array([as_of]))


def main() -> None:
    """Prints the median and the 99th percentile of many requests, each another lead."""
    rng = np.random.default_rng(0)
    asked, taken = catalog(), []
    for _ in range(REQUESTS):
        times = rng.integers(0, 700 * DAY_NS, EVENTS)
        names, values = rng.choice(TYPES, EVENTS).tolist(), np.full(EVENTS, np.nan)
        started = time.perf_counter()
        build_matrix(asked, one_past(times, names, values, 710 * DAY_NS))
        taken.append(1_000 * (time.perf_counter() - started))
    # The first hundred meet cold caches, which a server has warmed before it takes requests.
    median, p99 = np.percentile(taken[100:], [50, 99])
    print(json.dumps({"median_ms": float(median), "p99_ms": float(p99)}))


if __name__ == "__main__":
    main()
