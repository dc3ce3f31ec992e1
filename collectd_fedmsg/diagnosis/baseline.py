"""Choose the past hours that show what is usual now, robust to past incidents; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable, TypeVar

from .history import History
from .hours import HOUR, SATURDAY, WEEK, WEEK_HOURS, Hour, HourOfWeek, utc_hour_of_week, whole_hours
from .seldom import bursts, days_of, longest_pause, undisturbed
from .tail import Tail, tail_of
from .usual import Coped, Usual
from .usual_hours import DAYS, usual_of

T = TypeVar("T")
#: Past values kept for each hour of the week: a median of six tolerates two weeks of incidents.
KEEP = 6
#: A median needs three values to outvote a bad one.
MIN_HOURS = 3


@dataclass(frozen=True)
class Baseline:
    """Past hours of one consumer, the oldest first."""

    #: Oldest first.
    hours: Sequence[Hour] = ()
    #: The hour of the week of a moment: by the clock that the daemon's work follows.
    hour_of_week: HourOfWeek = utc_hour_of_week
    #: The usual of the last day's calm points; used until days are known.
    calm: Usual | None = None
    #: With what the daemon kept up in the last known hours, at any hour of the week.
    lately: Coped | None = None
    #: Results by the hour they were asked for: past hours do not change within an hour.
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
        return Baseline(tuple(reversed(kept)), self.hour_of_week, self.calm, self.lately)

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
                # A backtest asks for many hours. Replaced, not emptied: another thread may read it.
                memory = {}
                object.__setattr__(self, "_found", memory)
            memory[asked] = find(asked[1] * HOUR)
        made: T = memory[asked]
        return made

    def _past(self, now: float) -> Sequence[Hour]:
        stop = len(self.hours)
        while stop and self.hours[stop - 1].start + HOUR > now:
            stop -= 1
        return undisturbed(self.hours[:stop])

    def _search(self, now: float) -> Usual | None:
        past, at = self._past(now), self.hour_of_week(now)
        if not past:
            return self.calm
        hour_of_week, hour_of_day = self.hour_of_week, at % 24
        slots = [(slot, h) for h in past if (slot := hour_of_week(h.start)) % 24 == hour_of_day]
        same_day = [h for _, h in slots]
        kind = [h for slot, h in slots if (slot >= SATURDAY) == (at >= SATURDAY)]
        week = [h for slot, h in slots if slot == at]
        chosen = next((c for c in (week, kind, same_day) if len(c) >= MIN_HOURS), past)
        usual = usual_of(chosen, past)
        if self.calm is None or days_of(past) >= DAYS:
            return usual
        # The hours of one day may all be of one trouble and its drain.
        return replace(self.calm, failed=usual.failed, topics=usual.topics, costs=usual.costs)

    # Computed only where messages wait, because it is slow.

    def peak(self, now: float) -> float:
        """Return the messages that bursts leave waiting on one day in fourteen, at any hour."""
        return self.once(
            "peak",
            now,
            lambda hour: bursts([(self.hour_of_week(h.start), h) for h in self._past(hour)]),
        )

    def tail(self, now: float) -> Tail | None:
        """Return how long the longest messages take, None where that is not known."""
        return self.once("tail", now, lambda hour: tail_of(self._past(hour)))

    def longest_pause(self, now: float, usual: Usual) -> float:
        """Return the longest usual time (s) with work waiting and nothing ended."""
        return self.once("pause", now, lambda hour: longest_pause(self._past(hour), usual))
