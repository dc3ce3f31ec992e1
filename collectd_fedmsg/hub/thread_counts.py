"""The counts of one thread: written by that thread alone, read by the sampler."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

from ..protocol.about import MAX_SLOWEST
from . import histogram
from .code_names import callers

#: By topic: messages that ended, and the nanoseconds that they took.
Ended = Mapping[str, "tuple[int, int]"]

#: By topic, class and place: count, first and last time (wall, s).
FailureTotals = dict[tuple[str, str, str], "tuple[int, float, float]"]

#: A slow message: nanoseconds, wall time of its end (s), topic, id.
SlowEntry = tuple[int, float, str, str]
#: Nanoseconds that a message takes at least to be kept as slow, before others are known.
SLOW_FLOOR = 10_000_000


class ProcessorTimes(NamedTuple):
    """How long a thread has run, and was ready while another had the processor; nanoseconds."""

    ran: int
    ready: int


class ThreadTotals(NamedTuple):
    """What a thread had counted at one moment; ``started`` (ns) is 0 when nothing runs."""

    ended: Ended
    started: int
    topic: str


class ThreadCounts:
    """One thread's share of the counts; only that thread writes it.

    ``ending``, ``ended`` and ``last`` are written in this order when a message ends, so a
    reader that finds ``ending`` as ``last`` was has seen no half of it.
    """

    __slots__ = ("buckets", "clock", "current_number", "direct", "ended", "ending", "failed",
                 "failures", "last", "peak", "rejected", "slow", "slow_before", "slow_floor",
                 "started", "state", "thread", "times_at_first", "topic")  # fmt: skip

    def __init__(self, direct: bool) -> None:
        self.thread = threading.current_thread()
        #: Whether this thread's messages come past the queue.
        self.direct = direct
        #: By topic: processed, busy (ns); a new tuple for each message that ends.
        self.ended: dict[str, tuple[int, int]] = {}
        #: When the newest handling began (ns); and its message's topic, once it is looked up.
        self.started = 0
        self.topic = ""
        #: ``started`` of the message whose end is being written, and of the last one written.
        self.ending = 0
        self.last = 0
        #: The number of the queue's message in hand, None without one.
        self.current_number: int | None = None
        self.failed = 0
        self.rejected = 0
        self.buckets = [0] * histogram.BUCKETS
        #: The longest handling (ns) since the last sample.
        self.peak = 0
        self.failures: FailureTotals = {}
        #: Its slow messages since the last sample (a heap), those of the sample before, and the
        #: time (ns) above which a message is one; the last two are written by the sampler.
        self.slow: list[SlowEntry] = []
        self.slow_before: list[SlowEntry] = []
        self.slow_floor = SLOW_FLOOR
        #: The thread's processor clock, named by itself: for another thread that would be unsafe.
        self.clock = _own_clock()
        self.times_at_first = self.processor_times()
        #: What the thread did when its stack was looked at last.
        self.state = ""

    @property
    def running(self) -> bool:
        """Whether this thread is within the handling of a message; asked by that thread."""
        return self.started != self.last

    def end(self, topic: str) -> None:
        """Count one message of a loop of the daemon's own, which does not tell its time."""
        processed, busy = self.ended.get(topic, (0, 0))
        self.ended[topic] = (processed + 1, busy)

    def frames(self, by_thread: Mapping[int, FrameType]) -> Iterable[FrameType]:
        """Return the thread's frames, the innermost first, of all threads' innermost ones."""
        return callers(by_thread.get(self.thread.ident or 0))

    def processor_times(self) -> ProcessorTimes | None:
        """Return how long the thread has run and was ready to; None where it has ended."""
        if self.clock is None:
            return None
        try:
            spent = time.clock_gettime_ns(self.clock)
        except OSError:
            return None
        return ProcessorTimes(spent, _ready_time(self.thread.native_id))

    def absorb(self, other: ThreadCounts) -> None:
        """Add the counts of a thread that has ended."""
        self.ended = add_up([self.ended, other.ended])
        self.failed += other.failed
        self.rejected += other.rejected
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets)]
        self.peak = max(self.peak, other.peak)
        self.failures = add_up_failures([self.failures, other.failures])
        self.slow = heapq.nlargest(MAX_SLOWEST, [*self.slow, *other.slow, *other.slow_before])

    def read(self) -> ThreadTotals:
        """Return what belongs together, from another thread."""
        while True:
            started, last, topic = self.started, self.last, self.topic
            ended = dict(self.ended)
            if self.ending == last:
                return ThreadTotals(ended, started if started != last else 0, topic)


