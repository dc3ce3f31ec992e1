"""People who use the query API all the time, and how long they wait."""

from __future__ import annotations

import threading
import time
import urllib.request
from statistics import median
from typing import Any

import psycopg

from examples.archive import query, schema
from examples.story.stage import Stage

PATHS = tuple(query.PAGES)
#: What the archiver asks before each message, of one that the archive does not have.
KNOWN = schema.KNOWN % ("'none'", "extract(epoch FROM now())")


class Asking:
    """Two readers of the query API: one asks and looks at the clock, one copies everything.

    Args:
        url: of the query API.
    """

    def __init__(self, stage: Stage, url: str) -> None:
        self._stage = stage
        self._url = url
        self._closed = threading.Event()
        self._copied = threading.Event()
        #: By path: (when asked, seconds waited).
        self._times: dict[str, list[tuple[float, float]]] = {path: [] for path in PATHS}
        self._threads = [threading.Thread(target=self._ask, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End both."""
        self._closed.set()
        self._copied.set()
        for thread in self._threads:
            thread.join(30)

    def copy(self) -> None:
        """Begin to copy the whole archive, slowly: its snapshot keeps every dead row alive."""
        thread = threading.Thread(target=self._copy, daemon=True)
        self._threads.append(thread)
        thread.start()

    def copied(self) -> None:
        """End the copying."""
        self._copied.set()
        for thread in self._threads[1:]:
            thread.join(30)

    def waited(self, path: str, since: float, until: float = float("inf")) -> float | None:
        """Return the median wait in seconds of what was asked from ``since`` to ``until`` (s)."""
        times = [seconds for at, seconds in self._times[path] if since <= at <= until]
        return median(times) if times else None

    def _ask(self) -> None:
        while not self._closed.wait(0.5):
            for path in PATHS:
                at, began = self._stage.watch.now(), time.monotonic()
                try:
                    with urllib.request.urlopen(f"{self._url}{path}", timeout=120) as answer:
                        answer.read()
                except OSError:
                    continue  # the database is being moved; they ask again
                self._times[path].append((at, time.monotonic() - began))

    def _copy(self) -> None:
        try:
            with urllib.request.urlopen(f"{self._url}/export", timeout=120) as answer:
                while not self._copied.wait(1.0) and answer.read(1000):
                    pass
        except OSError:
            pass


def blocks(dsn: str) -> dict[str, int]:
    """Return how many 8 kB blocks each question looks at: that depends on no other work here."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return {
            name: _blocks(connection, sql) for name, sql in {"insert": KNOWN, **query.PAGES}.items()
        }


def _blocks(connection: psycopg.Connection[Any], sql: str) -> int:
    row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}").fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
