"""Where does long work run? In a few threads, each taken until its work is done.

A thread cannot be stopped: the work of a request that was given up goes on to its end. Its thread
stays taken until then, so that no more work is ever under way than there are threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class Threads:
    """So many threads, as long as they are needed: ``with Threads(2) as threads``."""

    def __init__(self, most: int) -> None:
        """Starts none; ``most`` is how many there will ever be."""
        self._pool = ThreadPoolExecutor(most)
        self._under_way: set[Future[Any]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether any work is under way or waits for a thread."""
        return bool(self._under_way)

    async def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns or raises, once a thread was free for it."""
        future = self._pool.submit(work)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return await asyncio.wrap_future(future)
