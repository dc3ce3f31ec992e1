"""Ask rrdcached to write files out before they are read; speaks its text protocol, bounded.

librrd would do it file by file and waits for ever on an rrdcached that hangs; this asks for
all files in one go and gives up after ``PATIENCE`` seconds.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from collectd_fedmsg.errors import StoreError

#: Seconds for all answers together.
PATIENCE = 5.0
#: Seconds that a flush holds good: samples come at most once a second.
FRESH = 0.9
#: File names remembered; beyond, all are forgotten.
MOST = 50_000


class Flusher:
    """One rrdcached; a connection per batch, so that none can be stale."""

    def __init__(self, address: str) -> None:
        self._path = address.removeprefix("unix:")
        self._lock = threading.Lock()
        self._done: dict[Path, float] = {}

    def flush(self, paths: Iterable[Path]) -> None:
        """Have the files written out, those just flushed left alone.

        Raises:
            StoreError: rrdcached is away, or has not answered within ``PATIENCE`` seconds.
        """
        now = time.monotonic()
        due = [path for path in paths if now - self._done.get(path, -FRESH) >= FRESH]
        if not due:
            return
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreError("rrdcached: others wait for it already")
        try:
            self._ask(due, now + PATIENCE)
            if len(self._done) > MOST:
                self._done.clear()
            self._done.update(dict.fromkeys(due, now))
        except OSError as error:
            raise StoreError(f"rrdcached: {error.strerror or error or 'no answer'}") from error
        finally:
            self._lock.release()

    def _ask(self, due: list[Path], end: float) -> None:
        # Source: rrdcached(1), FLUSH: one line of answer each; "\ " is a space in a name.
        lines = [f"FLUSH {_word(path)}\n".encode("utf-8", "surrogateescape") for path in due]
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(self._path)
            # A few at a time: rrdcached does not read on while its answers are not read.
            for first in range(0, len(lines), 64):
                part = lines[first: first + 64]
                link.sendall(b"".join(part))
                self._answers(link, len(part), end)

    @staticmethod
    def _answers(link: socket.socket, count: int, end: float) -> None:
        seen = 0
        while seen < count:
            left = end - time.monotonic()
            if left <= 0:
                raise StoreError(f"rrdcached: no answer within {PATIENCE:.0f} s")
            link.settimeout(left)
            read = link.recv(65536)
            if not read:
                raise StoreError("rrdcached: closed the connection")
            seen += read.count(b"\n")


def _word(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(" ", "\\ ")
