"""The contract of the numbers, on real threads and real queues."""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from fedmsg.consumers import FedmsgConsumer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moksha.hub.api import Consumer as MokshaConsumer

from collectd_fedmsg.hub.arrivals import FINEST, LIMIT, Ages
from collectd_fedmsg.hub.topics import REPORTED, Topics
from collectd_fedmsg.hub_plugin import instrument
from collectd_fedmsg.protocol.sample import OTHER


class Consumer:
    """Moksha's way of a message, without a hub: queue, workers, validate, consume."""

    def __init__(self, workers: int, fails: float = 0.0) -> None:
        self.incoming: Any = queue.Queue()
        self.blocking_mode = workers == 0
        self.N = workers
        self.fails = fails

    def validate(self, message: Any) -> None:
        if message["topic"] == "invalid":
            raise RuntimeWarning(message)

    def _consume(self, message: Any) -> Any:
        try:
            self.validate(message)
        except RuntimeWarning:
            return None
        return self._do_work(message) if self.blocking_mode else self.incoming.put(message)

    def _work_loop(self) -> None:
        while (message := self.incoming.get()) is not StopIteration:
            self._do_work(message)

    def _do_work(self, message: Any) -> bool:
        try:
            self.validate(message)
            self.consume(message)
        except Exception:
            return False
        return True

    def consume(self, message: Any) -> None:
        if message["body"]["number"] % 100 < self.fails * 100:
            raise ValueError(message)


class Standard(Consumer):
    """With moksha's own loop: what waits is seen on the queue, what is picked needs no hook."""

    _work_loop = MokshaConsumer._work_loop

    def debug(self, text: str) -> None:
        pass


class OwnLoop(Consumer):
    """With a loop that never calls ``_do_work``, and ``consume`` twice for one message."""

    def _work_loop(self) -> None:
        while (message := self.incoming.get()) is not StopIteration:
            Consumer._do_work(self, message)
            Consumer._do_work(self, message)


class Silent(Consumer):
    """With a loop that calls neither ``_do_work`` nor ``consume``: what is got next ends it."""

    def _work_loop(self) -> None:
        while (message := self.incoming.get()) is not StopIteration:
            assert message["topic"] == "t"


class Fedmsg(FedmsgConsumer):  # type: ignore[misc]
    """fedmsg's and moksha's own code all the way, without a hub around it."""

    def __init__(self, workers: int, fails: float = 0.0) -> None:
        self.incoming: Any = queue.Queue()
        self.blocking_mode = workers == 0
        self.N = workers
        self.fails = fails
        self.headcount_in = self.headcount_out = 0
        self._times: deque[float] = deque(maxlen=1024)
        self.status_filename = None
        self.log = logging.getLogger("quiet")
        self.log.disabled = True

    validate = Consumer.validate
    consume = Consumer.consume


class PastTheQueue(Fedmsg):
    """Overrides ``_consume``: every message is handled where it is received."""

    def _consume(self, message: Any) -> None:
        with contextlib.suppress(ValueError, RuntimeWarning):
            self.validate(message)
            self.consume(message)


