"""``python -m examples.load --config FILE --rate 5 --count 100``: publish and report as JSON."""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import fedmsg
import fedmsg.config

from .traffic import builds, everyday

KINDS = {"everyday": everyday, "builds": builds}


def main() -> None:
    """Publish through the relay; print how many were sent and how long it took (s)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="a fedmsg configuration file")
    parser.add_argument("--rate", type=float, default=0, help="messages/s; 0: as fast as it goes")
    parser.add_argument("--count", type=int, default=0, help="messages; 0: until stopped")
    parser.add_argument("--kind", choices=KINDS, default="everyday")
    parser.add_argument("--profile", choices=("constant", "poisson"), default="poisson")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    config = fedmsg.config.load_config([], [], filenames=[str(options.config)])
    config.update(name="relay_inbound", active=True, post_init_sleep=1.0)
    fedmsg.init(**config)
    rng = random.Random(options.seed)
    messages = KINDS[options.kind](rng)
    began = due = time.monotonic()
    sent = 0
    try:
        while not options.count or sent < options.count:
            topic, message = next(messages)
            modname, _, rest = topic.partition(".")
            fedmsg.publish(modname=modname, topic=rest, msg=message)
            sent += 1
            if options.rate:
                steady = options.profile == "constant"
                due += 1 / options.rate if steady else rng.expovariate(options.rate)
                time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        pass
    # Closing waits for what is still in zmq's buffers (zmq_linger).
    fedmsg.destroy()
    print(json.dumps({"sent": sent, "seconds": round(time.monotonic() - began, 3)}), flush=True)


if __name__ == "__main__":
    main()
