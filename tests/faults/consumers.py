"""A consumer that leaves a byte in a file for each message: what a kill cannot take back."""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path
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
        time.sleep(message["body"]["msg"].get("seconds", 0))
        os.write(self._file, b".")


class Tallied(FedmsgConsumer):
    """Keeps its own count in a file of 8 bytes, without a system call; for one worker."""

    topic = "org.fedoraproject.dev.*"
    config_key = "tallied.enabled"

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        self._count = 0
        with Path(hub.config["tallied.file"]).open("w+b") as file:
            file.write(bytes(8))
            file.flush()
            self._map = mmap.mmap(file.fileno(), 8)

    def consume(self, message: dict[str, Any]) -> None:
        self._count += 1
        self._map[:] = self._count.to_bytes(8, "little")
