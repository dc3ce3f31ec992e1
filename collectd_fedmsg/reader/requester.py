"""EDGE zmq, reader side: ask many daemons at once, within a bounded time.

One DEALER a daemon and at most one open request each. A reply that comes late is taken at
the next round; a daemon that stays silent gets a new socket after ``PATIENCE`` rounds, for
a peer that sent an oversized frame was cut off by zmq for good.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from zmq.auth import load_certificate

from ..errors import DecodeError
from ..files import raise_file_limit
from ..protocol.wire import MAX_REPLY, Reply, Request, decode_reply, encode_request

#: Rounds without an answer until the socket is made anew.
PATIENCE = 3
#: Sockets of one context; libzmq's default of 1,023 is less than one big host has.
MAX_SOCKETS = 16384
#: Pages of one daemon in one round: a ring has at most three, more is a peer gone mad.
MAX_PAGES = 8
#: Bytes of replies in one round: after an outage a large fleet comes over several rounds.
MAX_ROUND = 8 << 20


@dataclass
class Peer:
    """One daemon's socket and what is open on it."""

    socket: Any
    asked: bool = False
    silent: int = 0


@dataclass
class Round:
    """What one call of ``ask`` brought: replies by endpoint, errors, silence, bytes."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    octets: int = 0


class Requester:
    """Sockets to many daemons, kept between rounds.

    Args:
        curve_keys: folder with ``client.key_secret`` and ``servers/<endpoint>.key`` or
            ``server.key``; needed for ``tcp://`` endpoints only.
    """

    def __init__(self, curve_keys: Path | None = None) -> None:
        raise_file_limit()
        self._context = zmq.Context(io_threads=1)
        self._context.set(zmq.MAX_SOCKETS, MAX_SOCKETS)
        self._keys = curve_keys
        self._peers: dict[str, Peer] = {}

    def ask(self, wanted: Mapping[str, Request], timeout: float) -> Round:
        """Ask each endpoint for the samples after its cursor; return what came in time.

        Args:
            wanted: endpoint → the first request; further pages are asked for here.
            timeout: seconds for everything together.
        """
        deadline = time.monotonic() + timeout
        result = Round()
        self._forget(set(self._peers) - set(wanted))
        poller = zmq.Poller()
        by_socket: dict[Any, str] = {}
        for endpoint, request in wanted.items():
            try:
                peer = self._peer(endpoint)
                if not peer.asked:
                    self._send(peer, request)
                poller.register(peer.socket, zmq.POLLIN)
                by_socket[peer.socket] = endpoint
            except (OSError, ValueError, zmq.ZMQError) as error:
                result.errors[endpoint] = f"{type(error).__name__}: {error}"
        while by_socket and (left := deadline - time.monotonic()) > 0:
            for socket, _ in poller.poll(max(1, int(left * 1000))):
                ended = socket not in by_socket
                if not ended and not self._take(by_socket[socket], result):
                    del by_socket[socket]
                # It sends more than it was asked for, or was cut off. Not each that has ended:
                # to unregister one costs a look at all.
                if ended or socket.closed:
                    poller.unregister(socket)
                if time.monotonic() >= deadline or result.octets >= MAX_ROUND:
                    break
            if result.octets >= MAX_ROUND:
                break
        # What has come and was not taken keeps until the next round: no silence.
        late = {socket for socket, _ in poller.poll(0)} if by_socket else set()
        for socket, endpoint in by_socket.items():
            if socket not in late:
                self._note_silence(endpoint, result)
        return result

    def close(self) -> None:
        """Close every socket at once, whatever is still open on it."""
        self._forget(set(self._peers))
        self._context.destroy(linger=0)

    def _take(self, endpoint: str, result: Round) -> bool:
        """Take one reply; return whether another page is on its way."""
        peer = self._peers[endpoint]
        try:
            frame = peer.socket.recv(zmq.NOBLOCK)
        except zmq.ZMQError as error:
            result.errors[endpoint] = str(error)
            return False
        peer.asked, peer.silent = False, 0
        result.octets += len(frame)
        try:
            reply = decode_reply(frame)
        except DecodeError as error:
            result.errors[endpoint] = str(error)
            self._forget({endpoint})
            return False
        pages = result.replies.setdefault(endpoint, [])
        pages.append(reply)
        if reply.more and reply.samples and len(pages) < MAX_PAGES:
            with contextlib.suppress(zmq.ZMQError):
                self._send(peer, Request(reply.origin.run, reply.samples[-1][0]))
                return True
        return False

    def _note_silence(self, endpoint: str, result: Round) -> None:
        if endpoint in result.replies:
            return
        result.silent.append(endpoint)
        peer = self._peers[endpoint]
        peer.silent += 1
        if peer.silent >= PATIENCE:
            self._forget({endpoint})

    def _send(self, peer: Peer, request: Request) -> None:
        peer.socket.send(encode_request(request), zmq.NOBLOCK)
        peer.asked = True

    def _peer(self, endpoint: str) -> Peer:
        if endpoint not in self._peers:
            self._peers[endpoint] = Peer(self._connect(endpoint))
        return self._peers[endpoint]

    def _connect(self, endpoint: str) -> Any:
        socket = self._context.socket(zmq.DEALER)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
            socket.setsockopt(zmq.SNDHWM, 2)
            socket.setsockopt(zmq.RCVHWM, 4)
            if endpoint.startswith("tcp://"):
                self._secure(socket, endpoint)
            socket.connect(endpoint)
        except Exception:
            socket.close()
            raise
        return socket

    def _secure(self, socket: Any, endpoint: str) -> None:
        if self._keys is None:
            raise ValueError(f"{endpoint}: TCP needs CurveKeys")
        socket.curve_publickey, socket.curve_secretkey = load_certificate(
            self._keys / "client.key_secret"
        )
        named = self._keys / "servers" / f"{endpoint.removeprefix('tcp://').replace(':', '_')}.key"
        known = named if named.exists() else self._keys / "server.key"
        socket.curve_serverkey = load_certificate(known)[0]

    def _forget(self, gone: set[str]) -> None:
        for endpoint in gone:
            self._peers.pop(endpoint).socket.close(linger=0)


def sockets_in(patterns: Mapping[str, None] | list[str]) -> Iterator[str]:
    """Yield the ipc endpoints that the glob patterns find, in order, without repeats."""
    seen = set()
    for pattern in patterns:
        root, rest = Path(pattern).anchor, pattern.lstrip("/")
        for path in sorted(Path(root or ".").glob(rest)):
            endpoint = f"ipc://{path}"
            if endpoint not in seen:
                seen.add(endpoint)
                yield endpoint
