"""Count messages per topic in bounded memory, and report the most active.

Up to ``DISTINCT`` topics are counted exactly; what comes after them is "other". Reported are
the ``REPORTED`` topics with the highest recent rate (a moving sum that halves every
``HALF_LIFE`` samples); the growth of all the rest goes to "other". Every reported total
only grows, so each can be a DERIVE, and the growths of one interval add up to the messages
received in it.
"""

from __future__ import annotations

import heapq
from typing import Any

DISTINCT = 512
REPORTED = 20
#: Longest topic kept, in characters; fedmsg's own are below 100.
LONGEST = 200
#: Samples until half of a topic's weight is forgotten: ten minutes at the default interval.
HALF_LIFE = 60
OTHER = "other"


class Topics:
    """Totals of one consumer per topic; counting and ``snapshot`` run under the queue's lock."""

    def __init__(self) -> None:
        #: Messages by topic; the hot path adds to what is there, ``first`` to what is not.
        self.totals: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._weight: dict[str, float] = {}
        self._other = 0
        self._decay = 0.5 ** (1 / HALF_LIFE)

    def first(self, message: Any) -> None:
        """Count a message of whatever shape whose topic ``totals`` does not have."""
        try:
            topic = message["topic"]
            known = topic in self.totals or len(self.totals) < DISTINCT
            kept = known and isinstance(topic, str) and 0 < len(topic) <= LONGEST
        except Exception:
            kept = False
        name = topic if kept else OTHER
        self.totals[name] = self.totals.get(name, 0) + 1

    def snapshot(self) -> dict[str, int]:
        """Return a copy of the totals."""
        return dict(self.totals)

    def report(self, totals: dict[str, int]) -> dict[str, int]:
        """Return the totals of the most active topics and of "other"; one caller only."""
        grown = {name: total - self._before.get(name, 0) for name, total in totals.items()}
        self._before = totals
        for name, delta in grown.items():
            self._weight[name] = self._weight.get(name, 0.0) * self._decay + delta
        named = (name for name in totals if name != OTHER)
        top = heapq.nlargest(REPORTED, named, key=lambda name: (self._weight[name], name))
        self._other += sum(grown.values()) - sum(grown[name] for name in top)
        reported = {name: totals[name] for name in top}
        if self._other:
            reported[OTHER] = self._other
        return reported
