"""Choose the past hours that show what is usual now, robust to past incidents; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, TypeVar

from .history import History
from .hours import HOUR, SATURDAY, WEEK, WEEK_HOURS, Hour, HourOfWeek, utc_hour_of_week, whole_hours
from .stats import median
from .usual import FAILING, Usual, by_days, days_of, usual_of

T = TypeVar("T")
#: Same hours of the past kept: a median of 6 stands two weeks of incidents.
KEEP = 6
#: A median needs three values to outvote a bad one.
MIN_HOURS = 3
#: An hour whose messages took three times as long as at most hours was an incident.
SLOWER = 3.0
#: Hours known before one of them is called an incident: a day has its slow hours.
DAY_HOURS = 24


@dataclass(frozen=True)
class Baseline:
    """Past hours of one consumer, the oldest first."""

    #: Oldest first.
    hours: Sequence[Hour] = ()
    #: The hour of the week of a moment: by the clock that the daemon's work follows.
    hour_of_week: HourOfWeek = utc_hour_of_week
    #: What was found for an hour of asking: whole hours change nothing in between.
    _found: dict[tuple[str, int], Any] = field(default_factory=dict, compare=False, repr=False)

    def add(self, history: History) -> Baseline:
        """Return the baseline with the whole hours of ``history`` added, the oldest dropped."""
        known_starts = {hour.start for hour in self.hours}
        fresh = [h for h in whole_hours(history) if h.start not in known_starts]
        per_slot: dict[int, int] = {}
        kept = []
        for hour in sorted([*self.hours, *fresh], key=lambda h: -h.start):
            slot = int(hour.start % WEEK // HOUR)
            per_slot[slot] = per_slot.get(slot, 0) + 1
            if per_slot[slot] <= KEEP:
                kept.append(hour)
        return Baseline(tuple(reversed(kept)), self.hour_of_week)

    def usual(self, now: float) -> Usual | None:
        """Return what is usual at ``now`` (epoch seconds), None without past hours.

        Same hour of the week when three of them are known, else same hour of the day
        on the same kind of day, else of any day, else any hour.
        """
        return self.once("usual", now, self._search)

    def once(self, name: str, now: float, find: Callable[[float], T]) -> T:
        """Return ``find(start of the hour)``, found once an hour; ``name`` tells finders apart."""
        asked = (name, int(now // HOUR))
        memory = self._found
        if asked not in memory:
            if len(memory) > WEEK_HOURS:
                # A backtest goes through many. Replaced, not emptied: readers may be threads.
                memory = {}
                object.__setattr__(self, "_found", memory)
            memory[asked] = find(asked[1] * HOUR)
        made: T = memory[asked]
        return made

    def _search(self, now: float) -> Usual | None:
        past = _undisturbed([h for h in self.hours if h.start + HOUR <= now])
        if not past:
            return None
        at = self.hour_of_week(now)
        slots = [(self.hour_of_week(h.start), h) for h in past]
        same_day = [(slot, h) for slot, h in slots if slot % 24 == at % 24]
        kind = [(slot, h) for slot, h in same_day if (slot >= SATURDAY) == (at >= SATURDAY)]
        week = [(slot, h) for slot, h in kind if slot == at]
        chosen = next((c for c in (week, kind, same_day) if len(c) >= MIN_HOURS), slots)
        return usual_of([h for _, h in chosen], past)

    def peak(self, now: float) -> float:
        """Return the messages that bursts leave waiting on one day in fourteen, at any hour.

        Asked only where much waits: most daemons have no bursts to tell from incidents.
        """
        return self.once("peak", now, self._peak)

    def _peak(self, now: float) -> float:
        past = _undisturbed([h for h in self.hours if h.start + HOUR <= now])
        slots = [(self.hour_of_week(h.start), h) for h in past]
        return by_days(_peaks(slots), days_of(past)) if slots else 0.0


def _undisturbed(past: Sequence[Hour]) -> Sequence[Hour]:
    """Return the hours without a hang, failures of most messages or slowness."""
    services = [h.service for h in past if h.service is not None]
    most = SLOWER * median(services) if len(services) >= DAY_HOURS else float("inf")
    kept = [
        h
        for h in past
        if h.gap < HOUR / 2 and (h.failed or 0.0) <= FAILING and (h.service or 0.0) <= most
    ]
    return kept if len(kept) >= min(len(past), DAY_HOURS) / 2 else past


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
