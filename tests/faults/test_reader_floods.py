"""Readers that never read, and ones that ask without end: the daemon's memory and samples stay."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from collectd_fedmsg.hub.admission import MAX_PER_USER
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import wait_for
from tests.conftest import Figure
from tests.listening import is_admitting
from tests.users import as_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
#: A daemon with a full ring; says how many kB it has and how late its last sample was.
DAEMON = """
import random, sys, time
from pathlib import Path
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
def take(at):
    return [Sample(f"C{n}", at, 9, 9, 0, 0,
                   topics={f"org.fedoraproject.{random.getrandbits(160):x}": 1 for _ in range(20)})
            for n in range(10)]
responder = Responder(Settings("hub", Path(sys.argv[1]), interval=1), take)
responder.start()
for n in range(300):
    responder._ring.add(take(time.time() // 1 - 300 + n))
while True:
    end = time.time() + 0.5
    while time.time() < end:
        sum(range(1000))
    kb = int(open("/proc/self/statm").read().split()[1]) * 4
    print(kb, time.time() - responder._last, flush=True)
"""
READERS = """
import socket, sys, time
from collectd_fedmsg.protocol.sockets import pack
request = pack(b'{"v":1,"run":null,"after":null}')
path, reads = sys.argv[1], sys.argv[2] == "ask"
kept = []
def connected():
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(2.0)
    peer.connect(path)
    return peer
for _ in range(4 if reads else 100):
    try:
        kept.append(connected())
        kept[-1].sendall(3 * request)
    except OSError:
        pass
print(flush=True)
while True:
    for number, peer in enumerate(kept):
        if not reads:
            break
        try:
            if peer.recv(1 << 20):
                peer.sendall(request)
                continue
        except OSError:
            pass
        try:
            kept[number] = connected()
            kept[number].sendall(request)
        except OSError:
            pass
    time.sleep(0 if reads else 1)
"""


@pytest.fixture
def daemon(short_folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a busy daemon with a full ring, which any user may ask."""
    short_folder.chmod(0o755)
    child = subprocess.Popen([sys.executable, "-c", DAEMON, str(short_folder)], cwd=ROOT,
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    path = socket_path(short_folder, "hub", child.pid)
    wait_for("it listens", lambda: is_admitting(path))
    path.chmod(0o666)
    yield child
    child.kill()
    child.wait(60)


def states(daemon: subprocess.Popen[str], count: int) -> list[tuple[int, float]]:
    """Return its next states: memory (kB), seconds since a sample was due."""
    assert daemon.stdout is not None
    rows = [daemon.stdout.readline().split() for _ in range(count)]
    return [(int(kb), float(late)) for kb, late in rows]


@pytest.mark.parametrize("behaviour", ["silent", "ask"])
def test_another_user_floods(
    short_folder: Path, daemon: subprocess.Popen[str], behaviour: str, figure: Figure
) -> None:
    """The host's own reader is answered in each round, despite 100 of another user's."""
    before = states(daemon, 6)[-1][0]
    path = socket_path(short_folder, "hub", daemon.pid)
    flood = subprocess.Popen(
        [*as_user(65534, 65534), sys.executable, "-c", READERS, str(path), behaviour], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    requester = Requester()
    reader = Reader([f"{short_folder}/*.sock"], requester)
    try:
        assert flood.stdout is not None
        flood.stdout.readline()
        rounds, most, delays = 0, 0, []
        for _ in range(4):
            rounds += reader.collect(20.0, time.time()).daemons
            for kb, since in states(daemon, 3):
                most = max(most, kb)
                delays.append(since)
    finally:
        flood.kill()
        flood.wait(60)
        requester.close()
    assert rounds == 4
    assert most - before < 24_000
    # The machine itself may stand still for a moment; a flood would not stop.
    late = median(delays)
    assert late < 3.0, delays
    figure(f"100 readers that never read ({MAX_PER_USER} get in)" if behaviour == "silent"
           else "4 readers that ask without end, a busy daemon",
           f"memory {(most - before) / 1000:+.1f} MB; a sample mostly {late:.1f} s after the one"
           f" before (interval 1 s); the host's reader answered in {rounds} of 4")  # fmt: skip
