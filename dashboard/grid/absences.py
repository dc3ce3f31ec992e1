"""Remove from a gauge what RRD filled in and nobody measured. Fills in nothing.

Within the heartbeat RRD gives a gauge's next value to all the time since the one before it, so a
daemon that was away for minutes would have had the backlog with which it came back. Its totals
show that: they restarted, which RRD stores as unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..store.series import Points, Series

#: The metric whose gaps show when a daemon was away.
TOTAL = "received"


def gaps(total: Points) -> list[tuple[int, int]]:
    """Return the first and the last step of each gap of two or more between known totals.

    As quick as looking for the first unknown one: most daemons have none.
    """
    runs, index, size = [], 0, len(total)
    while index < size:
        try:
            first = total.index(None, index)
        except ValueError:
            break
        index = next((i for i in range(first, size) if total[i] is not None), size)
        # Before the first and after the last known total there is no gap.
        if first > 0 and index < size and index - first > 1:
            runs.append((first, index - 1))
    return runs


def unbridged(gauge: Points, away: Sequence[tuple[int, int]]) -> Points:
    """Return a gauge without the steps that only its next value filled.

    The step in which the daemon was back is kept: its value was measured. So is whatever
    differs from it, and all before the first and after the last known total: the queue lengths
    of 2014 have no totals.

    Args:
        gauge: on the grid of its consumer's totals.
        away: their gaps.

    Source: heartbeat in rrdcreate(1).
    """
    if not away:
        return gauge
    made = list(gauge)
    for first, last in away:
        for index in range(first, last):
            if made[index] == made[last]:
                made[index] = None
    return made


def restarts(received: Series, backlog: Series) -> list[int]:
    """Return the times of a daemon's restarts, epoch seconds.

    A total that shrank is unknown in RRD (DERIVE, minimum 0) while the gauge of the same step is
    known: nothing else does that, save a first sample, before which both are unknown.
    """
    if (received.start, received.step) != (backlog.start, backlog.step):
        return []
    moments: list[int] = []
    had_rate = restarting = False
    before: float | None = None
    pairs: tuple[Points, Points] = (received.points, backlog.points)
    for index, (rate, waiting) in enumerate(zip(*pairs)):
        if rate is not None:
            if restarting:
                moments.append(received.start + index * received.step)
            had_rate, restarting = True, False
        elif waiting is not None and had_rate and before is not None:
            restarting = True
        elif waiting is None:
            restarting = False
        before = waiting
    return moments
