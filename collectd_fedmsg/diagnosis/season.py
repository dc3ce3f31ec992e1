"""The shape of day and week in past hours, and how far hours lie from it; judges nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .baseline import MIN_HOURS, Baseline
from .hours import HOUR, SATURDAY, Hour
from .stats import median
from .usual import Usual

#: Kind of day (weekend or not) and hour of the day.
Slot = tuple[bool, int]
#: Hours since the epoch -> slot.
SlotOf = Callable[[int], Slot]


def slots(baseline: Baseline) -> SlotOf:
    """Return the slot of an hour (since the epoch) by the clock of the daemon's work."""

    def slot(hour: int) -> Slot:
        place = baseline.hour_of_week(hour * HOUR)
        return place >= SATURDAY, place % 24

    return slot


def season(loads: Sequence[tuple[int, float]], slot_of: SlotOf) -> dict[Slot, float]:
    """Return the usual load by kind of day and hour, where three days tell it."""
    loads_by_slot: dict[Slot, list[float]] = {}
    for hour, load in loads:
        loads_by_slot.setdefault(slot_of(hour), []).append(load)
    middles = {
        slot: median(known) for slot, known in loads_by_slot.items() if len(known) >= MIN_HOURS
    }
    return {slot: middle for slot, middle in middles.items() if middle > 0}


def wander(baseline: Baseline, now: float) -> float:
    """Return how far an hour's arrivals usually lie from those of that hour; a share, 1 σ.

    Pooled over all hours, and robust: a single hour of the week has few of its kind. Where the
    usual is not known from three days, infinite: then nothing is unusual.
    """
    return baseline.once("wander", now, lambda hour: _wander(baseline.hours, hour, slots(baseline)))


def wandering(baseline: Baseline, usual: Usual, now: float) -> float:
    """Return how far an hour's arrivals wander beyond what counting explains; a share, 1 σ.

    0 where that is not known from three days: what is not known excuses nothing.
    """
    share = wander(baseline, now)
    if not math.isfinite(share) or not usual.received:
        return 0.0
    counted = usual.dispersion / (usual.received * HOUR)
    return math.sqrt(max(0.0, share * share - counted))


def _wander(hours: Sequence[Hour], now: float, slot_of: SlotOf) -> float:
    rates = [(int(h.start // HOUR), h.received) for h in hours if h.start <= now - HOUR]
    shape = season(rates, slot_of)
    off = [abs(rate / shape[slot] - 1) for hour, rate in rates if (slot := slot_of(hour)) in shape]
    return 1.4826 * median(off) if off else math.inf
