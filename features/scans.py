"""How are many windowed questions answered at once? Searches and running sums over stretches.

A *stretch* is a run of neighbouring rows that belong together: one lead's events of one type, say.
Every function works on all stretches in vector steps, and a row's answer depends on nothing but
its own stretch and its place in it: the same bits come out alone, in a batch, or cut differently.
"""

import numpy as np

from leadml.arrays import Floats, Ints, Matrix, Nanos

FEW = 128
"""So few windows are summed one by one: each step of NumPy costs as much as several sums."""


def running_sums(values: Floats, carried: Floats) -> Floats:
    """Sum of the values up to and including each row of its stretch.

    A step of doubling width adds the sum that ends ``width`` rows earlier, so the order of
    additions depends on the place in the stretch alone: log2(longest stretch) steps.

    Args:
        values: finite; shape (n,).
        carried: which part of the sum before it each row keeps: 0 where a stretch begins, 1 for a
            plain sum, less for one that fades. Parts are multiplied and never exceed 1, so that
            ten years of history neither overflow nor lose digits.

    >>> ones = np.ones(4)
    >>> running_sums(ones, np.array([0.0, 1.0, 1.0, 0.0])).tolist()
    [1.0, 2.0, 3.0, 1.0]
    >>> running_sums(ones, np.array([0.0, 0.5, 0.5, 0.0])).tolist()
    [1.0, 1.5, 1.75, 1.0]
    """
    total, kept, width = values.astype(np.float64), carried.copy(), 1
    while np.count_nonzero(kept[width:]):
        total[width:] += total[:-width] * kept[width:]
        kept[width:] *= kept[:-width].copy()
        kept[:width] = 0.0
        width *= 2
    return total


def window_sums(values: Floats, first: Ints, until: Ints) -> Matrix:
    """The sum of the values in each ``first:until``; 0 for an empty one.

    A window is put together from sums of 1, 2, 4, … values, one for each binary digit of its
    length, so that nothing outside it, however large, touches its sum.

    >>> values, first, until = np.array([1e18, 1.0, 2.0, 4.0]), np.array([1, 2]), np.array([4, 2])
    >>> window_sums(values, first, until).tolist()
    [7.0, 0.0]
    """
    total: Matrix = np.zeros(first.shape)
    begin, length = first.copy(), until - first
    if first.size <= FEW:
        return _few_window_sums(values, begin, length)
    sums, width = values, 1
    for _ in range(int(length.max(initial=0)).bit_length()):
        odd = (length & width) != 0
        total += np.where(odd, sums[np.where(odd, begin, 0)], 0.0)
        begin += np.where(odd, width, 0)
        sums = np.concatenate((sums[:-width] + sums[width:], sums[-width:]))
        width *= 2
    return total


def _few_window_sums(values: Floats, begin: Ints, length: Ints) -> Matrix:
    """The same sums, added in the same order, window by window."""
    levels = [values]
    for k in range(int(length.max(initial=0)).bit_length() - 1):
        below, width = levels[-1], 1 << k
        levels.append(below[:-width] + below[width:])
    added = [level.tolist() for level in levels]
    sums = []
    for start, count in zip(begin.ravel().tolist(), length.ravel().tolist(), strict=True):
        total, place = 0.0, start
        for k in range(count.bit_length()):
            if count >> k & 1:
                total += added[k][place]
                place += 1 << k
        sums.append(total)
    return np.array(sums).reshape(begin.shape)


def first_not_before(times: Nanos, start: Ints, stop: Ints, moment: Nanos) -> Ints:
    """The first position in ``start:stop`` whose time is at or after ``moment``, else ``stop``.

    Args:
        times: ascending within each ``start:stop``; shape (n,), n > 0.
        start: of each stretch; shape (m,).
        stop: of each stretch; shape (m,).
        moment: one or several moments for each stretch; shape (..., m).
    """
    if len(start) == 1:  # a single request: one search in one stretch
        return start + times[start[0] : stop[0]].searchsorted(moment)
    found = np.zeros(moment.shape, dtype=np.int64) + start
    longest = int((stop - start).max(initial=0))
    width = 1 << max(longest.bit_length() - 1, 0)
    last = len(times) - 1
    while width and longest:
        probe = found + (width - 1)
        before = (probe < stop) & (times[np.minimum(probe, last)] < moment)
        found += width * before
        width >>= 1
    return found


def maxima(values: Floats, longest: int) -> Matrix:
    """Row k holds the greatest of the ``2**k`` values from each position on; see `greatest`."""
    levels = [values]
    width = 1
    while 2 * width <= longest:
        below = levels[-1]
        above = below.copy()
        above[:-width] = np.maximum(below[:-width], below[width:])
        levels.append(above)
        width *= 2
    return np.stack(levels)


def greatest(levels: Matrix, first: Ints, until: Ints) -> Floats:
    """The greatest value in each ``first:until`` that is not empty; -inf for an empty one."""
    length = until - first
    level = np.frexp(np.maximum(length, 1).astype(np.float64))[1] - 1
    left = levels[level, np.minimum(first, levels.shape[1] - 1)]
    right = levels[level, np.maximum(until - (1 << level), 0)]
    return np.where(length > 0, np.maximum(left, right), -np.inf)
