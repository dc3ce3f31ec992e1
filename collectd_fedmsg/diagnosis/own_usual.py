"""What is usual for a daemon without a baseline: what its own history was before the trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from .history import PERSIST, REFERENCE, History, known_at
from .hours import Hour, hour_of
from .scatter import by_points
from .stats import known, quantile
from .usual import Usual, usual_of

#: Blocks that it is cut into: they stand for a baseline's hours.
BLOCKS = 12
#: Calm blocks are within this factor of each other: the load of a queue that is never empty may
#: drift, and its backlog with it, by an order of magnitude; not by two.
FAR = 100.0


def own_usual(history: History, stop: int) -> Usual | None:
    """Return what was usual before the trouble, from this same history.

    Its blocks stand for hours; a block's middle, not its highest point, is its backlog, for a
    short incident touches many blocks. An earlier incident may fill most of a short history, so
    only its calm blocks are asked: nobody wants a backlog, so the lesser ones are the usual.
    """
    blind = history.blind
    start = next((i for i in range(max(0, stop)) if known_at(history, i, blind)), stop)
    if stop - start < REFERENCE:
        return None
    size = max(REFERENCE // 2, (stop - start) // BLOCKS)
    blocks: list[Hour] = []
    highest: list[float] = []
    for first in range(start, stop - size + 1, size):
        block = hour_of(history, first, first + size)
        if block is not None:
            levels = known(history.backlog[first : first + size])
            level = quantile(levels, 0.5) if levels else 0.0  # blind: the same for all
            blocks.append(replace(block, backlog=level))
            highest.append(max(levels, default=0.0))
    chosen = _calm(blocks, highest) if blocks else []
    return usual_of(chosen, chosen, by_points(history, start, stop)) if chosen else None


def _calm(blocks: Sequence[Hour], highest: Sequence[float]) -> list[Hour]:
    """Return the calm ones of the blocks; ``highest``: the highest backlog in each.

    Twice a block's level and a message in hand are within what chance does to its middle. A
    quarter are calm, unless that quarter reaches so far above the calmest that no chance does it:
    then an incident fills more than three quarters, and only those that it did not touch can tell.
    """
    levels = [one.backlog for one in blocks]
    least, quarter = 2 * min(levels) + 1, 2 * quantile(levels, 0.25) + 1
    if quarter > FAR * least:
        untouched = [one for one, top in zip(blocks, highest) if top <= FAR * least]
        return untouched or [one for one in blocks if one.backlog <= least]
    return [one for one in blocks if one.backlog <= quarter]


def since_oldest(history: History, last: int) -> int:
    """Return where the oldest message came in: what happened since is no witness of the usual.

    Else a hung worker's time would become usual, and the hang be forgiven. Where what waits
    cannot be seen, the newest message's delay says when the trouble began, or later.
    """
    ages = history.delay if history.blind else history.oldest
    age = ages[last] if ages and last >= 0 else None
    return last + 1 - max(PERSIST, ceil((age or 0.0) / history.step))
