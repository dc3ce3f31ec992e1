"""Which of the stored points the rules look at: the last that is whole, and what it says."""

from __future__ import annotations

from .history import Column, History


def last_whole(history: History) -> int:
    """Return the index of the last point whose three series are known; -1 when there is none."""
    blind = history.blind
    for i in range(len(history) - 1, -1, -1):
        if known_at(history, i, blind):
            return i - 1 if _half_stored(history, i, blind) else i
    return -1


def _half_stored(history: History, newest: int, blind: bool) -> bool:
    """Return whether part of the newest sample is still on its way to the store.

    Its series are written one after the other: without its age a hung worker looks well for a
    moment. What the sample before lacks too does not come.
    """
    if newest < 1 or not known_at(history, newest - 1, blind):
        return False
    columns = [history.busy, history.workers, history.in_progress, history.failed]
    if history.backlog[newest]:
        columns.append(history.oldest)  # where nothing waits there is none
    return any(column[newest] is None and column[newest - 1] is not None
               for column in columns if column is not None)


def waiting(history: History, last: int) -> float:
    """Return how many messages wait at ``last``; of a blind history, those in the workers."""
    if last < 0:
        return 0.0
    if history.blind and history.in_progress:
        return history.in_progress[last] or 0.0  # all that can be seen of it
    return history.backlog[last] or 0.0


def latest(column: Column | None, last: int) -> float | None:
    """Return the newest known value up to ``last``."""
    if column is None:
        return None
    return next((x for x in reversed(column[: last + 1]) if x is not None), None)


def known_at(history: History, index: int, blind: bool = False) -> bool:
    """Tell whether a point's three series are known; the backlog is not asked of a blind one."""
    return (history.received[index] is not None and history.processed[index] is not None
            and (blind or history.backlog[index] is not None))
