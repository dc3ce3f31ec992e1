"""Steps, gaps and consolidation of stored series; pure. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

Points = list[Optional[float]]


@dataclass(frozen=True)
class Series:
    """Values at a fixed step: index i is the step that ends at ``start + (i + 1) * step``."""

    start: int
    step: int
    points: Points

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


def clip(series: Series, start: int, end: int) -> Series:
    """Return the steps of [start, end), aligned to the step; unknown where there are none."""
    step = series.step
    first, last = start // step * step, -(-end // step) * step
    skip = (first - series.start) // step
    count = (last - first) // step
    points = series.points[max(0, skip): max(0, skip + count)]
    before: Points = [None] * min(count, max(0, -skip))
    points = (before + points)[:count]
    after: Points = [None] * (count - len(points))
    return Series(first, step, points + after)


def _mean(points: Sequence[float]) -> float:
    """Return the plain mean; statistics.fmean is three times slower on a handful."""
    return sum(points) / len(points)


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
    """Return the series at a coarser step, a multiple of its own.

    Args:
        series: what the store gave.
        step: seconds; a step that is not a multiple is left as it is.
        how: AVERAGE, MIN or MAX, as in rrdcreate(1).
    """
    times = step // series.step
    if times <= 1 or step % series.step:
        return series
    whole = clip(series, series.start // step * step, -(-series.end // step) * step)
    whole_step: dict[str, Any] = {"MAX": max, "MIN": min, "AVERAGE": _mean}
    merge = whole_step[how]
    points = [_merge(part, how) if None in part else merge(part)
              for part in zip(*[iter(whole.points)] * times)]
    return Series(whole.start, step, points)


def regrid(series: Series, step: int) -> Series:
    """Return the series on another step by the value that holds at each step's middle.

    For the rare fleet whose files have steps that do not divide each other.
    """
    if step == series.step:
        return series
    first, last = series.start // step * step, -(-series.end // step) * step
    points: Points = []
    for end in range(first + step, last + 1, step):
        index = (end - step // 2 - 1 - series.start) // series.step
        points.append(series.points[index] if 0 <= index < len(series.points) else None)
    return Series(first, step, points)


def on_grid(series: Series, step: int, how: str) -> Series:
    """Return the series at ``step``, consolidated where that is exact."""
    return regrid(consolidate(series, step, how), step)


def overlay(newer: Series, older: Series) -> Series:
    """Return ``newer`` with its unknown steps filled from ``older`` (Fedora's old files)."""
    older = clip(on_grid(older, newer.step, "AVERAGE"), newer.start, newer.end)
    points = [b if a is None else a for a, b in zip(newer.points, older.points)]
    return Series(newer.start, newer.step, points)


def scale(series: Series, factor: float) -> Series:
    """Return every known value times ``factor``."""
    return Series(series.start, series.step,
                  [None if value is None else value * factor for value in series.points])


def wire(series: Series, exact: bool) -> Points:
    """Return the points for JSON: all digits when exact, else a millionth (counts survive)."""
    if exact:
        return series.points
    return [None if value is None else round(value, 6) for value in series.points]
