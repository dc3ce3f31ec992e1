"""A queue whose messages expire, with nobody to take them."""

from __future__ import annotations

import pika

#: Milliseconds that a message waits at most.
EXPIRES = 15_000


class Digest:
    """Declares the queue ``digest`` and sends to it, on a connection for each."""

    def __init__(self, amqp: int) -> None:
        self._parameters = pika.ConnectionParameters("127.0.0.1", amqp)
        #: Messages sent so far.
        self.sent = 0
        self.send(0)

    def send(self, count: int) -> None:
        """Send messages, each confirmed."""
        connection = pika.BlockingConnection(self._parameters)
        channel = connection.channel()
        channel.queue_declare("digest", arguments={"x-message-ttl": EXPIRES})
        channel.confirm_delivery()
        for _ in range(count):
            channel.basic_publish("", "digest", b"{}")
        connection.close()
        self.sent += count
