"""An ordinary consumer that asks a remote service about each message, without a time-out."""

from __future__ import annotations

import socket
import threading
from typing import Any

from fedmsg.consumers import FedmsgConsumer


class Asker(FedmsgConsumer):
    """Asks the remote about every message; each worker thread has its own connection."""

    topic = "org.fedoraproject.prod.*"
    config_key = "stuck.asker.enabled"

    def __init__(self, hub: Any) -> None:
        self._local = threading.local()
        super().__init__(hub)

    def consume(self, message: dict[str, Any]) -> None:
        """Ask and wait for the answer, for ever if need be: the mistake of this story."""
        link = getattr(self._local, "link", None)
        if link is None:
            address = ("127.0.0.1", self.hub.config["stuck.remote_port"])
            connection = socket.create_connection(address, timeout=None)
            link = self._local.link = connection.makefile("rwb")
        link.write(message["topic"].encode() + b"\n")
        link.flush()
        link.readline()
