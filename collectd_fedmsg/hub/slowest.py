"""The slowest messages of the last hour, by id, topic, time and end; never their content.

A thread keeps its own slow messages in a short heap, and only those slower than what is listed
already; the sampler collects them. Messages faster than ``SLOW_FLOOR`` are never looked at.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from typing import Any

from ..protocol.about import MAX_ID, MAX_SLOWEST, SlowMessage
from .thread_counts import SLOW_FLOOR, SlowEntry, ThreadCounts

#: Seconds of one bucket, and buckets: an hour.
BUCKET_SECONDS, BUCKETS = 300, 12


def note(own: ThreadCounts, spent: int, topic: str, message: Any) -> None:
    """Keep a message that took ``spent`` ns, called on the thread that handled it."""
    entry = (spent, time.time(), topic, id_of(message))
    kept = own.slow  # the sampler may put another one in its place
    if len(kept) < MAX_SLOWEST:
        heapq.heappush(kept, entry)
    else:
        heapq.heappushpop(kept, entry)


def id_of(message: Any) -> str:
    """Return a message's own id, empty when it has none that is a printable text."""
    try:
        body = message.get("body", message)
        name = body.get("msg_id") if isinstance(body, dict) else ""
    except Exception:
        return ""
    return name[:MAX_ID] if isinstance(name, str) and name.isprintable() else ""


class Slowest:
    """The slowest messages of one consumer; used by one thread."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._buckets: dict[int, set[SlowEntry]] = {}

    def clear(self) -> None:
        """Forget them all: in a forked child."""
        self._buckets.clear()

    def collect(self, by_thread: Iterable[ThreadCounts], now: float) -> None:
        """Take what the threads have kept; ``now``: wall seconds."""
        bucket = int(now // BUCKET_SECONDS)
        entries = self._buckets.setdefault(bucket, set())
        threads = list(by_thread)
        for own in threads:
            # The former list too: its thread may have been about to add to it.
            entries.update(own.slow_before, list(own.slow))
            own.slow_before, own.slow = own.slow, []
        self._buckets[bucket] = entries = set(heapq.nlargest(MAX_SLOWEST, entries))
        full = len(entries) >= MAX_SLOWEST
        floor = min(entries)[0] if full else SLOW_FLOOR
        for own in threads:
            own.slow_floor = max(SLOW_FLOOR, floor)
        for old in [number for number in self._buckets if not 0 <= bucket - number <= BUCKETS]:
            del self._buckets[old]

    def report(self, now: float, most: int = MAX_SLOWEST) -> tuple[SlowMessage, ...]:
        """Return the slowest messages that ended within the hour before ``now``, slowest first."""
        first = now - BUCKET_SECONDS * BUCKETS
        recent = {
            entry for entries in self._buckets.values() for entry in entries if entry[1] >= first
        }
        return tuple(
            SlowMessage(self._consumer, topic, name, spent / 1e9, end)
            for spent, end, topic, name in heapq.nlargest(most, recent)
        )
