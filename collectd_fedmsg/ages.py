"""How old the oldest waiting message is, in memory that does not grow with the queue.

Messages are numbered; every ``stride``-th has a stamp of its arrival. When stamps would
exceed ``LIMIT``, every second one is dropped and the stride doubles, so an age is exact
while fewer than ``LIMIT`` wait and otherwise too old by at most the time between two stamps.
"""

from __future__ import annotations

from collections import deque

LIMIT = 4096


class Ages:
    """Arrival stamps (nanoseconds, monotonic) of the messages that wait, first in first out."""

    def __init__(self) -> None:
        self._stamps: deque[int] = deque()
        self._head = 0
        self._stride = 1
        #: A message needs a stamp when ``number & mask`` is 0: the stride is a power of two.
        self.mask = 0

    def stamp(self, arrived: int) -> None:
        """Add the stamp of the newest message."""
        self._stamps.append(arrived)
        if len(self._stamps) > LIMIT:
            self._thin()

    def arrival(self, number: int) -> int:
        """Take message ``number`` off; return when it arrived, or a little before."""
        while number >= self._head + self._stride:
            self._stamps.popleft()
            self._head += self._stride
        return self._stamps[0]

    def oldest(self, number: int) -> int:
        """Return when message ``number``, the oldest that waits, arrived; take nothing off."""
        behind = number >= self._head + self._stride
        return self._stamps[1 if behind else 0]

    def restart(self, number: int) -> None:
        """Forget everything: the queue is empty and the next message is ``number``."""
        self._stamps.clear()
        self._head = number
        self._stride = 1
        self.mask = 0

    def _thin(self) -> None:
        odd = (self._head // self._stride) % 2
        first = [self._stamps[0]] if odd else []
        self._stamps = deque(first + list(self._stamps)[odd::2])
        self._head -= odd * self._stride
        self._stride *= 2
        self.mask = self._stride - 1
