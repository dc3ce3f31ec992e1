"""The time axis' ticks in UTC. ``static/axis.js`` also has them in the reader's zone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache

DAY = 86400
STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
)
MONTHS = (1, 2, 3, 6, 12, 24, 60)
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: The epoch was a Thursday; weeks begin on Mondays.
MONDAY = 4 * DAY
#: Pixels of a panel's axis and of a letter where a row holds three panels.
ROOM, LETTER = 310, 11


def _words(clock: int, step: int) -> str:
    date = datetime.fromtimestamp(clock, timezone.utc)
    if step > 14 * DAY:
        return f"{NAMES[date.month - 1]} {date.year}"
    if clock % DAY == 0:
        return f"{NAMES[date.month - 1]} {date.day}"
    return f"{date:%H:%M:%S}" if step < 60 else f"{date:%H:%M}"


def _moments(start: float, end: float, most: float) -> Iterator[tuple[int, int]]:
    """Yield the clock's round moments, at most this many, each with the step between them."""
    step = next((step for step in STEPS if (end - start) / step <= most), None)
    if step is not None:
        base = MONDAY if step > 2 * DAY else 0
        moment = math.ceil((start - base) / step) * step + base
        while moment <= end:
            yield moment, step
            moment += step
        return
    months = next((n for n in MONTHS if (end - start) / (n * 30 * DAY) <= most), MONTHS[-1])
    first = datetime.fromtimestamp(start, timezone.utc)
    month = (first.year * 12 + first.month - 1) // months * months
    while True:
        at = int(datetime(month // 12, month % 12 + 1, 1, tzinfo=timezone.utc).timestamp())
        if at > end:
            return
        if at >= start:
            yield at, months * 30 * DAY
        month += months


@lru_cache(maxsize=64)
def ticks(
    start: float, end: float, room: float = ROOM, letter: float = LETTER
) -> Sequence[tuple[int, str]]:
    """Return the ticks of a range of seconds with their words; "" where they would be cut off.

    Args:
        start, end: epoch seconds.
        room, letter: pixels of the axis and of a letter.
    """
    made = []
    for at, step in _moments(start, end, max(2, room / (letter * 7))):
        text = _words(at, step)
        cut = (at - start) / (end - start) * room + len(text) * letter * 0.3 > room + 6
        made.append((at, "" if cut else text))
    return made
