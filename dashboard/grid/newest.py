"""Fill the last, unfinished steps of a coarse series from the finest archive.

RRD knows a consolidated step only once it has ended: of a year that is the last two days, in
which 268 messages may wait after the line has ended. Nothing is guessed: the step has the values
known so far.
"""

from __future__ import annotations

from collections.abc import Callable

from ..store.series import Points, Series

#: Steps at the end that may be unfinished: the one that runs, and one whose row is being written.
MAX_UNFINISHED = 2


def with_newest(
    series: Series | None, cf: str, end: int, fetch: Callable[[int], Series | None]
) -> Series | None:
    """Return a series whose unknown last steps hold what finer steps know of them.

    Args:
        series: as the store gave it, at a coarse step.
        cf: AVERAGE, MIN or MAX, as in rrdcreate(1).
        end: of what was asked for, epoch seconds.
        fetch: returns the finest series from a moment up to ``end``.
    """
    if series is None or not series.points or series.points[-1] is not None:
        return series
    first = max(0, len(series.points) - MAX_UNFINISHED)
    while first < len(series.points) and series.points[first] is not None:
        first += 1
    begin = series.start + first * series.step
    if begin >= end:
        return series
    fine = fetch(begin)
    if fine is None or fine.step >= series.step:
        return series
    points = list(series.points)
    for index in range(first, len(points)):
        known = _within(fine, series.start + index * series.step, series.step)
        if points[index] is None and known:
            points[index] = _merged(known, cf)
    return Series(series.start, series.step, points, series.trouble or fine.trouble)


def _within(fine: Series, begin: int, width: int) -> list[float]:
    """Return the known values of the fine steps that end within (begin, begin + width]."""
    first = max(0, -(-(begin - fine.start) // fine.step))
    past = max(0, (begin + width - fine.start) // fine.step)
    points: Points = fine.points[first:past]
    return [value for value in points if value is not None]


def _merged(known: list[float], cf: str) -> float:
    if cf == "MAX":
        return max(known)
    return min(known) if cf == "MIN" else sum(known) / len(known)
