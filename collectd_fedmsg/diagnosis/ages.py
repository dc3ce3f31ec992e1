"""For how long the oldest message has been the same one; judges nothing."""

from __future__ import annotations

from .history import Column


def jitter(step: float) -> float:
    """Return how far (s) ages may be off a clock and still tick: a tenth of a step."""
    return step / 10


def ticking(ages: Column | None, last: int, step: float) -> int:
    """Return the index since which the oldest message has aged second for second."""
    if ages is None or last < 0 or ages[last] is None:
        return max(0, last)
    newest, first = ages[last] or 0.0, last
    for i in range(last - 1, -1, -1):
        age = ages[i]
        if age is None:
            continue
        if abs(newest - age - (last - i) * step) > jitter(step):
            break
        first = i
    return first


def longest_held(ages: Column | None, start: int, stop: int, step: float) -> float | None:
    """Return for how long (s) at most one message stayed the oldest; None without ages."""
    if ages is None:
        return None
    longest, i = 0.0, stop - 1
    while i >= start:
        first = max(start, ticking(ages, i, step))
        longest = max(longest, (i - first) * step)
        i = min(first, i) - 1
    return longest
