"""Columns of values to SVG path data in a box of WIDTH × HEIGHT units.

``static/paths.js`` does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from ..store.series import Points

WIDTH, HEIGHT = 2000, 1000
#: Cut values leave the box by this much, so that their stroke does not lie on its edge.
OUTSIDE = -40
#: An area between two lines is drawn where it stands for this many messages, and for this share
#: of the higher line: what is missing of the arrivals, and what is above the usual range.
MIN_MESSAGES, MIN_MISSING, MIN_EXCESS = 5, 0.1, 0.25
Run = tuple[int, int]


def rounded(value: float) -> int:
    """Return the nearest whole number; a half goes up, as in the page's script."""
    return math.floor(value + 0.5)


def _place(time: float, from_: float, span: float) -> int:
    return min(WIDTH, max(0, rounded(WIDTH * (time - from_) / span)))


@lru_cache(maxsize=64)
def _places(from_: float, to: float, times: Sequence[float]) -> Sequence[int]:
    """Return the places of the columns' bounds: the same in all panels of a page."""
    return [_place(time, from_, to - from_) for time in times]


class Axes:
    """Seconds to x and values to y; columns' bounds and each line's heights are computed once."""

    def __init__(self, from_: float, to: float, top: float, times: Sequence[float] = ()) -> None:
        self._from, self._span, self._top = from_, to - from_, top
        self.times = times
        self.xs = _places(from_, to, tuple(times))
        #: By the line's identity; the line is kept with its heights.
        self._heights: dict[int, tuple[Points, list[int]]] = {}

    def x(self, time: float) -> int:
        """Return a moment's place, within the box."""
        return _place(time, self._from, self._span)

    def heights(self, values: Points) -> list[int]:
        """Return values' heights, downwards; of what is unknown any."""
        if id(values) not in self._heights:
            top, floor = self._top, math.floor
            heights = [
                0 if value is None else floor(HEIGHT * (1 - value / top) + 0.5) for value in values
            ]
            if heights and min(heights) < OUTSIDE:
                heights = [max(OUTSIDE, height) for height in heights]
            self._heights[id(values)] = values, heights
        return self._heights[id(values)][1]


def runs(count: int, holds: Callable[[int], bool]) -> list[Run]:
    """Return the runs of columns for which a test holds: first, past."""
    return _runs([holds(i) for i in range(count)])


def _runs(flags: list[bool]) -> list[Run]:
    stretches, at, size = [], 0, len(flags)
    while at < size:
        try:
            first = flags.index(True, at)
        except ValueError:
            break
        try:
            at = flags.index(False, first)
        except ValueError:
            at = size
        stretches.append((first, at))
    return stretches


def _edge(heights: Sequence[int], bounds: Sequence[int]) -> str:
    """Return one edge of a run: each column's height from its begin to its end.

    Args:
        heights: of the columns, in the direction drawn.
        bounds: their bounds in the same direction, one more.
    """
    begin, last = bounds[0], heights[0]
    path = [f"{begin} {last}"]
    # Relative to where the pen is: fewer digits. Columns of one height are one stretch.
    for at, height in zip(bounds[1:-1], heights[1:]):
        if height != last:
            path.append(f"h{at - begin}v{height - last}")
            begin, last = at, height
    path.append(f"h{bounds[-1] - begin}")
    return "".join(path)


def line_path(values: Points, axes: Axes) -> str:
    """Return a line with a gap where nothing is known."""
    heights = axes.heights(values)
    return "".join(
        f"M{_edge(heights[first:past], axes.xs[first : past + 1])}"
        for first, past in _runs([value is not None for value in values])
    )


def area_path(high: Points, low: Points, axes: Axes, share: float | None = None) -> str:
    """Return the area between two lines, where both are known.

    Args:
        high, low, axes: the lines and the panel's axes.
        share: only where the higher line stands out from the lower one by this share of itself.
    """
    flags = [
        above is not None and below is not None and (share is None or above > below)
        for above, below in zip(high, low)
    ]
    stretches = [
        run
        for run in _runs(flags)
        if share is None or _stands_out(high, low, run, axes.times, share)
    ]
    if not stretches:
        return ""
    tops, bottoms, xs = axes.heights(high), axes.heights(low), axes.xs
    return "".join(
        f"M{_edge(tops[first:past], xs[first : past + 1])}"
        f"L{_edge(bottoms[first:past][::-1], xs[first : past + 1][::-1])}Z"
        for first, past in stretches
    )


def _stands_out(high: Points, low: Points, run: Run, times: Sequence[float], share: float) -> bool:
    above = whole = 0.0
    for i in range(*run):
        top, bottom = high[i] or 0.0, low[i] or 0.0
        above += (top - bottom) * (times[i + 1] - times[i])
        whole += top * (times[i + 1] - times[i])
    return above >= MIN_MESSAGES and above >= share * whole


def gap_path(spans: Iterable[tuple[float, float]], axes: Axes) -> str:
    """Return rectangles over the whole height, of time without samples."""
    return "".join(
        f"M{axes.x(begin)} 0H{axes.x(end)}V{HEIGHT}H{axes.x(begin)}Z" for begin, end in spans
    )
