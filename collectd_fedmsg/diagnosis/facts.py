"""Everything the rules look at, computed once per evaluation; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from .baseline import Baseline
from .creep import Trend, trend
from .hang import hung_workers
from .history import Column, History
from .hours import hour_of
from .limits import backlog_limit, wandering
from .scatter import by_points
from .split import Split, shapley
from .stats import SIGMAS, known, quantile
from .usual import Usual, usual_of
from .window import PERSIST, Window, window

#: Points of own history before the trouble that may stand in for a baseline.
REFERENCE = 12
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
    last = _last(history)
    usual = baseline.usual(now) if baseline else None
    based = usual is not None
    workers = _latest(history.workers, last)
    limit, low = backlog_limit(usual, workers)
    onset = _onset(history, last, limit, low)
    if onset is not None and usual is not None and baseline is not None:
        # Asked only now: it costs as much as the rest, and few daemons have a backlog.
        limit, low = backlog_limit(usual, workers, wandering(baseline, usual, now))
        onset = _onset(history, last, limit, low)
    if usual is None:
        usual = _own(history, min(onset if onset is not None else last - PERSIST + 1,
                                  _since_oldest(history, last)))
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
                  _waiting(history, last), limit, onset, span, recent,
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


def _last(history: History) -> int:
    blind = history.blind
    for i in range(len(history) - 1, -1, -1):
        if _known(history, i, blind):
            return i - 1 if _half_stored(history, i, blind) else i
    return -1


def _half_stored(history: History, newest: int, blind: bool) -> bool:
    """Return whether part of the newest sample is still on its way to the store.

    Its series are written one after the other: without its age a hung worker looks well for a
    moment. What the sample before lacks too does not come.
    """
    if newest < 1 or not _known(history, newest - 1, blind):
        return False
    columns = [history.busy, history.workers, history.in_progress, history.failed]
    if history.backlog[newest]:
        columns.append(history.oldest)  # where nothing waits there is none
    return any(column[newest] is None and column[newest - 1] is not None
               for column in columns if column is not None)


def _waiting(history: History, last: int) -> float:
    if last < 0:
        return 0.0
    if history.blind and history.in_progress:
        return history.in_progress[last] or 0.0  # all that can be seen of it
    return history.backlog[last] or 0.0


def _latest(column: Column | None, last: int) -> float | None:
    if column is None:
        return None
    return next((x for x in reversed(column[: last + 1]) if x is not None), None)


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


def _own(history: History, stop: int) -> Usual | None:
    """Return what was usual before the trouble, from this same history.

    Its blocks stand for hours; a block's middle, not its highest point, is its backlog, for a
    short incident touches many blocks. An earlier incident may fill most of a short history, so
    only its calm blocks are asked: nobody wants a backlog, so the lesser ones are the usual.
    """
    blind = history.blind
    start = next((i for i in range(max(0, stop)) if _known(history, i, blind)), stop)
    if stop - start < REFERENCE:
        return None
    size = max(REFERENCE // 2, (stop - start) // BLOCKS)
    blocks = []
    for first in range(start, stop - size + 1, size):
        block = hour_of(history, first, first + size)
        if block is not None:
            levels = known(history.backlog[first : first + size])
            level = quantile(levels, 0.5) if levels else 0.0  # blind: the same for all
            blocks.append(replace(block, backlog=level))
    # A quarter are calm at least, or nothing here can tell what calm is; twice their level and
    # a message in hand are within what chance does to a block's middle.
    calm = 2 * quantile([one.backlog for one in blocks], 0.25) + 1 if blocks else 0.0
    chosen = [one for one in blocks if one.backlog <= calm]
    return usual_of(chosen, chosen, by_points(history, start, stop)) if chosen else None


def _since_oldest(history: History, last: int) -> int:
    """Return where the oldest message came in: what happened since is no witness of the usual.

    Else a hung worker's time would become usual, and the hang be forgiven. Where what waits
    cannot be seen, the newest message's delay says when the trouble began, or later.
    """
    ages = history.delay if history.blind else history.oldest
    age = ages[last] if ages and last >= 0 else None
    return last + 1 - max(PERSIST, ceil((age or 0.0) / history.step))


def _known(history: History, index: int, blind: bool = False) -> bool:
    return (history.received[index] is not None and history.processed[index] is not None
            and (blind or history.backlog[index] is not None))
