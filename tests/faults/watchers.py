"""Threads that look on while faults are injected: what was handled, what the page answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from pathlib import Path


class Watcher:
    """Calls ``look`` again and again until the ``with`` block ends."""

    def __init__(self, seconds: float) -> None:
        self._every = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self.look()

    def look(self) -> None:
        raise NotImplementedError


class Handled(Watcher):
    """How many messages each daemon had handled, and when, by the files that they write."""

    def __init__(self, files: dict[str, Path]) -> None:
        super().__init__(0.05)
        self._files = files
        self._seen: dict[str, list[tuple[float, int]]] = {name: [] for name in files}

    def look(self) -> None:
        for name in self._files:
            self._seen[name].append((time.time(), self.now(name)))

    def now(self, name: str) -> int:
        path = self._files[name]
        return path.stat().st_size if path.exists() else 0

    def within(self, name: str, at: float, seconds: float) -> int:
        """Return how many were handled in the seconds before a moment."""
        upto = [count for when, count in self._seen[name] if when <= at + 0.2]
        before = [count for when, count in self._seen[name] if when <= at - seconds]
        return (upto or [0])[-1] - (before or [0])[-1]


class Answers(Watcher):
    """What the page answered, by status; when nothing listened that is ``none``."""

    def __init__(self, port: int, paths: list[str]) -> None:
        super().__init__(0.1)
        self._port = port
        self._paths = paths
        self.statuses: Counter[str] = Counter()
        self.bodies: dict[str, str] = {}

    def look(self) -> None:
        for path in self._paths:
            link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                link.request("GET", path)
                answer = link.getresponse()
                body = answer.read()
                self.statuses[str(answer.status)] += 1
                if answer.status not in (200, 304):
                    self.bodies[str(answer.status)] = body[:500].decode("utf-8", "replace")
            except (OSError, http.client.HTTPException):
                self.statuses["none"] += 1
            finally:
                link.close()
