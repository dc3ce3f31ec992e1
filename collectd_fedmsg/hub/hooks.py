"""Replacements of a queue's and a consumer's methods that count and call the originals.

Arrivals are counted under the queue's own lock; each thread that works has counts that it alone
writes. Nothing here raises into the daemon: a message of unknown shape is still counted.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from typing import Any

from ..protocol.sample import OTHER
from . import failures, slowest
from .arrivals import Ages, Delays
from .thread_counts import CountsByThread, ThreadCounts
from .topics import Topics, topic_of

#: What moksha puts on the queue to end a worker; not a message.
SENTINEL = StopIteration


class Hooks:
    """The hooks of one consumer; ``counts.Counts`` has what they count.

    They are closures and repeat small things in place: a call costs as much as the deed.
    """

    _mutex: threading.Lock
    _waiting: Collection[Any]
    _loop: Any
    _clock: Callable[[], int]
    _delays: Delays
    _ages: Ages
    _topics: Topics
    _by_thread: CountsByThread
    _queued = 0
    _direct = 0
    _sentinels = 0

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
                if spent > own.slow_floor:
                    slowest.note(own, spent, topic, message)

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

    def refuse(self) -> None:
        """Note an exception of ``validate``: a rejection, unless the message was queued before."""
        own = self._by_thread.for_this_thread(direct=True)
        if not own.running:
            own.rejected += 1

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
