"""``python -m tests.soak.many_peers FOLDER DAEMONS CONSUMERS``: daemons with rings that grow."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from collectd_fedmsg.files import raise_file_limit
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from tests.played_daemons import Served, listen

INTERVAL = 10


def main() -> None:
    folder, daemons, consumers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    raise_file_limit()
    served, last = Served(), 0
    # All alike, so one ring serves all: what is measured is the reader.
    ring, began = Ring(rounds=360), time.time()

    def answer(service: str, frame: bytes) -> Iterator[bytes]:
        request = wire.decode_request(frame)
        origin = wire.Origin(service, socket.gethostname(), os.getpid(), service, began, INTERVAL)
        page = ring.after(request.after if request.run == service else None)
        yield wire.encode_reply(origin, time.time(), time.monotonic(), page)

    for number in range(daemons):
        listener = listen(socket_path(folder, f"d{number}", os.getpid()))
        served.add(listener, partial(answer, f"d{number}"))
    (folder / "ready").touch()
    while True:
        now = int(time.time()) // INTERVAL * INTERVAL
        if now > last:
            last, total = now, int(now - began) * 5 + 100
            ring.add([Sample(f"Consumer{n}", float(now), total, total - 3, 2, 1, busy=total * 900,
                             oldest=0.5, delay=0.1, service_p50=0.1, service_p95=0.2,
                             service_p99=0.3, service_max=0.4)
                      for n in range(consumers)])  # fmt: skip
        served.turn(0.2)


if __name__ == "__main__":
    main()
