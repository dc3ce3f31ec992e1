"""Count one consumer's messages exactly, from any number of threads.

The queue's own lock guards what happens on the queue (``put``, ``get``); each worker
thread has a cell that it alone writes, as one tuple replaced at once. A sampler holds the
queue's lock and reads cells first, totals after: what ended was picked up before, what was
picked up was received before, so a sample balances at whatever moment it is taken.

Nothing here raises into the daemon: a message of unknown shape is still counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter_ns, time
from typing import Any

from . import histogram
from .ages import Ages
from .delays import Delays
from .histogram import bucket
from .sample import Sample
from .topics import Topics

#: What moksha puts on the queue to end a worker; not a message.
SENTINEL = StopIteration
#: Held by a cell whose message has no number, for it never was on the queue.
PAST_THE_QUEUE = -1


class Cell:
    """One thread's share of the counts; only that thread writes it."""

    __slots__ = ("buckets", "ended", "held", "peak", "rejected", "started", "thread")

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        #: processed, failed, busy (ns): a new tuple for each message that ends.
        self.ended = (0, 0, 0)
        #: When the handling that runs now began (ns); 0: nothing runs.
        self.started = 0
        #: The number of the queue's message in hand, None without one.
        self.held: int | None = None
        self.rejected = 0
        self.buckets = [0] * histogram.BUCKETS
        #: The longest handling (ns) and the sampling round it belongs to.
        self.peak = (0, 0)

    def read(self) -> tuple[tuple[int, int, int], int]:
        """Return ``ended`` and the ``started`` that goes with it, from another thread."""
        while True:
            ended = self.ended
            started = self.started
            # ``ended`` is replaced before ``started`` is: the same one still, so both belong.
            if ended is self.ended:
                return ended, started


