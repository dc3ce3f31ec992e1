"""Time one message through a queue and a worker's loop, in one process, variant by variant."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.queue_hooks import put_directly, quick_put
from collectd_fedmsg.hub_plugin import counted_validate

MESSAGE = {"topic": "org.fedoraproject.prod.buildsys.build.state.change",
           "body": {"timestamp": time.time(), "msg": {}}}  # fmt: skip


class Plain:
    """What a moksha consumer does to a message: checked, queued, taken, checked, handled."""

    def __init__(self) -> None:
        self.incoming: queue.Queue[Any] = queue.Queue()

    def validate(self, message: dict[str, Any]) -> None:
        """Accept it."""

    def consume(self, message: dict[str, Any]) -> None:
        """Do nothing."""

    def _do_work(self, message: dict[str, Any]) -> bool:
        self.validate(message)
        self.consume(message)
        return True

    def _work_loop(self) -> None:
        self._do_work(self.incoming.get())

    def once(self) -> None:
        """Let one message through."""
        self.validate(MESSAGE)
        self.incoming.put(MESSAGE)
        self._work_loop()


def instrumented(parts: str = "put work validate quick") -> Plain:
    """Return a consumer with these parts of our accounts on."""
    consumer: Any = Plain()
    queued = consumer.incoming
    counts = Counts("Plain", queued.mutex, queued.queue, 1, loop=Plain._work_loop.__code__)
    if "put" in parts:
        queued._put = counts.count_put(put_directly(queued))
    if "quick" in parts:
        queued.put = quick_put(queued) or queued.put
    if "work" in parts:
        consumer._do_work = counts.count_work(consumer._do_work)
    if "validate" in parts:
        consumer.validate = counted_validate(counts, consumer.validate)
    return consumer  # type: ignore[no-any-return]


def prometheus() -> Plain:
    """Return a consumer that prometheus_client counts: two counters, a gauge, a histogram."""
    registry = CollectorRegistry()
    received = Counter("received", "messages", registry=registry)
    processed = Counter("processed", "messages", registry=registry)
    backlog = Gauge("backlog", "messages", registry=registry)
    service = Histogram("service", "seconds", registry=registry)
    consumer: Any = Plain()
    put, work = consumer.incoming._put, consumer._do_work

    def counted_put(message: Any) -> None:
        put(message)
        received.inc()
        backlog.inc()

    def counted_work(message: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(message)
        finally:
            service.observe(time.perf_counter() - start)
            processed.inc()
            backlog.dec()

    consumer.incoming._put, consumer._do_work = counted_put, counted_work
    return consumer  # type: ignore[no-any-return]


def floor() -> Plain:
    """Return the least that could be done: a cell per thread and two readings of the clock."""
    consumer: Any = Plain()
    work, local, clock = consumer._do_work, threading.local(), time.perf_counter_ns
    local.cell = [0, 0]

    def counted_work(message: Any) -> Any:
        cell = local.cell
        start = clock()
        try:
            return work(message)
        finally:
            cell[0] += 1
            cell[1] += clock() - start

    consumer._do_work = counted_work
    return consumer  # type: ignore[no-any-return]


VARIANTS: dict[str, Callable[[], Plain]] = {
    "plain": Plain,
    "floor: a cell, two clock reads": floor,
    "ours: arrivals (total, age, topic, delay)": lambda: instrumented("put"),
    "ours: and work (by topic, histogram, peak)": lambda: instrumented("put work"),
    "ours: and validation (rejected)": lambda: instrumented("put work validate"),
    "ours: everything, with a quicker put": instrumented,
    "prometheus_client": prometheus,
}


def times(rounds: int, count: int) -> dict[str, list[float]]:
    """Return seconds per message of each variant, one figure a round, taken in turns."""
    figures: dict[str, list[float]] = {name: [] for name in VARIANTS}
    consumers = {name: make() for name, make in VARIANTS.items()}
    for _ in range(rounds):
        for name, consumer in consumers.items():
            once = consumer.once
            began = time.perf_counter()
            for _ in range(count):
                once()
            figures[name].append((time.perf_counter() - began) / count)
    return figures
