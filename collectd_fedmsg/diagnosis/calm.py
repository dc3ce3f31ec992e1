"""The usual rates from a daemon's own calm minutes; learns nothing from trouble.

Where there is no baseline they stand in for it; where there is one they say how single messages
scatter and with how many arrivals the daemon coped.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from .history import REFERENCE, Column, History, known_at
from .hours import pause
from .scatter import by_points
from .segments import Counts, scale, segments
from .stats import known as known_values
from .stats import median, quantile
from .usual import Coped, Usual

#: Messages beyond those in the workers' hands: a short queue is no trouble.
SHORT = 3.0
#: Workers busier than that are catching up, or cannot follow.
BUSY = 0.95
#: Standard deviations of Poisson flows by which a backlog falls beyond chance.
FALLS = 3.0
#: Calm points of an earlier time that are enough: five minutes at the default interval, longer
#: than a burst of mail or a garbage collection.
MIN_CALM = 30
#: Seconds of one block of arrivals, and seconds for which a rate must have lasted.
BLOCK_SECONDS, WHILE_SECONDS = 300, 600
#: Blocks that calm points are cut into.
BLOCKS = 12
#: Messages of a topic that show its mean time: the first one after a start, which opens files and
#: connections, would mix the times so much that a backlog of hundreds is chance.
MIN_TOPIC_MESSAGES = 3.0
#: Calm messages that give a usual time: the mean of 25 is off by a fifth.
MIN_ENDED = 25.0
#: Fewer known points than two hide even the counts' own scatter.
LEAST = 2


def since_oldest(history: History, last: int) -> int:
    """Return the index at which the oldest message arrived; later points show nothing usual.

    Otherwise a hung worker's time would become usual, and the hang would be forgotten. Of a hidden
    backlog the newest message's delay is used: the trouble began then or earlier.
    """
    ages = history.delay if history.backlog_hidden else history.oldest
    age = ages[last] if ages and last >= 0 else None
    if not age or age <= history.step:
        return last + 1
    return last + 1 - ceil(age / history.step)


def calm_places(history: History, stop: int, *, long_messages: bool = False) -> list[int]:
    """Return the points before ``stop`` in which nothing but a short queue waited.

    A short queue is measured from the smallest backlog seen: with many workers it is never empty.
    Points in which a backlog was worked off, or all workers were busy, are not calm.

    Args:
        history, stop: the series, and the index to stop at.
        long_messages: include points that one message filled; the first of a surge may be included.
    """
    hidden = history.backlog_hidden
    known = [i for i in range(max(0, stop)) if known_at(history, i, hidden)]
    if hidden or not known:
        return known
    backlog = history.backlog
    workers, busy = history.workers, history.busy
    least = min(backlog[i] or 0.0 for i in known)
    if least > SHORT + max(known_values(workers), default=1.0):
        return []  # never empty: a trouble, or its drain
    working: Sequence[float | None] = (_lasting(busy) if long_messages else busy) if busy else ()
    places = []
    for i in known:
        threads = (workers[i] if workers else None) or 1.0
        if (backlog[i] or 0.0) > 2 * least + threads + SHORT:
            continue
        worked = working[i] if working else None
        if worked is not None and worked >= BUSY * threads:
            continue
        if history.received[i] or history.processed[i] or not backlog[i]:
            places.append(i)
    return places


def _lasting(busy: Column) -> list[float]:
    """Return the busy workers around each point: one message may fill a step and more."""
    sums, counts = [0.0], [0]
    for worked in busy:
        sums.append(sums[-1] + (worked or 0.0))
        counts.append(counts[-1] + (worked is not None))
    size, half = len(busy), REFERENCE // 2
    around = [(max(0, i - half), min(size, i + half)) for i in range(size)]
    return [(sums[b] - sums[a]) / max(1, counts[b] - counts[a]) for a, b in around]


def falling_places(history: History, stop: int) -> list[int]:
    """Return the points before ``stop`` in which more ended than arrived, beyond chance.

    Where few points are calm, they show arrivals and service time after a trouble.
    """
    places = []
    for i in range(1, max(0, stop)):
        came, ended = history.received[i], history.processed[i]
        if came is None or ended is None:
            continue
        if (ended - came) * history.step > FALLS * ((ended + came) * history.step) ** 0.5:
            places.append(i)
    return places


def calm_usual(history: History) -> Usual | None:
    """Return what calm points of a history show, None where they are few."""
    calm = calm_places(history, len(history), long_messages=True)
    return own_usual(history, calm, calm) if len(calm) >= MIN_CALM else None


def own_usual(history: History, calm: Sequence[int], places: Sequence[int]) -> Usual | None:
    """Return what was usual at the ``places``, None from fewer than two.

    Args:
        calm: the calm ones of them; backlog and scatter are learnt from these only.
    """
    if len(places) < LEAST:
        return None
    step, count = history.step, len(places)
    received = [history.received[i] or 0.0 for i in places]
    rate, clumped = _arrivals(received, step)
    workers = [x for i in places if history.workers and (x := history.workers[i]) is not None]
    delays = [x for i in places if history.delay and (x := history.delay[i]) is not None]
    levels = [history.backlog[i] or 0.0 for i in calm]
    ended = [x for x in history.processed[places[0] : places[-1] + 1] if x is not None]
    return Usual(
        received=rate,
        received_spread=(clumped * rate / step) ** 0.5,
        backlog=quantile(levels, 0.5) if levels else 0.0,
        service=_service(history, calm, MIN_ENDED) or _service(history, places),
        service_spread=0.0,
        scatter=by_points(history, calm) or 0.0,
        failed=None,  # failures of minutes may be the trouble
        workers=median(workers) if workers else None,
        delay=median(delays) if delays else None,
        dispersion=clumped,
        topics={t: _mean(c, places) for t, c in history.topics.items()},
        costs=_costs(history, places),
        hours=0,
        seconds=count * step,
        # While work waits, what ends is what the workers can do.
        capacity=quantile(ended, 0.75),
    )


def _service(history: History, places: Sequence[int], least: float = 0.0) -> float | None:
    """Return the worker-seconds per message that held for most of the time.

    None from fewer messages than ``least``.

    By the time that a stretch lasted, not by its messages: a surge that was coped with in batches
    has most of the messages, and no usual time per message.
    """
    if not history.busy:
        return None
    places = [i for i in places if history.busy[i] is not None]
    step = history.step
    ended = [(history.processed[i] or 0.0) * step for i in places]
    if sum(ended) < least:
        return None
    used = [(history.busy[i] or 0.0) * step for i in places]
    done = Counts(places, ended, used)
    lasting = [
        (part.exposure / part.count, sum(part.start <= i < part.stop for i in places))
        for part in segments(done, scale(done, 1.0))
        if part.count
    ]
    half = sum(points for _, points in lasting) / 2
    for service, points in sorted(lasting):
        half -= points
        if half <= 0:
            return service or None
    return None


def coped_with(history: History) -> Coped | None:
    """Return the greatest arrival rate of a while of calm, and the newest time per message."""
    step, size = history.step, max(1, round(BLOCK_SECONDS / history.step))
    blocks: dict[int, list[int]] = {}
    for i in calm_places(history, len(history), long_messages=True):
        blocks.setdefault(i // size, []).append(i)
    whole = {block: places for block, places in blocks.items() if 2 * len(places) >= size}
    seconds = [len(places) * step for places in whole.values()]

    def sums(column: Column) -> list[float]:
        return [sum(column[i] or 0.0 for i in places) * step for places in whole.values()]

    came = Counts(list(whole), sums(history.received), seconds)
    rates = [part for part in segments(came, scale(came, 1.0)) if part.exposure >= WHILE_SECONDS]
    if not rates:
        return None
    greatest = max(rates, key=lambda part: part.rate)
    service = None
    if history.busy:
        done = Counts(list(whole), sums(history.processed), sums(history.busy))
        newest = segments(done, scale(done, 1.0))[-1]
        service = newest.exposure / newest.count if newest.count else None
    return Coped(greatest.rate, greatest.exposure, service)


def _arrivals(received: Sequence[float], step: float) -> tuple[float, float]:
    """Return messages/s and variance over mean of the counts per step, at least 1.

    The median of twelve blocks: a burst that was coped with at once is in one of them.
    """
    size = max(REFERENCE // 2, -(-len(received) // BLOCKS))
    rates, clumps = [], [1.0]
    for first in range(0, len(received), size):
        block = received[first : first + size]
        rate = sum(block) / len(block)
        rates.append(rate)
        if rate and len(block) >= REFERENCE // 2:
            clumps.append(sum((x - rate) ** 2 for x in block) / len(block) * step / rate)
    return median(rates), max(1.0, median(clumps))


def longest_pause(history: History, calm: Sequence[int]) -> float:
    """Return the longest time (s) in which work waited and nothing ended in calm points.

    0 where they are interrupted.
    """
    if not calm or len(calm) != calm[-1] + 1 - calm[0]:
        return 0.0
    return pause(history, calm[0], calm[-1] + 1)


def _mean(column: Sequence[float | None], places: Sequence[int]) -> float:
    known = [x for i in places if (x := column[i]) is not None]
    return sum(known) / len(known) if known else 0.0


def _costs(history: History, places: Sequence[int]) -> dict[str, float]:
    costs = {}
    for topic, column in history.topic_busy.items():
        counted = history.topic_processed.get(topic, history.topics.get(topic, ()))
        ended = [x for i in places if counted and (x := counted[i]) is not None]
        if sum(ended) * history.step >= MIN_TOPIC_MESSAGES:
            costs[topic] = _mean(column, places) * len(ended) / sum(ended)
    return costs
