"""Is work done side by side in order, a few pieces ahead, and are errors heard?"""

import threading
import time

import pytest

from leadml.parallel import cores, in_order


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def slow_first(k: int) -> int:
        time.sleep(0.01 if k % 3 == 0 else 0)
        return k * k

    assert list(in_order(slow_first, range(20), threads=threads)) == [k * k for k in range(20)]


def test_no_more_is_made_ahead_than_the_reader_will_soon_take() -> None:
    made: list[int] = []
    results = in_order(lambda k: made.append(k) or k, range(1_000), threads=2)
    next(results)
    time.sleep(0.05)
    assert len(made) <= 6
    results.close()


def test_several_threads_work_at_a_time() -> None:
    both = threading.Barrier(2, timeout=10)
    assert len(list(in_order(lambda _: both.wait(), range(2), threads=2))) == 2


def test_an_error_in_a_piece_reaches_the_reader() -> None:
    def fail(k: int) -> int:
        return 1 // (k - 3)

    with pytest.raises(ZeroDivisionError):
        list(in_order(fail, range(10), threads=2))


def test_there_is_a_core() -> None:
    assert cores() >= 1
