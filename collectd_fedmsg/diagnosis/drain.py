"""When the backlog will be gone, with bounds; judges nothing."""

from __future__ import annotations

from .draining import draining
from .facts import Facts
from .history import window
from .verdict import Drain

#: 95 %, two-sided.
BOUND = 1.96


def time_to_drain(facts: Facts) -> Drain | None:
    """Return the time (s) until the backlog is gone, None unless it shrinks.

    The pace is the net flow since the peak: longer watching, narrower bounds.
    """
    if not draining(facts) or facts.onset is None:
        return None
    levels = [b if b is not None else 0.0
              for b in facts.history.backlog[facts.onset: facts.last + 1]]
    peak = facts.onset + levels.index(max(levels))
    seen = window(facts.history, min(peak + 1, facts.recent.start), facts.last + 1)
    if not seen.seconds:
        return None
    pace = (seen.processed - seen.received) / seen.seconds
    usual = facts.usual
    mixed, clumped = (usual.variation ** 2, usual.dispersion) if usual else (1.0, 1.0)
    error = BOUND * (seen.processed * mixed + seen.received * clumped + 1) ** 0.5 / seen.seconds
    if pace <= 0:
        return None
    latest = facts.backlog / (pace - error) if pace > error else None
    return Drain(facts.backlog / pace, facts.backlog / (pace + error), latest)
