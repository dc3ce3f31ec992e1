"""Notes and deployments on the time axis, kept in a file of JSON lines.

A note's text is data: it is bounded here and only ever shown as text.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from collectd_fedmsg.errors import BadQuery, StoreError
from collectd_fedmsg.files import atomic_write, locked, read_file
from collectd_fedmsg.protocol.changes import DEPLOY, MAX_TEXT, Change

from .. import json_bytes as as_json

#: What a mark may be; of a deployment verdicts say that they follow it.
KINDS = ("note", DEPLOY)
#: Seconds before a moment in which a deployment is of interest to a verdict.
RECENT_SECONDS = 7 * 86400
#: Notes kept; the oldest go.
MAX_NOTES = 5000
#: Bytes of a file that can hold them.
MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Mark:
    """A note: epoch seconds, what happened, and the daemon's id, or a prefix; empty: all.

    ``kind``: one of ``KINDS``.
    """

    id: str
    time: int
    text: str
    daemon: str = ""
    kind: str = "note"
    #: Who wrote it: the name of the login; empty without one.
    by: str = ""


def check(body: object, now: float, by: str = "") -> Mark:
    """Return a new mark of ``by`` from a JSON body ``{"text": …}``, and optionally ``time``,
    ``daemon`` and ``kind``.

    Raises:
        BadQuery: something is missing, unknown, too long or of the wrong kind.
    """
    if not isinstance(body, dict) or set(body) - {"text", "time", "daemon", "kind"}:
        raise BadQuery("a mark is an object with text, and optionally time, daemon and kind")
    text, daemon = body.get("text"), body.get("daemon", "")
    moment, kind = body.get("time", int(now)), body.get("kind", KINDS[0])
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= MAX_TEXT:
        raise BadQuery(f"text: 1 to {MAX_TEXT} characters are wanted")
    if not text.isprintable():
        raise BadQuery("text: one line without control characters is wanted")
    if not isinstance(daemon, str) or len(daemon) > 400 or not daemon.isprintable():
        raise BadQuery("daemon: the id of a daemon, a host or host/service is wanted")
    if isinstance(moment, bool) or not isinstance(moment, int) or not 0 < moment <= now + 86400:
        raise BadQuery("time: seconds since the epoch, at most a day ahead, are wanted")
    if kind not in KINDS:
        raise BadQuery(f"kind: {' or '.join(KINDS)} is wanted")
    return Mark(secrets.token_hex(8), moment, text.strip(), daemon, kind, by[:MAX_TEXT])


class Marks:
    """The notes of one file (None: of this process only); any number of dashboards may share it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._marks: list[Mark] = []
        #: Which file, and of when, the notes were read from.
        self._read: tuple[int, int, int] | None = None

    def between(self, start: int, end: int, daemon: str | None = None) -> list[dict[str, Any]]:
        """Return the notes of [start, end], of one daemon when given, by time.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock:
            chosen = [
                mark
                for mark in self._all()
                if start <= mark.time <= end
                and (
                    not mark.daemon
                    or daemon is None
                    or daemon == mark.daemon
                    or daemon.startswith(f"{mark.daemon}/")
                )
            ]
        return [asdict(mark) for mark in sorted(chosen, key=lambda mark: mark.time)]

    def deployed(self, daemon: str, now: float) -> list[Change]:
        """Return a daemon's deployments of the week before ``now``; none where they are away."""
        try:
            marks = self.between(int(now) - RECENT_SECONDS, int(now), daemon)
        except StoreError:
            return []
        return [
            Change(float(mark["time"]), DEPLOY, f"“{mark['text']}”")
            for mark in marks
            if mark["kind"] == DEPLOY
        ]

    def add(self, mark: Mark) -> None:
        """Keep a note, on disk before this returns.

        Raises:
            StoreError: the file cannot be written; the note is not kept then.
        """
        with self._alone():
            self._write([*self._all(), mark][-MAX_NOTES:])

    def remove(self, name: str) -> bool:
        """Forget a note; False when there is none of this id.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._alone():
            left = [mark for mark in self._all() if mark.id != name]
            if len(left) == len(self._all()):
                return False
            self._write(left)
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off all other writers, other processes too, from reading to writing."""
        if self._path is None:
            with self._lock:
                yield
            return
        # Beside the file, which each writing replaces; not held by readers, whom nobody stops.
        with file_lock(self._path.with_name(f"{self._path.name}.lock")), self._lock:
            yield

    def _all(self) -> list[Mark]:
        if self._path is None:
            return self._marks
        try:
            # The version first: of what is written meanwhile, the next look reads all.
            now = self._path.stat()
            version = (now.st_ino, now.st_mtime_ns, now.st_size)
            if version != self._read:
                lines = read_file(self._path, MAX_BYTES, ours=True).splitlines()
                self._marks = [_read_mark(line) for line in lines]
                self._read = version
        except FileNotFoundError:
            self._marks, self._read = [], None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise StoreError(f"{self._path.name}: {error}") from error
        return self._marks

    def _write(self, marks: list[Mark]) -> None:
        if self._path is None:
            self._marks = marks
            return
        try:
            atomic_write(self._path, b"".join(as_json.dumps(asdict(m)) + b"\n" for m in marks))
        except OSError as error:
            raise StoreError(f"{self._path.name}: {error.strerror}") from error


def _read_mark(line: bytes) -> Mark:
    """Return the mark in a line; raises ValueError, TypeError: it is none."""
    mark = Mark(**as_json.loads(line))
    texts = (mark.id, mark.text, mark.daemon, mark.kind, mark.by)
    if type(mark.time) is not int or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{line[:80]!r} is no mark")
    return mark


@contextmanager
def file_lock(path: Path, seconds: float = 5.0) -> Iterator[None]:
    """Hold a lock file that only one process or thread has at a time (flock(2)).

    Raises:
        StoreError: it cannot be made, or another has it for longer than ``seconds``.
    """
    try:
        with locked(path, seconds):
            yield
    except BlockingIOError as error:
        raise StoreError(f"{path.name}: another process holds it") from error
    except OSError as error:
        raise StoreError(f"{path.name}: {error.strerror}") from error
