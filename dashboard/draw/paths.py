"""Columns of values to SVG path data in a box of WIDTH × HEIGHT units; pure.

``static/paths.js`` does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ..store.series import Points

WIDTH, HEIGHT = 2000, 1000
#: Cut values leave the box by this much, so that their stroke does not lie on its edge.
OUTSIDE = -40
#: An area between two lines is drawn where it stands for this many messages and this share of
#: the higher line.
MIN_MESSAGES, MIN_SHARE = 5, 0.1
Run = tuple[int, int]


def rounded(value: float) -> int:
    """Return the nearest whole number; a half goes up, as in the page's script."""
    return math.floor(value + 0.5)


class Axes:
    """Seconds to x and values to y."""

    def __init__(self, from_: float, to: float, top: float) -> None:
        self._from, self._span, self._top = from_, to - from_, top

    def x(self, time: float) -> int:
        """Return a moment's place, within the box."""
        return min(WIDTH, max(0, rounded(WIDTH * (time - self._from) / self._span)))

    def y(self, value: float) -> int:
        """Return a value's height, downwards."""
        return max(OUTSIDE, rounded(HEIGHT * (1 - value / self._top)))


def runs(count: int, holds: Callable[[int], bool]) -> list[Run]:
    """Return the runs of columns for which a test holds: first, past."""
    found, first = [], -1
    for i in range(count + 1):
        inside = i < count and holds(i)
        if inside and first < 0:
            first = i
        if not inside and first >= 0:
            found.append((first, i))
            first = -1
    return found


def _edge(values: Points, run: Run, times: Sequence[float], axes: Axes, back: bool = False) -> str:
    """Return one edge of a run: each column's value from its begin to its end, or back."""
    first, past = run
    order = range(past - 1, first - 1, -1) if back else range(first, past)
    heights = [axes.y(values[i] or 0.0) for i in order]
    path = f"{axes.x(times[past if back else first])} {heights[0]}"
    for k, i in enumerate(order):
        if k and heights[k] != heights[k - 1]:
            path += f"V{heights[k]}"
        # Columns of one height are one stretch.
        if k + 1 == len(heights) or heights[k + 1] != heights[k]:
            path += f"H{axes.x(times[i if back else i + 1])}"
    return path


def line_path(values: Points, times: Sequence[float], axes: Axes) -> str:
    """Return a line with a gap where nothing is known."""
    return "".join(f"M{_edge(values, run, times, axes)}"
                   for run in runs(len(values), lambda i: values[i] is not None))


def area_path(high: Points, low: Points, times: Sequence[float], axes: Axes,
              tested: bool = False) -> str:
    """Return the area between two lines, where both are known.

    Args:
        high, low, times, axes: the lines, their columns' bounds, the panel's axes.
        tested: only where the higher line stands out from the lower one.
    """
    def holds(i: int) -> bool:
        above, below = high[i], low[i]
        return above is not None and below is not None and (not tested or above > below)

    return "".join(f"M{_edge(high, run, times, axes)}L{_edge(low, run, times, axes, True)}Z"
                   for run in runs(len(high), holds)
                   if not tested or _stands_out(high, low, run, times))


def _stands_out(high: Points, low: Points, run: Run, times: Sequence[float]) -> bool:
    above = whole = 0.0
    for i in range(*run):
        top, bottom = high[i] or 0.0, low[i] or 0.0
        above += (top - bottom) * (times[i + 1] - times[i])
        whole += top * (times[i + 1] - times[i])
    return above >= MIN_MESSAGES and above >= MIN_SHARE * whole


def gap_path(spans: Iterable[tuple[float, float]], axes: Axes) -> str:
    """Return rectangles over the whole height, of time without samples."""
    return "".join(f"M{axes.x(begin)} 0H{axes.x(end)}V{HEIGHT}H{axes.x(begin)}Z"
                   for begin, end in spans)