class Counts:
    """The accounts of one consumer; hooks call in, ``sample`` reads out.

    Args:
        name: the consumer's class name.
        mutex: the lock that is held whenever ``put`` and ``get`` are called.
        workers: worker threads; 0 in blocking mode, where work runs in the reactor.
        clock: monotonic, nanoseconds.  wall: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        mutex: threading.Lock,
        workers: int,
        clock: Callable[[], int] = perf_counter_ns,
        wall: Callable[[], float] = time,
    ) -> None:
        self.name = name
        self.workers = workers
        self._mutex = mutex
        self._clock = clock
        self._wall = wall
        self._queued = 0
        self._picked = 0
        self._direct = 0
        self._delays = Delays(wall() - clock() / 1e9)
        self._ages = Ages()
        self._topics = Topics()
        self._local = threading.local()
        self._cells: list[Cell] = []
        self._folded = Cell()
        self._round = 0
        self._seen_buckets = [0] * histogram.BUCKETS

    # The hooks are closures and repeat small things in place: a call costs as much as the deed.

    def count_put(self, put: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return the queue's ``_put`` that also counts; the mutex is held when it runs."""
        clock, ages, delays = self._clock, self._ages, self._delays
        totals, first = self._topics.totals, self._topics.first

        def counted_put(message: Any) -> None:
            put(message)
            if message is SENTINEL:
                return
            number = self._queued
            self._queued = number + 1
            now = clock()
            if now >= ages.due:
                ages.stamp(number, now)
            try:
                totals[message["topic"]] += 1
            except Exception:
                first(message)
            if number >= delays.due:
                delays.add(number, message, now)

        return counted_put

    def count_get(self, get: Callable[[], Any]) -> Callable[[], Any]:
        """Return the queue's ``_get`` that also counts; the mutex is held when it runs."""
        local = self._local

        def counted_get() -> Any:
            message = get()
            if message is SENTINEL:
                return message
            number = self._picked
            self._picked = number + 1
            try:
                cell = local.cell
            except AttributeError:
                cell = self.cell()
            if cell.held is not None and not cell.started:
                # A loop of the daemon's own asks for the next message: the last one ended.
                processed, failed, busy = cell.ended
                cell.ended = (processed + 1, failed, busy)
            cell.held = number
            return message

        return counted_get

    def count_work(self, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return ``_do_work`` that also counts: moksha's returns False when handling failed."""
        clock, local = self._clock, self._local
        last = histogram.BUCKETS - 1

        def counted_work(message: Any) -> Any:
            try:
                cell = local.cell
            except AttributeError:
                cell = self.cell()
            if cell.held is None:
                self._receive_directly(cell, message)
            start = cell.started = clock()
            handled: Any = False
            try:
                handled = work(message)
                return handled
            finally:
                spent = clock() - start
                processed, failed, busy = cell.ended
                if handled is False:
                    failed += 1
                cell.ended = (processed + 1, failed, busy + spent)
                cell.started = 0
                cell.held = None
                octave = spent.bit_length() - 3
                index = (octave << 2) + (spent >> octave) if octave > 0 else bucket(spent)
                cell.buckets[index if index < last else last] += 1
                longest = cell.peak
                if spent > longest[1] or longest[0] != self._round:
                    cell.peak = (self._round, spent)

        return counted_work

    def _receive_directly(self, cell: Cell, message: Any) -> None:
        """Count a message that came past the queue: blocking mode, or a consumer's own way."""
        with self._mutex:
            cell.held = PAST_THE_QUEUE
            self._direct += 1
            try:
                self._topics.totals[message["topic"]] += 1
            except Exception:
                self._topics.first(message)
            self._delays.add(0, message, self._clock())

    def refuse(self) -> None:
        """Note an exception of ``validate``: a rejection, unless the message was queued before."""
        cell = self.cell()
        if not cell.started:
            cell.rejected += 1

    def cell(self) -> Cell:
        """Return the calling thread's cell, a new one at its first call."""
        try:
            return self._local.cell  # type: ignore[no-any-return]
        except AttributeError:
            cell = self._local.cell = Cell()
            self._cells.append(cell)
            return cell

    def sample(self, at: float) -> Sample:
        """Return the totals now, stamped with the wall time ``at``; one caller only.

        The cost under the lock does not depend on the backlog's length.
        """
        self._fold_dead_threads()
        with self._mutex:
            # The clock first: what has ended by now is in ``ended`` whole, so busy never falls.
            now = self._clock()
            cells = [self._folded, *self._cells]
            held = [cell.held for cell in cells]
            read = [cell.read() for cell in cells]
            picked, queued, direct = self._picked, self._queued, self._direct
            numbers = [one for one in held if one is not None and one != PAST_THE_QUEUE]
            if picked < queued:
                numbers.append(picked)
            first = self._ages.oldest(min(numbers, default=queued))
            delay = self._delays.take(self._wall() - now / 1e9)
            topics = self._topics.snapshot()
        processed = sum(ended[0] for ended, _ in read)
        spent = [max(0, now - started) for _, started in read if started]
        stamps = [started for _, started in read if started]
        if numbers and first is not None:
            stamps.append(first)
        waiting, in_progress = queued - picked, picked + direct - processed
        backlog = waiting + in_progress
        return Sample(
            consumer=self.name,
            time=at,
            received=queued + direct,
            processed=processed,
            waiting=waiting,
            in_progress=in_progress,
            failed=sum(ended[1] for ended, _ in read),
            rejected=sum(cell.rejected for cell in cells),
            busy=(sum(ended[2] for ended, _ in read) + sum(spent)) // 1000,
            workers=self.workers,
            oldest=max(0, now - min(stamps)) / 1e9 if backlog and stamps else None,
            delay=delay,
            observable=self.workers > 0,
            topics=self._topics.report(topics),
            **self._service_times(cells, spent),
        )

    def _service_times(self, cells: list[Cell], running: list[int]) -> dict[str, float | None]:
        """Return the percentiles since the last sample, running messages with elapsed time."""
        totals = [sum(column) for column in zip(*(cell.buckets for cell in cells))]
        fresh = [now - before for now, before in zip(totals, self._seen_buckets)]
        self._seen_buckets = totals
        for spent in running:
            fresh[histogram.bucket(spent)] += 1
        peaks = [spent for of, spent in (cell.peak for cell in cells) if of == self._round]
        self._round += 1
        return {
            "service_p50": histogram.percentile(fresh, 0.50),
            "service_p95": histogram.percentile(fresh, 0.95),
            "service_p99": histogram.percentile(fresh, 0.99),
            "service_max": max(peaks + running, default=0) / 1e9 if any(fresh) else None,
        }

    def _fold_dead_threads(self) -> None:
        """Move the counts of ended threads into one cell, so that churn leaks nothing."""
        base = self._folded
        for cell in [one for one in self._cells if not one.thread.is_alive()]:
            base.ended = (
                base.ended[0] + cell.ended[0] + (cell.held is not None),
                base.ended[1] + cell.ended[1],
                base.ended[2] + cell.ended[2],
            )
            base.rejected += cell.rejected
            base.buckets = [one + two for one, two in zip(base.buckets, cell.buckets)]
            base.peak = max(base.peak, cell.peak)
            self._cells.remove(cell)
