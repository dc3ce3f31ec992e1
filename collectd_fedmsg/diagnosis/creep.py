"""When the workers will be full at the present pace, from past hours; judges nothing.

The trend is Theil's slope of hourly utilisation freed of the hour of the day, tested with
Kendall's S. It refuses to project from less than three days: a morning looks like a creep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .baseline import DAY, HOUR, Baseline, Hour, _weekend
from .stats import SIGMAS, median, spread

#: Days needed to know the hour of the day: a median outvotes one bad day of three.
DAYS = 3
#: Hours looked back, doubling: the shortest window that is sure gives the latest pace.
WINDOWS = (24, 48, 96, 192, 384, 672)
#: Blocks of a window: Kendall's S of 24 can reach z = 6.8, of 12 only 4.5, below SIGMAS.
BLOCKS = 24
#: Each half must rise by itself, at 95 %: a step up that then stays is no creep.
HALF = 1.64
#: Doom further off than two weeks is a matter of planning, and its date a guess.
HORIZON = 14 * DAY


@dataclass(frozen=True)
class Trend:
    """Utilisation (0 to 1) of the busiest hour of the day, and its pace."""

    level: float
    per_hour: float
    #: Hours watched.
    hours: int

    def full_at(self, now: float) -> float:
        """Return when the busiest hour is full, epoch seconds; ``now`` when it already is."""
        return now + max(0.0, 1.0 - self.level) / self.per_hour * HOUR


def trend(baseline: Baseline, now: float) -> Trend | None:
    """Return the rise of utilisation at ``now`` (epoch seconds), None when it is no trend."""
    return baseline.once("trend", now, lambda hour: _trend(baseline.hours, hour))


def _trend(hours: Sequence[Hour], now: float) -> Trend | None:
    oldest = now - WINDOWS[-1] * HOUR
    loads = {int(h.start // HOUR): load for h in hours
             if oldest <= h.start <= now - HOUR and (load := h.load) is not None}
    if len(loads) < DAYS * 24:
        return None
    season = _season(loads)
    latest = max(loads)
    for size in WINDOWS:
        window = [(hour, loads[hour] / season.get(_slot(hour * HOUR), 1.0))
                  for hour in range(latest - size + 1, latest + 1) if hour in loads]
        if len(window) < size // 2:
            return None  # half unknown: no witness
        found = _rise(_blocks(window, size))
        if found is not None:
            slope, level = found
            peak = max(season.get(_slot((latest - i) * HOUR), 1.0) for i in range(24))
            return Trend(level * peak, slope * peak, size)
    return None


def _slot(time: float) -> tuple[bool, int]:
    return _weekend(time), int(time % DAY // HOUR)


def _season(loads: dict[int, float]) -> dict[tuple[bool, int], float]:
    """Return load over the mean of the day around it, by kind of day and hour.

    Source: ratio to moving average (Macaulay 1931); the centred mean takes the trend out.
    """
    ratios: dict[tuple[bool, int], list[float]] = {}
    first, last = min(loads), max(loads)
    filled = [loads.get(hour) for hour in range(first, last + 1)]
    sums, counts = [0.0], [0]
    for load in filled:
        sums.append(sums[-1] + (load or 0.0))
        counts.append(counts[-1] + (load is not None))
    for i in range(12, len(filled) - 12):
        load, whole = filled[i], sums[i + 12] - sums[i - 12]
        if load is not None and counts[i + 12] - counts[i - 12] == 24 and whole > 0:
            ratios.setdefault(_slot((first + i) * HOUR), []).append(24 * load / whole)
    middles = {slot: median(found) for slot, found in ratios.items()}
    return {slot: middle for slot, middle in middles.items() if middle > 0}


def _blocks(window: Sequence[tuple[int, float]], size: int) -> list[tuple[float, float]]:
    width = size // BLOCKS
    groups: dict[int, list[tuple[int, float]]] = {}
    for hour, load in window:
        groups.setdefault((hour - window[0][0]) // width, []).append((hour, load))
    return [(median(h for h, _ in group), median(v for _, v in group))
            for _, group in sorted(groups.items())]


def _rise(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return (slope per hour, level at the end) of a rise beyond chance."""
    half = len(points) // 2
    if (_kendall(points) < SIGMAS or _kendall(points[:half]) < HALF
            or _kendall(points[half:]) < HALF):
        return None
    slope = median((b - a) / (t - s) for i, (s, a) in enumerate(points)
                   for t, b in points[i + 1:])
    end = points[-1][0]
    level = median(value + slope * (end - time) for time, value in points)
    scatter = spread([value - slope * time for time, value in points])
    # Wandering loads trend by chance; a creep outgrows its own scatter in the window.
    if slope * (end - points[0][0]) < SIGMAS * scatter or level <= 0:
        return None
    return slope, level


def _kendall(points: Sequence[tuple[float, float]]) -> float:
    """Return Kendall's S in standard deviations, 0 for fewer than four points."""
    n = len(points)
    if n < 4:
        return 0.0
    s = sum((b > a) - (b < a) for i, (_, a) in enumerate(points) for _, b in points[i + 1:])
    # Source: Kendall 1975, variance of S without ties.
    return float(s / (n * (n - 1) * (2 * n + 5) / 18) ** 0.5)
