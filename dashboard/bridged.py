"""Take out of a gauge what nobody measured; pure. Nothing is filled in here.

Within the heartbeat RRD gives a gauge's next value to all the time since the one before it, so a
daemon that was away for minutes would have had the backlog with which it came back. Its totals
tell: they began anew, which RRD calls unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from .series import Points


def unbridged(gauge: Points, total: Points) -> Points:
    """Return a gauge without the steps that only its next value speaks for.

    The step in which the daemon was back is kept, for that value is its own; so is whatever
    differs from it, and all before the first and after the last known total: the queue lengths
    of 2014 have none beside them.

    Args:
        gauge, total: of one consumer, on the same grid.

    Source: heartbeat in rrdcreate(1).
    """
    made = list(gauge)
    for first, last in _gaps(total):
        for index in range(first, last):
            if made[index] == made[last]:
                made[index] = None
    return made


def _gaps(total: Points) -> Iterator[tuple[int, int]]:
    """Yield the first and the last step of each gap between two known ones."""
    before = None
    for index, value in enumerate(total):
        if value is not None:
            if before is not None and index - before > 1:
                yield before + 1, index - 1
            before = index
