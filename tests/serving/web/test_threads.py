"""Is no more work under way than there are threads, whoever has stopped waiting for it?"""

import asyncio
import threading
import time

import pytest

from serving.web.threads import Threads


def test_work_is_done_in_a_thread_of_its_own() -> None:
    async def ask() -> bool:
        with Threads(1) as threads:
            return await threads.run(lambda: threading.current_thread() is threading.main_thread())

    assert asyncio.run(ask()) is False


def test_what_work_raises_is_raised() -> None:
    async def ask() -> int:
        with Threads(1) as threads:
            return await threads.run(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask())


def test_work_that_nobody_waits_for_keeps_its_thread_until_it_ends() -> None:
    done, began = threading.Event(), []

    async def ask() -> None:
        with Threads(1) as threads:
            given_up = asyncio.create_task(threads.run(done.wait))
            await asyncio.sleep(0.05)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            assert threads.busy
            later = asyncio.create_task(threads.run(lambda: began.append(time.monotonic())))
            await asyncio.sleep(0.1)
            assert not began
            ended = time.monotonic()
            done.set()
            await later
            assert began[0] >= ended

    asyncio.run(ask())


def test_work_that_was_given_up_before_it_began_never_begins() -> None:
    done, began = threading.Event(), []

    async def ask() -> None:
        with Threads(1) as threads:
            first = asyncio.create_task(threads.run(done.wait))
            second = asyncio.create_task(threads.run(lambda: began.append(1)))
            await asyncio.sleep(0.05)
            second.cancel()
            await asyncio.sleep(0.05)
            done.set()
            await first
            await asyncio.sleep(0.05)
            assert not threads.busy

    asyncio.run(ask())
    assert not began
