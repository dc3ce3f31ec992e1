"""What a row says of a daemon beside its series; pure. The diagnosis decides, not this."""

from __future__ import annotations

from dataclasses import dataclass

from .store.series import Points

#: Missing for this many intervals: unknown.
PATIENCE = 3


@dataclass(frozen=True)
class State:
    """A verdict's name, its badness (higher is worse) and the sentence that says why."""

    name: str
    badness: int
    text: str


def known_mean(points: Points) -> float | None:
    """Return the mean of what is known, in the series' own unit."""
    known = [point for point in points if point is not None]
    return sum(known) / len(known) if known else None


def drain_seconds(backlog: float | None, arrival: float | None,
                  completion: float | None) -> float | None:
    """Return seconds until the backlog is gone at these rates; None when it is not shrinking."""
    if backlog is None or arrival is None or completion is None:
        return None
    if backlog <= 0:
        return 0.0
    return backlog / (completion - arrival) if completion > arrival else None
