"""``python -m tests.integration.peers FOLDER COUNT MUTE``: many daemons in one process.

They speak the real protocol over real ipc sockets; every ``MUTE``-th takes requests and never
answers.
"""

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


def main() -> None:
    folder, count, mute = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    raise_file_limit()
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4 * count)
    poller, names = zmq.Poller(), {}
    began = float(int(time.time()))
    for number in range(count):
        one = context.socket(zmq.ROUTER)
        one.bind(f"ipc://{socket_path(folder, f'd{number}', os.getpid())}")
        names[one] = number
        poller.register(one, zmq.POLLIN)
    (folder / "ready").touch()
    while True:
        for one, _ in poller.poll(1000):
            *envelope, frame = one.recv_multipart()
            request = wire.decode_request(frame)
            if names[one] % mute == 0:
                continue
            service = f"d{names[one]}"
            origin = wire.Origin(service, socket.gethostname(), os.getpid(), service, began, 1)
            ring = Ring(rounds=10)
            ring.add([Sample("C", float(int(time.time())), 10, 7, 2, 1)])
            page = ring.after(request.after if request.run == service else None)
            reply = wire.encode_reply(origin, time.time(), time.monotonic(), page)
            one.send_multipart([*envelope, reply])


if __name__ == "__main__":
    main()
