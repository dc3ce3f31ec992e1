"""Count one consumer's messages exactly, from any number of threads.

Arrivals are counted under the queue's own lock; each thread that works has counts that it alone
writes. Whoever takes a sample holds that lock and reads the threads' counts first, the totals
after: a message that has ended was received before, so every sample balances.

Nothing here raises into the daemon: a message of unknown shape is still counted.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from time import perf_counter_ns, time
from typing import Any

from ..protocol.sample import Sample
from . import failures
from .arrivals import Ages, Delays
from .hooks import SENTINEL, Hooks
from .slowest import Slowest
from .stacks import MIN_AGE, Stacks
from .thread_counts import CountsByThread, ServiceTimes, ThreadCounts, add_up
from .topics import Topics


class Counts(Hooks):
    """The accounts of one consumer; hooks call in, ``sample`` reads out.

    Args:
        name: the consumer's class name.
        mutex: the lock that is held whenever the queue changes.
        waiting: what is on the queue.
        workers: worker threads; 0 in blocking mode, where work runs in the reactor.
        loop: the code of the workers' loop: what is called from there came from the queue.
        packages: the top packages of the consumer's classes; None: no stacks are looked at.
        clock: monotonic, nanoseconds.  wall: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        mutex: threading.Lock,
        waiting: Collection[Any],
        workers: int,
        *,
        loop: Any = None,
        packages: Collection[str] | None = None,
        clock: Callable[[], int] = perf_counter_ns,
        wall: Callable[[], float] = time,
    ) -> None:
        self.name = name
        self.workers = workers
        self._mutex = mutex
        self._waiting = waiting
        self._loop = loop
        self._clock = clock
        self._wall = wall
        self._delays = Delays(wall() - clock() / 1e9)
        self._ages = Ages()
        self._topics = Topics()
        self._by_thread = CountsByThread(self._topics.admit)
        self._service_times = ServiceTimes()
        self.slowest = Slowest(name)
        #: Where its threads spend their time; None where that is switched off.
        self.stacks = None if packages is None else Stacks(
            packages, self._threads, self._topics.admit)  # fmt: skip

    def _threads(self) -> list[ThreadCounts]:
        return self._by_thread.all()[1:]

    def forget_this_thread(self) -> None:
        """Note that the calling thread is the only one of a forked child; takes no lock."""
        self._by_thread.forget_this_thread()

    def begin_again(self) -> None:
        """Begin with zeros and what waits now: a forked child's own accounts."""
        with self._mutex:
            self._by_thread.forget_all()
            self._service_times = ServiceTimes()
            self.slowest.clear()
            self._ages.clear()
            self._topics.clear()
            self._queued = self._direct = 0
            note = self.count_put(lambda _: None)
            self._sentinels = 0
            for message in self._waiting:
                note(message)

    def sample(self, at: float) -> Sample:
        """Return the totals now, stamped with the wall time ``at``; one caller only.

        The cost under the lock does not depend on the backlog's length, until a daemon that
        shuts down has marked the queue's end.
        """
        self._by_thread.fold_dead_threads()
        with self._mutex:
            # The clock first: what has ended by now is in ``ended`` whole, so busy never falls.
            now = self._clock()
            by_thread = self._by_thread.all()
            failed = sum(own.failed for own in by_thread)
            numbers = [own.current_number for own in by_thread if own.current_number is not None]
            threads = [own.read() for own in by_thread]
            waiting = len(self._waiting)
            if self._sentinels:
                waiting -= sum(1 for message in self._waiting if message is SENTINEL)
            # Past the queue and nothing on it: what waits is in a socket's buffer, unseen.
            observable = self.workers > 0 and not (self._direct and not self._queued)
            processed = sum(done for thread in threads for done, _ in thread.ended.values())
            # What a worker had in hand when the accounts began ends without having been put.
            self._direct += max(0, processed - (self._queued + self._direct - waiting))
            received = self._queued + self._direct
            if waiting:
                numbers.append(self._queued - waiting)
            first = self._ages.oldest(min(numbers, default=self._queued))
            delay = self._delays.take(self._wall() - now / 1e9)
            topics = self._topics.snapshot()
        self.slowest.collect(by_thread, self._wall())
        running = [
            (thread.topic, max(0, now - thread.started)) for thread in threads if thread.started
        ]
        spent = [elapsed for _, elapsed in running]
        stamps = [now - elapsed for elapsed in spent]
        if numbers and first is not None:
            stamps.append(first)
        ended = add_up(thread.ended for thread in threads)
        backlog = received - processed
        by_topic = self._topics.report(topics, ended, running)
        return Sample(
            consumer=self.name,
            time=at,
            received=received,
            processed=processed,
            waiting=waiting,
            in_progress=backlog - waiting,
            failed=failed,
            rejected=sum(own.rejected for own in by_thread),
            workers=self.workers if observable else 0,
            oldest=max(0, now - min(stamps)) / 1e9 if backlog and stamps else None,
            delay=delay,
            observable=observable,
            failures=failures.report(by_thread, self._topics.admit),
            **{**by_topic, **self._service_times.summary(by_thread, spent)},
            **self._evidence(processed, by_topic["busy"], max(spent, default=0)),
        )

    def _evidence(self, processed: int, busy: int, longest: int) -> dict[str, Any]:
        """Return the fields of ``Sample`` that stacks give."""
        if self.stacks is None:
            return {}
        frames = sys._current_frames() if longest >= MIN_AGE * 1e9 else {}
        in_hand = self.stacks.in_hand(self._clock(), frames) if frames else ()
        return {"stacks": self.stacks.report(processed, busy), "in_hand": in_hand}
