"""``python -m tests.faults.mad FOLDER``: peers gone mad, each on a socket of its own.

They speak once asked, and then as they like: frames of 100 MB, floods, pages without end.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample, encode_row
from collectd_fedmsg.protocol.sockets import pack, socket_path
from tests.played_daemons import listen

#: Made once: making it takes longer than sending.
ENDLESS: list[bytes] = []
Send = Callable[[bytes], None]


def reply(service: str, first: int, rows_sent: int, **changes: Any) -> bytes:
    """Return a reply with rows of consecutive numbers, then changed."""
    origin = wire.Origin(service, socket.gethostname(), os.getpid(), service, time.time(), 1)
    now = float(int(time.time()))
    rows = [encode_row(first + n, Sample("C", now - rows_sent + n, 5 + first + n, 5, first + n, 0))
            for n in range(rows_sent)]  # fmt: skip
    frame = wire.encode_reply(origin, time.time(), 1.0, (first, first + rows_sent, False, rows))
    return json.dumps({**json.loads(frame), **changes}).encode() if changes else frame


def oversized(send: Send, _: int) -> None:
    send(b"x" * 100_000_000)


def garbage(send: Send, number: int) -> None:
    send(os.urandom(500) if number % 2 else b"[" * 100_000)


def flood(send: Send, number: int) -> None:
    for _ in range(1500):
        send(os.urandom(2000))
    send(reply("flood", 0, 3))


def endless(send: Send, number: int) -> None:
    if not ENDLESS:
        ENDLESS.append(reply("endless", 0, 3000, more=True))
    for _ in range(12):
        send(ENDLESS[0])


def replayed(send: Send, number: int) -> None:
    send(reply("replayed", 100 - number, 9))


def tomorrow(send: Send, number: int) -> None:
    rows = json.loads(encode_row(number, Sample("C", time.time() + 86400, 5, 5, 0, 0)))
    send(reply("tomorrow", number, 1, rows=[rows]))


def another(send: Send, number: int) -> None:
    send(reply("honest", number, 1))


def names(send: Send, number: int) -> None:
    now, first = time.time(), 700 * number
    new = [Sample(f"{'x' * 900}{first + n}", now, 5, 5, 0, 0) for n in range(700)]
    rows = [json.loads(encode_row(first + n, sample)) for n, sample in enumerate(new)]
    send(reply("names", number, 1, rows=rows))


MODES = (oversized, garbage, flood, endless, replayed, tomorrow, another, names)


def serve(folder: Path, mode: Callable[[Send, int], None]) -> None:
    listener = listen(socket_path(folder, mode.__name__, os.getpid()))
    for number in count(1):
        connection, _ = listener.accept()
        connection.settimeout(5.0)

        def send(frame: bytes, to: socket.socket = connection) -> None:
            to.sendall(pack(frame))

        # The reader goes away as soon as it has heard enough.
        with contextlib.suppress(OSError), connection:
            while connection.recv(2048):
                mode(send, number)


def main() -> None:
    folder = Path(sys.argv[1])
    for mode in MODES:
        threading.Thread(target=serve, args=(folder, mode), daemon=True).start()
    while not all(socket_path(folder, mode.__name__, os.getpid()).exists() for mode in MODES):
        time.sleep(0.05)
    (folder / "ready").touch()
    threading.Event().wait()


if __name__ == "__main__":
    main()
