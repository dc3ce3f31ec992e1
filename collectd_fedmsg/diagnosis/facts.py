"""Everything the rules look at, computed once per evaluation; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .baseline import Baseline
from .history import PERSIST, REFERENCE, History, Window, last_whole, latest, waiting, window
from .hung_workers import hung_workers
from .limits import backlog_limit, wandering
from .own_usual import own_usual, since_oldest
from .split import Split, shapley
from .stats import SIGMAS
from .trend import Trend, trend
from .usual import Usual

#: Blocks that the split's fluid queue steps through: enough to see a cause begin or end.
BLOCKS = 12


@dataclass(frozen=True)
class Facts:
    """One evaluation. Rates in messages/s, times in s, backlog in messages."""

    history: History
    now: float
    usual: Usual | None
    #: True when ``usual`` is a real baseline, not the start of this same history.
    based: bool
    #: Index of the last point whose three series are known; -1 when there is none.
    last: int
    #: Seconds from that point to ``now``.
    silence: float
    backlog: float
    #: More than this is no chance.
    limit: float
    #: Where the backlog left its usual level; None when it has not.
    onset: int | None
    #: From the onset (or the last hour's tail) to the last point.
    span: Window
    #: The latest points over which the direction is certain (or the last few).
    recent: Window
    #: Messages/s by which the backlog moves over ``recent``; with its standard error.
    drift: float
    drift_error: float
    workers: float | None
    #: Workers seen hanging, from the oldest message's age.
    hung: float
    #: Worker-seconds per message over ``span``, hung workers left out.
    service: float | None
    split: Split | None
    #: Utilisation's rise over past hours; None when there is none or no baseline.
    trend: Trend | None = None
    #: The past hours themselves, for what is seldom asked; None without a baseline.
    past: Baseline | None = None

    @property
    def capacity(self) -> float | None:
        """Messages/s that the workers can end now; None when it cannot be known."""
        if self.service and self.workers:
            return max(0.0, self.workers - self.hung) / self.service
        return self.recent.completion_rate if self.onset is not None else None

    @property
    def usual_capacity(self) -> float | None:
        """Messages/s that they can usually end: at least what usually arrives."""
        if self.usual is None:
            return None
        workers = self.usual.workers or self.workers
        if self.usual.service and workers:
            return workers / self.usual.service
        return max(self.usual.capacity, self.usual.received)


def gather(history: History, now: float, baseline: Baseline | None) -> Facts:
    """Return the facts at ``now`` (epoch seconds)."""
    last = last_whole(history)
    usual = baseline.usual(now) if baseline else None
    based = usual is not None
    workers = latest(history.workers, last)
    limit, low = backlog_limit(usual, workers)
    onset = _onset(history, last, limit, low)
    if onset is not None and usual is not None and baseline is not None:
        # Asked only now: it costs as much as the rest, and few daemons have a backlog.
        limit, low = backlog_limit(usual, workers, wandering(baseline, usual, now))
        onset = _onset(history, last, limit, low)
    if usual is None:
        before = onset if onset is not None else last - PERSIST + 1
        usual = own_usual(history, min(before, since_oldest(history, last)))
        limit, low = backlog_limit(usual, workers)
        onset = _onset(history, last, limit, low)
    span = window(history, _span_start(history, last, onset), last + 1)
    recent, drift, error = _direction(history, onset, last, usual)
    hung = hung_workers(history, last, span, usual)
    service = None
    if span.busy is not None and span.processed > 0:
        service = max(0.0, span.busy - hung * span.seconds) / span.processed or None
    facts = Facts(history, now, usual, based, last,
                  now - history.time(last) + history.clock_ahead if last >= 0 else float("inf"),
                  waiting(history, last), limit, onset, span, recent,
                  drift, error, workers, hung, service, None,
                  trend(baseline, now) if baseline and onset is None else None, baseline)
    return facts if onset is None else _with_split(facts)


def _with_split(facts: Facts) -> Facts:
    usual, able = facts.usual, facts.usual_capacity
    if usual is None or able is None or facts.onset is None:
        return facts
    history, start, stop = facts.history, facts.onset, facts.last + 1
    size = max(1, -(-(stop - start) // BLOCKS))
    arrivals, capacity = [], []
    for first in range(start, stop, size):
        block = window(history, first, min(stop, first + size))
        if not block.seconds:
            continue
        arrivals.append(block.arrival_rate)
        capacity.append(_able(facts, block))
    grown = facts.backlog - (history.backlog[start] or 0.0)
    split = shapley(
        grown, arrivals=arrivals, capacity=capacity, usual_arrivals=usual.received,
        usual_capacity=able, seconds=size * history.step)
    return replace(facts, split=split)


def _able(facts: Facts, block: Window) -> float:
    # While work waits, what ends is what the workers can do: also right without `busy`.
    if facts.workers and block.busy is not None and block.processed > 0:
        service = max(1e-9, block.busy - facts.hung * block.seconds) / block.processed
        return max(0.0, facts.workers - facts.hung) / service
    return block.completion_rate


def _onset(history: History, last: int, limit: float, low: float) -> int | None:
    """Return where the backlog left ``low``, when its latest points are above ``limit``."""
    latest = [b for b in history.backlog[: last + 1] if b is not None][-PERSIST:]
    if len(latest) < PERSIST or min(latest) <= limit:
        return None
    first = last
    for i in range(last, -1, -1):
        level = history.backlog[i]
        if level is not None and level <= low:
            return first
        if level is not None:
            first = i
    return 0


def _span_start(history: History, last: int, onset: int | None) -> int:
    if onset is not None:
        return onset
    return max(0, last + 1 - max(REFERENCE, int(600 / history.step)))  # ten minutes


def _direction(history: History, onset: int | None, last: int,
               usual: Usual | None) -> tuple[Window, float, float]:
    """Return the shortest recent window whose net flow is no chance, and that flow.

    The net of two Poisson flows has the variance of their sum (messages²); batches
    and a mix of long and short messages scatter more, by what is usual.
    """
    longest = last + 1 - (onset if onset is not None else max(0, last - REFERENCE))
    size = PERSIST
    mixed, clumped = (usual.variation ** 2, usual.dispersion) if usual else (1.0, 1.0)
    while True:
        seen = window(history, last + 1 - size, last + 1)
        net = seen.received - seen.processed
        error = (seen.received * clumped + seen.processed * mixed + 1) ** 0.5
        if abs(net) > SIGMAS * error or size >= longest:
            break
        size = min(longest, size * 2)
    seconds = seen.seconds or 1.0
    return seen, net / seconds, error / seconds
