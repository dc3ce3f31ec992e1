"""The evidence that is not there, named; judges nothing."""

from __future__ import annotations

from .facts import Facts

#: Optional series and what they are called when they are missing.
SERIES = (("busy", "working time (busy)"), ("workers", "the number of workers"),
          ("failed", "failures"), ("oldest", "the oldest message's age"))


def missing(facts: Facts) -> tuple[str, ...]:
    """Return the names of all that would make a verdict surer, the weightiest first."""
    history = facts.history
    names = []
    if facts.last < 0:
        names.append("samples")
    if not facts.based:
        names.append("a baseline")
    if history.blind:
        names.append("the true backlog (blocking mode)")
    for name, called in SERIES:
        column = getattr(history, name)
        if column is None or all(x is None for x in column):
            names.append(called)
    if history.alive is None:
        names.append("whether the process lives")
    return tuple(names)
