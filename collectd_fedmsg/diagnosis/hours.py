"""One past hour of a consumer, from its points; judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from .history import Column, History
from .stats import known, mean, quantile

HOUR, DAY, WEEK = 3600, 86400, 604800


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
    #: Longest time that one message took, s.
    held: float | None = None
    #: Watched for that long, s.
    seconds: float = HOUR
    #: Variance over mean of the counts per step; 1 for Poisson arrivals.
    dispersion: float = 1.0
    topics: Mapping[str, float] = field(default_factory=dict)
    #: Worker-seconds per message, by topic.
    costs: Mapping[str, float] = field(default_factory=dict)
    #: Service time that half and 99 % of the messages do not exceed, s.
    p50: float | None = None
    p99: float | None = None

    @property
    def load(self) -> float | None:
        """Utilisation, 0 to 1; None without working time."""
        if self.service is None:
            return None
        return self.processed * self.service / (self.workers or 1.0)


#: Epoch seconds -> hour of the week by the clock that people and cron live by; 0 is Monday 00:00.
HourOfWeek = Callable[[float], int]
WEEK_HOURS = WEEK // HOUR
#: Six weeks of hours, several times over: the daemons of a fleet share them.
KNOWN_HOURS = 8192


@lru_cache(maxsize=KNOWN_HOURS)
def utc_hour_of_week(time: float) -> int:
    """Return the hour of the week, UTC; ``time`` in epoch seconds."""
    # The epoch was a Thursday: its week began three days before.
    return int((time + 3 * DAY) % WEEK // HOUR)


def hour_of_week(zone: tzinfo | None = None) -> HourOfWeek:
    """Return the hour of the week by the clock of a time zone, summer time included.

    Args:
        zone: None is this host's own.
    """

    # The hours of a fleet's weeks, asked again for each daemon.
    @lru_cache(maxsize=4096)
    @lru_cache(maxsize=KNOWN_HOURS)
    def at(time: float) -> int:
        local = datetime.fromtimestamp(time, zone)
        return local.weekday() * 24 + local.hour

    return at


#: Hour of the week from which it is the weekend.
SATURDAY = 5 * 24


def whole_hours(history: History) -> Iterable[Hour]:
    """Yield the whole hours in the history of which half is known."""
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
    if history.backlog_hidden:
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
        seconds=len(received) * history.step,
        received=rate,
        processed=done / len(processed),
        backlog=quantile(backlog, 0.99),
        service=sum(busy) / len(busy) / (done / len(processed)) if busy and done else None,
        failed=sum(failed) / done if failed and done else None,
        workers=mean(_part(history.workers, start, stop)),
        gap=pause(history, start, stop),
        delay=mean(_part(history.delay, start, stop)),
        dispersion=dispersion,
        held=longest_message(history, start, stop),
        topics={t: mean(_part(c, start, stop)) or 0.0 for t, c in history.topics.items()},
        costs=topic_costs(history, start, stop),
        p50=mean(_part(history.service_p50, start, stop)),
        p99=mean(_part(history.service_p99, start, stop)),
    )


def topic_costs(history: History, start: int, stop: int) -> dict[str, float]:
    """Return worker-seconds per message by topic, where both series are known.

    Per message handled; per message received where a store does not have the former, which is
    too little while a backlog grows.
    """
    costs = {}
    for topic, column in history.topic_busy.items():
        counted = history.topic_processed.get(topic, history.topics.get(topic))
        messages = mean(_part(counted, start, stop))
        used = mean(_part(column, start, stop))
        if messages and used is not None:
            costs[topic] = used / messages
    return costs


def pause(history: History, start: int, stop: int) -> float:
    """Return the longest time (s) in which work waited and nothing ended."""
    longest = run = 0
    for done, waits in zip(history.processed[start:stop], history.backlog[start:stop]):
        run = run + 1 if done == 0 and waits else 0
        longest = max(longest, run)
    return longest * history.step


def jitter(step: float) -> float:
    """Return how far (s) ages may be off a clock and still tick: a tenth of a step."""
    return step / 10


def ticking(ages: Column | None, last: int, step: float) -> int:
    """Return the index since which the oldest message has aged second for second."""
    if ages is None or last < 0 or ages[last] is None:
        return max(0, last)
    newest, first = ages[last] or 0.0, last
    for i in range(last - 1, -1, -1):
        age = ages[i]
        if age is None:
            continue
        if abs(newest - age - (last - i) * step) > jitter(step):
            break
        first = i
    return first


def longest_message(history: History, start: int, stop: int) -> float | None:
    """Return for how long (s) one message was in hand at most; None where nothing tells it."""
    for column in (history.service_max, history.service_p99):
        times = _part(column, start, stop)
        if times:
            return max(times)
    return longest_held(history.oldest, start, stop, history.step)


def longest_held(ages: Column | None, start: int, stop: int, step: float) -> float | None:
    """Return for how long (s) at most one message stayed the oldest; None without ages."""
    if ages is None:
        return None
    longest, i = 0.0, stop - 1
    while i >= start:
        first = max(start, ticking(ages, i, step))
        longest = max(longest, (i - first) * step)
        i = min(first, i) - 1
    return longest
