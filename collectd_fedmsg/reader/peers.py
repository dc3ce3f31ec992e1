"""One daemon's connection: a unix socket by our own frames, or TCP by zmq with CURVE."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Any, Protocol

import zmq

from ..curve_keys import key_pair, public_key
from ..protocol.sockets import Unpacker, pack, root_path
from ..protocol.wire import MAX_REPLY
from .peer_process import PeerProcess, peer_process

#: Bytes taken at once, and how often before another peer has its turn.
CHUNK, MAX_CHUNKS = 1 << 18, 8
#: Sockets of one context; libzmq's default of 1,023 is less than one big host has.
MAX_SOCKETS = 16384


class Peer(Protocol):
    """What the requester needs of a connection."""

    #: Who answers; None where the kernel does not know.
    process: PeerProcess | None
    #: Bytes received so far, of whole frames or not.
    octets: int

    def fileno(self) -> int:
        """Return the descriptor to poll for input."""

    def send(self, frame: bytes) -> None:
        """Send a request.  Raises OSError or zmq.ZMQError."""

    def receive(self) -> bytes | None:
        """Return a whole frame, None when it has not come yet.

        Raises:
            DecodeError: it is too long.  OSError, zmq.ZMQError: the connection is gone.
        """

    def close(self) -> None:
        """Close at once."""


class UnixPeer:
    """A connection to a socket file; made for one exchange. Root takes its own socket there.

    Raises:
        OSError: nobody listens (ConnectionRefusedError), or it may not be reached.
    """

    def __init__(self, path: str) -> None:
        self._socket = _connected(path)
        try:
            self.process: PeerProcess | None = peer_process(self._socket)
        except BaseException:
            self._socket.close()
            raise
        self._unpacker = Unpacker(MAX_REPLY)
        self.octets = 0

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def send(self, frame: bytes) -> None:
        """Send a request, which is far smaller than the socket's buffer."""
        self._socket.sendall(pack(frame))

    def receive(self) -> bytes | None:
        """Return a whole frame, None when it has not come yet."""
        for _ in range(MAX_CHUNKS):
            frame = self._unpacker.take()
            if frame is not None:
                return frame
            try:
                octets = self._socket.recv(CHUNK)
            except BlockingIOError:
                return None
            if not octets:
                raise ConnectionResetError("it closed the connection without an answer")
            self.octets += len(octets)
            self._unpacker.feed(octets)
        return self._unpacker.take()

    def close(self) -> None:
        """Close at once."""
        self._socket.close()


def _connected(path: str) -> socket.socket:
    """Connect to a daemon; as root, to the socket that serves root alone.

    A collectd without CAP_DAC_OVERRIDE has the readers' socket only.
    """
    if os.geteuid() == 0:
        alone = root_path(path)
        with contextlib.suppress(OSError):
            # In a folder that others may write: nobody but the daemon's own user has us here.
            if os.lstat(alone).st_uid == os.lstat(path).st_uid:
                return _connect(alone)
    return _connect(path)


def _connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


class TcpPeer:
    """A DEALER with CURVE; kept from round to round.

    Args:
        keys: folder with ``client.key_secret`` and ``servers/<endpoint>.key`` or ``server.key``.
    """

    process: PeerProcess | None = None

    def __init__(self, context: zmq.Context[Any], endpoint: str, keys: Path | None) -> None:
        if keys is None:
            raise ValueError(f"{endpoint}: TCP needs CurveKeys")
        self.octets = 0
        self._socket: Any = context.socket(zmq.DEALER)
        try:
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY)
            self._socket.setsockopt(zmq.SNDHWM, 2)
            self._socket.setsockopt(zmq.RCVHWM, 4)
            try:
                self._secure(endpoint, keys)
            except OSError as error:  # ours, not the daemon's: it has not ended
                raise ValueError(f"{error.filename}: {error.strerror}") from error
            self._socket.connect(endpoint)
        except Exception:
            self._socket.close()
            raise

    def _secure(self, endpoint: str, keys: Path) -> None:
        pair = key_pair(keys / "client.key_secret")
        self._socket.curve_publickey, self._socket.curve_secretkey = pair
        named = keys / "servers" / f"{endpoint.removeprefix('tcp://').replace(':', '_')}.key"
        known = named if named.exists() else keys / "server.key"
        self._socket.curve_serverkey = public_key(known)

    def fileno(self) -> int:
        """Return a descriptor that is readable when something may have come; zmq_getsockopt(3)."""
        return int(self._socket.get(zmq.FD))

    def send(self, frame: bytes) -> None:
        """Send a request."""
        self._socket.send(frame, zmq.NOBLOCK)

    def receive(self) -> bytes | None:
        """Return a frame, None when it has not come yet."""
        try:
            frame = bytes(self._socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None
        self.octets += len(frame)
        return frame

    def close(self) -> None:
        """Close at once, whatever is on its way."""
        self._socket.close(linger=0)


def new_context() -> zmq.Context[Any]:
    """Return a context for many TCP peers."""
    context = zmq.Context(io_threads=1)
    context.set(zmq.MAX_SOCKETS, MAX_SOCKETS)
    return context
