"""Measure what the accounts and the ring of samples take, at their fullest."""

from __future__ import annotations

import gc
import queue
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.hub.topics import DISTINCT
from collectd_fedmsg.protocol.sample import Sample

from .message import MESSAGE

#: Rounds of an hour at the default interval.
HOUR = 360


def figures() -> Iterator[tuple[str, int]]:
    """Yield what was built, and the bytes it takes."""
    for waiting in (0, 1_000, 100_000, 1_000_000):
        yield f"accounts, {waiting:,} waiting", _bytes(lambda n=waiting: _accounts(n))
    yield f"accounts, {DISTINCT} topics on each of 8 workers", _bytes(_all_topics)
    for consumers in (1, 10):
        yield (
            f"ring, an hour of {consumers} consumers, 20 topics each",
            _bytes(lambda n=consumers: _ring(n)),
        )


def _bytes(build: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        built = build()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] if built else 0
    finally:
        tracemalloc.stop()


def _accounts(waiting: int) -> object:
    queued: queue.Queue[Any] = queue.Queue()
    counts = Counts("Plain", queued.mutex, queued.queue, 1)
    put = counts.count_put(lambda _: None)
    for _ in range(waiting):
        put(MESSAGE)
    counts.sample(1.0)
    return counts


def _all_topics() -> object:
    queued: queue.Queue[Any] = queue.Queue()
    counts = Counts("Plain", queued.mutex, queued.queue, 8)
    put, work = counts.count_put(lambda _: None), counts.count_work(lambda _: True)
    messages = [{"topic": f"{MESSAGE['topic']}.{number}"} for number in range(DISTINCT)]
    barrier = threading.Barrier(9)

    def each() -> None:
        for message in messages:
            put(message)
            work(message)
        barrier.wait(60)  # every thread is alive while the sample is taken
        barrier.wait(60)

    threads = [threading.Thread(target=each) for _ in range(8)]
    for thread in threads:
        thread.start()
    barrier.wait(60)
    counts.sample(1.0)
    barrier.wait(60)
    for thread in threads:
        thread.join(60)
    return counts


def _ring(consumers: int) -> object:
    ring = Ring(HOUR)
    names = [f"org.fedoraproject.prod.service{n}.thing.state.change" for n in range(20)]
    for moment in range(HOUR):
        total = 5_000 * (moment + 1)
        sample = Sample(
            "Consumer",
            1.7e9 + 10 * moment,
            total,
            total - 7,
            6,
            1,
            busy=total * 777,
            oldest=0.123456,
            delay=0.654321,
            service_p50=0.000123,
            service_p95=0.000456,
            service_p99=0.001234,
            service_max=0.123456,
            topics={name: total // 20 + n for n, name in enumerate(names)},
            topic_processed={name: total // 21 + n for n, name in enumerate(names)},
            topic_busy={name: total * 39 + n for n, name in enumerate(names)},
        )
        ring.add([sample] * consumers)
    return ring
