"""Have rrdcached write files out before they are read, in batches and not again too soon."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from collectd_fedmsg.errors import StoreError
from collectd_fedmsg.rrdcached import Rrdcached, command, refusal

#: Seconds for all answers together.
TIMEOUT_SECONDS = 5.0
#: Seconds that a flush holds good: samples come at most once a second.
FRESH_SECONDS = 0.9
#: File names remembered; beyond, all are forgotten.
MAX_REMEMBERED = 50_000
#: Seconds without one file that had anything to write, after which that is a problem.
MAX_IDLE = 120.0


class Flusher:
    """Has one rrdcached write files out; a connection per batch, so that none can be stale.

    Args:
        address: ``unix:/path`` of its socket.
        folder: collectd's data folder. Where it leads over a link, both spellings are asked for:
            rrdcached knows a file by its name alone.
    """

    def __init__(self, address: str, folder: Path = Path("/")) -> None:
        self._address = address
        self._folder, self._real = str(folder), os.path.realpath(folder)
        self._lock = threading.Lock()
        self._done: dict[Path, float] = {}
        self._refused: dict[Path, str] = {}
        self._busy = time.monotonic()

    def flush(self, paths: Iterable[Path]) -> None:
        """Have the files written out, those just flushed left alone.

        Raises:
            StoreError: rrdcached has not answered within ``TIMEOUT_SECONDS``.
        """
        now = time.monotonic()
        due = [
            path for path in paths if now - self._done.get(path, -FRESH_SECONDS) >= FRESH_SECONDS
        ]
        if not due:
            return
        if not self._lock.acquire(timeout=TIMEOUT_SECONDS):
            raise StoreError("rrdcached: others wait for it already")
        try:
            if len(self._done) > MAX_REMEMBERED:
                self._done.clear()
                self._refused.clear()
            self._ask(due, now)
        except OSError as error:
            raise StoreError(f"rrdcached: {error.strerror or error or 'no answer'}") from error
        finally:
            self._lock.release()

    def refused(self, path: Path) -> str:
        """Return why rrdcached would not write a file out; empty when it did."""
        return self._refused.get(path, "")

    def problem(self) -> str:
        """Return what is wrong when nothing that was asked for ever waits in rrdcached."""
        idle = time.monotonic() - self._busy
        if not self._done or idle < MAX_IDLE:
            return ""
        return (
            f"rrdcached has held nothing of these files for {idle:.0f} s: does collectd"
            " write, and is data_dir spelled as its DataDir?"
        )

    def _ask(self, due: Sequence[Path], now: float) -> None:
        refused: dict[Path, str] = {}
        paths, requests = [], []
        for path in due:
            try:
                commands = [command("FLUSH", name) for name in self._spellings(path)]
            except ValueError as error:
                refused[path] = str(error)
                continue
            paths += [path] * len(commands)
            requests += commands
        client = Rrdcached(self._address)
        try:
            answers = client.ask(requests, now + TIMEOUT_SECONDS)
        finally:
            client.close()
        for path, answer in zip(paths, answers):
            reason = refusal(answer)
            if reason:
                refused.setdefault(path, reason)
                continue
            refused[path] = ""
            if b"Nothing to flush" not in answer:
                self._busy = now
        for path, reason in refused.items():
            self._done[path] = now
            if reason:
                self._refused[path] = reason
            else:
                self._refused.pop(path, None)

    def _spellings(self, path: Path) -> list[str]:
        name = str(path)
        if self._folder == self._real or not name.startswith(self._folder):
            return [name]
        return [name, self._real + name[len(self._folder) :]]
