"""Nobody ends or starves a daemon by taking its descriptors: real hubs and relays at limits."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg.commands.keys import make
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Request
from collectd_fedmsg.reader.collect import latest
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT, Daemon
from examples.processes import free_port, wait_for
from tests.conftest import Figure
from tests.integration.bus import Bus

ATTACK = 1100


def numbers(pid: int) -> list[int]:
    """Return a process's descriptors."""
    return [int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()]


def files_of(pid: int) -> int:
    return len(numbers(pid))


def resident(pid: int) -> int:
    """Return a process's memory, kB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4


def connected(path: Path, count: int) -> list[socket.socket]:
    """Return connections that say nothing; a daemon drops most of them at once."""
    peers = []
    for _ in range(count):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(5.0)
        peers.append(peer)
        with contextlib.suppress(OSError):
            peer.connect(str(path))
    return peers


@pytest.mark.parametrize("limit", [256, 1024, 4096])
def test_real_daemons_at_their_limits(short_folder: Path, limit: int, figure: Figure) -> None:
    """1,100 idle connections, then not one free descriptor: they live, work and are read."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with Bus(short_folder) as bus:
        pids = {"hub": bus.start("hub")}
        pids["relay"] = bus.chain.start_hub(Daemon("relay", ""))
        descriptors, grown, replies = {}, {}, {}
        for name, pid in pids.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
            path = socket_path(bus.chain.run_folder, name, pid)
            files, memory = files_of(pid), resident(pid)
            peers = connected(path, ATTACK)
            descriptors[name], grown[name] = files_of(pid) - files, resident(pid) - memory
            for peer in peers:
                peer.close()
            wait_for("they are let go", lambda: files_of(pid) <= files + 1)  # noqa: B023
            # Its own files take all: ours is the one that was reserved.
            full = max(numbers(pid)) + 1
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (full, limit))
            requester = Requester()
            endpoint = f"ipc://{path}"
            answers = [requester.ask({endpoint: Request()}, 10.0).replies for _ in range(5)]
            requester.close()
            replies[name] = sum(map(bool, answers))
        before = bus.sample("hub").processed
        bus.publish(20)
        wait_for("it works on", lambda: bus.sample("hub").processed >= before + 20)
        bus.chain.processes.check()
    assert replies == dict.fromkeys(pids, 5)
    assert max(descriptors.values()) <= min(64, limit // 16) + 1
    figure(f"{ATTACK} idle connections at a limit of {limit} files (hub, relay)",
           f"{descriptors['hub']}, {descriptors['relay']} descriptors taken, {grown['hub']:+},"
           f" {grown['relay']:+} kB; answered 5 of 5 without a free one; both live")  # fmt: skip


TCP = """
import resource, sys, time
from pathlib import Path
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
top = Path(sys.argv[1])
settings = Settings("hub", top / "run", interval=1, endpoint=sys.argv[2],
                    curve_keys=top / "keys/daemon")
Responder(settings, lambda at: []).start()
time.sleep(600)
"""


def test_strangers_over_tcp_take_no_descriptor_that_is_needed(
    short_folder: Path, figure: Figure
) -> None:
    """Without a key they get a few connections for three seconds; who has one comes in after."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    make(short_folder / "keys")
    port = free_port()
    endpoint = f"tcp://127.0.0.1:{port}"
    child = subprocess.Popen([sys.executable, "-c", TCP, str(short_folder), endpoint], cwd=ROOT)
    peers: list[socket.socket] = []
    requester = Requester(short_folder / "keys/reader")

    def has_answered() -> bool:
        return endpoint in requester.ask({endpoint: Request()}, 1.0).replies

    try:
        wait_for("it answers over TCP", has_answered)
        most = 0
        for number in range(ATTACK):
            peer = socket.socket()
            peer.settimeout(0.2)
            peers.append(peer)
            with contextlib.suppress(OSError):
                peer.connect(("127.0.0.1", port))
            if number % 20 == 0:
                most = max(most, files_of(child.pid))
        run = f"{short_folder}/run/*.sock"
        assert child.poll() is None
        assert latest([run], 30.0, time.time()).daemons == 1, "the socket file is served"
        for peer in peers:
            peer.close()
        wait_for("it answers over TCP again", has_answered, 60)
        assert child.poll() is None
    finally:
        requester.close()
        child.kill()
        child.wait(60)
    assert most < 1024 - 32
    figure(f"{ATTACK} TCP connections without a key, limit 1,024",
           f"at most {most} open; lives, answers its socket file, and TCP after")  # fmt: skip
