"""Count messages handled anywhere in a process: in threads, coroutines or both at once.

Each message in hand is a token, so any number may be in hand on one thread. One lock guards all
of it, for some 300 ns a message; a daemon with queues of its own has ``counts``, which takes none.
Where nobody says what waits the backlog is hidden, never 0.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import perf_counter_ns, time

from ..protocol.sample import OTHER, Sample
from . import histogram
from .arrivals import Delays
from .thread_counts import ServiceTimes
from .topics import Topics

log = logging.getLogger("collectd_fedmsg")
#: Samples in a row after which a queue whose messages others take is no queue of this process.
MAX_CLAMPED = 6


class InHand:
    """One message that is being handled."""

    __slots__ = ("started", "topic")

    def __init__(self, topic: str, started: int) -> None:
        self.topic = topic
        self.started = started


class MessageCounts:
    """The accounts of one consumer: ``begin`` and ``end`` by any thread, ``sample`` by one.

    Args:
        name: the consumer's.
        workers: messages that it can handle at once; 0: not known.
        waiting: returns how many messages wait for this process alone; None: nobody knows.
        clock: monotonic, nanoseconds.  wall: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        *,
        workers: int = 1,
        waiting: Callable[[], int] | None = None,
        clock: Callable[[], int] = perf_counter_ns,
        wall: Callable[[], float] = time,
    ) -> None:
        self.name = name
        self._workers = workers
        self._waiting = waiting
        self._clock = clock
        self._wall = wall
        self.begin_again()

    def begin_again(self) -> None:
        """Forget everything: a forked child counts what is its own."""
        self._lock = threading.Lock()
        self._in_hand: set[InHand] = set()
        self._started = self._processed = self._failed = 0
        self._ended: dict[str, tuple[int, int]] = {}
        self._topics = Topics()
        self._delays = Delays(self._wall() - self._clock() / 1e9)
        self._service_times = ServiceTimes()
        #: Read by ``ServiceTimes``, as of a thread.
        self.buckets = [0] * histogram.BUCKETS
        self.peak = 0
        self._received = 0
        self._clamped = 0

    def begin(self, topic: str = OTHER, sent: float | None = None) -> InHand:
        """Count a message as received and in hand; return what ``end`` takes.

        Args:
            topic: what it is counted under.
            sent: seconds since the epoch, for its delay.
        """
        now = self._clock()
        token = InHand(topic, now)
        with self._lock:
            self._started += 1
            self._in_hand.add(token)
            try:
                self._topics.totals[topic] += 1
            except (KeyError, TypeError):
                self._topics.first({"topic": topic})
            if sent is not None:
                self._delays.add({"body": {"timestamp": sent}}, now)
        return token

    def end(self, token: InHand, failed: bool = False) -> None:
        """Count a message as processed; a second time, or in another process, is no message."""
        now = self._clock()
        with self._lock:
            if token not in self._in_hand:
                return
            self._in_hand.remove(token)
            spent = max(0, now - token.started)
            topic = self._topics.admit(token.topic)
            processed, busy = self._ended.get(topic, (0, 0))
            self._ended[topic] = (processed + 1, busy + spent)
            self._processed += 1
            self._failed += failed
            self.buckets[histogram.bucket(spent)] += 1
            self.peak = max(self.peak, spent)

    def sample(self, at: float) -> Sample:
        """Return the totals now, stamped with the wall time ``at``; one caller only."""
        waits = self._ask_waiting()
        with self._lock:
            now = self._clock()
            started, processed = self._started, self._processed
            running = [(token.topic, max(0, now - token.started)) for token in self._in_hand]
            ended = dict(self._ended)
            delay = self._delays.take(self._wall() - now / 1e9)
            topics = self._topics.snapshot()
            failed = self._failed
            spent = [elapsed for _, elapsed in running]
            percentiles = self._service_times.summary([self], spent)  # type: ignore[list-item]
        received = self._grown(started + (waits or 0))
        in_progress = started - processed
        return Sample(
            consumer=self.name,
            time=at,
            received=received,
            processed=processed,
            waiting=received - processed - in_progress,
            in_progress=in_progress,
            failed=failed,
            workers=self._workers,
            oldest=max(spent) / 1e9 if spent and not waits else None,
            delay=delay,
            observable=waits is not None and self._clamped < MAX_CLAMPED,
            **{**self._topics.report(topics, ended, running), **percentiles},
        )

    def _grown(self, received: int) -> int:
        """Return a total that never shrinks: what moved from waiting to in hand meanwhile waits."""
        if self._clamped < MAX_CLAMPED:
            self._clamped = self._clamped + 1 if received < self._received else 0
            if self._clamped == MAX_CLAMPED:
                log.warning("%s: others take what waits: its backlog is not known", self.name)
        self._received = max(self._received, received)
        return self._received

    def _ask_waiting(self) -> int | None:
        if self._waiting is None:
            return None
        try:
            return max(0, int(self._waiting()))
        except Exception as error:
            # The daemon's own code, of whatever kind: what it cannot say is not known.
            log.debug("%s: what waits is not known: %s", self.name, error)
            return None
