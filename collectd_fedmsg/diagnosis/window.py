"""Sums over a part of a history; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .history import Column, History

#: Points that must agree: two could share one late poll; three are the promised delay.
PERSIST = 3
#: Points of own history before the trouble that may stand in for a baseline.
REFERENCE = 12


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