def message(number: int, topic: str = "t") -> dict[str, Any]:
    return {"topic": topic, "body": {"timestamp": time.time() - 5, "number": number}}


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from([Standard, Consumer, OwnLoop, Silent, Fedmsg, PastTheQueue]),
    workers=st.integers(0, 16),
    senders=st.integers(1, 3),
    each=st.integers(0, 300),
    fails=st.sampled_from([0.0, 0.3]),
    invalid=st.integers(0, 20),
    replayed=st.integers(0, 50),
    late=st.booleans(),
)
def test_every_sample_balances(  # noqa: PLR0917 - hypothesis names them
    kind: Any, workers: int, senders: int, each: int, fails: float, invalid: int, replayed: int,
    late: bool,
) -> None:  # fmt: skip
    """Whatever the schedule: each sample balances, totals grow, the end is exact.

    ``workers`` 0: blocking mode. ``replayed``: put straight on the queue, as fedmsg does at the
    start. ``late``: the workers start last, as they do in a hub whose reactor is not running.
    """
    consumer = kind(workers, fails)
    counts = instrument(consumer)
    queued = bool(workers) and kind is not PastTheQueue
    if not queued:
        replayed = 0

    def send() -> None:
        for number in range(each):
            consumer._consume(message(number))
        for number in range(invalid):
            consumer._consume(message(number, "invalid"))

    def replay() -> None:
        for number in range(replayed):
            consumer.incoming.put(message(number))

    working = [threading.Thread(target=consumer._work_loop) for _ in range(workers)]
    sending = [threading.Thread(target=work) for work in [send] * senders + [replay]]
    for thread in sending + working if late else working + sending:
        thread.start()
    before = counts.sample(0.0)
    for at in range(1, 30):
        # Building a sample that does not balance raises.
        now = counts.sample(float(at))
        for name in ("received", "processed", "failed", "rejected", "busy"):
            assert getattr(now, name) >= getattr(before, name), name
        assert sum(now.topic_processed.values()) == now.processed
        assert sum(now.topic_busy.values()) <= now.busy
        before = now
    for thread in sending:
        thread.join(60)
    for _ in working:
        consumer.incoming.put(StopIteration)
    for thread in working:
        thread.join(60)
    last = counts.sample(99.0)
    total = senders * each + replayed
    assert (last.received, last.processed, last.backlog) == (total, total, 0)
    failing = [sum(number % 100 < fails * 100 for number in range(n)) for n in (each, replayed)]
    # Such a loop does not tell how a message ended.
    known = 0 if kind is Silent and workers else senders * failing[0] + failing[1]
    assert last.failed == known
    assert last.rejected == senders * invalid
    assert last.observable is queued or not last.received
    assert counts.sample(100.0).received == last.received, "threads that ended are kept"


def test_blocking_mode_is_not_observable() -> None:
    """Without a queue the backlog is unknown; the totals are exact."""
    consumer = Consumer(0)
    counts = instrument(consumer)
    for number in range(50):
        consumer._consume(message(number))
    sample = counts.sample(1.0)
    assert (sample.received, sample.processed, sample.observable) == (50, 50, False)
    assert sample.delay is not None


def test_a_hung_worker_ages() -> None:
    """What still runs counts as busy, in progress and in the service time."""
    release, started = threading.Event(), threading.Event()
    consumer = Consumer(1)

    def hang(_: Any) -> None:
        started.set()
        release.wait(120)

    consumer.consume = hang  # type: ignore[method-assign]
    counts = instrument(consumer)
    thread = threading.Thread(target=consumer._work_loop)
    thread.start()
    for number in range(3):
        consumer._consume(message(number))
    assert started.wait(60)
    first, second = counts.sample(1.0), counts.sample(2.0)
    release.set()
    consumer.incoming.put(StopIteration)
    thread.join(60)
    assert (first.in_progress, first.waiting, first.processed) == (1, 2, 0)
    assert second.busy >= first.busy
    assert second.oldest is not None and first.oldest is not None
    assert second.oldest > first.oldest
    assert second.service_max is not None and second.service_max > 0


def test_waiting_messages_count_when_the_plugin_comes_late() -> None:
    """What waits already when the plugin starts is received by definition."""
    consumer = Consumer(1)
    for number in range(7):
        consumer._consume(message(number))
    assert instrument(consumer).sample(1.0).backlog == 7


@pytest.mark.parametrize("odd", [None, b"x", 3, {}, {"topic": []}, {"topic": "t", "body": "x"}])
def test_any_message_is_counted(odd: Any) -> None:
    """A message of unknown shape is counted and never raises into the daemon."""
    consumer = Consumer(1)
    counts = instrument(consumer)
    consumer.incoming.put(odd)
    assert counts.sample(1.0).received == 1


