"""Sums over a part of a history, and the workers that hang in it; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .baseline import Usual
from .history import Column, History

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


def hung_workers(history: History, last: int, span: Window, usual: Usual | None) -> float:
    """Return how many workers hold one message for ever, from ages that tick like a clock."""
    if history.oldest is None or history.in_progress is None or last < PERSIST:
        return 0.0
    ages = [a for a in history.oldest[last - PERSIST: last + 1] if a is not None]
    if len(ages) <= PERSIST or span.processed <= 0:
        return 0.0
    step = history.step
    # A message that waits its turn in a queue that moves cannot age second for second
    # as long as the one before it ended; clock jitter allowed: a tenth of a step.
    if any(abs(b - a - step) > step / 10 for a, b in zip(ages, ages[1:])):
        return 0.0
    service = usual.service if usual else None
    typical = max(service or 0.0, (usual.gap if usual else 0.0), 2 * step)
    wait = (history.backlog[last] or 0.0) / max(span.completion_rate, 1e-9)
    # 14 mean service times: an exponential one lasts that long once in a million.
    if ages[-1] < 14 * typical or ages[-1] < 3 * wait:
        return 0.0
    back = max(0, last + 1 - int(ages[-1] / step))
    held = [x for x in history.in_progress[back: last + 1] if x is not None]
    fewest = min(held) if held else 1.0
    if service and span.busy is not None:
        by_time = (span.busy - span.processed * service) / span.seconds
        return float(max(1, min(fewest, round(by_time))))
    return max(1.0, fewest if history.backlog[last] else 1.0)
