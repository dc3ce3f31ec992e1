"""What is usual at this hour of the week, robust to past incidents; judges nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, TypeVar

from .ages import longest_held
from .history import Column, History
from .stats import known, mean, median, quantile, spread

HOUR, DAY, WEEK = 3600, 86400, 604800
T = TypeVar("T")
#: Same hours of the past kept: a median of 6 stands two weeks of incidents.
KEEP = 6
#: A median needs three values to outvote a bad one.
ENOUGH = 3


@dataclass(frozen=True)
class Hour:
    """One past hour: rates in messages/s, service in s, backlog in messages."""

    start: float
    received: float
    processed: float
    backlog: float
    service: float | None = None
    failed: float | None = None
    workers: float | None = None
    #: Longest time with work waiting and nothing ended, s.
    gap: float = 0.0
    delay: float | None = None
    #: Longest time that one message stayed the oldest, s.
    held: float | None = None
    #: Watched for that long, s.
    seconds: float = HOUR
    #: Variance over mean of the counts per step; 1 for Poisson arrivals.
    dispersion: float = 1.0
    topics: Mapping[str, float] = field(default_factory=dict)
    #: Worker-seconds per message, by topic.
    costs: Mapping[str, float] = field(default_factory=dict)

    @property
    def load(self) -> float | None:
        """Utilisation, 0 to 1; None without working time."""
        if self.service is None:
            return None
        return self.processed * self.service / (self.workers or 1.0)


@dataclass(frozen=True)
class Usual:
    """What is usual at one moment; units as in ``Hour``. ``received_spread`` in messages/s."""

    received: float
    received_spread: float
    backlog: float
    service: float | None
    service_spread: float
    failed: float | None
    workers: float | None
    gap: float
    delay: float | None
    held: float
    dispersion: float
    topics: Mapping[str, float]
    costs: Mapping[str, float]
    hours: int
    #: Watched for that long, s: what is usual is itself known from so many messages only.
    seconds: float
    #: Greatest usual completion rate at any hour, messages/s.
    capacity: float

    @property
    def load(self) -> float | None:
        """Usual utilisation, 0 to 1; None without working time."""
        if self.service is None:
            return None
        return self.received * self.service / (self.workers or 1.0)

    @property
    def variation(self) -> float:
        """Coefficient of variation of the time per message; at least an exponential's 1."""
        if not self.service:
            return 1.0
        # The hours' means scatter by σ/√n: so they tell how mixed the messages are. What a
        # history says of itself comes in blocks shorter than an hour, of fewer messages.
        each = self.received * self.seconds / max(1, self.hours)
        found = self.service_spread / self.service * math.sqrt(max(1.0, each))
        total = sum(self.topics.get(t, 0.0) for t in self.costs)
        if total:
            parts = [(self.topics.get(t, 0.0) / total, cost) for t, cost in self.costs.items()]
            mean = sum(share * cost for share, cost in parts)
            square = sum(share * cost * cost for share, cost in parts)
            # A mixture of exponentials: E[S²] = 2·Σ share·cost².
            found = max(found, math.sqrt(max(0.0, 2 * square / mean ** 2 - 1)) if mean else 0.0)
        return max(1.0, found)

    @property
    def lasting(self) -> float | None:
        """Mean seconds of the kind of message that takes longest; None without working time.

        Of the dearest topic, or where none are known what the variation tells: of the mean
        message in progress, (1 + c²)/2 of the mean message (inspection paradox, halved for
        what is left of it).
        """
        if self.service is None:
            return None
        return max(self.service * (1 + self.variation ** 2) / 2, *self.costs.values(), 0.0)


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
        fresh = [h for h in _hours(history) if h.start not in known_starts]
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
        return _usual(chosen, past)

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


