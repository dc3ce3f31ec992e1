"""When to send: seconds from the beginning, never falling, for ever; no clock, no sending.

Random ones are Poisson processes, thinned where the rate varies (Lewis and Shedler 1979).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

DAY = 86400.0


def at_once() -> Iterator[float]:
    """Yield 0 for ever: as fast as it goes."""
    while True:
        yield 0.0


def constant(rate: float) -> Iterator[float]:
    """Yield a time every ``1/rate`` s."""
    number = 0
    while True:
        yield number / rate
        number += 1


def poisson(rate: float, rng: random.Random) -> Iterator[float]:
    """Yield times of a Poisson process of ``rate`` messages/s."""
    due = 0.0
    while True:
        due += rng.expovariate(rate)
        yield due


def varying(
    rate_at: Callable[[float], float], highest: float, rng: random.Random
) -> Iterator[float]:
    """Yield times of a Poisson process whose rate at ``t`` s is ``rate_at(t)`` messages/s.

    Args:
        highest: no rate is above it.

    Raises:
        ValueError: one is.
    """
    for due in poisson(highest, rng):
        share = rate_at(due) / highest
        if share > 1:
            raise ValueError(f"{rate_at(due):g} messages/s at {due:g} s is above {highest:g}")
        if rng.random() < share:
            yield due


def diurnal(
    rate: float, rng: random.Random, period: float = DAY, depth: float = 0.8
) -> Iterator[float]:
    """Yield times around ``rate`` on average: night at the beginning, noon at half the period.

    Args:
        period: seconds of a day; shorter for a story.
        depth: 0 (no night) to 1 (nothing at midnight).
    """

    def rate_at(t: float) -> float:
        return rate * (1 - depth * math.cos(2 * math.pi * t / period))

    return varying(rate_at, rate * (1 + depth), rng)


def burst(
    rate: float, rng: random.Random, peak: float, at: float, seconds: float
) -> Iterator[float]:
    """Yield times at ``rate``, and at ``peak`` messages/s from ``at`` for ``seconds``."""

    def rate_at(t: float) -> float:
        return peak if at <= t < at + seconds else rate

    return varying(rate_at, max(rate, peak), rng)
