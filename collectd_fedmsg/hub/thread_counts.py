"""What one thread has counted: written by that thread alone, read whole by the sampler."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import histogram

#: By topic: messages that ended, and the nanoseconds that they took.
Ended = Mapping[str, "tuple[int, int]"]


class Seen(NamedTuple):
    """What a cell held at one moment; ``started`` (ns) is 0 when nothing runs."""

    ended: Ended
    started: int
    topic: str


class Cell:
    """One thread's share of the counts; only that thread writes it.

    ``ending``, ``ended`` and ``last`` are written in this order when a message ends, so a
    reader that finds ``ending`` as ``last`` was has seen no half of it.
    """

    __slots__ = ("buckets", "direct", "ended", "ending", "failed", "held", "last", "peak",
                 "rejected", "started", "thread", "topic")  # fmt: skip

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
        self.held: int | None = None
        self.failed = 0
        self.rejected = 0
        self.buckets = [0] * histogram.BUCKETS
        #: The longest handling (ns) since the last sample.
        self.peak = 0

    @property
    def running(self) -> bool:
        """Whether this thread is within the handling of a message; asked by that thread."""
        return self.started != self.last

    def end(self, topic: str) -> None:
        """Count one message of a loop of the daemon's own, which does not tell its time."""
        processed, busy = self.ended.get(topic, (0, 0))
        self.ended[topic] = (processed + 1, busy)

    def absorb(self, other: Cell) -> None:
        """Add the counts of a thread that has ended."""
        self.ended = add_up([self.ended, other.ended])
        self.failed += other.failed
        self.rejected += other.rejected
        self.buckets = [one + two for one, two in zip(self.buckets, other.buckets)]
        self.peak = max(self.peak, other.peak)

    def read(self) -> Seen:
        """Return what belongs together, from another thread."""
        while True:
            started, last, topic = self.started, self.last, self.topic
            ended = dict(self.ended)
            if self.ending == last:
                return Seen(ended, started if started != last else 0, topic)


class Cells:
    """The cells of one consumer's threads; ``mine`` by any thread, the rest by one caller only.

    Args:
        admit: returns the name that a topic of whatever shape is counted under.
    """

    def __init__(self, admit: Callable[[Any], str]) -> None:
        #: Has ``cell`` in a thread that has one; public for the hot path.
        self.local = threading.local()
        self._admit = admit
        self._cells: list[Cell] = []
        self._folded = Cell(direct=False)

    def mine(self, direct: bool) -> Cell:
        """Return the calling thread's cell; a new one at its first call is ``direct`` or not."""
        try:
            return self.local.cell  # type: ignore[no-any-return]
        except AttributeError:
            cell = self.local.cell = Cell(direct)
            self._cells.append(cell)
            return cell

    def all(self) -> list[Cell]:
        """Return every thread's cell, those of ended threads as one."""
        return [self._folded, *self._cells]

    def fold_dead_threads(self) -> None:
        """Move the counts of ended threads into one cell, so that churn leaks nothing."""
        for cell in [one for one in self._cells if not one.thread.is_alive()]:
            if cell.held is not None and not cell.running:
                cell.end(self._admit(cell.topic))
            self._folded.absorb(cell)
            self._cells.remove(cell)


def add_up(parts: Iterable[Ended]) -> dict[str, tuple[int, int]]:
    """Return the sums by topic of several threads' counts."""
    sums: dict[str, tuple[int, int]] = {}
    for part in parts:
        for topic, (processed, busy) in part.items():
            before = sums.get(topic, (0, 0))
            sums[topic] = (before[0] + processed, before[1] + busy)
    return sums


class ServiceTimes:
    """What had been counted at the last sample; one caller only."""

    def __init__(self) -> None:
        self._seen = [0] * histogram.BUCKETS

    def summary(self, cells: Sequence[Cell], running: Sequence[int]) -> dict[str, float | None]:
        """Return the percentiles since the last call, as fields of ``Sample`` in seconds.

        Args:
            running: elapsed time (ns) of each message in hand: as if it ended now.
        """
        longest = max([cell.peak for cell in cells] + [*running])
        for cell in cells:
            cell.peak = 0
        totals = [sum(column) for column in zip(*(cell.buckets for cell in cells))]
        fresh = [now - before for now, before in zip(totals, self._seen)]
        self._seen = totals
        for spent in running:
            fresh[histogram.bucket(spent)] += 1
        return histogram.summary(fresh, longest)
