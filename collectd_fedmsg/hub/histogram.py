"""Log-scaled buckets of durations and their percentiles; integers only, no clock.

Four linear sub-buckets to each octave of nanoseconds, as HdrHistogram does it: an index
costs one ``bit_length`` and two shifts, and a percentile is off by at most 12.5 %.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Enough for 2**63 ns, so that nothing can fall outside.
BUCKETS = 252


def bucket(nanoseconds: int) -> int:
    """Return the index of the bucket that holds a duration in nanoseconds, 0 to 2**63 - 1.

    Below 8 ns two durations share a bucket.
    """
    octave = (nanoseconds | 8).bit_length() - 3
    return (octave << 2) + (nanoseconds >> octave)


def bounds(index: int) -> tuple[int, int]:
    """Return the lowest duration of a bucket and the lowest of the next, in nanoseconds."""
    octave = max(1, (index - 4) >> 2)
    part = index - (octave << 2)
    return part << octave, (part + 1) << octave


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


def summary(counts: Sequence[int], longest: int) -> dict[str, float | None]:
    """Return what a sample says of the service time, in seconds; None when nothing was counted.

    ``longest`` (ns) may have missed a peak that came while it was read: the buckets have it.
    """
    top = max((index for index, count in enumerate(counts) if count), default=None)
    if top is not None and longest < bounds(top)[0]:
        longest = bounds(top)[1]
    return {
        "service_p50": percentile(counts, 0.50),
        "service_p95": percentile(counts, 0.95),
        "service_p99": percentile(counts, 0.99),
        "service_max": None if top is None else longest / 1e9,
    }
