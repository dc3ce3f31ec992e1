"""Does the backlog shrink, or stand still? Names no cause."""

from __future__ import annotations

from .facts import Facts
from .stats import SIGMAS

#: A level is a plateau when its later half moved less than a tenth of it, for half an hour:
#: at that pace the drain would take ten times as long as we watched.
PLATEAU, PLATEAU_SECONDS = 0.1, 1800


def draining(facts: Facts) -> bool:
    """Return whether the backlog shrinks beyond chance."""
    return facts.onset is not None and facts.drift < -SIGMAS * facts.drift_error


def level(facts: Facts) -> bool:
    """Return whether the backlog neither grows nor shrinks, for half an hour."""
    if facts.onset is None or facts.span.seconds < PLATEAU_SECONDS:
        return False
    middle = facts.history.backlog[(facts.onset + facts.last) // 2]
    moved: float = abs(facts.backlog - middle) if middle is not None else facts.backlog
    return moved < PLATEAU * facts.backlog
