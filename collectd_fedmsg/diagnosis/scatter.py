"""How much one message's time scatters, from how means of many do; judges nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from .history import History
from .hours import Hour
from .stats import median

#: Messages of one mean: fewer, and the message at either end that is half in it counts.
ENOUGH = 20


def by_hours(past: Sequence[Hour]) -> float:
    """Return the coefficient of variation of one message's time, 0 when it cannot be told.

    A mean of n messages scatters by σ/√n. Neighbours are compared, so that neither day and
    night nor a creep counts; and all of them, for the few hours that are like now tell a
    scatter to a factor of two only.
    """
    means = [(h.service, h.processed * h.seconds) for h in past if h.service and h.processed]
    off = [abs(a - b) / (a * m + b * n) * (m + n) / math.sqrt(1 / m + 1 / n)
           for (a, m), (b, n) in zip(means, means[1:])]
    if not off:
        return 0.0
    # A normal deviation's mean is √(2/π) of σ. The mean of many halves the median's error; an
    # incident's ends are cut to 4 medians, which 1 in 140 reaches by chance.
    most = 4 * median(off)
    return math.sqrt(math.pi / 2) * sum(min(x, most) for x in off) / len(off)


def by_points(history: History, start: int, stop: int) -> float:
    """Return the same from the points ``start`` to ``stop - 1``, 0 when it cannot be told.

    Minutes in which messages take longer and longer are no scatter: each mean is compared with
    the middle of its neighbours', and the median forgives the few where a climb begins and ends.
    """
    means = list(_means(history, start, stop))
    off = [abs(b - (a + c) / 2) / (a * m + b * n + c * o) * (m + n + o)
           / math.sqrt(1 / n + (1 / m + 1 / o) / 4)
           for (a, m), (b, n), (c, o) in zip(means, means[1:], means[2:])]
    # Half of a normal deviation's values are within 0.6745 σ.
    return 1.4826 * median(off) if off else 0.0


def _means(history: History, start: int, stop: int) -> Iterator[tuple[float, float]]:
    """Yield (mean seconds, messages) of neighbouring points, together ``ENOUGH`` messages."""
    busy = done = 0.0
    for worked, ended in zip((history.busy or ())[start:stop], history.processed[start:stop]):
        if worked is None or ended is None:
            continue
        busy, done = busy + worked * history.step, done + ended * history.step
        if done >= ENOUGH:
            yield busy / done, done
            busy = done = 0.0
