"""The one client of rrdcached: is it running, what has it stored; store and forget files.

Its journal is buffered, so a kill takes the last updates along, and what collectd writes while
it is away is dropped. Speaks the text protocol of rrdcached(1); every call ends in time.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Mapping, Sequence
from enum import Enum

from .names import printable

#: Requests sent before their answers are read: rrdcached does not read on while they are not.
AT_ONCE = 64
#: Bytes of one line, and lines of one answer; a peer that sends more is no rrdcached.
MAX_LINE, MAX_LINES = 65536, 10_000


class Presence(Enum):
    """What a look found."""

    #: Here, and it has been since the last look.
    HERE = "here"
    AWAY = "away"
    #: Here, but a new one, or one that has not answered for a while.
    BACK = "back"


class Rrdcached:
    """One rrdcached, kept connected: when the connection ends, it has ended.

    Args:
        address: ``unix:/path`` of its socket.
        folder: collectd's ``DataDir`` for the rrdcached plugin; empty where there is none.
    """

    def __init__(self, address: str, folder: str = "") -> None:
        self._path = address.removeprefix("unix:")
        self._prefix = f"{folder.rstrip('/')}/" if folder else ""
        self._link: socket.socket | None = None
        #: Why the last ``restore`` was not all taken; empty when it was.
        self.refusal = ""
        self._rest = b""

    def look(self, timeout: float) -> Presence:
        """Return whether it answers within ``timeout`` seconds."""
        known = self._link is not None
        try:
            if self._link is None:
                self._connect(timeout)
            self.ask([b"PING\n"], time.monotonic() + timeout)
        except OSError:
            return Presence.AWAY
        return Presence.HERE if known else Presence.BACK

    def restore(
        self, files: Mapping[str, Sequence[tuple[int, float]]], timeout: float
    ) -> tuple[int, bool]:
        """Store (epoch seconds, value) of series, by identity, that are newer than their files.

        Returns how many it took, and whether it got through everything in ``timeout`` seconds;
        what it would not take is no more tried, and ``refusal`` says why.
        """
        self.refusal = ""
        end = time.monotonic() + timeout
        names = [name for name in files if files[name]]
        stored = 0
        try:
            answers = self.ask([command("LAST", self._path_of(name)) for name in names], end)
            updates, counts = [], []
            for name, answer in zip(names, answers):
                last = _last(answer)
                if last is None and b"No such file" not in answer:
                    self.refusal = refusal(answer)
                newer = [
                    point for point in sorted(files[name]) if last is not None and point[0] > last
                ]
                if newer:
                    counts.append(len(newer))
                    pairs = " ".join(f"{at}:{value:.17g}" for at, value in newer)
                    updates.append(command("UPDATE", self._path_of(name), pairs))
            for count, answer in zip(counts, self.ask(updates, end)):
                self.refusal = self.refusal or refusal(answer)
                stored += 0 if refusal(answer) else count
        except OSError:
            return stored, False
        return stored, True

    def last(self, path: str, timeout: float) -> float | None:
        """Return when a file (an absolute path) was updated last (s), what it holds included.

        Returns None when there is no such file.

        Raises:
            OSError: it does not answer within ``timeout`` seconds.
        """
        if self._link is None:
            self._connect(timeout)
        (answer,) = self.ask([command("LAST", path)], time.monotonic() + timeout)
        return _last(answer)

    def let_go(self, path: str, timeout: float) -> None:
        """Have it write a file (an absolute path) out and forget it, as another will change it.

        Raises:
            OSError: it does not answer within ``timeout`` seconds.
            ValueError: it would not.
        """
        if self._link is None:
            self._connect(timeout)
        requests = [command("FLUSH", path), command("FORGET", path)]
        written, _ = self.ask(requests, time.monotonic() + timeout)
        if refusal(written):
            raise ValueError(f"rrdcached: {refusal(written)}")

    def close(self) -> None:
        """Close the connection; the next look opens a new one."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                self._link.close()
        self._link, self._rest = None, b""

    def _path_of(self, name: str) -> str:
        return f"{self._prefix}{name}.rrd"

    def _connect(self, timeout: float) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        try:
            self._link.settimeout(timeout)
            self._link.connect(self._path)
        except BaseException:
            self.close()
            raise

    def ask(self, requests: Sequence[bytes], end: float) -> list[bytes]:
        """Return the first line of each answer, all by ``end`` of the monotonic clock.

        Raises:
            OSError: it is away, or has not answered.
        """
        if self._link is None:
            self._connect(max(0.01, end - time.monotonic()))
        answers: list[bytes] = []
        try:
            for first in range(0, len(requests), AT_ONCE):
                part = requests[first : first + AT_ONCE]
                assert self._link is not None
                self._link.settimeout(max(0.01, end - time.monotonic()))
                self._link.sendall(b"".join(part))
                answers += [self._answer(end) for _ in part]
                if self._rest:
                    raise ConnectionError("rrdcached: answers more than it was asked")
        except OSError:
            # What still comes would be taken for the answers to other requests.
            self.close()
            raise
        return answers

    def _answer(self, end: float) -> bytes:
        """Return an answer's first line, which begins with the number of further ones."""
        line = self._line(end)
        number = line.partition(b" ")[0]
        for _ in range(min(int(number[:9]), MAX_LINES) if number.isdigit() else 0):
            self._line(end)
        return line

    def _line(self, end: float) -> bytes:
        assert self._link is not None
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("rrdcached: no answer in time")
            self._link.settimeout(left)
            if len(self._rest) > MAX_LINE:
                raise ConnectionError(f"rrdcached: a line of more than {MAX_LINE:,} bytes")
            read = self._link.recv(MAX_LINE)
            if not read:
                raise ConnectionError("rrdcached: closed the connection")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def command(verb: str, path: str, *words: str) -> bytes:
    """Return the line of a command for a file.

    Raises:
        ValueError: the path has a line end, for which the protocol has no escape: what follows it
            would be another command.
    """
    if not {"\n", "\r", "\0"}.isdisjoint(path):
        raise ValueError("its name has a line end: rrdcached cannot be asked for it")
    escaped = path.replace("\\", "\\\\").replace(" ", "\\ ")
    return f"{' '.join((verb, escaped, *words))}\n".encode("utf-8", "surrogateescape")


def refusal(answer: bytes) -> str:
    """Return why an answer is none, fit for a log; empty when what was asked for was done."""
    status, _, text = answer.decode("utf-8", "replace").partition(" ")
    return "" if status.isdigit() else printable(text or status or "an empty answer")


def _last(answer: bytes) -> float | None:
    """Return the time (s) in the answer to LAST; None when there is no such file."""
    status, _, rest = answer.partition(b" ")
    try:
        last = float(rest) if int(status) >= 0 else None
    except ValueError:
        return None
    return last if last is not None and math.isfinite(last) else None