@given(st.integers(0, 2**32), st.sampled_from([10**3, 10**6, 10**9]))
@settings(max_examples=20, deadline=None)
def test_ages_are_never_too_young(seed: int, pace: int) -> None:
    """However many wait: bounded stamps, no age below the true one, and hardly one above."""
    rng = random.Random(seed)
    ages, arrivals, position, now = Ages(), list[int](), 0, 1
    while len(arrivals) < 3 * LIMIT:
        now += rng.randrange(pace)
        if now >= ages.due:
            ages.stamp(len(arrivals), now)
        arrivals.append(now)
        if rng.random() < 0.05:
            position = rng.randrange(position, len(arrivals))
            stamp = ages.oldest(position)
            assert stamp is not None
            assert arrivals[position] - max(FINEST, 4 * now // LIMIT) <= stamp <= arrivals[position]
    assert len(ages._stamps) <= LIMIT


@given(st.lists(st.dictionaries(st.integers(0, 600), st.integers(1, 9)), max_size=6))
@settings(deadline=None)
def test_topics_grow_and_add_up(rounds: list[dict[int, int]]) -> None:
    """Reported totals never shrink, are bounded, and their growths are what was received."""
    topics, before = Topics(), dict[str, int]()
    for topic_counts in rounds:
        for name, times in topic_counts.items():
            for _ in range(times):
                topics.first({"topic": str(name)})
        exact = topics.snapshot()
        ended = {name: (total, 2000 * total) for name, total in exact.items()}
        report = topics.report(exact, ended)
        now = report["topics"]
        assert len(now) <= REPORTED + 1
        assert all(total >= before.get(name, 0) for name, total in now.items() if name in before)
        assert now.get(OTHER, 0) >= before.get(OTHER, 0)
        assert report["topic_processed"] == now
        assert report["topic_busy"] == {name: 2 * total for name, total in now.items()}
        before = {**before, **now}


def test_a_slow_topic_is_named_among_frequent_ones() -> None:
    """What takes the time is reported, however few its messages are."""
    topics = Topics()
    for number in range(2 * REPORTED):
        for _ in range(100 + number):
            topics.first(message(0, f"frequent{number}"))
    topics.first(message(0, "slow"))
    report = topics.report(topics.snapshot(), {"slow": (1, 9_000_000)}, [("slow", 1_000_000)])
    assert report["topic_busy"]["slow"] == 10_000
    assert report["topic_processed"]["slow"] == 1
    assert set(report["topic_busy"]) | {OTHER} == set(report["topics"])


def test_time_by_topic_is_exact() -> None:
    """Messages and time by topic add up to all; what still runs is in its topic's time."""
    release, started = threading.Event(), threading.Event()
    consumer = Consumer(1)

    def work(message: Any) -> None:
        if message["topic"] == "hangs":
            started.set()
            release.wait(120)

    consumer.consume = work  # type: ignore[method-assign]
    counts = instrument(consumer)
    thread = threading.Thread(target=consumer._work_loop)
    thread.start()
    for topic in ("quick", "quick", "hangs"):
        consumer._consume(message(1, topic))
    assert started.wait(60)
    first, second = counts.sample(1.0), counts.sample(2.0)
    release.set()
    consumer.incoming.put(StopIteration)
    thread.join(60)
    last = counts.sample(3.0)
    assert first.topic_processed == {"quick": 2, "hangs": 0}
    assert first.topic_busy["hangs"] < second.topic_busy["hangs"] <= last.topic_busy["hangs"]
    assert last.topic_processed == {"quick": 2, "hangs": 1}
    for sample in (first, second, last):
        assert sum(sample.topic_processed.values()) == sample.processed
        # Each is cut to whole microseconds.
        assert 0 <= sample.busy - sum(sample.topic_busy.values()) <= len(sample.topic_busy)
