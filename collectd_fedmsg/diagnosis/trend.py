"""When the workers will be fully utilised at the present trend, from past hours; judges nothing.

The trend is Theil's slope of hourly utilisation over what was usual at the same hour of the
same kind of day, tested with Kendall's S. It refuses to project where that is not known from
three days before the rise: a morning looks like a creep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .baseline import Baseline
from .hours import DAY, HOUR, Hour
from .season import Slot, SlotOf, season, slots
from .stats import SIGMAS, median, spread
from .usual import Usual

#: (hours that may be in the rise, windows looked at within): the shortest that is sure gives
#: the latest pace. Hours older than the first number are what was usual before.
SPANS = ((96, (24, 48, 96)), (336, (192, 336)))
#: Blocks of a window: Kendall's S of 24 can reach z = 6.8, of 12 only 4.5, below SIGMAS.
BLOCKS = 24
#: Standard deviations by which each half must rise, 95 %: one step up is no creep.
HALF = 1.64
#: Multiple of the usual load that a creep has reached when it can be told; nearly all daemons
#: without a creep are sorted out by it.
RISEN = 1.1
#: Hours of the oldest from which the shape of day and week is taken, at least: two weekends.
SHAPE = 336
#: Hours of a block whose median is one point of the bent line, and points after the bend.
WIDTH, LEAST = 6, 4
#: Factor of the standard error, because neighbouring points are correlated.
AFRESH = 1.5
#: Error of the busiest hour's level, a share: its usual load is a median of some weeks.
LEVEL = 0.03
#: Share by which the time left may be unsure (1 σ) to be given as a date.
DOUBT = 0.2
#: A date further off than two weeks is a matter of planning, and its date a guess.
HORIZON = 14 * DAY


@dataclass(frozen=True)
class Trend:
    """Utilisation (0 to 1) of the busiest hour of the day, and its pace."""

    level: float
    per_hour: float
    #: Hours since it began to rise.
    hours: int
    #: Standard error of the time left, as a share of it.
    doubt: float = 0.0

    def left(self) -> float:
        """Return the seconds until the busiest hour is full at this pace; 0 when it is."""
        return max(0.0, 1.0 - self.level) / self.per_hour * HOUR

    def full_at(self, now: float) -> float | None:
        """Return when it is full, epoch seconds; None while that would be a guess."""
        return now + self.left() if self.doubt <= DOUBT else None


def trend(baseline: Baseline, now: float) -> Trend | None:
    """Return the rise of utilisation at ``now`` (epoch seconds), None when it is no trend."""
    return baseline.once(
        "trend",
        now,
        lambda hour: _trend(baseline.hours, hour, baseline.usual(hour), slots(baseline)),
    )


def _trend(hours: Sequence[Hour], now: float, usual: Usual | None, slot_of: SlotOf) -> Trend | None:
    newest = [load for h in hours[-3:] if h.start <= now - HOUR and (load := h.load) is not None]
    if usual is None or usual.load is None or not newest or median(newest) < RISEN * usual.load:
        return None
    loads = [
        (int(h.start // HOUR), load)
        for h in hours
        if h.start <= now - HOUR and (load := h.load) is not None
    ]
    latest = loads[-1][0]
    for rising, windows in SPANS:
        shape = season([x for x in loads if x[0] <= latest - rising], slot_of)
        if not shape:
            return None
        times = [
            (hour, load / shape[slot])
            for hour, load in loads[-rising:]
            if hour > latest - rising and (slot := slot_of(hour)) in shape
        ]
        for size in windows:
            window = [x for x in times if x[0] > latest - size]
            rise = _rise(_blocks(window, size)) if len(window) >= size * 3 // 4 else None
            if rise is not None:
                return _projected(loads, now / HOUR, slot_of, latest - rising)
    return None


def _projected(
    loads: Sequence[tuple[int, float]], now: float, slot_of: SlotOf, before: int
) -> Trend | None:
    """Return a rise with its pace since it began, from all hours; ``now`` in hours.

    Up to ``before`` hours are surely older than the rise seen.

    A window in which a rise is sure by chance rises more than it does on the whole, and one
    that reaches back before its beginning less: the bend of a line that is level and then rises
    is placed where it fits best.
    """
    first, latest = loads[0][0], loads[-1][0]
    oldest = min(before, first + max(SHAPE, (latest - first) // 3))
    base = [x for x in loads if x[0] <= oldest]
    shape = season(base, slot_of)
    blocks: dict[int, list[float]] = {}
    for hour, load in loads:
        usual = shape.get(slot_of(hour))
        if usual:
            blocks.setdefault(hour // WIDTH, []).append(load / usual)
    points = [((block + 0.5) * WIDTH, median(ratios)) for block, ratios in sorted(blocks.items())]
    bend = _bend(points)
    if bend is None:
        return None
    start, ground, pace, error = bend
    busiest = _busiest(shape, base, slot_of)
    level = (ground + pace * (now - start)) * busiest
    doubt = math.hypot(error / pace, LEVEL * level / max(0.01, 1 - level))
    return Trend(level, pace * busiest, round(now - start), doubt)


def _bend(points: Sequence[tuple[float, float]]) -> tuple[float, float, float, float] | None:
    """Return (time, level before, slope after, its standard error) of the best bent line."""
    best = None
    for place in range(len(points) - LEAST):
        start = points[place][0]
        bent = [max(0.0, time - start) for time, _ in points]
        middle = sum(bent) / len(bent)
        spread_x = sum((x - middle) ** 2 for x in bent)
        mean = sum(value for _, value in points) / len(points)
        pace = sum((x - middle) * value for x, (_, value) in zip(bent, points)) / spread_x
        ground = mean - pace * middle
        rest = sum((value - ground - pace * x) ** 2 for x, (_, value) in zip(bent, points))
        if pace > 0 and (best is None or rest < best[0]):
            best = (rest, start, ground, pace, spread_x)
    if best is None or len(points) <= LEAST:
        return None
    rest, start, ground, pace, spread_x = best
    return start, ground, pace, AFRESH * math.sqrt(rest / (len(points) - 3) / spread_x)


def _busiest(shape: dict[Slot, float], base: Sequence[tuple[int, float]], slot_of: SlotOf) -> float:
    """Return the load of the busiest hour, by as much as hours differ beyond chance.

    Smoothed over three hours and drawn towards their mean (James and Stein 1961): of many
    medians the highest is high by chance.
    """
    smooth = []
    for kind, hour in shape:
        near = [
            x for shift in (-1, 0, 1) if (x := shape.get((kind, (hour + shift) % 24))) is not None
        ]
        smooth.append(sum(near) / len(near))
    mean = sum(smooth) / len(smooth)
    between = sum((x - mean) ** 2 for x in smooth) / len(smooth)
    within = spread([load - shape[slot] for hour, load in base if (slot := slot_of(hour)) in shape])
    # π/2: a median scatters more than a mean; each is of three hours' values.
    chance = math.pi / 2 * within**2 * len(shape) / len(base) / 3
    kept = math.sqrt(max(0.0, 1 - chance / between)) if between > 0 else 0.0
    return mean + kept * (max(smooth) - mean)


def _blocks(window: Sequence[tuple[int, float]], size: int) -> list[tuple[float, float]]:
    width = size // BLOCKS
    groups: dict[int, list[tuple[int, float]]] = {}
    for hour, load in window:
        groups.setdefault((hour - window[0][0]) // width, []).append((hour, load))
    return [
        (median(h for h, _ in group), median(v for _, v in group))
        for _, group in sorted(groups.items())
    ]


def _rise(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return (slope per hour, level at the end) of a rise beyond chance."""
    half = len(points) // 2
    if (
        _kendall(points[half:]) < HALF
        or _kendall(points[:half]) < HALF
        or _kendall(points) < SIGMAS
    ):
        return None
    slope = median((b - a) / (t - s) for i, (s, a) in enumerate(points) for t, b in points[i + 1 :])
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
    values = [value for _, value in points]
    s = 0
    for i, a in enumerate(values):
        for b in values[i + 1 :]:
            s += (b > a) - (b < a)
    # Source: Kendall 1975, variance of S without ties.
    return float(s / (n * (n - 1) * (2 * n + 5) / 18) ** 0.5)
