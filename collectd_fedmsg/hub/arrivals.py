"""How old the oldest message is, in memory that does not grow with the queue.

Messages are numbered as they arrive. A stamp is a message's number and its time of arrival;
there is one for the first message of every ``grain`` of time. When stamps would exceed
``LIMIT``, every second one is dropped and the grain doubles. So an age is too old by at most
a millisecond, or by a 2,048th of the time that the stamps span.
"""

from __future__ import annotations

from collections import deque

LIMIT = 4096
#: The finest grain, ns: nobody acts on a millisecond, and it makes most messages free.
FINEST = 1_000_000


class Ages:
    """Arrival stamps (nanoseconds, monotonic) of the messages that have not ended."""

    def __init__(self) -> None:
        self._stamps: deque[tuple[int, int]] = deque()
        self._grain = FINEST
        #: A message that arrives at this time or later needs a stamp.
        self.due = 0

    def stamp(self, number: int, arrived: int) -> None:
        """Add the stamp of message ``number``, the newest."""
        self._stamps.append((number, arrived))
        if len(self._stamps) > LIMIT:
            self._stamps = deque(list(self._stamps)[::2])
            self._grain *= 2
        self.due = arrived + self._grain

    def oldest(self, number: int) -> int | None:
        """Return when message ``number`` arrived, or a little before; forget what is older.

        None when it came without a stamp: the accounts began after it.
        """
        stamps = self._stamps
        while len(stamps) > 1 and stamps[1][0] <= number:
            stamps.popleft()
        if not stamps or stamps[0][0] > number:
            return None
        self._grain = max(FINEST, 2 * (stamps[-1][1] - stamps[0][1]) // LIMIT)
        return stamps[0][1]
