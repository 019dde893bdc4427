"""How is work done side by side without piling up? A few pieces at a time, results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    make: Callable[[Item], Made], items: Iterable[Item], *, threads: int = 0
) -> Iterator[Made]:
    """``make`` of every item, in the items' order, made by some threads just ahead of the reader.

    No more than two pieces a thread are made ahead, however slowly they are taken.

    Args:
        make: makes one result.
        items: taken as they are needed.
        threads: how many; 0 takes all cores, 1 works in the caller's own thread.
    """
    threads = cores() if threads == 0 else threads
    if threads <= 1:
        yield from map(make, items)
        return
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Made]] = deque(
            pool.submit(make, item) for item in islice(rest, 2 * threads)
        )
        while ahead:
            made = ahead.popleft().result()
            ahead.extend(pool.submit(make, item) for item in islice(rest, 1))
            yield made
