"""``python -m tests.integration.peers FOLDER COUNT MUTE``: many daemons in one process.

They speak the real protocol over real unix sockets; every ``MUTE``-th takes requests and never
answers.
"""

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


def main() -> None:
    folder, count, mute = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    raise_file_limit()
    served = Served()
    for number in range(count):
        path = socket_path(folder, f"d{number}", os.getpid())
        served.add(listen(path), partial(answer, f"d{number}", number % mute == 0))
    (folder / "ready").touch()
    while True:
        served.turn(1.0)


def answer(service: str, mute: bool, frame: bytes) -> Iterator[bytes]:
    request = wire.decode_request(frame)
    if mute:
        return
    now = time.time()
    origin = wire.Origin(service, socket.gethostname(), os.getpid(), service, now // 1, 1)
    ring = Ring(rounds=10)
    ring.add([Sample("C", now // 1, 10, 7, 2, 1)])
    page = ring.after(request.after if request.run == service else None)
    yield wire.encode_reply(origin, now, time.monotonic(), page)


if __name__ == "__main__":
    main()
