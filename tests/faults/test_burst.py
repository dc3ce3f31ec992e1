"""A thousand samples that come at once after an outage are stored in their order, each one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from examples.chain import Chain
from examples.processes import wait_for
from tests.conftest import Figure
from tests.integration.test_back_fill import fetch
from tests.played_daemons import Served, listen

COUNT = 1000


def total(number: int) -> int:
    """Return a total whose every step differs from its neighbours'."""
    return number * number


def serve(folder: Path, began: int, ended: threading.Event) -> None:
    ring = Ring(rounds=2 * COUNT)
    for n in range(COUNT + 1):
        ring.add([Sample("C", float(began + n), total(n), total(n), 0, 0)])
    origin = wire.Origin("d", "h", os.getpid(), "run", float(began), 1)

    def answer(frame: bytes) -> Iterator[bytes]:
        request = wire.decode_request(frame)
        page = ring.after(request.after if request.run == "run" else None)
        yield wire.encode_reply(origin, time.time(), time.monotonic(), page)

    served = Served()
    served.add(listen(socket_path(folder, "d", os.getpid())), answer)
    while not ended.is_set():
        served.turn(0.1)
    served.close()


def test_each_is_stored(short_folder: Path, figure: Figure) -> None:
    """Several write threads would pass each other, and RRD refuse what comes late."""
    chain, ended = Chain(short_folder, [], interval=1), threading.Event()
    chain.run_folder.mkdir(mode=0o750)
    began = int(time.time()) - COUNT - 1
    thread = threading.Thread(target=serve, args=(chain.run_folder, began, ended))
    thread.start()
    end, series = began + COUNT, "fedmsg-d/derive-C_received"

    def rates() -> list[tuple[int, float | None]]:
        try:
            return fetch(chain.folder, "received", began, end, series)
        except Exception:  # not created yet
            return []

    try:
        chain.start_rrdcached()
        chain.start_collectd()
        wait_for("the last one is stored", lambda: bool(rates()) and rates()[-1][1] is not None, 90)
        points = rates()
    finally:
        ended.set()
        thread.join(60)
        chain.processes.stop_all()
    wrong = [at for at, rate in points
             if rate is None or abs(rate - (2 * (at - began) - 1)) > 1e-6]  # fmt: skip
    assert len(points) == COUNT
    assert wrong == []
    figure(f"{COUNT} samples at once, after an outage", f"{len(wrong)} lost or out of order")
