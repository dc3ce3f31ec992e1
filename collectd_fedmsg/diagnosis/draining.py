"""Does the backlog shrink, and when will it be gone? Names no cause."""

from __future__ import annotations

from .facts import Facts
from .history import window
from .stats import mean, spread
from .verdict import Drain

#: A backlog that falls at 3 σ over the part that acts is draining, whatever acts.
FALLS = 3.0
#: One that rises at 2 σ is not draining, though nothing is seen to act.
RISES = 2.0
#: 95 %, two-sided.
BOUND = 1.96
#: Blocks whose pace is compared: a standard deviation of fewer is off by a third.
BLOCKS = 8
#: A level is a plateau when its later half moved less than a tenth of it, for half an hour:
#: at that pace the drain would take ten times as long as we watched.
PLATEAU, PLATEAU_SECONDS = 0.1, 1800


def falls(facts: Facts) -> bool:
    """Return whether the backlog shrinks beyond chance in the part that acts."""
    return facts.onset is not None and facts.drift < -FALLS * facts.drift_error


def rises(facts: Facts) -> bool:
    """Return whether the backlog grows in the part that acts."""
    return facts.onset is not None and facts.drift > RISES * facts.drift_error


def level(facts: Facts) -> bool:
    """Return whether the backlog neither grows nor shrinks, for half an hour."""
    if facts.onset is None or facts.span.seconds < PLATEAU_SECONDS:
        return False
    middle = facts.history.backlog[(facts.span.start + facts.last) // 2]
    moved: float = abs(facts.backlog - middle) if middle is not None else facts.backlog
    return moved < PLATEAU * facts.backlog


def time_to_drain(facts: Facts) -> Drain | None:
    """Return the time (s) until the backlog is gone, None unless it shrinks.

    The pace is the net flow of the part that acts: longer watching, narrower bounds. What will
    arrive and end until then scatters as it did in that part.
    """
    seen, backlog = facts.span, facts.backlog
    if facts.onset is None or not seen.seconds or backlog <= 0:
        return None
    pace = (seen.processed - seen.received) / seen.seconds
    if pace <= 0:
        return None
    variance = _variance(facts)
    expected = backlog / pace
    error = BOUND * (variance / seen.seconds * expected ** 2 + variance * expected) ** 0.5 / pace
    error += facts.history.step  # it is seen at samples only
    # A ratio's bounds are not symmetrical: the slower pace is further off.
    slower = pace - BOUND * (variance / seen.seconds + variance / expected) ** 0.5
    latest = max(backlog / slower, expected) + facts.history.step if slower > 0 else None
    return Drain(expected, max(0.0, expected - error), latest)


def _variance(facts: Facts) -> float:
    """Return the variance of the net flow in one second, messages²."""
    seen, usual, history = facts.span, facts.usual, facts.history
    mixed, clumped = (usual.variation ** 2, usual.dispersion) if usual else (1.0, 1.0)
    counted = (seen.received * clumped + seen.processed * mixed + 1) / seen.seconds
    size = (seen.stop - seen.start) // BLOCKS
    if not size:
        return counted
    paces = []
    for first in range(seen.stop - BLOCKS * size, seen.stop, size):
        block = window(history, first, first + size)
        if block.seconds:
            paces.append((block.processed - block.received) / block.seconds)
    if len(paces) < BLOCKS // 2:
        return counted
    middle = mean(paces) or 0.0
    sample = sum((x - middle) ** 2 for x in paces) / (len(paces) - 1)
    return max(counted, min(sample, 9 * spread(paces) ** 2 or sample) * size * history.step)
