"""A user whose daemons send much does not keep another user's from being read."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import pack
from collectd_fedmsg.reader.peer_process import PeerProcess
from collectd_fedmsg.reader.requester import Requester
from collectd_fedmsg.reader.rounds import Exchange, Round
from collectd_fedmsg.reader.shares import Shares, in_turn

CROWD, ORDINARY = 2002, 2001


def reply(octets: int = 0, *, more: bool = False) -> bytes:
    ring = Ring(rounds=2)
    ring.add([Sample("C", 1e9, 9, 7, 2, 0)])
    frame = wire.encode_reply(wire.Origin("d", "h", 1, "r", 1.0, 1), 1e9, 1.0, ring.after(None))
    if more:
        frame = frame.replace(b'"more":false', b'"more":true')
        assert wire.decode_reply(frame).more
    # A field of a later edition, which readers ignore.
    return frame[:-1] + b',"later":"' + b"x" * max(0, octets - len(frame)) + b'"}'


class Daemons:
    """Listening sockets whose connections each have the same bytes to read, already sent."""

    def __init__(self, folder: Path, requester: Requester) -> None:
        self._folder, self._requester = folder, requester
        self._ends: list[socket.socket] = []

    def add(self, name: str, user: int, frame: bytes) -> str:
        """Connect the requester to a daemon of a user that has answered."""
        path = self._folder / f"{name}.1.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(4)
        endpoint = f"ipc://{path}"
        peer = self._requester._connect(endpoint)
        peer.process = PeerProcess(1, user, 1)
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        connection.setblocking(False)
        connection.send(pack(frame))
        self._ends += [listener, connection]
        self._requester._exchanges[endpoint] = Exchange(peer)
        return endpoint

    def close(self) -> None:
        for end in self._ends:
            end.close()


@pytest.fixture
def requester() -> Iterator[Requester]:
    """Yield a requester that is closed after the test."""
    requester = Requester()
    yield requester
    requester.close()


@pytest.fixture
def daemons(short_folder: Path, requester: Requester) -> Iterator[Daemons]:
    """Yield the daemons of this test."""
    daemons = Daemons(short_folder, requester)
    yield daemons
    daemons.close()


def ask(requester: Requester, endpoints: list[str]) -> Round:
    return requester.ask(dict.fromkeys(endpoints, wire.Request()), 20.0)


def test_a_crowd_uses_its_own_share(
    requester: Requester, daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other user is read in each round; who of the crowd is not is silent, with the reason."""
    monkeypatch.setattr("collectd_fedmsg.reader.shares.MAX_ROUND", 120_000)
    crowd = [daemons.add(f"a{number}", CROWD, reply(20_000)) for number in range(8)]
    ordinary = daemons.add("z", ORDINARY, reply())
    answers = ask(requester, [*crowd, ordinary])
    assert set(answers.replies) == {*crowd[:3], ordinary}
    assert set(answers.silent) == set(crowd[3:])
    assert answers.errors == {
        f"uid {CROWD}": "5 daemons answered and were not read: its share of a round is 60000 bytes"
    }
    # Daemons that were not read come first in the next round, though others have answered again.
    newcomers = [daemons.add(f"b{number}", CROWD, reply(20_000)) for number in range(4)]
    answers = ask(requester, [*newcomers, *crowd[3:]])
    assert set(answers.replies) == {*crowd[3:], newcomers[0]}


def test_bytes_count_before_their_frame_is_whole(
    requester: Requester, daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that never end are no way to have more kept in memory than the share."""
    monkeypatch.setattr("collectd_fedmsg.reader.shares.MAX_ROUND", 50_000)
    never = [daemons.add(f"a{number}", CROWD, reply(20_000)) for number in range(6)]
    for endpoint in never:
        # Its length is the first four bytes, so the frame is cut at its front.
        peer = requester._exchanges[endpoint].peer
        peer._unpacker.feed((1 << 19).to_bytes(4, "big"))  # type: ignore[attr-defined]
    answers = requester.ask(dict.fromkeys(never, wire.Request()), 0.5)
    assert not answers.replies
    assert answers.octets < 50_000 + 2 * 20_100
    assert set(answers.silent) == set(never)


def test_further_pages_leave_half_of_the_share(
    requester: Requester, daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One daemon with pages without end is asked for no more of them after half of the share."""
    monkeypatch.setattr("collectd_fedmsg.reader.shares.MAX_ROUND", 100_000)
    greedy = daemons.add("a", CROWD, reply(20_000, more=True))
    connection = daemons._ends[-1]
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            if select.select([connection], [], [], 0.05)[0]:
                if not connection.recv(4096):
                    return
                connection.send(pack(reply(20_000, more=True)))

    thread = threading.Thread(target=serve)
    requester._exchanges[greedy].asked = True
    thread.start()
    try:
        answers = ask(requester, [greedy])
    finally:
        ended.set()
        thread.join(60)
    assert len(answers.replies[greedy]) == 3
    assert not answers.silent


def test_shares_are_equal_and_never_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part for each user; what one has used up takes nothing from another's."""
    monkeypatch.setattr("collectd_fedmsg.reader.shares.MAX_ROUND", 100)
    shares = Shares()
    shares.enter("a")
    assert shares.left("a") == 100
    shares.enter("b")
    shares.count("a", 1000)
    assert (shares.left("a"), shares.left("b")) == (-950, 50)


def test_users_take_turns() -> None:
    """However many one user has, the other's first is second; who was not read comes first."""
    users = {"a1": "a", "a2": "a", "a3": "a", "b1": "b"}
    assert in_turn(users) == ["a1", "b1", "a2", "a3"]
    assert in_turn(users, {"a3"}) == ["a3", "b1", "a1", "a2"]


def test_the_kernel_says_whose_it_is(requester: Requester, short_folder: Path) -> None:
    """The user of a share is who listens, whatever the file's owner."""
    path = short_folder / "d.1.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        exchange = Exchange(requester._connect(f"ipc://{path}"))
        assert exchange.user == f"uid {os.geteuid()}"
        exchange.peer.close()
