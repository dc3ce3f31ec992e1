"""A consumer of a queue, counted: ten lines."""

import queue

from collectd_fedmsg import counting

messages: "queue.Queue[dict[str, str]]" = queue.Queue()
consumer = counting.Consumer("Archiver", service="archiver", waiting=messages.qsize)


@consumer.counted
def archive(message: dict[str, str]) -> None:
    """Handle one message; its topic is counted, an exception is a failure."""
    print(message["topic"])


def run() -> None:
    """Take messages until there are none."""
    while not messages.empty():
        archive(messages.get())
