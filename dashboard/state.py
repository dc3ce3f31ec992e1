"""Judge one daemon from its last samples; pure, ``now`` is given. Absence is never health.

Small on purpose: the project's diagnosis says more when it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from .series import Points, Series

#: Missing for this many intervals: unknown.
PATIENCE = 3
#: Seconds that the oldest message may wait before a daemon is behind.
LATE = 60.0


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


def judge(backlog: Series | None, arrival: float | None, completion: float | None,
          oldest: float | None, now: float) -> State:
    """Return the state of a daemon from its backlog (messages), rates (messages/s) and age (s)."""
    last = backlog.last() if backlog else None
    if backlog is None or last is None:
        return State("UNKNOWN", 90, "no backlog samples in the last 15 minutes")
    silent, waiting = now - last[0], last[1]
    if silent > PATIENCE * backlog.step:
        return State("UNKNOWN", 90, f"silent for {silent:.0f} s; {waiting:.0f} waited then")
    if arrival is None or completion is None:
        return State("UNKNOWN", 80, "backlog is reported, but not the rates")
    return _working(waiting, arrival, completion, oldest)


def _working(waiting: float, arrival: float, completion: float, oldest: float | None) -> State:
    """Judge a daemon whose samples are all there."""
    if waiting <= 0:
        return State("OK", 0, "nothing waits")
    if completion == 0:
        return State("STALLED", 100, f"{waiting:.0f} wait and none is being finished")
    if completion > arrival * 1.02:
        return State("RECOVERING", 40, f"{waiting:.0f} wait; the backlog is shrinking")
    if arrival > completion * 1.02:
        return State("BEHIND", 70, f"{waiting:.0f} wait; arrivals outrun completions")
    if oldest is not None and oldest > LATE:
        return State("BEHIND", 60, f"{waiting:.0f} wait, the oldest for {oldest:.0f} s")
    return State("OK", 5, f"{waiting:.0f} in hand, keeping up")
