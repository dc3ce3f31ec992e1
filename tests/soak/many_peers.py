"""``python -m tests.soak.many_peers FOLDER DAEMONS CONSUMERS``: daemons with rings that grow."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import zmq

from collectd_fedmsg.files import raise_file_limit
from collectd_fedmsg.hub.listener import socket_path
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample

INTERVAL = 10


def main() -> None:
    folder, daemons, consumers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    raise_file_limit()
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4 * daemons)
    poller, names, last = zmq.Poller(), {}, 0
    for number in range(daemons):
        one = context.socket(zmq.ROUTER)
        one.bind(f"ipc://{socket_path(folder, f'd{number}', os.getpid())}")
        names[one] = number
        poller.register(one, zmq.POLLIN)
    # All alike, so one ring serves all: what is measured is the reader.
    ring, began = Ring(rounds=360), time.time()
    (folder / "ready").touch()
    while True:
        now = int(time.time()) // INTERVAL * INTERVAL
        if now > last:
            last, total = now, int(now - began) * 5 + 100
            ring.add([Sample(f"Consumer{n}", float(now), total, total - 3, 2, 1, busy=total * 900,
                             oldest=0.5, delay=0.1, service_p50=0.1, service_p95=0.2,
                             service_p99=0.3, service_max=0.4)
                      for n in range(consumers)])  # fmt: skip
        for one, _ in poller.poll(200):
            *envelope, frame = one.recv_multipart()
            request = wire.decode_request(frame)
            service = f"d{names[one]}"
            origin = wire.Origin(service, socket.gethostname(), os.getpid(), service, began,
                                 INTERVAL)  # fmt: skip
            page = ring.after(request.after if request.run == service else None)
            reply = wire.encode_reply(origin, time.time(), time.monotonic(), page)
            one.send_multipart([*envelope, reply])


if __name__ == "__main__":
    main()
