"""Readers at a daemon's sockets: what they hold, in which order they are served, who gives way."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.hub import connections
from collectd_fedmsg.hub.admission import MAX_PER_USER
from collectd_fedmsg.hub.connections import Connections
from collectd_fedmsg.hub.polls import Level, Polls
from collectd_fedmsg.protocol.sockets import pack
from examples.processes import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has two users' sockets")
REQUEST = pack(b"request")
MEMBER = 65534


class Daemon:
    """The serving half of a daemon, turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.reply = b"x" * 1000
        self.polls = Polls()
        self.connections = Connections(self.polls, lambda _: self.reply)
        self.paths = {True: folder / "root", False: folder / "public"}
        listeners = {}
        for root, path in self.paths.items():
            listeners[root] = socket.socket(socket.AF_UNIX)
            listeners[root].bind(str(path))
            path.chmod(0o600 if root else 0o666)
            listeners[root].listen(64)
        self.connections.listen(listeners[False], listeners[True])

    def turn(self, times: int = 1) -> None:
        """Do what may be done now."""
        for _ in range(times):
            level, _ = self.connections.patience()
            if level != Level.OWN:
                self.connections.serve(self.polls.wait(level, 0.0), time.thread_time())

    def holds(self) -> int:
        """Return how many connections there are."""
        return len(self.connections._readers)

    def connect(
        self,
        *,
        root: bool,
        request: bytes = REQUEST,
        peer: socket.socket | None = None,
        timeout: float = 5.0,
    ) -> socket.socket:
        """Return a connection of root's, or of the member's, with its request on the way."""
        peer = peer or socket.socket(socket.AF_UNIX)
        os.seteuid(0 if root else MEMBER)
        try:
            peer.settimeout(timeout)
            peer.connect(str(self.paths[root]))
        finally:
            os.seteuid(0)
        peer.sendall(request)
        peer.setblocking(False)
        return peer


@pytest.fixture
def daemon(short_folder: Path) -> Iterator[Daemon]:
    """Yield one that has turned once."""
    short_folder.chmod(0o755)
    instance = Daemon(short_folder)
    yield instance
    instance.connections.close()


def has_reply(peer: socket.socket) -> bool:
    """Return whether a reply has come; False also where the connection was closed."""
    try:
        return len(peer.recv(4)) == 4
    except (BlockingIOError, ConnectionError):
        return False


def is_closed(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@contextlib.contextmanager
def no_files() -> Iterator[None]:
    """Take every descriptor that this process may still open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    numbers = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(numbers) + 1, before[1]))
    descriptors: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                descriptors.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for number in descriptors:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("root", [True, False], ids=["root", "member"])
def test_the_next_reader_comes_with_the_end_of_the_last(daemon: Daemon, root: bool) -> None:
    """Without a free descriptor, both events in one turn: the next one is answered, each time."""
    peers = [daemon.connect(root=root) for _ in range(5)]
    outcomes = []
    with no_files():
        for peer in peers:
            daemon.turn(3)
            outcomes.append(has_reply(peer))
            peer.shutdown(socket.SHUT_RDWR)  # its end is seen in the turn of the next one
    assert outcomes == [True] * 5


def test_root_takes_the_descriptor_of_one_who_drips(daemon: Daemon) -> None:
    """The reserved descriptor serves a member who never ends his request: root is answered."""
    members = [daemon.connect(root=False, request=b"\0") for _ in range(3)]
    root = socket.socket(socket.AF_UNIX)
    with no_files():
        daemon.turn(3)
        assert sum(not is_closed(member) for member in members) == 3, "one is served, two wait"
        daemon.connect(root=True, peer=root)
        daemon.turn(2)
        assert has_reply(root)
        assert sum(is_closed(member) for member in members) == 1


def test_a_request_that_drips_ends(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that keep coming do not prolong the time for a whole request."""
    monkeypatch.setattr(connections, "STEP_SECONDS", 0.3)
    member = daemon.connect(root=False, request=pack(b"x" * 1000)[:9])

    def ended() -> bool:
        with contextlib.suppress(OSError):
            member.send(b"\0", socket.MSG_NOSIGNAL)
        daemon.turn()
        return is_closed(member)

    wait_for("it is closed", ended)


def test_a_reply_that_is_taken_in_drips_ends(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with the time to take a whole reply."""
    monkeypatch.setattr(connections, "STEP_SECONDS", 0.3)
    daemon.reply = b"x" * (1 << 20)
    member = daemon.connect(root=False)

    daemon.turn(2)
    octets = 0

    def ended() -> bool:
        nonlocal octets
        octets += len(member.recv(1))
        daemon.turn()
        return daemon.holds() == 0

    wait_for("it is closed", ended)
    while part := member.recv(1 << 20):
        octets += len(part)
    assert octets < 1 << 20


def test_others_rest_and_root_is_served(daemon: Daemon) -> None:
    """Others have taken their share of the processor: root is answered, they are after it."""
    daemon.connections._others.spend(time.thread_time() - 0.5)
    members = [daemon.connect(root=False) for _ in range(MAX_PER_USER)]
    root = daemon.connect(root=True)
    assert daemon.connections.patience()[0] == Level.ROOT
    daemon.turn(3)
    assert has_reply(root)
    assert not any(map(has_reply, members))
    daemon.connections._others.spend(time.thread_time() + 1.0)
    daemon.turn(20)
    assert sum(map(has_reply, members)) == MAX_PER_USER


def test_root_comes_in_while_others_come_and_go(daemon: Daemon) -> None:
    """Their queue is as long as it can be: root stands in none."""
    waiting = []
    with contextlib.suppress(BlockingIOError):
        while len(waiting) < 1000:
            waiting.append(daemon.connect(root=False, timeout=0.0))
            if len(waiting) % 2:
                waiting[-1].close()
    assert len(waiting) < 1000, "the queue is full"
    root = daemon.connect(root=True)
    daemon.turn(2)
    assert has_reply(root)


def test_who_takes_part_pays(daemon: Daemon) -> None:
    """Root's turns are at the cost of root's budget, all others at the others'."""
    budgets: list[str] = []
    daemon.connections._root.spend = lambda _: budgets.append("root")  # type: ignore[method-assign]
    daemon.connections._others.spend = lambda _: budgets.append("others")  # type: ignore[method-assign]
    root = daemon.connect(root=True)
    daemon.turn(2)
    assert has_reply(root)
    assert set(budgets) == {"root"}
    daemon.connect(root=False)
    daemon.turn(1)
    assert budgets[-1] == "others"
