"""A consumer that takes 4 ms a message, so that its backlog shows."""

from __future__ import annotations

import time
from typing import Any

from fedmsg.consumers import FedmsgConsumer


class Slow(FedmsgConsumer):
    """Falls behind whenever messages come faster than 250 a second."""

    topic = "org.fedoraproject.prod.*"
    config_key = "slow.enabled"

    def consume(self, message: dict[str, Any]) -> None:
        time.sleep(0.004)