def weekend(time: float) -> bool:
    """Return whether it is Saturday or Sunday, UTC."""
    # The epoch was a Thursday: days 2 and 3 of its week are Saturday and Sunday.
    return int(time % WEEK // DAY) in (2, 3)


def _middle(values: Iterable[float | None]) -> float | None:
    found = [v for v in values if v is not None]
    return median(found) if found else None


def _rare(values: Iterable[float]) -> float:
    # One hour in 20 may be an incident's; one a day (a batch) stays out at 1 in 24.
    found = list(values)
    return quantile(found, 0.95) if found else 0.0


def _usual(chosen: list[Hour], past: list[Hour]) -> Usual:
    rates = [h.received for h in chosen]
    services = [h.service for h in chosen if h.service is not None]
    names = {t for h in chosen for t in h.topics}
    return Usual(
        received=median(rates), received_spread=spread(rates),
        # Every hour counts for the tail: a nightly batch is usual at its own hour, and
        # the chosen hours hold it; 75 % forgives one bad hour of four.
        backlog=quantile((h.backlog for h in chosen), 0.5),
        service=_middle(services), service_spread=spread(services) if services else 0.0,
        failed=_middle(h.failed for h in chosen), workers=_middle(h.workers for h in chosen),
        gap=max(median(h.gap for h in chosen), _rare(h.gap for h in past)),
        delay=_middle(h.delay for h in chosen),
        held=_rare(h.held for h in past if h.held is not None),
        dispersion=max(1.0, median(h.dispersion for h in chosen)),
        topics={t: median(h.topics.get(t, 0.0) for h in chosen) for t in names},
        costs={t: median(known([h.costs.get(t) for h in chosen]))
               for t in {t for h in chosen for t in h.costs}},
        hours=len(chosen), seconds=sum(h.seconds for h in chosen),
        capacity=quantile((h.processed for h in past), 0.75))


def _hours(history: History) -> Iterable[Hour]:
    per_hour = max(1, int(HOUR // history.step))
    first = int(-(-(history.time(0) - history.step) // HOUR)) * HOUR
    index = max(0, round((first - history.time(0)) / history.step) + 1)
    while index + per_hour <= len(history):
        made = hour_of(history, index, index + per_hour)
        if made is not None:
            yield made
        index += per_hour


def _part(column: Column | None, start: int, stop: int) -> list[float]:
    return [] if column is None else known(column[start:stop])


def hour_of(history: History, start: int, stop: int) -> Hour | None:
    """Return the points ``start`` to ``stop - 1`` as one past hour, None when half is unknown."""
    received, processed = (_part(c, start, stop) for c in (history.received, history.processed))
    backlog = _part(history.backlog, start, stop)
    if history.blind:
        backlog = [0.0]  # seen by nobody, compared with nothing
    elif len(backlog) * 2 < stop - start:
        return None
    if min(len(received), len(processed)) * 2 < stop - start:
        return None  # less than half known: no witness of what is usual
    done = sum(processed)
    busy = _part(history.busy, start, stop)
    failed = _part(history.failed, start, stop)
    rate = sum(received) / len(received)
    variance = sum((x - rate) ** 2 for x in received) / len(received)
    # A point that averages a step of s seconds has the variance rate/s when Poisson.
    dispersion = variance * history.step / rate if rate > 0 else 1.0
    return Hour(
        start=round((history.time(start) - history.step) / HOUR) * HOUR,
        seconds=len(received) * history.step, received=rate, processed=done / len(processed),
        backlog=quantile(backlog, 0.99),
        service=sum(busy) / len(busy) / (done / len(processed)) if busy and done else None,
        failed=sum(failed) / done if failed and done else None,
        workers=mean(_part(history.workers, start, stop)),
        gap=pause(history, start, stop), delay=mean(_part(history.delay, start, stop)),
        dispersion=dispersion,
        held=longest_held(history.oldest, start, stop, history.step),
        topics={t: mean(_part(c, start, stop)) or 0.0 for t, c in history.topics.items()},
        costs=topic_costs(history, start, stop))


def topic_costs(history: History, start: int, stop: int) -> dict[str, float]:
    """Return worker-seconds per message by topic, where both series are known.

    Per message handled; per message received where a store does not have the former, which is
    too little while a backlog grows.
    """
    found = {}
    for topic, column in history.topic_busy.items():
        counted = history.topic_processed.get(topic, history.topics.get(topic))
        messages = mean(_part(counted, start, stop))
        used = mean(_part(column, start, stop))
        if messages and used is not None:
            found[topic] = used / messages
    return found


def pause(history: History, start: int, stop: int) -> float:
    """Return the longest time (s) in which work waited and nothing ended."""
    longest = run = 0
    for done, waits in zip(history.processed[start:stop], history.backlog[start:stop]):
        run = run + 1 if done == 0 and waits else 0
        longest = max(longest, run)
    return longest * history.step
