"""Which process answers on a unix socket, by the kernel's report; trusts no word of the peer."""

from __future__ import annotations

import os
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
#: The pids of one process, from the reader's pid namespace to its own: proc(5).
_NAMESPACE_PIDS = re.compile(r"^NSpid:((?:\s+\d+)+)$", re.MULTILINE)


@dataclass(frozen=True)
class PeerProcess:
    """The process that listens: ``pid`` as seen from here (0: in no namespace of ours), its user.

    ``own_pid``: as it sees itself; None when that is not known.
    """

    pid: int
    user: int
    own_pid: int | None

    def refuses(self, claimed_pid: int) -> str:
        """Return why the peer is not the process that it claims to be, empty when it may be."""
        if self.pid in (0, claimed_pid) or self.own_pid == claimed_pid:
            return ""
        return f"claims to be pid {claimed_pid}, but process {self.pid} of uid {self.user} answers"


def peer_process(connection: socket.socket) -> PeerProcess:
    """Return who called listen(2) at the other end: SO_PEERCRED, unix(7).

    Raises:
        OSError: the connection is no unix socket's.
    """
    octets = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user, _ = _CREDENTIALS.unpack(octets)
    if pid <= 0:
        return PeerProcess(0, user, None)
    if user == 0:
        # It may have become another user since it listened.
        user = _owner(pid, user)
    return PeerProcess(pid, user, _own_pid(pid))


def _owner(pid: int, otherwise: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 - called for each answer
    except OSError:
        return otherwise


def _own_pid(pid: int) -> int | None:
    try:
        match = _NAMESPACE_PIDS.search(Path(f"/proc/{pid}/status").read_text("ascii", "replace"))
    except OSError:
        return None
    return int(match[1].split()[-1]) if match else pid
