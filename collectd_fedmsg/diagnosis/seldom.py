"""What a consumer shows seldom, by all of its past hours: pauses, bursts, and troubles left out.

Nothing is learnt from a hang, from failures of most messages or from slowness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .hours import DAY, HOUR, SATURDAY, Hour
from .stats import SURE, median
from .tail import INCIDENTS
from .usual import Usual

#: An hour whose messages took three times as long as at most hours was an incident.
SLOWER = 3.0
#: Hours known before one of them is called an incident: a day has its slow hours.
DAY_HOURS = 24
#: Messages of an hour whose mean is not chance.
MIN_MESSAGES = 20
#: A share of failures beyond this is never usual: most of the work is lost.
FAILING = 0.5
#: Seconds: a longer pause is usual only where single messages take that long.
LONGEST_PAUSE = 300.0


def undisturbed(past: Sequence[Hour]) -> Sequence[Hour]:
    """Return the hours without a hang, failures of most messages or slowness."""
    services = [h.service for h in past if h.service is not None]
    most = SLOWER * median(services) if len(services) >= DAY_HOURS else float("inf")
    kept = [
        h
        for h in past
        if h.gap < HOUR / 2
        and (h.failed or 0.0) <= FAILING
        and ((h.service or 0.0) <= most or h.processed * h.seconds < MIN_MESSAGES)
    ]
    return kept if len(kept) >= min(len(past), DAY_HOURS) / 2 else past


def longest_pause(past: Sequence[Hour], usual: Usual) -> float:
    """Return the longest usual time (s) with work waiting and nothing ended."""
    longest = SURE * (usual.service or 0.0) * (1 + max(1.0, usual.scatter) ** 2) / 2
    pauses = ((hour.gap, hour.start) for hour in past if hour.gap)
    return min(max(LONGEST_PAUSE, longest), by_days(pauses, days_of(past)))


def bursts(slots: Sequence[tuple[int, Hour]]) -> float:
    """Return the messages that bursts leave waiting on one day in ``INCIDENTS``.

    Args:
        slots: (hour of the week, hour).
    """
    return by_days(_peaks(slots), days_of([hour for _, hour in slots])) if slots else 0.0


def _peaks(slots: Sequence[tuple[int, Hour]]) -> Iterator[tuple[float, float]]:
    """Yield (messages, start) of the hours that had more waiting than such hours usually do.

    A batch that comes by the clock is in its own hour's usual level, and excuses no other hour.
    """
    groups: dict[tuple[bool, int], list[float]] = {}
    for slot, hour in slots:
        groups.setdefault((slot >= SATURDAY, slot % 24), []).append(hour.backlog)
    middles = {group: median(levels) for group, levels in groups.items()}
    lowest = median(middles.values())
    for slot, hour in slots:
        if hour.backlog > 2 * lowest and hour.backlog > 2 * middles[slot >= SATURDAY, slot % 24]:
            yield hour.backlog, hour.start


def by_days(levels: Iterable[tuple[float, float]], days: int) -> float:
    """Return the level reached on more than one day in ``INCIDENTS``.

    Args:
        levels: (level, start of hour) of those that are not 0.
        days: known.
    """
    # The best of few days is its only incident as likely as not.
    place = 0 if days <= 1 else max(1, days // INCIDENTS)
    reached: set[float] = set()
    known = list(levels)
    # So many of the highest are of more than ``place`` days.
    most = 24 * (place + 1) + 1
    if len(known) > most:
        least = sorted([level for level, _ in known])[-most]
        known = [(level, start) for level, start in known if level >= least]
    for level, start in sorted(known, reverse=True):
        reached.add(start // DAY)
        if len(reached) > place:
            return level
    return 0.0


def days_of(past: Sequence[Hour]) -> int:
    """Return how many days the hours are of."""
    return len({h.start // DAY for h in past})
