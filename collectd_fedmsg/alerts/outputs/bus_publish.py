"""Publish one notice read from standard input, and check that it arrived on the bus.

The relay does not acknowledge: whoever wants to know subscribes to it and waits for the notice.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import fedmsg
import fedmsg.config
import zmq

#: Seconds between two attempts within one run: a new subscription needs a moment.
AGAIN = 1.0


def main(config_file: str, timeout: float, confirm: bool) -> None:
    """Publish; raise TimeoutError when it was not seen within ``timeout`` seconds."""
    payload = json.load(sys.stdin)
    config = fedmsg.config.load_config([], {}, filenames=[config_file], invalidate_cache=True)
    config.update(name="relay_inbound", active=True, mute=False)
    fedmsg.init(**config)
    topic = f"alert.{payload['kind']}"
    if not confirm:
        fedmsg.publish(topic=topic, modname="collectd_fedmsg", msg=payload)
        return
    context = zmq.Context()
    try:
        with context.socket(zmq.SUB) as bus:
            bus.setsockopt(zmq.SUBSCRIBE, b"")
            for addresses in config["endpoints"].values():
                for address in addresses:
                    bus.connect(address)
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                fedmsg.publish(topic=topic, modname="collectd_fedmsg", msg=payload)
                if _seen(bus, payload["id"], min(deadline, time.monotonic() + AGAIN)):
                    return
    finally:
        context.destroy(linger=0)
    raise TimeoutError(f"not seen on the bus within {timeout:g} s; is the relay there?")


def _seen(bus: Any, name: str, until: float) -> bool:
    while (left := until - time.monotonic()) > 0:
        if bus.poll(left * 1000) and name.encode() in bus.recv_multipart()[-1]:
            return True
    return False


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), bool(sys.argv[3]))
