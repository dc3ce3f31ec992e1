"""A bus of one publisher, and real hubs that subscribe to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader import collect as reader
from examples.chain import Chain, Daemon
from examples.processes import wait_for

OBEDIENT = "tests.integration.consumers:Obedient"


class Bus:
    """Publishes where the relay would; starts hubs of the Obedient consumer."""

    def __init__(self, folder: Path, interval: int = 1) -> None:
        self.chain = Chain(folder, [], interval)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.set_hwm(0)
        self._socket.bind(self.chain.outbound)
        self.sent = 0

    def __enter__(self) -> Bus:
        return self

    def __exit__(self, *_: object) -> None:
        self.chain.processes.stop_all()
        self._context.destroy(linger=0)

    def publish(self, count: int = 1, **order: Any) -> None:
        """Publish orders: ``seconds`` to sleep, whether to ``fail``."""
        topic = "org.fedoraproject.dev.order"
        for _ in range(count):
            self.sent += 1
            body = {"topic": topic, "i": self.sent, "timestamp": time.time(), "msg": order}
            self._socket.send_multipart([topic.encode(), json.dumps(body).encode()])

    @contextmanager
    def traffic(self, pause: float) -> Iterator[None]:
        """Publish a message each ``pause`` seconds, from this process."""
        ended = threading.Event()

        def publish() -> None:
            while not ended.wait(pause):
                self.publish()

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(60)

    def start(self, service: str, workers: int = 1, **config: Any) -> int:
        """Start a hub and wait until messages reach it; return its pid."""
        daemon = Daemon(service, OBEDIENT, workers, {"obedient.enabled": True, **config})
        pid = self.chain.start_hub(daemon)

        def subscribed() -> bool:
            self.publish()
            return self.sample(service).received > 0

        wait_for(f"{service} is subscribed", subscribed)
        self.settle(service)
        return pid

    def settle(self, service: str) -> Sample:
        """Return the newest sample once nothing waits and none came from one to the next."""
        last = [self.sample(service)]

        def settled() -> bool:
            now = self.sample(service)
            if now.time == last[0].time:
                return False
            before, last[0] = last[0], now
            return not now.backlog and now.received == before.received

        wait_for(f"{service} has nothing left to do", settled)
        return last[0]

    def sample(self, service: str) -> Sample:
        """Return a service's newest sample."""
        newest: list[Sample] = []

        def has_answered() -> bool:
            harvest = reader.latest(
                [f"{self.chain.run_folder}/{service}.*.sock"], 30.0, time.time()
            )
            newest.extend(samples[-1] for _, _, samples in harvest.fresh)
            return bool(newest)

        wait_for(f"{service} answers", has_answered)
        return newest[-1]
