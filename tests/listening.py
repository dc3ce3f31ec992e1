"""Whether a socket's file is more than a name: it is there a moment before anybody listens."""

from __future__ import annotations

import socket
import stat
from pathlib import Path


def is_admitting(path: Path) -> bool:
    """Tell whether a daemon of ours listens and lets its readers in, which it does last."""
    try:
        return stat.S_IMODE(path.stat().st_mode) == 0o660
    except FileNotFoundError:
        return False


def is_connectable(path: Path) -> bool:
    """Tell whether somebody listens at a unix socket."""
    with socket.socket(socket.AF_UNIX) as peer:
        return peer.connect_ex(str(path)) == 0
