"""Rule 15: nothing waits yet, but the workers are nearly full."""

from __future__ import annotations

from ..humanize import duration
from .facts import Facts
from .history import window
from .stats import SIGMAS
from .trend import HORIZON, wander
from .verdict import Finding, Verdict

#: From here on the wait explodes: ρ/(1 - ρ) service times are 9 at 0.9 and 19 at 0.95
#: (Kingman 1961).
FULL = 0.9
#: Watched that long (s): a passing surge of minutes is no creep.
LONG = 1800


def creep(facts: Facts) -> Finding | None:
    """CREEP with its date from the trend of past hours, or without one from the last half hour."""
    if facts.onset is not None or not facts.based:
        return None
    trend = facts.trend
    if trend is not None and trend.full_at(facts.now) - facts.now <= HORIZON:
        left = trend.full_at(facts.now) - facts.now
        return Finding(Verdict.CREEP, 0.9, (
            f"the workers are busy {trend.level:.0%} of the time at the busiest hour, "
            f"{trend.per_hour:.1%} more each hour over {duration(trend.hours * 3600)}: "
            f"at that pace full in {duration(left)}",),
            since=facts.now - trend.hours * 3600)
    return _nearly_full(facts)


def _nearly_full(facts: Facts) -> Finding | None:
    usual, history = facts.usual, facts.history
    seen = window(history, facts.last + 1 - int(LONG / history.step), facts.last + 1)
    if (usual is None or usual.load is None or seen.busy is None or not facts.workers
            or seen.seconds < LONG / 2):
        return None
    load = seen.busy / seen.seconds / facts.workers
    if load < FULL or usual.load >= FULL or facts.past is None:
        return None
    # The mean of n messages' times scatters by c/√n, and so do n arrivals by their own;
    # and a load that wanders from one day to the next is used to it.
    chance = (usual.dispersion + usual.variation ** 2) / max(1.0, seen.processed)
    if load - usual.load < SIGMAS * load * (chance + wander(facts.past, facts.now) ** 2) ** 0.5:
        return None
    return Finding(Verdict.CREEP, 0.85, (
        f"the workers are busy {load:.0%} of the time, usual is {usual.load:.0%}: "
        "a little more and messages wait",), since=history.time(max(0, seen.start)))
