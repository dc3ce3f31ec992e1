"""When to read: shortly after the daemons have sampled, not just before.

Daemons sample at whole multiples of their interval since the epoch. collectd calls at a phase of
its own, and just before a sample everything stored would be an interval late. So it calls several
times an interval, and the first call after each multiple reads.
"""

from __future__ import annotations

#: Calls of collectd in one interval, at most.
MAX_CALLS = 5
#: Times of the longest read between two calls: collectd complains of each that takes longer.
ROOM = 1.2
#: Of the interval, and seconds at most, until a daemon has surely sampled.
MARGIN_SHARE, MAX_MARGIN = 0.1, 1.0


class ReadSchedule:
    """Decides which calls read.

    Args:
        interval: seconds between two reads.
        timeout: seconds that a read may take.
    """

    def __init__(self, interval: float, timeout: float) -> None:
        self._interval = interval
        self._calls = max(1, min(MAX_CALLS, int(interval / (ROOM * timeout))))
        self._margin = min(MAX_MARGIN, MARGIN_SHARE * interval)
        self._slot: int | None = None

    @property
    def call_interval(self) -> float:
        """Return the seconds between two calls."""
        return self._interval / self._calls

    def due(self, now: float) -> bool:
        """Return whether the call at ``now`` (epoch seconds) is to read; the first one is.

        Also after the clock was set: another interval is another read, earlier or later.
        """
        slot = int((now - self._margin) // self._interval)
        if slot == self._slot:
            return False
        self._slot = slot
        return True
