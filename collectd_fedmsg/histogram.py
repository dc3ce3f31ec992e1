"""Log-scaled buckets of durations and their percentiles; integers only, no clock.

Four linear sub-buckets to each octave of nanoseconds, as HdrHistogram does it: an index
costs one ``bit_length`` and two shifts, and a percentile is off by at most 12.5 %.
"""

from __future__ import annotations

from collections.abc import Sequence

#: 2**47 ns is 39 hours; anything longer falls into the last bucket.
BUCKETS = 192


def bucket(nanoseconds: int) -> int:
    """Return the index of the bucket that holds a duration in nanoseconds."""
    if nanoseconds < 4:
        return max(nanoseconds, 0)
    octave = nanoseconds.bit_length() - 3
    index = (octave << 2) + (nanoseconds >> octave)
    return index if index < BUCKETS else BUCKETS - 1


def bounds(index: int) -> tuple[int, int]:
    """Return the lowest duration of a bucket and the lowest of the next, in nanoseconds."""
    if index < 4:
        return index, index + 1
    octave, part = divmod(index - 4, 4)
    return (4 + part) << octave, (5 + part) << octave


def percentile(counts: Sequence[int], share: float) -> float | None:
    """Return the duration in seconds that ``share`` (0 to 1) of the counted ones do not exceed.

    The middle of the bucket stands for what lies in it; None when nothing was counted.
    """
    total = sum(counts)
    if not total:
        return None
    rank = max(1, -(-total * share // 1))
    for index, count in enumerate(counts):
        rank -= count
        if rank <= 0:
            low, high = bounds(index)
            return (low + high) / 2e9
    raise AssertionError("unreachable: the ranks add up to the total")
