"""Consumers that do as their messages say: sleep, fail, or nothing."""

from __future__ import annotations

import time
from typing import Any

from fedmsg.consumers import FedmsgConsumer
from moksha.hub.monitoring import MonitoringProducer

# Consumers are loaded before producers. Moksha's five seconds would be waited for again and again.
MonitoringProducer.frequency = 1


class Obedient(FedmsgConsumer):
    topic = "org.fedoraproject.dev.*"
    config_key = "obedient.enabled"

    def consume(self, message: dict[str, Any]) -> None:
        order = message["body"]["msg"]
        time.sleep(order.get("seconds", 0))
        if order.get("fail"):
            raise ValueError("as ordered")


class PastTheQueue(Obedient):
    """Handles each message where it is received."""

    config_key = "past_the_queue.enabled"

    def _consume(self, message: dict[str, Any]) -> None:
        try:
            self.consume(message)
        except ValueError:
            self.log.info("as ordered")


class OwnLoop(Obedient):
    """Takes from the queue in a loop of its own."""

    config_key = "own_loop.enabled"

    def _work_loop(self) -> None:
        while (message := self.incoming.get()) is not StopIteration:
            try:
                self.consume(message)
            except ValueError:
                self.log.info("as ordered")
