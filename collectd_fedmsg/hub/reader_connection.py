"""One reader's connection to the daemon, and how much processor time readers may take."""

from __future__ import annotations

import socket
import struct
import time

from ..protocol.sockets import Unpacker
from ..protocol.wire import MAX_REQUEST

_CREDENTIALS = struct.Struct("3i")


class Connection:
    """One reader: its user, its waiting request and the part of a reply not sent yet.

    ``began`` (monotonic seconds): when its present step began, which is a request to come, or a
    reply to be taken. ``answered``: at least once.

    Raises:
        OSError: the kernel does not say whose it is.
    """

    def __init__(self, peer: socket.socket, now: float) -> None:
        self.peer = peer
        self.began = now
        self.answered = False
        octets = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.user: int = _CREDENTIALS.unpack(octets)[1]
        self.unpacker = Unpacker(MAX_REQUEST)
        self.request: bytes | None = None
        self.output = memoryview(b"")

    @property
    def root(self) -> bool:
        """Whether root reads, which is what collectd usually is."""
        return self.user == 0


class ProcessorBudget:
    """Processor time that may still be spent; it is earned steadily and kept up to a limit.

    Args:
        share: of a core, earned.
        credit: seconds kept at most, and at the start.
    """

    def __init__(self, share: float, credit: float) -> None:
        self._share, self._limit = share, credit
        self._credit, self._credited = credit, time.monotonic()

    def wait(self) -> float:
        """Return the seconds until there is some to spend; 0: now."""
        now = time.monotonic()
        self._credit = min(self._limit, self._credit + (now - self._credited) * self._share)
        self._credited = now
        return max(0.0, -self._credit / self._share)

    def spend(self, began: float) -> None:
        """Take what this thread has used since ``began``, a time of ``time.thread_time``."""
        self._credit -= time.thread_time() - began
