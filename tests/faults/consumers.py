"""A consumer that leaves a byte in a file for each message: what a kill cannot take back."""

from __future__ import annotations

import os
from typing import Any

from fedmsg.consumers import FedmsgConsumer


class Counted(FedmsgConsumer):
    topic = "org.fedoraproject.dev.*"
    config_key = "counted.enabled"

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file = os.open(hub.config["counted.file"], flags, 0o644)

    def consume(self, message: dict[str, Any]) -> None:
        os.write(self._file, b".")
