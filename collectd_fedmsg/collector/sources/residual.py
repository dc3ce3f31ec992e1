"""What left a queue unprocessed, from the broker's totals and a gauge of another moment.

At rest ``published = processed + waiting + vanished`` holds exactly. In flow the broker's gauge is
up to ten seconds older than its totals, so there is a bound only: what the totals moved by in that
time. Refuses to guess: ``vanished`` is at least what it says.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

#: Seconds after which a gauge has certainly seen what the totals had; measured: up to 9.1 s.
SETTLED_SECONDS = 15.0
#: Seconds without such a message after which arrivals count as counted again.
COUNTED_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class _Reading:
    """One reading's totals, and between what base + vanished then lies (None: not known yet)."""

    time: float
    published: int
    processed: int
    low: int | None
    high: int | None


class Residual:
    """``published − processed − waiting`` of one queue, reading by reading.

    It is a constant (what waited or had been purged when the totals began) plus what vanished
    since. When it falls, messages arrive that the broker does not count as published.
    """

    def __init__(self) -> None:
        #: Messages that vanished since the first reading, at least; None until that is known.
        self.vanished: int | None = None
        #: Whether messages arrive uncounted: the target of dead letters, or the broker has lost
        #: the counts of a publisher that was gone at once.
        self.uncounted = False
        self._uncounted_at = 0.0
        #: Whether the last reading was at rest: the totals and the gauge are of one state.
        self.exact = False
        self._readings: deque[_Reading] = deque()
        self._base_low: int | None = None
        self._base_high = 0

    def restart(self) -> None:
        """Forget the constant: the broker's totals began again."""
        self._readings.clear()
        self._base_low, self.exact, self.uncounted = None, False, False

    def add(self, time: float, published: int, processed: int, waiting: int) -> None:
        """Take a reading in: seconds, two totals and a gauge, in messages."""
        readings = self._readings
        if readings and (published < readings[-1].published or processed < readings[-1].processed):
            self.restart()
        while len(readings) > 1 and readings[1].time <= time - SETTLED_SECONDS:
            readings.popleft()
        residual, margin = published - processed - waiting, None
        if readings and readings[0].time <= time - SETTLED_SECONDS:
            margin = published - readings[0].published + processed - readings[0].processed
        self.exact = margin == 0
        low = None if margin is None else residual - margin
        high = None if margin is None else residual + margin
        readings.append(_Reading(time, published, processed, low, high))
        if time - self._uncounted_at > COUNTED_AGAIN_SECONDS:
            self.uncounted = False
        if low is not None and high is not None:
            self._bound(low, high)

    def _bound(self, low: int, high: int) -> None:
        """Narrow what is known; a change has to last, for the gauge may also be the newer."""
        before = self.vanished or 0
        if self._base_low is None:
            self.vanished, self._base_low, self._base_high = before, low - before, high - before
            return
        lows = [reading.low for reading in self._readings if reading.low is not None]
        highs = [reading.high for reading in self._readings if reading.high is not None]
        if max(highs) - before < self._base_low:
            self.uncounted, self._uncounted_at = True, self._readings[-1].time
            self._base_low = None
            return
        self.vanished = max(before, min(lows) - self._base_high)
        self._base_high = max(min(self._base_high, high - self.vanished), self._base_low)
        if self.exact and min(lows) == max(highs):
            self._base_low = self._base_high = low - self.vanished