def _ready_time(number: int | None) -> int:
    """Return how long a thread was ready and had no processor, ns: proc(5), schedstat."""
    try:
        with open(f"/proc/self/task/{number}/schedstat", "rb") as file:  # noqa: PTH123 - 12 µs
            return int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _own_clock() -> int | None:
    try:
        return time.pthread_getcpuclockid(threading.get_ident())
    except (AttributeError, OSError):  # not on every system
        return None


class CountsByThread:
    """Every thread's counts of one consumer; ``for_this_thread`` is called by any thread.

    The rest has one caller only.

    Args:
        admit: returns the name that a topic of whatever shape is counted under.
    """

    def __init__(self, admit: Callable[[Any], str]) -> None:
        #: Has ``counts`` in a thread that has one; public for the hot path.
        self.local = threading.local()
        self._admit = admit
        self._by_thread: list[ThreadCounts] = []
        self._folded = ThreadCounts(direct=False)

    def for_this_thread(self, direct: bool) -> ThreadCounts:
        """Return the calling thread's counts; a new one at its first call is ``direct`` or not."""
        try:
            return self.local.counts  # type: ignore[no-any-return]
        except AttributeError:
            counts = self.local.counts = ThreadCounts(direct)
            self._by_thread.append(counts)
            return counts

    def all(self) -> list[ThreadCounts]:
        """Return every thread's counts, those of ended threads as one."""
        return [self._folded, *self._by_thread]

    def fold_dead_threads(self) -> None:
        """Add the counts of ended threads together, so that churn leaks nothing."""
        ended = [counts for counts in self._by_thread if not counts.thread.is_alive()]
        for counts in ended:
            if counts.current_number is not None and not counts.running:
                counts.end(self._admit(counts.topic))
            self._folded.absorb(counts)
            self._by_thread.remove(counts)

    def forget_all(self) -> None:
        """Begin with no thread: in a forked child, before any of its threads counts."""
        self._by_thread.clear()
        self._folded = ThreadCounts(direct=False)

    def forget_this_thread(self) -> None:
        """Let the calling thread begin again at its next call; takes no lock."""
        self.local.__dict__.clear()


def add_up(parts: Iterable[Ended]) -> dict[str, tuple[int, int]]:
    """Return the sums by topic of several threads' counts."""
    sums: dict[str, tuple[int, int]] = {}
    for part in parts:
        for topic, (processed, busy) in part.items():
            before = sums.get(topic, (0, 0))
            sums[topic] = (before[0] + processed, before[1] + busy)
    return sums


def add_up_failures(parts: Iterable[FailureTotals]) -> FailureTotals:
    """Return the sums of several threads' failures, with their first and last times."""
    sums: FailureTotals = {}
    for part in parts:
        for key, (count, first, last) in part.items():
            before = sums.get(key, (0, first, last))
            sums[key] = (before[0] + count, min(before[1], first), max(before[2], last))
    return sums


class ServiceTimes:
    """What had been counted at the last sample; one caller only."""

    def __init__(self) -> None:
        self._totals = [0] * histogram.BUCKETS

    def summary(
        self, by_thread: Sequence[ThreadCounts], running: Sequence[int]
    ) -> dict[str, float | None]:
        """Return the percentiles since the last call, as fields of ``Sample`` in seconds.

        Args:
            running: elapsed time (ns) of each message in hand: as if it ended now.
        """
        longest = max([counts.peak for counts in by_thread] + [*running])
        for counts in by_thread:
            counts.peak = 0
        totals = [sum(column) for column in zip(*(counts.buckets for counts in by_thread))]
        grown = [now - before for now, before in zip(totals, self._totals)]
        self._totals = totals
        for spent in running:
            grown[histogram.bucket(spent)] += 1
        return histogram.summary(grown, longest)
