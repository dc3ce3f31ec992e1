"""``python -m examples.new_bus.publish COUNT RATE``: builds onto the new bus, at a rate (1/s)."""

from __future__ import annotations

import random
import sys
import time
from itertools import islice

from fedora_messaging import api, config, message

from examples.load.traffic import builds


def main() -> None:
    """Publish, each confirmed by the broker, and print how many."""
    count, rate = int(sys.argv[1]), float(sys.argv[2])
    config.conf.load_config()
    config.conf["monitoring"] = {}  # the consuming service has that port
    began = time.monotonic()
    for number, (topic, body) in enumerate(islice(builds(random.Random(1)), count)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        api.publish(message.Message(topic=f"org.fedoraproject.prod.{topic}", body=body))
    print(count, flush=True)


if __name__ == "__main__":
    main()
