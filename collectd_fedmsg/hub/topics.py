"""Count messages per topic in bounded memory, and report the most active.

Up to ``DISTINCT`` topics are counted exactly; what comes after them is "other". Reported are
the ``REPORTED`` topics with the highest weight: their share of the recent messages or of the
recent handling time, whichever is more (moving sums that halve every ``HALF_LIFE`` samples).
The growth of all the rest goes to "other". Every reported total only grows, so each can be a
DERIVE, and the growths of one interval add up to what all topics grew by in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Any

from ..protocol.sample import OTHER
from .thread_counts import Ended

DISTINCT = 512
REPORTED = 20
#: Longest topic kept, in characters; fedmsg's own are below 100.
MAX_TOPIC = 200
#: Samples until half of a topic's weight is forgotten: ten minutes at the default interval.
HALF_LIFE = 60


class Topics:
    """Totals of one consumer per topic; counting and ``snapshot`` run under the queue's lock."""

    def __init__(self) -> None:
        #: Messages by topic; the hot path adds to what is there, ``first`` to what is not.
        self.totals: dict[str, int] = {}
        #: Fields of ``Sample``, each with its own account of the same topics.
        self._shares = {name: Share() for name in ("topics", "topic_processed", "topic_busy")}

    def clear(self) -> None:
        """Forget every total; whoever holds ``totals`` goes on adding to it."""
        self.totals.clear()
        self._shares = {name: Share() for name in self._shares}

    def first(self, message: Any) -> None:
        """Count a message of whatever shape whose topic ``totals`` does not have."""
        try:
            topic = message["topic"]
            known = topic in self.totals or len(self.totals) < DISTINCT
            kept = known and isinstance(topic, str) and 0 < len(topic) <= MAX_TOPIC
            # Half a surrogate is no text that a reader would take.
            kept = kept and bool(topic.encode("utf-8"))
        except Exception:
            kept = False
        name = topic if kept else OTHER
        self.totals[name] = self.totals.get(name, 0) + 1

    def admit(self, topic: Any) -> str:
        """Return the name that a topic of whatever shape is counted under."""
        return topic if isinstance(topic, str) and topic in self.totals else OTHER

    def snapshot(self) -> dict[str, int]:
        """Return a copy of the totals."""
        return dict(self.totals)

    def report(
        self, received: Mapping[str, int], ended: Ended, running: Iterable[tuple[Any, int]] = ()
    ) -> dict[str, Any]:
        """Return ``busy`` and three fields of ``Sample`` by topic; one caller only.

        Args:
            received: messages by topic.
            ended: by topic, messages and the nanoseconds that they took.
            running: topic and nanoseconds so far of what is being handled.
        """
        busy = {name: spent for name, (_, spent) in ended.items()}
        for topic, elapsed in running:
            name = self.admit(topic)
            busy[name] = busy.get(name, 0) + elapsed
        totals = {
            "topics": received,
            "topic_processed": {name: done for name, (done, _) in ended.items()},
            "topic_busy": busy,
        }
        for field, share in self._shares.items():
            share.grow(totals[field])
        weights = [self._shares[field].weights() for field in ("topics", "topic_busy")]

        def weight(name: str) -> tuple[float, str]:
            return max(weighed.get(name, 0.0) for weighed in weights), name

        named = {name for total in totals.values() for name in total} - {OTHER}
        top = heapq.nlargest(REPORTED, named, key=weight)
        reported = {field: share.of(top) for field, share in self._shares.items()}
        reported["topic_busy"] = {
            name: total // 1000 for name, total in reported["topic_busy"].items()
        }
        return {**reported, "busy": sum(self._shares["topic_busy"].totals.values()) // 1000}


class Share:
    """One kind of total by topic: what it was, how it grew, and what the unnamed have of it."""

    def __init__(self) -> None:
        self.totals: Mapping[str, int] = {}
        self._grown: dict[str, int] = {}
        self._weight: dict[str, float] = {}
        self._other = 0
        self._decay = 0.5 ** (1 / HALF_LIFE)

    def grow(self, totals: Mapping[str, int]) -> None:
        """Note the totals of one more sample; one that seems to shrink stays as it was.

        The time of what runs does, when a thread had read the clock and not written yet.
        """
        before = self.totals
        clamped = {name: max(total, before.get(name, 0)) for name, total in totals.items()}
        self.totals = {**before, **clamped}
        self._grown = {name: total - before.get(name, 0) for name, total in self.totals.items()}
        for name, grown in self._grown.items():
            self._weight[name] = self._weight.get(name, 0.0) * self._decay + grown

    def weights(self) -> dict[str, float]:
        """Return each topic's share (0 to 1) of what grew recently."""
        whole = sum(self._weight.values())
        return {name: weight / whole for name, weight in self._weight.items()} if whole else {}

    def of(self, top: Iterable[str]) -> dict[str, int]:
        """Return the totals of these topics and of "other", to which the rest's growth goes."""
        reported = {name: self.totals.get(name, 0) for name in top}
        grown = self._grown
        self._other += sum(grown.values()) - sum(grown.get(name, 0) for name in reported)
        if self._other:
            reported[OTHER] = self._other
        return reported


def topic_of(message: Any) -> Any:
    """Return what a message of whatever shape says is its topic."""
    try:
        return message["topic"]
    except Exception:
        return OTHER
