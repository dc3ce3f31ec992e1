"""``python -m examples.new_bus.publish COUNT RATE [poison]``: builds onto the new bus (1/s)."""

from __future__ import annotations

import random
import sys
import time
from itertools import islice

from fedora_messaging import api, config, message

from examples.load.traffic import builds

LINGER_SECONDS = 11


def main() -> None:
    """Publish, each confirmed by the broker, until all are sent or Ctrl-C; print how many were."""
    count, rate = int(sys.argv[1]), float(sys.argv[2])
    bad = {"poison": True} if "poison" in sys.argv[3:] else {}
    config.conf.load_config()
    config.conf["monitoring"] = {}  # the consuming service has that port
    began, sent = time.monotonic(), 0
    try:
        for topic, body in islice(builds(random.Random(1)), count):
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))
            api.publish(
                message.Message(topic=f"org.fedoraproject.prod.{topic}", body={**body, **bad})
            )
            sent += 1
    except KeyboardInterrupt:
        pass  # a message that was on its way may be there and not counted: the story waits for it
    # The broker takes a channel's counts every 5 s: those of one that is gone before may be lost.
    time.sleep(LINGER_SECONDS)
    print(sent, flush=True)


if __name__ == "__main__":
    main()
