"""Five million messages over eight workers: none lost, none invented, every sample balanced."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import pytest
from moksha.hub.api import Consumer

from collectd_fedmsg.hub_plugin import instrument

COUNT, WORKERS, SENDERS = 5_000_000, 8, 2


class Hubless(Consumer):
    """Moksha's own consumer and loop, without a hub around it."""

    def __init__(self) -> None:
        self.incoming: Any = queue.Queue()
        self.blocking_mode = False
        self.N = WORKERS
        self.headcount_in = self.headcount_out = 0
        self._times: list[float] = []

    def debug(self, message: str) -> None:
        pass

    def _do_work(self, message: Any) -> bool:
        return bool(message["body"] % 1000)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_five_million() -> None:
    consumer = Hubless()
    counts = instrument(consumer)
    workers = [threading.Thread(target=consumer._work_loop) for _ in range(WORKERS)]

    def send(first: int) -> None:
        for number in range(first, COUNT, SENDERS):
            consumer.incoming.put({"topic": f"t{number % 7}", "body": number})

    senders = [threading.Thread(target=send, args=(first,)) for first in range(SENDERS)]
    began = time.monotonic()
    for thread in workers + senders:
        thread.start()
    samples = 0
    before = counts.sample(0.0)
    while any(thread.is_alive() for thread in senders) or before.backlog:
        now = counts.sample(time.time())  # building one that does not balance raises
        assert now.received >= before.received
        assert now.processed >= before.processed
        assert now.busy >= before.busy
        assert sum(now.topics.values()) == now.received
        before, samples = now, samples + 1
    for _ in workers:
        consumer.incoming.put(StopIteration)
    for thread in workers:
        thread.join(30)
    last = counts.sample(time.time())
    assert (last.received, last.processed, last.failed) == (COUNT, COUNT, COUNT // 1000)
    seconds = time.monotonic() - began
    print(f"{COUNT:,} messages, {WORKERS} workers, {samples:,} samples, {seconds:.0f} s: lost 0")
