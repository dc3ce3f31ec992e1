"""Count messages handled anywhere in a process: in threads, coroutines or both at once.

Each message in hand is a token, so any number may be in hand on one thread. One lock guards all of
it; a daemon with queues of its own has ``counts``, which takes none. Where the number waiting is
not known the backlog is hidden, never 0. Stacks are of each thread's first message in hand, and of
each coroutine.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Collection
from time import perf_counter_ns, time
from typing import Any

from ..protocol.sample import OTHER, Sample
from . import failures, histogram
from .arrivals import Delays
from .in_hand import InHand, InTask, running_coroutine
from .stacks import MIN_AGE, Handling, Stacks
from .thread_counts import CountsByThread, ServiceTimes
from .topics import Topics

log = logging.getLogger("collectd_fedmsg")
#: Samples in a row after which a queue whose messages others take is no queue of this process.
MAX_CLAMPED = 6


class MessageCounts:
    """The accounts of one consumer: ``begin`` and ``end`` by any thread, ``sample`` by one.

    Args:
        name: the consumer's.
        workers: messages that it can handle at once; 0: not known.
        waiting: returns how many messages wait for this process alone; None: nobody knows.
        packages: the top packages of the code that handles messages, where these are installed
            among the libraries; None: no stacks are looked at.
        clock: monotonic, nanoseconds.  wall: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        *,
        workers: int = 1,
        waiting: Callable[[], int] | None = None,
        packages: Collection[str] | None = None,
        clock: Callable[[], int] = perf_counter_ns,
        wall: Callable[[], float] = time,
    ) -> None:
        self.name = name
        self._workers = workers
        self._waiting = waiting
        self._clock = clock
        self._wall = wall
        self.begin_again()
        #: Where the time is spent; None where that is switched off.
        self.stacks = None if packages is None else Stacks(
            packages, self._handlings, self._admit)  # fmt: skip

    def begin_again(self) -> None:
        """Forget everything: a forked child counts what is its own."""
        self._lock = threading.Lock()
        self._in_hand: set[InHand] = set()
        self._started = self._processed = self._failed = 0
        self._ended: dict[str, tuple[int, int]] = {}
        self._topics = Topics()
        self._by_thread = CountsByThread(self._topics.admit)
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
        own, coroutine = self._by_thread.for_this_thread(direct=True), running_coroutine()
        now = self._clock()
        if coroutine is not None:
            token: InHand = InTask(topic, now, own, coroutine)
        else:
            token = InHand(topic, now, own)
            if own.started == own.last:
                own.topic, own.started = topic, now
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

    def end(self, token: InHand, error: BaseException | type[BaseException] | None = None) -> None:
        """Count a message as processed; a second time, or in another process, is no message.

        Args:
            token: what ``begin`` returned.
            error: it failed with this.
        """
        now = self._clock()
        if isinstance(token, InTask):
            token.running = False
        elif token.own.started == token.started:
            token.own.last = token.started
        with self._lock:
            if token not in self._in_hand:
                return
            self._in_hand.remove(token)
            spent = max(0, now - token.started)
            topic = self._topics.admit(token.topic)
            processed, busy = self._ended.get(topic, (0, 0))
            self._ended[topic] = (processed + 1, busy + spent)
            self._processed += 1
            self._failed += error is not None
            self.buckets[histogram.bucket(spent)] += 1
            self.peak = max(self.peak, spent)
        if error is not None:
            failures.note(self._by_thread.for_this_thread(direct=True), error, token.topic)

    def sample(self, at: float) -> Sample:
        """Return the totals now, stamped with the wall time ``at``; one caller only."""
        waits = self._ask_waiting()
        self._by_thread.fold_dead_threads()
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
        by_topic = self._topics.report(topics, ended, running)
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
            failures=failures.report(self._by_thread.all(), self._topics.admit),
            **{**by_topic, **percentiles},
            **self._evidence(processed, by_topic["busy"], max(spent, default=0)),
        )

    def _admit(self, topic: Any) -> str:
        return self._topics.admit(topic)  # those of now: a fork begins again

    def _handlings(self) -> list[Handling]:
        with self._lock:
            tasks = [token for token in self._in_hand if isinstance(token, InTask)]
        return [*self._by_thread.all()[1:], *tasks]

    def _evidence(self, processed: int, busy: int, longest: int) -> dict[str, Any]:
        """Return what stacks add to a ``Sample``; ``busy`` in microseconds, ``longest`` in ns."""
        if self.stacks is None:
            return {}
        frames = sys._current_frames() if longest >= MIN_AGE * 1e9 else {}
        in_hand = self.stacks.in_hand(self._clock(), frames) if frames else ()
        frames.clear()
        return {"stacks": self.stacks.report(processed, busy), "in_hand": in_hand}

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
