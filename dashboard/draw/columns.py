"""Steps of a series merged to as many columns as a panel can show.

``static/columns.js`` does the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..store.series import Points

#: Columns of a panel: a pixel or two each where a row holds three panels, and where it is one line.
MAX_COLUMNS, MAX_COLUMNS_SLIM = 240, 80


@dataclass(frozen=True)
class Columns:
    """The bounds of the columns: as indices of steps, and in epoch seconds."""

    bounds: Sequence[int]
    times: Sequence[float]

    def within(self, points: Points) -> Points:
        """Return the steps of the range."""
        return points[self.bounds[0] : self.bounds[-1]]


@dataclass(frozen=True)
class Merged:
    """Each column's mean, least and most of what is known in it; None where nothing is."""

    mean: Points
    least: Points
    most: Points


@lru_cache(maxsize=64)
def columns_of(
    start: int, end: int, step: int, from_: float, to: float, *, slim: bool = False
) -> Columns:
    """Return the columns of a range, aligned so that they do not move as time goes on."""
    first = max(0, math.floor((from_ - start) / step))
    last = min((end - start) // step, math.ceil((to - start) / step))
    per = max(1, math.ceil((last - first) / (MAX_COLUMNS_SLIM if slim else MAX_COLUMNS)))
    phase = start // step % per
    bounds = [first, *range(first + per - (first + phase) % per, last, per)]
    if last > first:
        bounds.append(last)
    return Columns(bounds, [start + index * step for index in bounds])


def merge(points: Points, columns: Columns) -> Merged:
    """Return a series in columns."""
    if len(columns.bounds) - 1 == columns.bounds[-1] - columns.bounds[0]:
        own = columns.within(points)
        return Merged(own, own, own)
    mean: Points = []
    least: Points = []
    most: Points = []
    for begin, past in zip(columns.bounds, columns.bounds[1:]):
        # An hour's columns hold two steps each: most of what a first answer draws.
        if past - begin == 2 and past <= len(points):
            first, second = points[begin], points[begin + 1]
            if first is not None and second is not None:
                mean.append((first + second) / 2)
                least.append(first if first < second else second)
                most.append(first if first > second else second)
                continue
        known = [value for value in points[begin:past] if value is not None]
        total = 0.0
        # Not sum(): since Python 3.12 it adds up with less rounding than the page's script.
        for value in known:
            total += value
        mean.append(total / len(known) if known else None)
        least.append(min(known) if known else None)
        most.append(max(known) if known else None)
    return Merged(mean, least, most)
