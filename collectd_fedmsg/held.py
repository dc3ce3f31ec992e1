"""Samples that nobody can be asked for again: kept while the store is away, and a while after.

Bounded by a number of samples, the oldest give way; pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from .collector.sources.base import Described, Foreign

#: Samples of each kind: an hour and more of ten consumers every ten seconds, about 5 MB.
MOST = 5000
One = tuple[str, Described, Sequence[Foreign]]


class Held:
    """What waits to be stored, and what was stored last."""

    def __init__(self, most: int = MOST) -> None:
        self._waiting = Bounded(most)
        self._stored = Bounded(most)

    def add(self, fresh: Iterable[One]) -> None:
        """Let these wait, after those that do."""
        for one in fresh:
            self._waiting.add(one)

    def release(self) -> list[One]:
        """Return all that waits, oldest first; it is stored from now on."""
        released = self._waiting.take()
        for one in released:
            self._stored.add(one)
        return released

    def stored(self) -> list[One]:
        """Return what was released last, oldest first: the store may have lost some of it."""
        return list(self._stored.kept)


class Bounded:
    """A queue of at most so many samples."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self.kept: deque[One] = deque()

    def add(self, one: One) -> None:
        """Append; the oldest go when it would be too many."""
        self.kept.append(one)
        self._count += len(one[2])
        while self._count > self._most:
            self._count -= len(self.kept.popleft()[2])

    def take(self) -> list[One]:
        """Return all and keep none."""
        taken, self.kept, self._count = list(self.kept), deque(), 0
        return taken
