"""Steps, gaps and consolidation of stored series. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import starmap
from math import floor
from operator import add
from typing import Any, Optional

Points = list[Optional[float]]

#: What a panel can show: more are consolidated, unless a step is asked for.
POINTS = 480

#: The highest possible rate: 10**15 µs/s are a thousand million busy workers.
MAX_NUMBER = 1e15


@dataclass(frozen=True)
class Series:
    """Values at a fixed step: index i is the step that ends at ``start + (i + 1) * step``."""

    start: int
    step: int
    points: Points
    #: Why it cannot be read, or which of its numbers is impossible; empty: nothing is wrong.
    trouble: str = ""

    @property
    def end(self) -> int:
        """Return the end of the last step, seconds since the epoch."""
        return self.start + self.step * len(self.points)

    def last(self) -> tuple[int, float] | None:
        """Return the end of the newest known step, and its value."""
        for index in range(len(self.points) - 1, -1, -1):
            value = self.points[index]
            if value is not None:
                return self.start + (index + 1) * self.step, value
        return None


def checked(series: Series, name: str) -> Series:
    """Return the series with impossible numbers made unknown, and the last of them named.

    Args:
        series: what a store gave.
        name: of the series, as a reader can find it.
    """
    # One sum finds infinities, what is no number, and almost anything huge, in 5 ns a point.
    if abs(sum(filter(None, series.points))) <= MAX_NUMBER:
        return series
    impossible = [
        index
        for index, value in enumerate(series.points)
        if value is not None and not abs(value) <= MAX_NUMBER
    ]
    if not impossible:
        return series
    points = list(series.points)
    for index in impossible:
        points[index] = None
    last = impossible[-1]
    return Series(
        series.start,
        series.step,
        points,
        impossible_number(
            name, series.points[last] or 0.0, series.start + (last + 1) * series.step
        ),
    )


def impossible_number(name: str, value: float, moment: float) -> str:
    """Return the sentence that names an impossible number."""
    when = datetime.fromtimestamp(moment, timezone.utc)
    return f"{name} holds {value:g} at {when:%H:%M:%S} UTC: impossible"


def unreadable(window: Window, trouble: str) -> Series:
    """Return an unreadable series with the reason."""
    step = window.resolution
    return Series(window.start // step * step, step, [], trouble)


def clip(series: Series, start: int, end: int) -> Series:
    """Return the steps of [start, end), aligned to the step; unknown where there are none."""
    step = series.step
    first, last = start // step * step, -(-end // step) * step
    if first == series.start and last == series.end:
        return series
    skip = (first - series.start) // step
    count = (last - first) // step
    points = series.points[max(0, skip) : max(0, skip + count)]
    before: Points = [None] * min(count, max(0, -skip))
    points = (before + points)[:count]
    after: Points = [None] * (count - len(points))
    return Series(first, step, points + after)


def _merge(points: Sequence[float | None], how: str) -> float | None:
    """Consolidate one step; known by half or more, as with RRD's xff 0.5."""
    known = [value for value in points if value is not None]
    if 2 * len(known) < len(points) or not known:
        return None
    if how == "MAX":
        return max(known)
    if how == "MIN":
        return min(known)
    return sum(known) / len(known)


