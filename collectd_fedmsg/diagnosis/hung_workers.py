"""Workers that never finish a message, from ages that grow by a second a second; judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from .history import PERSIST, History, Window, window
from .hours import jitter, ticking
from .stats import SURE, known, quantile
from .tail import SELDOM, Tail
from .usual import Usual

#: Mean times a message must last where the longest usual one is not known: of heavy-tailed work
#: one message in some thousands takes 50 mean times.
UNKNOWN = 60.0
#: Times the median that a mean is at most: of lognormal times with σ = 1.6 it is 3.6.
MEAN_OF_HALF = 4.0
#: Messages whose mean shows that all took longer: of three it is twice the usual by chance.
FEW = 7.0
#: Share of what arrives that must end: where all are slower together, less does, or as much and
#: each has taken its longer time.
FOLLOWS = 0.8


def in_hand(history: History, last: int) -> int:
    """Return the index since which the oldest message has surely been in a worker's hands.

    Messages that came at once (a batch, a replay) tick while they wait; whatever waited when
    the ticking began has been taken once as many have ended. It began with what was there before
    this message came, or may have come just before it, where an age then was within the jitter.
    """
    first = ticking(history.oldest, last, history.step)
    age = (history.oldest[last] or 0.0) if history.oldest else 0.0
    if first < last and age - (last - first) * history.step < jitter(history.step):
        first += 1
    ahead = history.backlog[first]
    if ahead is None:
        return last
    for i in range(first + 1, last + 1):
        ahead -= (history.processed[i] or 0.0) * history.step
        if ahead <= 0:
            return min(i, _overtaken(history, first, last, age))
    return _overtaken(history, first, last, age)


def _overtaken(history: History, first: int, last: int, age: float) -> int:
    """Return the index at which a message that came after the oldest one had surely ended.

    Queues are first in, first out: the oldest is in a worker's hands then. ``first``: since then
    it is the oldest. Arrivals are taken two points earlier than the backlog, whose mean lags.
    """
    came = 0.0
    begin = max(0, ceil(last + 1 - age / history.step) + 1)
    for i in range(begin + 2, last + 1):
        came += (history.received[i - 2] or 0.0) * history.step
        waits = history.backlog[i]
        if waits is not None and came > waits + 1:
            return max(first, i)
    return last


def hung_workers(
    history: History, last: int, span: Window, usual: Usual | None, tail: Callable[[], Tail | None]
) -> float:
    """Return how many workers hold one message for ever."""
    if history.oldest is None or history.in_progress is None or last < PERSIST:
        return 0.0
    # Nor can the only worker: who then would have ended the others?
    if not history.in_progress[last] or not history.oldest[last] or _workers(history, last) == 1:
        return 0.0
    first = in_hand(history, last)
    seconds = (last - first) * history.step
    since = window(history, first + 1, last + 1)
    # Three points agree. Others must go on, or it is a stall.
    if seconds < (PERSIST - 1) * history.step or since.processed < SURE:
        return 0.0
    held = [x for x in history.in_progress[first : last + 1] if x is not None]
    fewest = min(held) if held else 1.0
    # 14 mean service times: an exponential one lasts that long once in a million. The mean is
    # the present one, with only its own time left out: where all are slower together it is no
    # hang, and a restart would lose messages and help nothing.
    lasting = usual.longest_topic_time if usual else None
    # What began while all were slower may take as long though that is over.
    early = window(history, first + 1, first + 1 + (last - first) // 3)
    typical = max(
        lasting or 0.0,
        _present(history, since, seconds),
        _present(history, early, early.seconds) if early.processed >= FEW else 0.0,
    )
    longest = UNKNOWN * typical
    messages = tail() if seconds >= SURE * typical else None
    if messages:
        # Of messages that began while all were slower, the longest are longer too.
        longest = messages.reached(SELDOM) * (typical / lasting if lasting else 1.0)
    if seconds < max(SURE * typical, longest):
        return 0.0
    service = usual.service if usual else None
    if service and span.busy is not None:
        by_time = (span.busy - span.processed * service) / span.seconds
        return float(max(1, min(fewest, round(by_time))))
    return max(1.0, fewest if history.backlog[last] else 1.0)


def _workers(history: History, last: int) -> float | None:
    return history.workers[last] if history.workers else None


def _present(history: History, since: Window, seconds: float) -> float:
    """Return the present seconds per message, those of hung workers left out as far as known.

    Where messages end as fast as they come, half of those that ended show how long they take;
    the working time also holds that of all who hang. The lower quartile, as a median of few
    messages may be one of those that hang.
    """
    cost = _cost(history, since, seconds)
    halves = known(history.service_p50[since.start : since.stop] if history.service_p50 else None)
    follows = since.processed >= FOLLOWS * since.received and since.processed >= SURE
    if len(halves) < PERSIST or not follows:
        return cost
    return min(cost, MEAN_OF_HALF * quantile(halves, 0.25))


def _cost(history: History, since: Window, seconds: float) -> float:
    """Return the dearest topic's present seconds per message, the suspects' time left out."""
    costs = [(since.busy - seconds) / since.processed] if since.busy else [0.0]
    for topic, column in history.topic_busy.items():
        came = sum(x or 0.0 for x in history.topics.get(topic, ())[since.start : since.stop])
        used = sum(x or 0.0 for x in column[since.start : since.stop])
        if came:
            costs.append((used - seconds / history.step) / came)
    return max(costs)
