"""How long messages were under way: receive time less the message's own timestamp.

The mean over the messages looked at since the last sample: every one, or one in a millisecond
when there are more. A clock that is ahead makes 0, never a negative delay.
"""

from __future__ import annotations

from typing import Any


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
            delay = now / 1e9 + self._epoch - message["body"]["timestamp"]
            if delay > 0:
                self._sum += delay
            self._count += 1
        except Exception:
            # Any shape may come; a message without a timestamp has no delay to tell.
            return

    def take(self, epoch: float) -> float | None:
        """Return the mean, None without a message; begin anew with the wall clock as it is now."""
        mean = self._sum / self._count if self._count else None
        self._sum, self._count, self._epoch = 0.0, 0, epoch
        return mean
