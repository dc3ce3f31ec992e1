"""Consumers that do as their messages say: sleep, fail, or nothing."""

from __future__ import annotations

import time
from typing import Any

from fedmsg.consumers import FedmsgConsumer


class Obedient(FedmsgConsumer):
    topic = "org.fedoraproject.dev.*"
    config_key = "obedient.enabled"

    def consume(self, message: dict[str, Any]) -> None:
        order = message["body"]["msg"]
        time.sleep(order.get("seconds", 0))
        if order.get("fail"):
            raise ValueError("as told")
