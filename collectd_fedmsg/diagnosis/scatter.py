"""How service times of single messages scatter, by means of hours or points and percentiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from .history import History
from .hours import Hour
from .stats import median
from .tail import Tail

#: Messages of one mean: fewer, and the message at either end that is half in it counts.
MIN_MESSAGES = 20
#: Means that must agree on how single messages scatter: the median of fewer is off by half.
MEANS = 12


def by_hours(past: Sequence[Hour]) -> float:
    """Return the coefficient of variation of one message's time, 0 when it cannot be told.

    A mean of n messages scatters by σ/√n. Neighbours are compared, so that neither day and
    night nor a creep counts; and all of them, for the few hours that are like now tell a
    scatter to a factor of two only. What wanders from hour to hour counts: see ``scattering``.
    """
    means = [(h.service, h.processed * h.seconds) for h in past if h.service and h.processed]
    off = [
        abs(a - b) / (a * m + b * n) * (m + n) / math.sqrt(1 / m + 1 / n)
        for (a, m), (b, n) in zip(means, means[1:])
    ]
    if not off:
        return 0.0
    # A normal deviation's mean is √(2/π) of σ. The mean of many halves the median's error; an
    # incident's ends are cut to 4 medians, which 1 in 140 reaches by chance.
    most = 4 * median(off)
    return math.sqrt(math.pi / 2) * sum(min(x, most) for x in off) / len(off)


def by_points(history: History, places: Sequence[int]) -> float | None:
    """Return the same from the points at ``places``, None when too few tell it.

    Minutes in which messages take longer and longer are no scatter: each mean is compared with
    the middle of its neighbours', and the median forgives the few where a climb begins and ends.
    """
    means = _means(history, places)
    if len(means) < MEANS:
        return None
    off = [
        abs(b - (a + c) / 2)
        / (a * m + b * n + c * o)
        * (m + n + o)
        / math.sqrt(1 / n + (1 / m + 1 / o) / 4)
        for (a, m), (b, n), (c, o) in zip(means, means[1:], means[2:])
        if a * m + b * n + c * o > 0
    ]
    # Half of a normal deviation's values are within 0.6745 σ.
    return 1.4826 * median(off) if off else None


def _means(history: History, places: Sequence[int]) -> list[tuple[float, float]]:
    """Return (mean seconds, messages) of neighbouring points, ``MIN_MESSAGES`` together."""
    means = []
    busy = done = 0.0
    for place in places:
        worked = history.busy[place] if history.busy else None
        ended = history.processed[place]
        if worked is None or ended is None:
            continue
        busy, done = busy + worked * history.step, done + ended * history.step
        if done >= MIN_MESSAGES:
            means.append((busy / done, done))
            busy = done = 0.0
    return means


def by_tail(tail: Tail | None, service: float | None, messages: float) -> float | None:
    """Return the same from the longest messages of hours of so many, as if lognormal."""
    if tail is None or not service or messages <= tail.share or tail.level <= service:
        return None
    normal = NormalDist().inv_cdf(1 - tail.share / messages)
    # level/mean = exp(σ·z - σ²/2).
    square = normal**2 - 2 * math.log(tail.level / service)
    return math.sqrt(math.expm1((normal - math.sqrt(square)) ** 2)) if square > 0 else None


def by_percentiles(middle: float | None, rare: float | None) -> float | None:
    """Return the same from the 50th and 99th percentile of the times (s), as if lognormal."""
    if not middle or not rare or rare <= middle:
        return None
    return math.sqrt(math.expm1((math.log(rare / middle) / 2.326) ** 2))
