"""What is usual for a daemon without a baseline: what its own history was before the trouble."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from .history import History
from .hours import hour_of
from .newest import known_at
from .scatter import by_points
from .stats import known, quantile
from .usual import Usual, usual_of
from .window import PERSIST, REFERENCE

#: Blocks that it is cut into: they stand for a baseline's hours.
BLOCKS = 12


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
    blocks = []
    for first in range(start, stop - size + 1, size):
        block = hour_of(history, first, first + size)
        if block is not None:
            levels = known(history.backlog[first : first + size])
            level = quantile(levels, 0.5) if levels else 0.0  # blind: the same for all
            blocks.append(replace(block, backlog=level))
    # A quarter are calm at least, or nothing here can tell what calm is; twice their level and
    # a message in hand are within what chance does to a block's middle.
    calm = 2 * quantile([one.backlog for one in blocks], 0.25) + 1 if blocks else 0.0
    chosen = [one for one in blocks if one.backlog <= calm]
    return usual_of(chosen, chosen, by_points(history, start, stop)) if chosen else None


def since_oldest(history: History, last: int) -> int:
    """Return where the oldest message came in: what happened since is no witness of the usual.

    Else a hung worker's time would become usual, and the hang be forgiven. Where what waits
    cannot be seen, the newest message's delay says when the trouble began, or later.
    """
    ages = history.delay if history.blind else history.oldest
    age = ages[last] if ages and last >= 0 else None
    return last + 1 - max(PERSIST, ceil((age or 0.0) / history.step))
