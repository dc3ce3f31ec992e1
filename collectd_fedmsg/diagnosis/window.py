"""Sums over a part of a history, and the workers that hang in it; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .baseline import Usual
from .history import Column, History
from .stats import SURE

#: Points that must agree: two could share one late poll; three are the promised delay.
PERSIST = 3


@dataclass(frozen=True)
class Window:
    """Sums over points whose received and processed are known; messages and seconds."""

    start: int
    stop: int
    seconds: float
    received: float
    processed: float
    failed: float | None
    busy: float | None

    @property
    def arrival_rate(self) -> float:
        """Messages/s; 0 for an empty window."""
        return self.received / self.seconds if self.seconds else 0.0

    @property
    def completion_rate(self) -> float:
        """Messages/s; 0 for an empty window."""
        return self.processed / self.seconds if self.seconds else 0.0


def window(history: History, start: int, stop: int) -> Window:
    """Return the sums over points ``start`` to ``stop - 1``."""
    start = max(0, start)
    pairs = [(r, p) for r, p in zip(history.received[start:stop], history.processed[start:stop])
             if r is not None and p is not None]
    step = history.step
    seconds = len(pairs) * step

    def total(column: Column | None) -> float | None:
        found = [] if column is None else [x for x in column[start:stop] if x is not None]
        # Scaled to the same seconds: single points may be missing in one series only.
        return sum(found) / len(found) * seconds if found else None

    return Window(start, stop, seconds, sum(r for r, _ in pairs) * step,
                  sum(p for _, p in pairs) * step, total(history.failed), total(history.busy))


def ticking(ages: Column | None, last: int, step: float) -> float:
    """Return for how long (s) the oldest message has aged second for second, up to ``last``."""
    if ages is None or last < 0 or ages[last] is None:
        return 0.0
    newest, first = ages[last] or 0.0, last
    for i in range(last - 1, -1, -1):
        age = ages[i]
        if age is None:
            continue
        # Clock jitter allowed: a tenth of a step.
        if abs(newest - age - (last - i) * step) > step / 10:
            break
        first = i
    return (last - first) * step


def hung_workers(history: History, last: int, span: Window, usual: Usual | None) -> float:
    """Return how many workers hold one message for ever, from ages that tick like a clock."""
    if history.oldest is None or history.in_progress is None:
        return 0.0
    step = history.step
    seconds, age = ticking(history.oldest, last, step), history.oldest[last] or 0.0
    since = window(history, last + 1 - int(seconds / step), last + 1)
    # In a queue that moves the oldest message changes with each that is taken. That none
    # was taken in all the time is no chance once 14 others ended (SURE).
    if seconds < PERSIST * step or since.processed < SURE or age < step:
        return 0.0
    service = usual.service if usual else None
    # Now slower than usual is no hang; with hung workers' time in it, this errs to patience.
    mean = since.busy / since.processed if since.busy else 0.0
    # 14 mean service times: an exponential one lasts that long once in a million. Where some
    # messages usually take long, three times the longest of an hour: its tail is a third of
    # that of one in a million, as for the backlog's limit.
    longest = 3 * usual.oldest if usual and usual.oldest else 0.0
    if age < max(SURE * max(service or 0.0, mean), longest):
        return 0.0
    back = max(0, last + 1 - int(age / step))
    held = [x for x in history.in_progress[back: last + 1] if x is not None]
    fewest = min(held) if held else 1.0
    if service and span.busy is not None:
        by_time = (span.busy - span.processed * service) / span.seconds
        return float(max(1, min(fewest, round(by_time))))
    return max(1.0, fewest if history.backlog[last] else 1.0)