def consolidate(series: Series, step: int, how: str) -> Series:
    """Return the series at a coarser step, a multiple of the present one.

    Args:
        series: what the store gave.
        step: seconds; a series whose step does not divide it is returned unchanged.
        how: AVERAGE, MIN or MAX, as in rrdcreate(1).
    """
    times = step // series.step
    if times <= 1 or step % series.step:
        return series
    whole = clip(series, series.start // step * step, -(-series.end // step) * step)
    points = whole.points
    try:
        # Nearly every series: known throughout, but for steps before its file and after now.
        first, past = _known(points, times)
        merged = (
            [_merge(points[i : i + times], how) for i in range(0, first, times)]
            + _merge_known(points[first:past], times, series.step, how)
            + [_merge(points[i : i + times], how) for i in range(past, len(points), times)]
        )
    except (TypeError, OverflowError):
        # An unknown step among them, or an infinite one.
        merged = [_merge(points[i : i + times], how) for i in range(0, len(points), times)]
    # What lies behind the series' end was not asked for: the last step holds what is known so far.
    beyond = (whole.end - series.end) // series.step
    if 0 < beyond < times and merged:
        merged[-1] = _merge(points[-times:-beyond], how)
    return Series(whole.start, step, merged)


def _known(points: Points, times: int) -> tuple[int, int]:
    """Return the bounds, multiples of ``times``, within which both ends are known."""
    first, past = 0, len(points)
    while first < past and points[first] is None:
        first += 1
    while past > first and points[past - 1] is None:
        past -= 1
    first = -(-first // times) * times
    return first, max(first, past // times * times)


def _merge_known(points: Points, times: int, step: int, how: str) -> Points:
    """Consolidate known points of ``step`` s; raises TypeError where there is an unknown one."""
    if how in ("MAX", "MIN"):
        parts: Any = zip(*[iter(points)] * times)
        return list(starmap({"MAX": max, "MIN": min}[how], parts))
    # Rounded so that the count over the whole span is still exact: half a unit of the last
    # digit, times the span, is under half a message. (round() costs more than all the rest.)
    unit = 10.0 ** len(str(len(points) * step))
    factor = unit / times
    # Column by column: half the time of adding up each step's few points.
    totals: Any = points[::times]
    for place in range(1, times):
        totals = map(add, totals, points[place::times])
    return [floor(total * factor + 0.5) / unit for total in totals]


def regrid(series: Series, step: int, how: str = "AVERAGE") -> Series:
    """Return the series on another step: by the part of each step that lies in the new one.

    An average keeps the count over the whole span; a coarser step's value holds in each of the
    finer ones. Known by half or more, else unknown.

    Args:
        series: what the store gave.
        step: seconds.
        how: AVERAGE, MIN or MAX, as in rrdcreate(1).
    """
    if step == series.step:
        return series
    first, last = series.start // step * step, -(-series.end // step) * step
    points: Points = []
    for start in range(first, last, step):
        total = seconds = 0.0
        values = []
        for index in range(
            max(0, (start - series.start) // series.step),
            min(len(series.points), -(-(start + step - series.start) // series.step)),
        ):
            value, begin = series.points[index], series.start + index * series.step
            if value is not None:
                part = min(start + step, begin + series.step) - max(start, begin)
                total, seconds = total + value * part, seconds + part
                values.append(value)
        if seconds * 2 < step or not values:
            points.append(None)
        elif how == "AVERAGE":
            points.append(values[0] if len(values) == 1 else total / seconds)
        else:
            points.append(max(values) if how == "MAX" else min(values))
    return Series(first, step, points)


def on_grid(series: Series, step: int, how: str) -> Series:
    """Return the series at ``step``, consolidated where that is exact."""
    return regrid(consolidate(series, step, how), step, how)


def overlay(newer: Series, older: Series) -> Series:
    """Return ``newer`` with its unknown steps filled from ``older`` (Fedora's old files)."""
    older = clip(on_grid(older, newer.step, "AVERAGE"), newer.start, newer.end)
    points = [b if a is None else a for a, b in zip(newer.points, older.points)]
    return Series(newer.start, newer.step, points, newer.trouble or older.trouble)


def scale(series: Series, factor: float) -> Series:
    """Return every known value times ``factor``."""
    return Series(
        series.start,
        series.step,
        [None if value is None else value * factor for value in series.points],
        series.trouble,
    )


@dataclass(frozen=True)
class Window:
    """A span of time in whole seconds since the epoch, and the step wished for (0: any)."""

    start: int
    end: int
    step: int = 0

    @property
    def resolution(self) -> int:
        """Return the step in seconds that suits the span."""
        return self.step or max(1, (self.end - self.start) // POINTS)
