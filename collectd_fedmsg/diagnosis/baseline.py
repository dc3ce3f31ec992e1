"""Which past hours tell what is usual now, robust to past incidents; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, TypeVar

from .history import History
from .hours import DAY, HOUR, WEEK, Hour, weekend, whole_hours
from .usual import Usual, usual_of

T = TypeVar("T")
#: Same hours of the past kept: a median of 6 stands two weeks of incidents.
KEEP = 6
#: A median needs three values to outvote a bad one.
ENOUGH = 3


@dataclass(frozen=True)
class Baseline:
    """Past hours of one consumer, the oldest first."""

    #: Oldest first.
    hours: Sequence[Hour] = ()
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
        return Baseline(tuple(reversed(kept)))

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
            if len(memory) > WEEK // HOUR:
                # A backtest goes through many. Replaced, not emptied: readers may be threads.
                memory = {}
                object.__setattr__(self, "_found", memory)
            memory[asked] = find(asked[1] * HOUR)
        made: T = memory[asked]
        return made

    def _search(self, now: float) -> Usual | None:
        past = [h for h in self.hours if h.start + HOUR <= now]
        if not past:
            return None
        hour, free = int(now % DAY // HOUR), weekend(now)
        same_day = [h for h in past if int(h.start % DAY // HOUR) == hour]
        kind = [h for h in same_day if weekend(h.start) == free]
        week = [h for h in kind if int(h.start % WEEK // DAY) == int(now % WEEK // DAY)]
        chosen = next((c for c in (week, kind, same_day) if len(c) >= ENOUGH), past)
        return usual_of(chosen, past)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return {"hours": [asdict(h) for h in self.hours]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Baseline:
        """Return the baseline that ``to_dict`` wrote.

        Raises:
            KeyError, TypeError: it is not one.
        """
        return cls(tuple(Hour(**h) for h in stored["hours"]))
