"""One reader's connection to the daemon, and how much processor time all readers may take."""

from __future__ import annotations

import socket
import struct
import time

from ..protocol.sockets import Unpacker
from ..protocol.wire import MAX_REQUEST

#: Seconds of processor that readers may take at once, and in each second.
CREDIT, MAX_CPU_SHARE = 1.0, 0.1
_CREDENTIALS = struct.Struct("3i")


class Connection:
    """One reader: its user, its waiting request and what is on the way to it."""

    def __init__(self, peer: socket.socket, now: float) -> None:
        self.peer = peer
        self.moved = now
        octets = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.user: int = _CREDENTIALS.unpack(octets)[1]
        self.unpacker = Unpacker(MAX_REQUEST)
        self.request: bytes | None = None
        self.output = memoryview(b"")


class ProcessorBudget:
    """How much processor time may still be spent; it is earned at MAX_CPU_SHARE, up to CREDIT."""

    def __init__(self) -> None:
        self._credit, self._credited = CREDIT, time.monotonic()

    def left(self) -> float:
        """Return the seconds that may be spent now; none when negative."""
        now = time.monotonic()
        self._credit = min(CREDIT, self._credit + (now - self._credited) * MAX_CPU_SHARE)
        self._credited = now
        return self._credit

    def wait(self, debt: float = 0.0) -> float:
        """Return the seconds until more than ``-debt`` may be spent."""
        return max(0.0, -(self.left() + debt) / MAX_CPU_SHARE)

    def spend(self, began: float) -> None:
        """Take what this thread has used since ``began``, a time of ``time.thread_time``."""
        self._credit -= time.thread_time() - began
