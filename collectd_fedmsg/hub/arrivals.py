"""How old the oldest message is, in memory that does not grow with the queue.

Messages are numbered as they arrive. A stamp is a message's number and its time of arrival; there
is one for the first message of every ``grain`` of time. When stamps would exceed ``LIMIT``, every
second one is dropped and the grain doubles. So an age is too high by at most a millisecond, or by
1/2,048 of the time that the stamps span.
"""

from __future__ import annotations

from collections import deque
from typing import Any

LIMIT = 4096
#: The finest grain, ns: nobody acts on a millisecond, and it makes most messages free.
FINEST = 1_000_000

#: Seconds that a sender's clock may be ahead, and that a message may have been on its way.
MIN_DELAY, MAX_DELAY = -86400.0, 366 * 86400.0


class Ages:
    """Arrival stamps (nanoseconds, monotonic) of the messages that have not ended."""

    def __init__(self) -> None:
        self._stamps: deque[tuple[int, int]] = deque()
        self._grain = FINEST
        #: A message that arrives at this time or later needs a stamp.
        self.due = 0

    def clear(self) -> None:
        """Forget every stamp."""
        self._stamps.clear()
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


class Delays:
    """The delays (seconds) of one interval; all is called with the queue's lock held.

    Args:
        epoch: wall time (s) at the monotonic clock's zero.
    """

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch
        self._sum = 0.0
        self._count = 0

    def add(self, message: Any, now: int) -> None:
        """Look at a message of whatever shape, received at ``now`` (ns, monotonic)."""
        try:
            stamp = message["body"]["timestamp"]
            if type(stamp) is not float and type(stamp) is not int:
                return
            delay = now / 1e9 + self._epoch - stamp
        except Exception:
            # Any shape may come; a message without a timestamp has no delay.
            return
        # Neither milliseconds nor the year 1 is a time at which it was sent.
        if MIN_DELAY <= delay <= MAX_DELAY:
            self._count += 1
            if delay > 0:
                self._sum += delay

    def take(self, epoch: float) -> float | None:
        """Return the mean, None without a message; start again from the wall clock of now."""
        mean = self._sum / self._count if self._count else None
        self._sum, self._count, self._epoch = 0.0, 0, epoch
        return mean
