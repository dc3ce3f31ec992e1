"""Count one consumer's messages exactly, from any number of threads.

Arrivals are counted under the queue's own lock; each thread that works has counts that it
alone writes. A sampler holds that lock and reads the threads first, totals after: what ended was
received before, so a sample balances at whatever moment it is taken.

Nothing here raises into the daemon: a message of unknown shape is still counted.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from time import perf_counter_ns, time
from typing import Any

from ..protocol.sample import OTHER, Sample
from . import failures
from .arrivals import Ages, Delays
from .stacks import MIN_AGE, Stacks
from .thread_counts import CountsByThread, ServiceTimes, ThreadCounts, add_up
from .topics import Topics, topic_of

#: What moksha puts on the queue to end a worker; not a message.
SENTINEL = StopIteration


class Counts:
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
        self._queued = 0
        self._direct = 0
        self._sentinels = 0
        self._delays = Delays(wall() - clock() / 1e9)
        self._ages = Ages()
        self._topics = Topics()
        self._by_thread = CountsByThread(self._topics.admit)
        self._service_times = ServiceTimes()
        #: Where its threads spend their time; None where that is switched off.
        self.stacks = None if packages is None else Stacks(
            packages, self._threads, self._topics.admit)  # fmt: skip

    # The hooks are closures and repeat small things in place: a call costs as much as the deed.

    def count_put(self, put: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return the queue's ``_put`` that also counts; the mutex is held when it runs."""
        clock, ages, delays = self._clock, self._ages, self._delays
        totals, first = self._topics.totals, self._topics.first

        def counted_put(message: Any) -> None:
            put(message)
            if message is SENTINEL:
                self._sentinels += 1
                return
            number = self._queued
            self._queued = number + 1
            now = clock()
            if now >= ages.due:
                ages.stamp(number, now)
                delays.add(message, now)
            try:
                totals[message["topic"]] += 1
            except Exception:
                first(message)

        return counted_put

    def count_get(self, get: Callable[[], Any]) -> Callable[[], Any]:
        """Return the queue's ``_get`` for a loop of the daemon's own; the mutex is held.

        Such a loop may call ``_do_work`` or not: when it asks for the next message without
        having called it, the last one has ended.
        """
        counts_of = self._by_thread.for_this_thread

        def counted_get() -> Any:
            message = get()
            if message is SENTINEL:
                return message
            own = counts_of(direct=False)
            own.direct = False
            if own.current_number is not None and not own.running:
                own.end(self._topics.admit(own.topic))
            own.topic = topic_of(message)
            own.current_number = self._queued - len(self._waiting) - 1
            return message

        return counted_get

    def count_work(self, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return ``_do_work`` that also counts: moksha's returns False when handling failed."""
        clock, local, waiting = self._clock, self._by_thread.local, self._waiting
        admit = self._topics.admit

        def counted_work(message: Any) -> Any:
            try:
                own = local.counts
            except AttributeError:
                direct = sys._getframe(1).f_code is not self._loop
                own = self._by_thread.for_this_thread(direct)
            if own.direct:
                self._receive_directly(message)
            else:
                # Without the lock: with more workers it may be a later one, by one or two.
                own.current_number = self._queued - len(waiting) - 1
            try:
                topic = own.topic = message["topic"]
            except Exception:
                topic = own.topic = OTHER
            start = own.started = clock()
            handled: Any = False
            try:
                handled = work(message)
                return handled
            finally:
                spent = clock() - start
                ended = own.ended
                try:
                    processed, busy = ended[topic]
                except Exception:
                    topic = admit(topic)
                    processed, busy = ended.get(topic, (0, 0))
                own.ending = start
                ended[topic] = (processed + 1, busy + spent)
                own.last = start
                own.current_number = None
                if handled is False:
                    own.failed += 1
                # histogram.bucket(), in place.
                octave = (spent | 8).bit_length() - 3
                own.buckets[(octave << 2) + (spent >> octave)] += 1
                if spent > own.peak:  # noqa: PLR1730 - max() is a call
                    own.peak = spent

        return counted_work

    def count_direct(self, consume: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return ``consume`` that counts a call from outside ``_do_work`` as a message.

        For a consumer that takes messages its own way: past the queue, or past ``_do_work``.
        A second call for one message from the queue is not one more message.
        """
        counted, counts_of = self.count_work(consume), self._by_thread.for_this_thread

        def counted_consume(message: Any) -> Any:
            own = counts_of(direct=True)
            if own.running or (own.current_number is None and not own.direct):
                return consume(message)
            try:
                return counted(message)
            except BaseException as error:
                failures.note(own, error)
                raise

        return counted_consume

    def in_this_thread(self) -> ThreadCounts | None:
        """Return the calling thread's counts while it has a message in hand."""
        own: ThreadCounts | None = getattr(self._by_thread.local, "counts", None)
        return own if own is not None and own.running else None

    def _threads(self) -> list[ThreadCounts]:
        return self._by_thread.all()[1:]

    def _receive_directly(self, message: Any) -> None:
        """Count a message that came past the queue: blocking mode, or a consumer's own way.

        Not one that was taken from the queue and handed over elsewhere than in moksha's loop.
        """
        with self._mutex:
            if self._queued and self._taken_and_not_begun():
                return
            self._direct += 1
            self._delays.add(message, self._clock())
            try:
                self._topics.totals[message["topic"]] += 1
            except Exception:
                self._topics.first(message)

    def _taken_and_not_begun(self) -> bool:
        """Return whether more has left the queue than has ended or is in hand.

        A worker on its way from the queue to its work looks the same: then one message more
        will have ended than was received, and ``sample`` adds it.
        """
        by_thread = self._by_thread.all()
        ended = sum(done for own in by_thread for done, _ in own.ended.copy().values())
        in_hand = sum(own.current_number is not None or own.running for own in by_thread)
        return self._queued + self._direct - len(self._waiting) > ended + in_hand

    def forget_this_thread(self) -> None:
        """Note that the calling thread is a forked child's only one; takes no lock."""
        self._by_thread.forget_this_thread()

    def begin_again(self) -> None:
        """Begin with zeros and what waits now: a forked child's own accounts."""
        with self._mutex:
            self._by_thread.forget_all()
            self._service_times = ServiceTimes()
            self._ages.clear()
            self._topics.clear()
            self._queued = self._direct = 0
            note = self.count_put(lambda _: None)
            self._sentinels = 0
            for message in self._waiting:
                note(message)

    def refuse(self) -> None:
        """Note an exception of ``validate``: a rejection, unless the message was queued before."""
        own = self._by_thread.for_this_thread(direct=True)
        if not own.running:
            own.rejected += 1

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
        running = [(thread.topic, max(0, now - thread.started))
                   for thread in threads if thread.started]
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
