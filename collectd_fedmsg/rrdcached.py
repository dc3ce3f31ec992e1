"""EDGE unix socket: is rrdcached there, what has it stored, and here is what it has lost.

Its journal is buffered, so a kill takes the last updates along, and what collectd writes while
it is away is dropped. Speaks the text protocol of rrdcached(1); every call ends in time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path

from collectd_fedmsg.errors import StoreError

#: Requests sent before their answers are read: rrdcached does not read on while they are not.
AT_ONCE = 64


class Presence(Enum):
    """What a look found."""

    #: Here, and it has been since the last look.
    HERE = "here"
    AWAY = "away"
    #: Here, but a new one, or one that has not answered for a while.
    BACK = "back"


class Rrdcached:
    """One rrdcached, kept connected: that the connection ended tells that it did.

    Args:
        address: ``unix:/path`` of its socket.
        folder: collectd's ``DataDir`` for the rrdcached plugin; empty where there is none.
    """

    def __init__(self, address: str, folder: str = "") -> None:
        self._path = address.removeprefix("unix:")
        self._prefix = f"{folder.rstrip('/')}/" if folder else ""
        self._link: socket.socket | None = None
        self._rest = b""

    def look(self, timeout: float) -> Presence:
        """Return whether it answers within ``timeout`` seconds."""
        known = self._link is not None
        try:
            if self._link is None:
                self._connect(timeout)
            self._ask([b"PING\n"], time.monotonic() + timeout)
        except OSError:
            self.close()
            return Presence.AWAY
        return Presence.HERE if known else Presence.BACK

    def restore(
        self, files: Mapping[str, Sequence[tuple[int, float]]], timeout: float
    ) -> tuple[int, bool]:
        """Store (epoch seconds, value) of series, by identity, that are newer than their files.

        Returns how many it took, and whether it got through everything in ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        names = [name for name in files if files[name]]
        stored = 0
        try:
            answers = self._ask([f"LAST {self._word(name)}\n".encode() for name in names], end)
            updates = []
            for name, answer in zip(names, answers):
                last = _last(answer)
                newer = [one for one in sorted(files[name]) if last is not None and one[0] > last]
                if newer:
                    stored += len(newer)
                    pairs = " ".join(f"{at}:{value:.17g}" for at, value in newer)
                    updates.append(f"UPDATE {self._word(name)} {pairs}\n".encode())
            self._ask(updates, end)
        except OSError:
            self.close()
            return 0, False
        return stored, True

    def last(self, path: str, timeout: float) -> float | None:
        """Return when a file (an absolute path) was updated last (s), what it holds included.

        Returns None when there is no such file.

        Raises:
            OSError: it does not answer within ``timeout`` seconds.
        """
        if self._link is None:
            self._connect(timeout)
        request = f"LAST {_escaped(path)}\n".encode()
        (answer,) = self._ask([request], time.monotonic() + timeout)
        return _last(answer)

    def let_go(self, path: str, timeout: float) -> None:
        """Have it write a file (an absolute path) out and forget it, as another will change it.

        Raises:
            OSError: it does not answer within ``timeout`` seconds.
            ValueError: it would not.
        """
        if self._link is None:
            self._connect(timeout)
        word = _escaped(path)
        requests = [f"FLUSH {word}\n".encode(), f"FORGET {word}\n".encode()]
        written, _ = self._ask(requests, time.monotonic() + timeout)
        if not written.startswith(b"0"):
            raise ValueError(f"rrdcached: {written.decode('utf-8', 'replace')}")

    def close(self) -> None:
        """Close the connection; the next look opens a new one."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                self._link.close()
        self._link, self._rest = None, b""

    def _word(self, name: str) -> str:
        # Our names have no space; a host's or the folder's may.
        return _escaped(f"{self._prefix}{name}.rrd")

    def _connect(self, timeout: float) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        self._link.settimeout(timeout)
        self._link.connect(self._path)

    def _ask(self, requests: Sequence[bytes], end: float) -> list[bytes]:
        answers: list[bytes] = []
        for first in range(0, len(requests), AT_ONCE):
            part = requests[first : first + AT_ONCE]
            assert self._link is not None
            self._link.settimeout(max(0.01, end - time.monotonic()))
            self._link.sendall(b"".join(part))
            answers += [self._line(end) for _ in part]
        return answers

    def _line(self, end: float) -> bytes:
        """Return one line: what we ask has no more than that in its answer."""
        assert self._link is not None
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("rrdcached: no answer in time")
            self._link.settimeout(left)
            read = self._link.recv(65536)
            if not read:
                raise ConnectionError("rrdcached: closed the connection")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(" ", "\\ ")


def _last(answer: bytes) -> float | None:
    """Return the time (s) in the answer to LAST; None when there is no such file."""
    status, _, rest = answer.partition(b" ")
    try:
        return float(rest) if int(status) >= 0 else None
    except ValueError:
        return None


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
