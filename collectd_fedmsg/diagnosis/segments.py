"""Cut a series of counts into stretches of one rate at its change points; knows no queue.

Binary segmentation with a score test that holds for small counts, then one pass in which every
cut is placed anew between its neighbours.

Sources: Scott and Knott 1974 (binary segmentation); Hinkley 1970 (where a rate changed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .stats import median

#: A cut wants 4 standard deviations squared: the best of an hour's 360 places passes by chance
#: once in 500 looks, and a false cut between equal rates changes no verdict by itself.
CUT = 16.0
#: Rates within a tenth of each other are one: loads wander by as much, and no incident is made
#: of less.
ALIKE = 1.1
#: Cuts of one series: more turns than this an hour are noise, not incidents.
MAX_CUTS = 12


@dataclass(frozen=True)
class Segment:
    """Places ``start`` to ``stop - 1``: so many events over so much exposure (s)."""

    start: int
    stop: int
    count: float
    exposure: float

    @property
    def rate(self) -> float:
        """Events per second of exposure; 0 without exposure."""
        return self.count / self.exposure if self.exposure > 0 else 0.0


@dataclass(frozen=True)
class Counts:
    """Known events and their exposures (s) by place, oldest first; places may have gaps."""

    places: Sequence[int]
    events: Sequence[float]
    exposures: Sequence[float]


def scale(counts: Counts, least: float) -> float:
    """Return variance over mean of the counts, from neighbours' differences; at least ``least``.

    Neighbours are compared, so that steps and slopes do not count; the median forgives cuts.
    """
    off = []
    pairs = list(zip(counts.events, counts.exposures))
    for (x, t), (y, u) in zip(pairs, pairs[1:]):
        expected = (x + y) / (t + u) * (1 / t + 1 / u) if t > 0 and u > 0 else 0.0
        if expected > 0:  # not x + y > 0: the least of floats divides to 0
            off.append((x / t - y / u) ** 2 / expected)
    # The median of a squared normal deviate is 0.455.
    return max(least, median(off) / 0.455) if len(off) >= 4 else least


def segments(counts: Counts, spread: float) -> list[Segment]:
    """Return the stretches of one rate, oldest first; none for no counts.

    Args:
        counts: events and exposures.
        spread: variance over mean of the events, 1 for Poisson.
    """
    size = len(counts.events)
    if not size:
        return []
    events, exposures = [0.0], [0.0]
    for x, t in zip(counts.events, counts.exposures):
        events.append(events[-1] + x)
        exposures.append(exposures[-1] + t)
    cuts = _cuts(events, exposures, spread)
    edges = [0, *cuts, size]
    return [
        Segment(
            counts.places[a],
            counts.places[b - 1] + 1,
            events[b] - events[a],
            exposures[b] - exposures[a],
        )
        for a, b in zip(edges, edges[1:])
    ]


def _cuts(events: Sequence[float], exposures: Sequence[float], spread: float) -> list[int]:
    cuts: list[int] = []
    open_parts = [(0, len(events) - 1)]
    while open_parts and len(cuts) < MAX_CUTS:
        low, high = open_parts.pop()
        place = _best(events, exposures, low, high, spread)
        if place is not None:
            cuts.append(place)
            # The newest part is cut first: it is what is judged.
            open_parts += [(low, place), (place, high)]
    cuts.sort()
    edges = [0, *cuts, len(events) - 1]
    moved = [_best(events, exposures, a, b, spread) for a, b in zip(edges, edges[2:])]
    return sorted({cut for cut in moved if cut is not None})


def _best(
    events: Sequence[float], exposures: Sequence[float], low: int, high: int, spread: float
) -> int | None:
    """Return where between ``low`` and ``high`` the rate changes most, None where it does not."""
    base, since = events[low], exposures[low]
    count, exposure = events[high] - base, exposures[high] - since
    if high - low < 2 or exposure <= 0 or count <= 0:
        return None
    rate = count / exposure
    factor = spread * rate / exposure
    best, where = CUT, None
    for i in range(low + 1, high):
        before_cut = exposures[i] - since
        off = events[i] - base - rate * before_cut
        # One event more or less is always possible: + 1.
        gain = off * off / (factor * before_cut * (exposure - before_cut) + spread)
        if gain > best:
            best, where = gain, i
    if where is None:
        return None
    before_cut = exposures[where] - since
    if before_cut <= 0 or exposure - before_cut <= 0:
        return where
    before, then = (
        (events[where] - base) / before_cut,
        (events[high] - events[where]) / (exposure - before_cut),
    )
    return where if max(before, then) > ALIKE * min(before, then) else None
