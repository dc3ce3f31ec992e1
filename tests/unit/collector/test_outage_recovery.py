"""After an outage of rrdcached: every sample that a ring still has is restored, however slowly."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectd_fedmsg.collector.config import PluginConfig
from collectd_fedmsg.collector.outage import OutageRecovery
from collectd_fedmsg.collector.series import SeriesTable
from collectd_fedmsg.hub import ring as rings
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.reader import requester as requesters
from collectd_fedmsg.reader import shares
from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from collectd_fedmsg.rrdcached import Rrdcached
from tests.played_daemons import Served, listen
from tests.played_servers import by_line, played

DAEMONS, SAMPLES = 8, 30


@contextmanager
def daemons(folder: Path, start: int) -> Iterator[None]:
    """Serve daemons, each with a ring of samples from ``start`` (epoch seconds) on."""
    served = Served()
    for number in range(DAEMONS):
        ring = Ring(SAMPLES)
        for round_number in range(SAMPLES):
            total = 100 * round_number
            ring.add([Sample("C", float(start + round_number), total, total, 0, 0)])
        origin = wire.Origin(f"d{number}", "h", os.getpid(), f"{number:032}", start, 1)

        def answer(frame: bytes, ring: Ring = ring, origin: wire.Origin = origin) -> list[bytes]:
            request = wire.decode_request(frame)
            after = request.after if request.run == origin.run else None
            return [wire.encode_reply(origin, time.time(), 0.0, ring.after(after))]

        served.add(listen(socket_path(folder, origin.service, os.getpid())), answer)
    with served.in_thread():
        yield


@pytest.mark.parametrize("page", [1 << 20, 1500], ids=["one-page-each", "several-pages-each"])
def test_whoever_was_not_read_in_time_has_his_turn(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """One user's share of a round is one page: it takes more rounds than a silent daemon has."""
    start, updates = int(time.time()) - SAMPLES, dict[str, set[int]]()

    def store(line: bytes) -> bytes:
        if line.startswith(b"UPDATE"):
            _, name, *points = line.decode().split()
            updates.setdefault(name, set()).update(int(p.partition(":")[0]) for p in points)
        return b"0 1\n"

    requester = Requester()
    reader = Reader([f"{short_folder}/*.sock"], requester)
    socket = short_folder / "rrdcached.socket"
    with daemons(short_folder, start), played(by_line(store), socket):
        client = Rrdcached(f"unix:{socket}")
        table = SeriesTable(100, PluginConfig().by_topic())
        recovery = OutageRecovery(client, reader, table, "h", str(short_folder))
        for _, origin, samples in reader.collect(10, time.time()).fresh:
            assert len(samples) == SAMPLES
            table.find("", origin.service, "C", f"uid {os.getuid()}")
        monkeypatch.setattr(shares, "MAX_ROUND", 1)
        monkeypatch.setattr(requesters, "MAX_PAGES", 1)
        monkeypatch.setattr(rings, "PAGE", page)
        rounds = 0
        while not recovery.ready(20)[0]:
            rounds += 1
            assert rounds < 20 * DAEMONS
        client.close()
    requester.close()
    received = {name: times for name, times in updates.items() if re.search("C_received", name)}
    assert len(received) == DAEMONS
    for times in received.values():
        assert times == set(range(start, start + SAMPLES))
