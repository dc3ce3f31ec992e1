"""Compute the facts of one evaluation; judges nothing.

The last hour is cut where arrivals, time per message or the number of workers changed. What
acts now is the part since the newest of these turns; the parts before it are history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .baseline import Baseline
from .calm import calm_places, falling_places, own_usual, since_oldest
from .facts import LEFT, Facts
from .history import PERSIST, REFERENCE, History, last_whole, latest, waiting, window
from .hours import HOUR
from .hung_workers import hung_workers
from .scatter import by_points, by_tail
from .season import wandering
from .segments import Counts, scale, segments
from .trend import trend
from .usual import backlog_limit

#: Multiple of the limit from which one sample is enough: a late poll does not add as much.
PLAIN = 10.0
#: Seconds looked at where nothing waits: long enough for rates, short enough for now.
LOOK = 600


def gather(history: History, now: float, baseline: Baseline | None) -> Facts:
    """Return the facts at ``now`` (epoch seconds)."""
    last = last_whole(history)
    usual = baseline.usual(now) if baseline else None
    based = usual is not None
    workers = latest(history.workers, last)
    calm: list[int] = []
    backlog = waiting(history, last)
    if usual is None or backlog > backlog_limit(usual, workers)[1]:
        # Computed only here: it costs as much as the rest, and few daemons have a backlog.
        calm = calm_places(history, since_oldest(history, last))
        if usual is None:
            few = falling_places(history, last + 1) if len(calm) < REFERENCE else ()
            places = sorted({*calm, *few})
            usual, calm = own_usual(history, calm, places), places
        else:
            single = by_points(history, calm)
            if single is None and baseline is not None:
                single = by_tail(baseline.tail(now), usual.service, usual.received * HOUR)
            usual = usual.scattering(single)
    limit, low = backlog_limit(usual, workers)
    if based and usual is not None and baseline is not None and backlog > limit * LEFT:
        usual = replace(usual, peak=baseline.peak(now))
        limit, low = backlog_limit(usual, workers)
    onset = _onset(history, last, limit, low)
    if onset is not None and usual is not None and based and baseline is not None:
        limit, low = backlog_limit(usual, workers, wandering(baseline, usual, now))
        onset = _onset(history, last, limit, low)
    span = window(history, last + 1 - max(REFERENCE, int(LOOK / history.step)), last + 1)
    facts = Facts(
        history,
        now,
        usual,
        based,
        last,
        now - history.time(last) + history.clock_ahead if last >= 0 else float("inf"),
        backlog,
        limit,
        onset,
        span,
        0.0,
        0.0,
        workers,
        hung_workers(history, last, span, usual, lambda: baseline.tail(now) if baseline else None),
        calm,
        trend=trend(baseline, now) if baseline and onset is None else None,
        past=baseline,
    )
    if onset is not None or _strained(facts, low):
        facts = cut(facts)
    return _moving(facts)


def _strained(facts: Facts, low: float) -> bool:
    """Return whether more waits than usual while all workers are busy."""
    if facts.last < PERSIST or facts.backlog <= low or not facts.workers or not facts.timed:
        return False
    recent = window(facts.history, facts.last + 1 - PERSIST, facts.last + 1)
    return (recent.busy or 0.0) >= 0.9 * facts.workers * recent.seconds > 0


def cut(facts: Facts) -> Facts:
    """Return the facts with the parts of the last hour, and ``span`` being the newest of them."""
    history, usual, stop = facts.history, facts.usual, facts.last + 1
    step = history.step
    places = [
        i
        for i in range(stop)
        if history.received[i] is not None and history.processed[i] is not None
    ]
    came = Counts(
        places, [(history.received[i] or 0.0) * step for i in places], [step] * len(places)
    )
    done = _work(facts, places)
    clumped, mixed = (usual.dispersion, usual.variation**2) if usual else (1.0, 1.0)
    arrivals = segments(came, scale(came, clumped))
    work = segments(done, scale(done, mixed))
    turns = [part[-1].start for part in (arrivals, work) if part]
    turns.append(_workers_changed(history, stop))
    if facts.onset is not None:
        turns.append(facts.onset)
    start = min(max(turns), stop - 1)
    return replace(facts, arrivals=arrivals, work=work, span=window(history, start, stop))


def _work(facts: Facts, places: Sequence[int]) -> Counts:
    history, step = facts.history, facts.history.step
    if facts.timed:
        busy = history.busy or ()
        places = [i for i in places if busy[i] is not None]
        return Counts(
            places,
            [(history.processed[i] or 0.0) * step for i in places],
            [(busy[i] or 0.0) * step for i in places],
        )
    # Without working time: what ends while work waits is what the workers can do.
    threads = facts.workers or 1.0
    places = [
        i
        for i in places
        if i and (history.backlog[i] or 0.0) > threads and (history.backlog[i - 1] or 0.0) > threads
    ]
    return Counts(
        places, [(history.processed[i] or 0.0) * step for i in places], [step] * len(places)
    )


def _workers_changed(history: History, stop: int) -> int:
    """Return where the number of workers became what it is; 0 when it has not changed."""
    column = history.workers
    if column is None or stop < 1:
        return 0
    now = latest(column, stop - 1)
    for i in range(stop - 1, -1, -1):
        if column[i] is not None and now is not None and abs((column[i] or 0.0) - now) > 0.5:
            return i + 1
    return 0


def _moving(facts: Facts) -> Facts:
    """Return the facts with the backlog's direction over ``span``.

    The net of two Poisson flows has the variance of their sum (messages²); batches
    and a mix of long and short messages scatter more, by what is usual.
    """
    recent, usual = facts.span, facts.usual
    mixed, clumped = (usual.variation**2, usual.dispersion) if usual else (1.0, 1.0)
    error = (recent.received * clumped + recent.processed * mixed + 1) ** 0.5
    seconds = recent.seconds or 1.0
    return replace(
        facts, drift=(recent.received - recent.processed) / seconds, drift_error=error / seconds
    )


def _onset(history: History, last: int, limit: float, low: float) -> int | None:
    """Return where the backlog left ``low``, None unless it has been above ``limit`` since.

    Two points must be above it, or one far above.
    """
    left = max(low, limit * LEFT)
    newest = latest(history.backlog, last)
    if newest is None or newest <= left:
        return None
    first, above = last, 0
    for i in range(last, -1, -1):
        level = history.backlog[i]
        if level is None:
            continue
        if level <= (left if not above else low):
            break
        above += 2 if level > PLAIN * limit else level > limit
        first = i
    else:
        first = 0
    return first if above >= 2 else None
