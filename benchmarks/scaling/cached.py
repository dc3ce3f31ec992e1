"""A real rrdcached, and what its STATS command counts."""

from __future__ import annotations

import socket
from pathlib import Path


def command(address: Path, folder: Path, files: Path, write_after: int) -> list[str]:
    """Return the command line; ``write_after`` seconds a file's values wait to go out together.

    One second is shorter than any interval: then each update is a separate write.
    """
    return [
        "rrdcached",
        "-g",
        "-l",
        f"unix:{address}",
        "-w",
        str(write_after),
        "-f",
        "600",
        "-z",
        str(write_after),
        "-b",
        str(files),
        "-p",
        str(folder / "rrdcached.pid"),
        "-j",
        str(folder),
    ]


def stats(address: Path) -> dict[str, int]:
    """Return the counters of rrdcached(1)'s STATS: UpdatesReceived, UpdatesWritten and others."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(str(address))
        peer.sendall(b"STATS\n")
        stream = peer.makefile()
        number = int(stream.readline().partition(" ")[0])
        lines = [stream.readline().partition(":") for _ in range(number)]
    return {name: int(value) for name, _, value in lines}
